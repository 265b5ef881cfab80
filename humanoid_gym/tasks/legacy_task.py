"""Tasks of other base classes, such as IsaacGymEnvs' VecTask, as the learner sees them."""

import inspect
import logging
import sys
import time
import traceback
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

import torch
from isaacgym import gymapi
from torch import Tensor

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.deployment.description import Deployment
from humanoid_gym.deployment.policy_interface import Description
from humanoid_gym.tasks import legacy_episodes, legacy_policy
from humanoid_gym.tasks.legacy_episodes import LegacyEpisodes
from humanoid_gym.tasks.legacy_state import LegacyState, of_vec_task
from humanoid_gym.tasks.task_config import TaskConfig
from humanoid_gym.tasks.vec_task import StepResult, VecTask
from humanoid_gym.threads import single_threaded

logger = logging.getLogger(__name__)

ARGUMENTS = (
    *("rl_device", "sim_device", "graphics_device_id"),
    *("headless", "virtual_screen_capture", "force_render"),
)
"""What a legacy task's class is made with after its dictionary; older ones take fewer."""
METHODS = ("step", "reset")
"""What a class of another base than ours has to have."""


class LegacyTask(VecTask):
    """A task whose class does not derive from ours: it simulates, steps and resets itself.

    Args:
        task: constructed; has `step`, which returns observations, rewards, resets and extras, and
            the attributes that IsaacGymEnvs' base class gives: `gym`, `sim`, `num_envs` and so on.
        config: what the base class shares with typed tasks.
        device: that the learner works on; the task has to return its tensors there.
        settings: the dictionary that it was made with.

    Raises:
        ConfigError: it lacks an attribute, or has other sizes than its settings say.
    """

    def __init__(
        self,
        task: Any,  # noqa: ANN401
        config: TaskConfig,
        device: str,
        settings: Mapping[str, Any],
    ) -> None:
        # not VecTask's: the scene is there already
        self.task = task
        self.config = legacy_policy.with_own_settings(config, task, settings)
        self.rl_device = self.device = torch.device(device)
        self.on_gpu = self.device.type == "cuda"
        self.gym, self.sim = self._get("gym"), self._get("sim")
        self.viewer = None  # the task draws into its own
        self.extensions: Any = getattr(self.gym, "extensions", None)
        self.num_envs = int(self._get("num_envs", "num_environments"))
        self.num_obs = int(self._get("num_obs", "num_observations"))
        self.num_actions = int(self._get("num_actions", "num_acts"))
        self.num_states = int(getattr(task, "num_states", 0) or 0)
        self._get("reset_buf")
        self.max_episode_length = int(getattr(task, "max_episode_length", 0) or 0)
        self.sim_params = self.gym.get_sim_params(self.sim)
        self.dt = float(self.sim_params.dt)
        self.generator = torch.Generator(self.device).manual_seed(config.seed)
        self.kept = LegacyState(task)
        self.control_steps = 0
        self._seconds = {"physics": 0.0, "observation_reward": 0.0}
        self._follower = LegacyEpisodes(task, self.num_envs, self.device)
        self._fault_counts = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
        self.obs_dict: Dict[str, Tensor] = {}
        self.extras: Dict[str, Any] = {}
        if self.num_envs != config.num_envs:
            raise ConfigError(
                f"{self._name} made {self.num_envs} environments, not {config.num_envs}: it has to "
                "take their number from cfg['env']['numEnvs']"
            )

    @single_threaded()
    def step(self, actions: Tensor) -> StepResult:
        """Advance every environment by one control step, see `VecTask.step`."""
        start = time.perf_counter()
        self._follower.before_step(self.obs_dict)
        observations, reward, done, extras = self._stepped(actions)
        faults = self._new_faults()
        done = (done != 0) | faults
        legacy_episodes.flag(self.task, faults)
        told = extras.get("time_outs")
        time_outs = self._follower.time_outs(done) & ~faults
        if isinstance(told, Tensor):
            time_outs |= (told.to(self.device) != 0) & done & ~faults
        within = self._follower.within_step(done)
        reward = reward.masked_fill(faults, 0.0)
        self.extras = {
            "time_outs": time_outs,
            "faults": faults,
            "reward_terms": {"reward": reward},
            "metrics": self._follower.metrics(extras),
            "episode_metrics": {},
            "terminations": {
                "terminated": done & ~time_outs & ~faults,
                "time_out": time_outs,
                "fault": faults,
            },
        }
        for name, key in (("obs", "final_observation"), ("states", "final_states")):
            if name in observations:
                self.extras[key] = self._follower.last_seen(name, observations[name], within)
        self.obs_dict = observations
        self.control_steps += 1
        self._seconds["physics"] += time.perf_counter() - start
        return observations, reward, done, self.extras

    @single_threaded()
    def reset(self) -> Dict[str, Tensor]:
        """Begin a new episode everywhere: the task's step does so where `reset_buf` says."""
        self.task.reset()
        legacy_episodes.flag(self.task, torch.ones(self.num_envs, dtype=torch.bool))
        self.step(self.zero_actions())
        return self.obs_dict

    def restart(self, mask: Tensor) -> Dict[str, Tensor]:
        """Begin new episodes with the next step; until then, what is no number is seen as 0."""
        legacy_episodes.flag(self.task, mask)
        self.obs_dict = legacy_episodes.without_nan(self.obs_dict, mask.to(self.device))
        return self.obs_dict

    def randomize_episode_phase(self) -> None:
        """Let every environment count from a random step, if the task counts in `progress_buf`."""
        progress = getattr(self.task, "progress_buf", None)
        if isinstance(progress, Tensor) and self.max_episode_length > 0:
            ages = torch.zeros(self.num_envs, dtype=torch.long, device=self.device)
            ages.random_(0, self.max_episode_length, generator=self.generator)
            progress.copy_(ages)

    def render(self) -> None:
        """Do nothing: the task draws in its own steps."""

    def close(self) -> None:
        """Release the simulation; the task cannot step afterwards."""
        if self.sim is None:
            return
        if getattr(self.task, "viewer", None) is not None:
            self.gym.destroy_viewer(self.task.viewer)
            self.task.viewer = None
        self.gym.destroy_sim(self.sim)
        self._forget(self.sim)
        self.sim = None

    def state_dict(self) -> Dict[str, Any]:
        """Return what is needed to continue, see `LegacyState` for what that may lack."""
        state = super().state_dict()
        return {**state, "observations": {k: v.to("cpu") for k, v in self.obs_dict.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> Optional[Dict[str, Tensor]]:
        """Continue from what `state_dict` returned, as exactly as the task allows."""
        seen = state.get("observations", {})
        self.obs_dict = {name: value.to(self.device) for name, value in seen.items()}
        first = super().load_state_dict(state)
        self._fault_counts = self._count_faults()
        return first

    def deployment(self) -> Description:
        """Describe the robot, if the task's class does so; else its policies only."""
        own = getattr(self.task, "deployment", None)
        found = own() if callable(own) else None
        return found if isinstance(found, Deployment) else legacy_policy.interface(self, self.task)

    @property
    def _name(self) -> str:
        return type(self.task).__name__

    def _get(self, *names: str) -> Any:  # noqa: ANN401
        for name in names:
            if getattr(self.task, name, None) is not None:
                return getattr(self.task, name)
        raise ConfigError(
            f"{self._name} has no attribute {' or '.join(names)}, which a legacy task's base class "
            "gives it: derive it from humanoid_gym.VecTask or from IsaacGymEnvs'"
        )

    def _stepped(self, actions: Tensor) -> Tuple[Dict[str, Tensor], Tensor, Tensor, Dict[str, Any]]:
        """Let the task step, and look at what it returns."""
        found = self.task.step(actions.to(self.device))
        if not (isinstance(found, tuple) and len(found) == 4):
            raise TypeError(
                f"{self._name}.step has to return observations, rewards, resets and extras"
            )
        observations, reward, done, extras = found
        if isinstance(observations, Tensor):
            observations = {"obs": observations}
        sizes = {"obs": self.num_obs, "states": self.num_states}
        checked = {
            name: self._checked(f"observations['{name}']", observations.get(name), (size,))
            for name, size in sizes.items()
            if size
        }
        reward = self._checked("rewards", reward, ())
        return checked, reward, self._checked("resets", done, ()), extras or {}

    def _checked(self, what: str, value: Any, columns: Tuple[int, ...]) -> Tensor:  # noqa: ANN401
        shape = (self.num_envs, *columns)
        if not isinstance(value, Tensor) or value.shape != shape:
            raise TypeError(
                f"{self._name}.step: {what} has to be a tensor of shape {shape}, not "
                f"{f'one of shape {tuple(value.shape)}' if isinstance(value, Tensor) else value!r}"
            )
        return value.to(self.device)

    def _count_faults(self) -> Tensor:
        if self.extensions is None:
            return self._fault_counts
        return self.extensions.fault_counts(self.sim).to(self.device, copy=True)

    def _new_faults(self) -> Tensor:
        before, self._fault_counts = self._fault_counts, self._count_faults()
        return self._fault_counts != before

    def _forget(self, sim: object) -> None:
        """Let no module of the task's classes keep the simulation, to be found by the next task."""
        for cls in type(self.task).__mro__:
            module = vars(sys.modules.get(cls.__module__, sys))
            for name in [name for name, value in module.items() if value is sim]:
                module[name] = None


def takes_dictionary(cls: object) -> bool:
    """Return whether a class that is not derived from ours looks like a legacy task's."""
    return isinstance(cls, type) and all(callable(getattr(cls, name, None)) for name in METHODS)


def make_legacy_task(
    cls: Any,  # noqa: ANN401 - of any base class
    settings: Mapping[str, Any],
    config: TaskConfig,
    device: str,
    headless: bool,
) -> VecTask:
    """Make a task whose class is configured by a dictionary.

    Args:
        cls: its class, derived from VecTask or from another base.
        settings: the dictionary; the task may write into it.
        config: what of it typed tasks have as well.
        device: of simulation and learner.
        headless: do not open a viewer window.

    Raises:
        ConfigError: the constructor wants other arguments, or a key that the settings lack.
    """
    headless = headless or _cannot_show(cls)
    values = (device, device, -1 if headless else 0, headless, False, not headless)
    wanted = _wanted(cls, dict(zip(ARGUMENTS, values)))
    try:
        task = cls(settings, **wanted)
    except KeyError as error:
        raise ConfigError(_missing(cls, settings, error)) from error
    if not isinstance(task, VecTask):
        return LegacyTask(task, config, device, settings)
    if not hasattr(task, "obs_buf"):
        raise ConfigError(f"{cls.__name__}.__init__ has to call super().__init__, with all it gets")
    if task.rl_device != task.device:
        raise ConfigError(
            f"{cls.__name__} simulates on {task.device} and learns on {task.rl_device}: hand "
            "rl_device and sim_device on to super().__init__"
        )
    task.kept = of_vec_task(task)
    return task


def _cannot_show(cls: Any) -> bool:  # noqa: ANN401
    """Return whether a class that opens its viewer by itself would find no display, with a line."""
    extensions = getattr(gymapi.acquire_gym(), "extensions", None)
    if issubclass(cls, VecTask) or extensions is None:  # ours goes on without a window
        return False
    reason = extensions.why_no_display()
    if reason:
        logger.warning("no viewer window: %s", reason)
    return bool(reason)


def _wanted(cls: Any, values: Dict[str, Any]) -> Dict[str, Any]:  # noqa: ANN401
    """Return those arguments that a constructor takes; older ones take fewer.

    Raises:
        ConfigError: it wants others as well.
    """
    signature = inspect.signature(cls)
    parameters = signature.parameters
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    wanted = {name: value for name, value in values.items() if anything or name in parameters}
    try:
        signature.bind({}, **wanted)
    except TypeError as error:
        raise ConfigError(
            f"{cls.__name__}.__init__: {error}; a task with a dictionary is made with "
            f"(cfg, {', '.join(values)})"
        ) from error
    return wanted


def _missing(cls: Any, settings: Mapping[str, Any], error: KeyError) -> str:  # noqa: ANN401
    key = str(error.args[0]) if error.args else ""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"{cls.__name__}.__init__ reads a key '{key}', which its settings do not have; nearest: "
        f"'{nearest(key, _keys(settings))}' ({frame.filename}, line {frame.lineno})"
    )


def _keys(settings: Mapping[str, Any]) -> Iterator[str]:
    for key, value in settings.items():
        yield str(key)
        if isinstance(value, Mapping):
            yield from _keys(value)
