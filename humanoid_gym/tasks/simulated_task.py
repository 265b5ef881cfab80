"""What a task has before it steps: devices, sizes, simulation parameters, and a scene."""

import math
import signal
from functools import partial
from typing import TYPE_CHECKING, Any, Mapping, Optional, Tuple, Type, Union, cast

import numpy as np
import torch
from isaacgym import gymapi, gymtorch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.policy_interface import Description
from humanoid_gym.tasks import legacy_policy
from humanoid_gym.tasks.legacy_config import DeviceName, read_legacy_config
from humanoid_gym.tasks.sim_params import legacy_sim_params, sim_params
from humanoid_gym.tasks.task_config import TaskConfig, find_asset
from humanoid_gym.tasks.viewing import Controls, Viewing

if TYPE_CHECKING:
    from humanoid_gym.tasks.vec_task import VecTask

FIELD_OF_VIEW = 60.0
"""Horizontal field of view of the viewer window [degrees]."""
Point = Tuple[float, float, float]
Handle = Any  # the simulator's opaque objects: Sim, Env, Asset, Viewer


def what_gpu_physics_lacks() -> str:
    """Return why the simulator cannot run on a GPU here, with the remedy; empty if it can."""
    extensions = getattr(gymapi.acquire_gym(), "extensions", None)
    return "" if extensions is None else extensions.what_gpu_physics_lacks() or ""


