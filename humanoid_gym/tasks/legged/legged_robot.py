"""A robot on legs in its surroundings: ground, drives, first states, and what is measured."""

import dataclasses
import math
from typing import Mapping, Tuple

import torch
from isaacgym import gymapi, gymtorch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.kernels import walking as kernels
from humanoid_gym.mirror import Reflection, check_symmetric
from humanoid_gym.tasks.legged.config import TORQUE, LeggedConfig
from humanoid_gym.tasks.legged.robot import read_robot
from humanoid_gym.tasks.randomized_task import RandomizedTask
from humanoid_gym.tasks.stuck_links import warn_of_stuck_links
from humanoid_gym.tasks.task_config import TaskConfig
from humanoid_gym.tasks.terrain_task import TerrainTask
from humanoid_gym.tasks.vec_task import Point

RESET_CLEARANCE = 0.01
"""Distance of the soles from the ground when an episode begins [m]."""
VIEWED_HEIGHT = 0.767
"""Height [m] of the base of a robot that the camera's usual distance suits."""


class LeggedRobot(TerrainTask, RandomizedTask):
    """Many robots with driven joints and feet; what they are to do, a subclass says."""

    config: LeggedConfig
    from_settings = ("feet",)

    def create_envs(self) -> None:
        """Load the robot and create the environments."""
        options = gymapi.AssetOptions()
        options.default_dof_drive_mode = gymapi.DOF_MODE_POS
        asset = self.load_asset(options)
        self.robot = read_robot(self.gym, asset, self.config, self.device)
        self.num_actions = len(self.robot.joint_names)
        collision_filter = 0 if self.config.self_collisions else 1
        for i, (x, y, ground) in enumerate(self.terrain_start.cpu().tolist()):
            pose = gymapi.Transform(p=gymapi.Vec3(x, y, ground + self._start_height))
            env = self.create_env()
            actor = self.gym.create_actor(env, asset, pose, "robot", i, collision_filter)
            self.gym.set_actor_dof_properties(env, actor, self.robot.dof_properties)
            self.gym.enable_actor_dof_force_sensors(env, actor)
        bodies = self.gym.get_actor_rigid_body_properties(self.gym.get_env(self.sim, 0), 0)
        self.weight = sum(body.mass for body in bodies) * abs(self.config.sim.gravity[2])
        if self.weight == 0.0:
            raise ConfigError("task.sim.gravity: robots on legs need a weight, got none along z")

    def acquire_tensors(self) -> None:
        """Wrap the simulation's tensors; shapes (num_envs, ...)."""
        gym, sim, n = self.gym, self.sim, self.num_envs
        self.root_state = self.wrap(gym.acquire_actor_root_state_tensor(sim))
        self.dof_state = self.wrap(gym.acquire_dof_state_tensor(sim))
        self.joint_position = self.dof_state.view(n, self.num_actions, 2)[..., 0]
        self.joint_velocity = self.dof_state.view(n, self.num_actions, 2)[..., 1]
        self.joint_torque = self.wrap(gym.acquire_dof_force_tensor(sim)).view(n, self.num_actions)
        self.body_state = self.wrap(gym.acquire_rigid_body_state_tensor(sim)).view(n, -1, 13)
        self.body_force = self.wrap(gym.acquire_net_contact_force_tensor(sim)).view(n, -1, 3)
        self.feet = torch.tensor(self.robot.feet, device=self.device)
        self.targets = self.robot.default_pose.repeat(n, 1)
        self.torques = torch.zeros_like(self.targets)
        self.actions = torch.zeros_like(self.targets)
        self.previous_actions = torch.zeros_like(self.targets)
        warn_of_stuck_links(self, self.robot.default_pose.tolist())

    def note_actions(self, actions: Tensor) -> None:
        """Keep the policy's last two actions, whether they act yet or not."""
        self.previous_actions.copy_(self.actions)
        self.actions.copy_(actions)

    def aim(self, actions: Tensor, pose: Tensor) -> None:
        """Displace the joints' targets from a pose by actions.

        Args:
            actions: clipped actions, shape (num_envs, D).
            pose: joint positions [rad], shape (D,) or (num_envs, D).
        """
        torch.addcmul(pose, actions, self.robot.action_scale, out=self.targets)
        if self.config.drive != TORQUE:
            target = gymtorch.unwrap_tensor(self.targets)
            self.gym.set_dof_position_target_tensor(self.sim, target)

    def before_simulate(self) -> None:
        """With torque control, compute the torques from the joints' state of the moment."""
        super().before_simulate()
        if self.config.drive != TORQUE:
            return
        self.gym.refresh_dof_state_tensor(self.sim)
        robot, factor = self.robot, self.randomization.factor
        torques = kernels.drive_torque(
            self.targets,
            self.joint_position,
            self.joint_velocity,
            factor("stiffness", robot.stiffness),
            factor("damping", robot.damping),
            robot.peak_torque,
        )
        self.torques.copy_(factor("motor_strength", torques))
        self.gym.set_dof_actuation_force_tensor(self.sim, gymtorch.unwrap_tensor(self.torques))

    def refresh_tensors(self) -> None:
        """Copy the simulation's state into the wrapped tensors."""
        gym, sim = self.gym, self.sim
        gym.refresh_actor_root_state_tensor(sim)
        gym.refresh_dof_state_tensor(sim)
        gym.refresh_dof_force_tensor(sim)
        gym.refresh_rigid_body_state_tensor(sim)
        gym.refresh_net_contact_force_tensor(sim)

    def stand(self, mask: Tensor) -> None:
        """Put robots into the default pose with some noise, facing anywhere; mask (num_envs,)."""
        self.place(mask, *self._start_states())

    def place(self, mask: Tensor, position: Tensor, velocity: Tensor, root: Tensor) -> None:
        """Put robots into states and forget the actions before.

        Args:
            mask: which robots, shape (num_envs,) bool; the others' states are left alone.
            position: of the joints [rad], shape (num_envs, D).
            velocity: of the joints [rad/s], shape (num_envs, D).
            root: state of the base, env-local, shape (num_envs, 13).
        """
        column = mask.unsqueeze(-1)
        self.joint_position.copy_(torch.where(column, position, self.joint_position))
        self.joint_velocity.copy_(torch.where(column, velocity, self.joint_velocity))
        self.root_state.copy_(torch.where(column, root, self.root_state))
        # full setters: the engine writes the rows that changed, and no host needs to count them
        gym, sim = self.gym, self.sim
        gym.set_actor_root_state_tensor(sim, gymtorch.unwrap_tensor(self.root_state))
        gym.set_dof_state_tensor(sim, gymtorch.unwrap_tensor(self.dof_state))
        for actions in (self.actions, self.previous_actions):
            actions.masked_fill_(column, 0.0)

    def check_symmetry(self, joints: Reflection, weights: Mapping[str, Tensor]) -> None:
        """Refuse a robot that is not its own mirror image.

        Args:
            joints: how joint positions change in the mirror.
            weights: what else has to be the same left and right, by name, shape (D,) each.

        Raises:
            ValueError: the robot is not symmetric.
        """
        robot, same = self.robot, Reflection(joints.source, (1.0,) * joints.width)
        properties = {
            "limits": (robot.lower + robot.upper, joints),
            "range": (robot.upper - robot.lower, same),
            "default pose": (robot.default_pose, joints),
            "peak torque": (robot.peak_torque, same),
            "stiffness": (robot.stiffness, same),
            "damping": (robot.damping, same),
            "action scale": (robot.action_scale, same),
            **{name: (values, same) for name, values in weights.items()},
        }
        check_symmetric(self.config.asset, robot.joint_names, properties)
        robot.layout.check_symmetry(self.config.asset)

    def camera_target(self, env_index: int) -> Point:
        """Return the base's position on the ground, at hip height."""
        place = self.root_state[env_index, 0:2]
        x, y = place.tolist()
        return (x, y, float(self.course.ground.beneath(place)) + 0.75 * self.config.standing_height)

    @property
    def camera_offset(self) -> Point:
        """Return where the camera is at first, nearer to smaller robots [m]."""
        nearer = self.config.standing_height / VIEWED_HEIGHT
        x, y, z = super().camera_offset
        return (nearer * x, nearer * y, nearer * z)

    @property
    def control_dt(self) -> float:
        """Duration of a control step [s]."""
        return self.dt * self.config.control_frequency_inv

    @property
    def _start_height(self) -> float:
        return self.config.standing_height + RESET_CLEARANCE

    def _configure(self, config: TaskConfig, device: torch.device) -> None:
        if isinstance(config, LeggedConfig) and config.drive == TORQUE:
            config = with_single_substeps(config)
        super()._configure(config, device)

    def foot_contact(self) -> Tensor:
        """Return 1 for each foot on the ground, else 0, shape (num_envs, F)."""
        forces = self.body_force.index_select(1, self.feet).norm(p=2, dim=-1)
        return (forces > kernels.CONTACT_FORCE).to(forces.dtype)

    def _start_states(self) -> Tuple[Tensor, Tensor, Tensor]:
        """Draw first joint positions and velocities (N, D) and root states (N, 13)."""
        config, robot, n = self.config, self.robot, self.num_envs
        spread, speed = config.reset_position_noise, config.reset_velocity_noise
        position = robot.default_pose + self.uniform(-spread, spread, (n, self.num_actions))
        velocity = self.uniform(-speed, speed, (n, self.num_actions))
        half_yaw = self.uniform(-0.5 * math.pi, 0.5 * math.pi, (n,))
        root = torch.zeros(n, 13, device=self.device)
        root[:, 0:3] = self.terrain_start
        root[:, 2] += self._start_height
        root[:, 5], root[:, 6] = half_yaw.sin(), half_yaw.cos()
        root[:, 7:9] = self.uniform(-speed, speed, (n, 2))
        position, velocity = self.randomization.initial_joints(position, velocity)
        root = self.randomization.initial_root(root)
        return position.clamp(robot.lower, robot.upper), velocity, root


def with_single_substeps(config: LeggedConfig) -> LeggedConfig:
    """Make each physics step a `simulate` of its own, so that something can be done before each."""
    sim = config.sim
    return dataclasses.replace(
        config,
        control_frequency_inv=config.control_frequency_inv * sim.substeps,
        sim=dataclasses.replace(sim, dt=sim.dt / sim.substeps, substeps=1),
    )
