"""Balance a pole on a cart: the public IsaacGymEnvs Cartpole task. docs/new_robot.md builds it."""

from dataclasses import dataclass, field
from typing import Dict

import torch
from isaacgym import gymapi, gymtorch
from torch import Tensor

from humanoid_gym import VecTask
from humanoid_gym.deployment import Deployment
from humanoid_gym.kernels.cartpole import reward
from humanoid_gym.tasks import deploying
from humanoid_gym.tasks.observation import ObservationTable, ObservationTerm
from humanoid_gym.tasks.task_config import TaskConfig
from humanoid_gym.tasks.vec_task import Point

OBSERVATION = ObservationTable(
    (ObservationTerm("joint_state", 4, "m, m/s, rad, rad/s", source="joint_state"),)
)
"""Position and speed of the cart, then of the pole."""


@dataclass(frozen=True)
class CartpoleConfig(TaskConfig):
    """Settings of the cart-pole task."""

    episode_length: int = field(default=500, metadata={"min": 1})
    """Control steps after which an episode is truncated."""
    clip_observations: float = field(default=5.0, metadata={"above": 0.0, "infinite": True})
    """Observations are limited to plus or minus this value."""
    asset: str = "resources/urdf/cartpole/cartpole.urdf"
    """Robot description: two joints, first that of the cart, then that of the pole."""
    effort: float = field(default=400.0, metadata={"above": 0.0})
    """Force on the cart for an action of 1 [N]."""
    track: float = field(default=3.0, metadata={"above": 0.0})
    """The episode ends when the cart is farther than this from the middle [m]."""


class Cartpole(VecTask):
    """Observation: cart position [m] and speed [m/s], pole angle [rad] and speed [rad/s]."""

    config_class = CartpoleConfig
    config: CartpoleConfig
    num_obs = OBSERVATION.size
    num_actions = 1

    def create_envs(self) -> None:
        """Create a cart on a rail in every environment; only the cart is driven."""
        options = gymapi.AssetOptions()
        options.fix_base_link = True
        asset = self.load_asset(options)
        properties = self.gym.get_asset_dof_properties(asset)
        properties["driveMode"] = (gymapi.DOF_MODE_EFFORT, gymapi.DOF_MODE_NONE)
        properties["stiffness"] = 0.0
        properties["damping"] = 0.0
        pose = gymapi.Transform(p=gymapi.Vec3(0.0, 0.0, 2.0))
        for i in range(self.num_envs):
            env = self.create_env()
            actor = self.gym.create_actor(env, asset, pose, "cartpole", i, 1)
            self.gym.set_actor_dof_properties(env, actor, properties)
        self.joint_names, self.dof_properties = self.gym.get_asset_dof_names(asset), properties

    def acquire_tensors(self) -> None:
        """Wrap the joint states; cart and pole are views of shape (num_envs, 2)."""
        self.dof_state = self.wrap(self.gym.acquire_dof_state_tensor(self.sim))
        self.joints = self.dof_state.view(self.num_envs, 2, 2)  # environment, joint, (pos, vel)
        self.forces = torch.zeros(self.num_envs, 2, device=self.device)
        self.spread = torch.tensor([0.1, 0.25], device=self.device)  # m or rad, m/s or rad/s

    def pre_physics_step(self, actions: Tensor) -> None:
        """Push the cart with force = action x effort."""
        self.forces[:, 0] = actions[:, 0] * self.config.effort
        self.gym.set_dof_actuation_force_tensor(self.sim, gymtorch.unwrap_tensor(self.forces))

    def refresh_tensors(self) -> None:
        """Read the joint states."""
        self.gym.refresh_dof_state_tensor(self.sim)

    def compute_observations(self) -> None:
        """Observe both joints."""
        self.obs_buf.copy_(self.joints.view(self.num_envs, 4))

    def compute_reward(self) -> Dict[str, Tensor]:
        """Return the reward terms."""
        _, cart_speed, pole_angle, pole_speed = self.obs_buf.unbind(1)
        return reward(pole_angle, cart_speed, pole_speed, self.compute_termination())

    def compute_termination(self) -> Tensor:
        """Return where the cart left its track or the pole fell below the horizontal."""
        position, _, angle, _ = self.obs_buf.unbind(1)
        return (position.abs() > self.config.track) | (angle.abs() > torch.pi / 2)

    def reset_envs(self, mask: Tensor) -> None:
        """Begin near the middle with U(-0.1, 0.1) m or rad and U(-0.25, 0.25) m/s or rad/s."""
        start = self.uniform(-1.0, 1.0, (self.num_envs, 2, 2)) * self.spread
        self.joints.copy_(torch.where(mask.view(-1, 1, 1), start, self.joints))
        self.gym.set_dof_state_tensor(self.sim, gymtorch.unwrap_tensor(self.dof_state))

    def deployment(self) -> Deployment:
        """Describe the robot to the computer that runs an exported policy on it."""
        names, properties, cart = self.joint_names, self.dof_properties, slice(0, 1)
        effort = [self.config.effort]
        return Deployment(
            task="cartpole",
            command="torque",
            control_rate=deploying.control_rate(self),
            joints=deploying.joints(names, properties, [0.0, 0.0]),
            actuators=deploying.torque_actuators(
                names[cart], properties[cart], effort, crouch={}, stop_gains=(0.0, 0.1)
            ),
            observation=OBSERVATION.entries(),
            clip_actions=deploying.action_clip(self),
            clip_observations=deploying.observation_clip(self),
        )

    def camera_target(self, env_index: int) -> Point:
        """Return the middle of the rail."""
        return (0.0, 0.0, 2.0)