class SimulatedTask:
    """A scene of many equal environments, built from a typed or a legacy configuration.

    `VecTask` adds stepping; see there for the constructor's arguments.
    """

    config_class: Type[TaskConfig] = TaskConfig
    """Dataclass that configures the task."""
    num_obs: int = 0
    """Columns of the observation."""
    num_states: int = 0
    """Columns of the privileged observation; 0: none."""
    num_actions: int = 0
    """Columns of the action."""
    max_episode_length: int = 0
    """Control steps after which an episode is truncated; 0: never."""
    configured_by_dictionary: bool = False
    """Whether the settings came the legacy way."""
    on_gpu: bool = False
    """Whether the tensors are on a GPU, where asking for a value makes the host wait."""

    def __init__(
        self,
        config: Union[TaskConfig, Mapping[str, Any]],
        rl_device: str,
        sim_device: str,
        graphics_device_id: int,
        headless: bool,
    ) -> None:
        self.rl_device = _device(rl_device)
        self.headless = headless
        self.graphics_device_id = graphics_device_id
        self.physics_engine = gymapi.SIM_PHYSX
        if isinstance(config, TaskConfig):
            self._configure(config, _device(sim_device))
        else:
            self._configure_legacy(config, _device(sim_device))
        self.num_envs = self.config.num_envs
        self.gym = gymapi.acquire_gym()
        self.extensions: Any = getattr(self.gym, "extensions", None)
        self.sim: Handle = None
        self._construct()
        self.gym.prepare_sim(self.sim)
        self.viewer: Handle = None
        self._viewing: Optional[Viewing] = None
        self.set_viewer()

    def create_sim(
        self,
        compute_device: int,
        graphics_device: int,
        physics_engine: gymapi.SimType,
        sim_params: gymapi.SimParams,
    ) -> Handle:
        """Create an empty simulation; legacy tasks override this to build their whole scene.

        Args:
            compute_device: index of the GPU that simulates.
            graphics_device: index of the GPU that renders, -1 for none.
            physics_engine: which of Isaac Gym's engines.
            sim_params: parameters of the simulation.

        Raises:
            RuntimeError: the simulator could not create it.
        """
        sim = self.gym.create_sim(compute_device, graphics_device, physics_engine, sim_params)
        if sim is None:
            raise RuntimeError("the simulator did not create a simulation; see its messages above")
        return sim

    def create_ground(self) -> None:
        """Add the ground plane."""
        plane = gymapi.PlaneParams()
        z_up = self.config.sim.up_axis == "z"
        plane.normal = gymapi.Vec3(0.0, 0.0, 1.0) if z_up else gymapi.Vec3(0.0, 1.0, 0.0)
        plane.static_friction = self.config.plane.static_friction
        plane.dynamic_friction = self.config.plane.dynamic_friction
        plane.restitution = self.config.plane.restitution
        self.gym.add_ground(self.sim, plane)

    def create_envs(self) -> None:
        """Load the asset and create `num_envs` environments with their actors."""
        raise NotImplementedError(f"{type(self).__name__} must implement create_envs")

    def load_asset(self, options: Optional[gymapi.AssetOptions] = None) -> Handle:
        """Load the robot that the configuration names.

        Args:
            options: importer settings; None: Isaac Gym's defaults.

        Raises:
            FileNotFoundError: there is no such file.
        """
        path = find_asset(self.config.asset)
        options = options or gymapi.AssetOptions()
        asset = self.gym.load_asset(self.sim, str(path.parent), path.name, options)
        if asset is None:
            raise RuntimeError(f"the simulator could not load '{path}'; see its messages above")
        return asset

    def create_env(self) -> Handle:
        """Create the next environment, on a square grid of cells."""
        half = self.config.env_spacing
        lower, upper = gymapi.Vec3(-half, -half, 0.0), gymapi.Vec3(half, half, half)
        return self.gym.create_env(self.sim, lower, upper, math.ceil(math.sqrt(self.num_envs)))

    def wrap(self, acquired: Handle) -> Tensor:
        """View memory that the simulation shares as a torch tensor.

        Args:
            acquired: what an `acquire_..._tensor` call of the simulator returned.

        Raises:
            RuntimeError: the scene has nothing of that kind.
        """
        tensor = gymtorch.wrap_tensor(acquired)
        if tensor is None:
            raise RuntimeError("the acquired tensor is empty: the scene has nothing of that kind")
        return tensor

    def set_viewer(self) -> None:
        """Open a viewer window, unless headless; without a display there is none."""
        if not self.headless:
            properties = gymapi.CameraProperties()
            properties.horizontal_fov = FIELD_OF_VIEW
            self.viewer = self.gym.create_viewer(self.sim, properties)

    def camera_target(self, env_index: int) -> Tuple[float, float, float]:
        """Return the point [m] that a camera on this environment should follow, env-local.

        That is the base of its first actor.
        """
        env = self.gym.get_env(self.sim, env_index)
        roots = gymtorch.wrap_tensor(self.gym.acquire_actor_root_state_tensor(self.sim))
        index = self.gym.get_actor_index(env, 0, gymapi.DOMAIN_SIM)
        if roots is None or index < 0:
            return (0.0, 0.0, 1.0)
        origin = self.gym.get_env_origin(env)
        x, y, z = (float(value) for value in roots[index, :3])
        return (x - origin.x, y - origin.y, z - origin.z)

    @property
    def camera_offset(self) -> Tuple[float, float, float]:
        """Where the camera is at first, relative to its target [m], z up: for a robot of 1.5 m."""
        return (2.2, -3.3, 0.8)

    def deployment(self) -> Description:
        """Describe the robot to the computer that runs an exported policy on it.

        Of a legacy task, whose class does not say, only the policy is described; that begins new
        episodes.

        Raises:
            ConfigError: another task does not say.
        """
        if self.configured_by_dictionary:
            return legacy_policy.interface(cast("VecTask", self), self)
        raise ConfigError(
            f"{type(self).__name__} does not describe its robot: implement deployment() to export "
            "its policies"
        )

    def render(self) -> None:
        """Draw into the viewer window, if there is one; `step` does so after each step.

        Closing the window, or escape in it, closes the viewer and asks the program to stop, as
        Ctrl-C does.
        """
        if self.viewer is None:
            return
        if self._viewing is None:
            target = partial(self.camera_target, 0)
            self._viewing = Viewing(
                self.gym, self.sim, self.viewer, target, self.camera_offset, self.controls()
            )
        if not self._viewing.draw():
            self._close_viewer()
            signal.raise_signal(signal.SIGINT)

    def controls(self) -> Optional[Controls]:
        """Return what a user at the viewer can do besides watching; None: nothing."""
        return None

    def render_frame(
        self, env_index: int, eye: Point, target: Point, width: int, height: int
    ) -> np.ndarray:
        """Draw one environment without a window.

        Args:
            env_index: which environment.
            eye: camera position [m], env-local.
            target: point the camera looks at [m], env-local.
            width: pixels.
            height: pixels.

        Returns:
            RGB image, shape (height, width, 3), uint8.

        Raises:
            NotImplementedError: the simulator is not the embedded one.
        """
        if self.extensions is None:
            raise NotImplementedError("render_frame needs the embedded engine")
        return self.extensions.render(self.sim, env_index, eye, target, width, height)

    def record_page(self, env_index: int, eye: Point) -> Any:  # noqa: ANN401 (the simulator's)
        """Begin to record the simulation as one web page, in which the camera can be turned.

        Args:
            env_index: environment whose frame points are in.
            eye: where the camera is at first, relative to what it follows [m].

        Returns:
            Something with `add_frame(target, seconds)`, `html()` and `close()`.

        Raises:
            NotImplementedError: the simulator is not the embedded one.
            ModuleNotFoundError: the package that it needs is not installed.
        """
        if self.extensions is None:
            raise NotImplementedError("record_page needs the embedded engine")
        return self.extensions.record_page(self.sim, env_index, eye)

    def uniform(self, lower: float, upper: float, shape: Tuple[int, ...]) -> Tensor:
        """Draw from U(lower, upper) with the task's own generator, on the simulation's device."""
        values = torch.empty(shape, device=self.device)
        return values.uniform_(lower, upper, generator=self.generator)

    def close(self) -> None:
        """Release the viewer and the simulation; the task cannot step afterwards."""
        if self.sim is None:
            return
        self._close_viewer()
        self.gym.destroy_sim(self.sim)
        self.sim = None

    def _close_viewer(self) -> None:
        if self.viewer is not None:
            self.gym.destroy_viewer(self.viewer)
        self.viewer = self._viewing = None

    def _configure(self, config: TaskConfig, device: torch.device) -> None:
        if not isinstance(config, self.config_class):
            raise ConfigError(
                f"{type(self).__name__} is configured by {self.config_class.__name__}, "
                f"got {type(config).__name__}"
            )
        self.config = config
        self.max_episode_length = config.episode_length
        self._use_device(device)
        self.sim_params = sim_params(config.sim, self.device.type == "cuda")
        self.dt = config.sim.dt
        if self.num_obs < 1 or self.num_actions < 1:
            raise ConfigError(f"{type(self).__name__} must state num_obs and num_actions")

    def _configure_legacy(self, config: Mapping[str, Any], device: torch.device) -> None:
        legacy = read_legacy_config(config)
        self.configured_by_dictionary = True
        self.config = legacy.task
        self.cfg: Any = getattr(self, "cfg", config)
        self.num_obs, self.num_observations = legacy.num_obs, legacy.num_obs
        self.num_actions, self.num_acts = legacy.num_actions, legacy.num_actions
        self.num_states = legacy.num_states
        if legacy.has_episode_length and not self.max_episode_length:
            self.max_episode_length = legacy.task.episode_length
        on_gpu = device.type == "cuda" and bool(legacy.sim.get("use_gpu_pipeline", False))
        self._use_device(device if on_gpu else torch.device("cpu"))
        self.device_id = device.index or 0
        self.device = cast(torch.device, DeviceName(self.device))
        self.rl_device = cast(torch.device, DeviceName(self.rl_device))
        self.control_freq_inv = legacy.task.control_frequency_inv
        self.clip_obs, self.clip_actions = legacy.task.clip_observations, legacy.task.clip_actions
        self.sim_params = legacy_sim_params(legacy.sim, on_gpu)
        self.dt = float(self.sim_params.dt)  # as float32, which legacy tasks compute with

    def _use_device(self, device: torch.device) -> None:
        self.device = device
        self.on_gpu = device.type == "cuda"
        self.device_type, self.device_id = device.type, device.index or 0
        self.generator = torch.Generator(device).manual_seed(self.config.seed)

    def _construct(self) -> None:
        if self.overrides("create_sim"):
            # the legacy way: without arguments, and it creates ground and environments as well
            type(self).create_sim(self)  # pyright: ignore[reportCallIssue] a legacy signature
            return
        self.sim = self.create_sim(
            self.device_id, self.graphics_device_id, self.physics_engine, self.sim_params
        )
        self.create_ground()
        self.create_envs()
        count = self.gym.get_env_count(self.sim)
        if count != self.num_envs:
            raise ConfigError(
                f"{type(self).__name__}.create_envs created {count} environments, num_envs is "
                f"{self.num_envs}; create one for each"
            )

    def apply_randomizations(self, dr_params: Mapping[str, Any]) -> None:
        """Refuse what only IsaacGymEnvs' base class has.

        Args:
            dr_params: what to randomize, as its files say.

        Raises:
            NotImplementedError: always, with the remedy.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: apply_randomizations is IsaacGymEnvs' own; derive from its "
            "VecTask, or leave it out (task.task.randomize=false), or use RandomizedTask"
        )

    def overrides(self, method: str) -> bool:
        """Return whether the task's class has a method of its own in place of the base's."""
        base = next(c for c in reversed(type(self).__mro__) if method in vars(c))
        return getattr(type(self), method) is not getattr(base, method)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device: expected cpu or cuda[:N], got {name!r}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"device: '{name}' asked for, but PyTorch sees no CUDA device; use device=cpu"
        )
    if device.type != "cuda":
        return device
    index, count = device.index or 0, torch.cuda.device_count()
    if index >= count:
        raise ConfigError(f"device: this machine has cuda:0 to cuda:{count - 1}, got '{name}'")
    return torch.device("cuda", index)
