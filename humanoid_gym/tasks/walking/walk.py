"""A robot on legs walks as commanded: position targets, a gait clock and shaped rewards.

docs/walk_task.md lists observation, reward terms and metrics with formulas and units.
"""

import math
from typing import Dict, Sequence, Tuple

import torch
from torch import Tensor

from humanoid_gym.deployment.description import Deployment
from humanoid_gym.kernels import walking as kernels
from humanoid_gym.kernels.observation import with_past
from humanoid_gym.mirror import MirrorMap
from humanoid_gym.tasks.legged.deployment import legged_deployment
from humanoid_gym.tasks.legged.legged_robot import LeggedRobot
from humanoid_gym.tasks.legged.robot import value_by_joint
from humanoid_gym.tasks.mirrored_robot import mirrored_joints
from humanoid_gym.tasks.observation import ObservationTerm
from humanoid_gym.tasks.reward_table import RewardTerm, scaled
from humanoid_gym.tasks.terrain import NOBODY, HeightScanConfig
from humanoid_gym.tasks.walking.config import WalkConfig
from humanoid_gym.tasks.walking.driving import Driving
from humanoid_gym.tasks.walking.gait import make_gait
from humanoid_gym.tasks.walking.observation import (
    mirror_map,
    mirrored_clock,
    observation_table,
    state_table,
)
from humanoid_gym.tasks.walking.rewards import (
    FALL,
    RobotLimits,
    check_feet,
    reward_table,
)

LEAST_DISTANCE = 1.0
"""Cost of transport counts at least this distance [m]: standing has none."""


class Walk(LeggedRobot):
    """Follow velocity commands; see the module's description.

    The sizes are those of the robot with 24 joints and two feet; others have their own.
    """

    config_class = WalkConfig
    config: WalkConfig
    num_obs = observation_table(WalkConfig(), 24).size
    num_states = state_table(observation_table(WalkConfig(), 24), 2, 1.0, HeightScanConfig()).size
    num_actions = 24
    recomputed = ("quantities",)
    from_settings = (
        *LeggedRobot.from_settings,
        *("observation_scale", "state_scale", "lowest_command", "highest_command"),
    )
    evaluation_overrides = ("task.commands.fixed=[1.0,0.0,0.0]",)

    def create_envs(self) -> None:
        """Create the environments; sizes follow from the robot's joints and feet."""
        super().create_envs()
        check_feet(self.config.rewards, self.robot.layout)
        self.gait = make_gait(self.config.gait, self.robot.layout, self.gait_advance, self.device)
        self.observation = observation_table(self.config, self.num_actions)
        scan, num_feet = self.config.terrain.height_scan, len(self.config.feet)
        self.states = state_table(self.observation, num_feet, self.weight, scan)
        self.num_obs = self.observation.size * self.config.history
        self.num_states = self.states.size

    def deployment(self) -> Deployment:
        """Describe the robot to the computer that runs an exported policy on it."""
        config, gait = self.config, self.gait
        return legged_deployment(
            self,
            "humanoid_walk",
            self.observation,
            history=config.history,
            clock_frequency=config.gait.frequency,
            clock_pauses=tuple((start, length) for start, length in gait.pauses),
            clock_recovery_tilt=config.gait.recovery_tilt,
        )

    def controls(self) -> Driving:
        """Let the user at the viewer drive the robots."""
        return Driving(self)

    def observation_groups(self) -> Sequence[ObservationTerm]:
        """Return the rows of the observation, whose sensors may be noisy."""
        return self.observation.terms

    @property
    def gait_advance(self) -> float:
        """Part of the gait's cycle in a control step."""
        return self.config.gait.frequency * self.control_dt

    def acquire_tensors(self) -> None:
        """Wrap the simulation's tensors and allocate the task's own; shapes (num_envs, ...)."""
        super().acquire_tensors()
        n, device = self.num_envs, self.device
        self.observation_scale = self.observation.scales(device)
        self.state_scale = self.states.scales(device)
        self.rewards = self._reward_table()
        commands = self.config.commands
        self.lowest_command = torch.tensor(commands.lowest, device=device)
        self.highest_command = torch.tensor(commands.highest, device=device)
        self.commands = torch.zeros(n, 3, device=device)
        self.command_steps = torch.zeros(n, device=device)
        self.phase = torch.zeros(n, device=device)
        self.air_time = torch.zeros(n, len(self.robot.feet), device=device)
        self.landing = torch.zeros_like(self.air_time)
        self.distance = torch.zeros(n, device=device)
        self.energy = torch.zeros(n, device=device)
        earlier = (self.config.history - 1) * self.observation.size
        self.past_observations = torch.zeros(n, earlier, device=device)
        self.previous_velocity = torch.zeros_like(self.actions)

    def pre_physics_step(self, actions: Tensor) -> None:
        """Renew commands whose time is over, advance the gait and set the joints' targets."""
        self.past_observations.copy_(self.obs_buf[:, self.observation.size :])
        self.command_steps -= 1.0
        self._renew_commands(self.command_steps <= 0.0)
        self.phase.copy_((self.phase + self.gait_advance * self._stepping()) % 1.0)
        self.previous_velocity.copy_(self.joint_velocity)
        self.aim(actions, self.robot.default_pose)

    def refresh_tensors(self) -> None:
        """Copy the simulation's state into the wrapped tensors, and follow feet and episode."""
        super().refresh_tensors()
        duration = self.control_dt
        landing, air_time = kernels.flight(self.foot_contact(), self.air_time, duration)
        self.landing.copy_(landing)
        self.air_time.copy_(air_time)
        direction = kernels.heading(self.root_state[:, 3:7])
        velocity = kernels.in_heading_frame(direction, self.root_state[:, 7:10])
        self.distance.add_(kernels.progress(self.commands, velocity), alpha=duration)
        steps_left = self.max_episode_length - self.progress_buf
        self.course.follow(self.commands[:, 0:2], direction, duration, steps_left)
        power = kernels.mechanical_power(self.joint_torque, self.joint_velocity)
        self.energy.add_(power, alpha=duration)

    def compute_observations(self) -> None:
        """Name the quantities, and assemble what policy and critic see of them."""
        self.quantities = self._quantities()
        observation, states = self.observation, self.states
        exact = observation.assemble(self.quantities, self.observation_scale)
        past, seen = with_past(
            self.past_observations, self.randomization.observed(exact), self.progress_buf == 0
        )
        self.past_observations.copy_(past)
        self.obs_buf.copy_(seen)
        self.states_buf.copy_(states.assemble(self.quantities, self.state_scale))

    def compute_reward(self) -> Dict[str, Tensor]:
        """Return the scaled reward terms."""
        terms = scaled(self.rewards, self.quantities)
        if self.config.rewards.fall != 0.0:
            terms[FALL] = self.compute_termination() * self.config.rewards.fall
        return terms

    def compute_termination(self) -> Tensor:
        """Return who has fallen: too low or tilted too far."""
        low, tilted = self.compute_termination_causes().values()
        return low | tilted

    def compute_termination_causes(self) -> Dict[str, Tensor]:
        """Return whose base is too low and whose is tilted too far."""
        return {
            "low": self.quantities.height < self.config.least_height,
            "tilted": -self.quantities.gravity_b[:, 2] < math.cos(self.config.largest_tilt),
        }

    def compute_metrics(self) -> Dict[str, Tensor]:
        """Return speed, tracking errors, balance and power of this step."""
        q = self.quantities
        return {
            "forward_speed": q.velocity_h[:, 0],
            "velocity_error": (q.velocity_h[:, 0:2] - q.command[:, 0:2]).norm(p=2, dim=-1),
            "yaw_rate_error": (q.yaw_rate - q.command[:, 2]).abs(),
            "upright": -q.gravity_b[:, 2],
            "power": kernels.mechanical_power(q.joint_torque, q.joint_velocity),
        }

    def compute_episode_metrics(self) -> Dict[str, Tensor]:
        """Return distance, cost of transport and falls of each episode so far."""
        return {
            "distance": self.distance.clone(),
            "cost_of_transport": self.energy
            / (self.weight * self.distance.clamp(min=LEAST_DISTANCE)),
            "fall": self.compute_termination().float(),
            **self.course.metrics(),
        }

    def reset_envs(self, mask: Tensor) -> None:
        """Stand in the default pose with some noise, facing anywhere, with a new command."""
        column = mask.unsqueeze(-1)
        self.course.begin(mask, self.root_state[:, 0:3], ~self.fault_buf)
        self.stand(mask)
        self._renew_commands(mask)
        direction = kernels.heading(self.root_state[:, 3:7])
        lateral = kernels.in_heading_frame(direction, self.root_state[:, 7:10])[:, 1]
        chance = self.uniform(0.0, 1.0, (self.num_envs, 2))
        gait = self.gait
        phase = kernels.first_phase(lateral, chance, gait.first_start, gait.first_length)
        self.phase.copy_(torch.where(mask, phase, self.phase))
        self.previous_velocity.copy_(
            torch.where(column, self.joint_velocity, self.previous_velocity)
        )
        self.air_time.masked_fill_(column, 0.0)
        self.landing.masked_fill_(column, 0.0)
        self.distance.masked_fill_(mask, 0.0)
        self.energy.masked_fill_(mask, 0.0)

    def mirror(self) -> MirrorMap:
        """Return how observation, states and action change when left and right are exchanged.

        Raises:
            ValueError: the robot or its gait is not symmetric.
        """
        config, layout = self.config, self.robot.layout
        joints = mirrored_joints(config.asset, self.robot.joint_names)
        self.check_symmetry(joints, {"pose weight": self._pose_weights()})
        clock = mirrored_clock(self.gait.cycle_offsets, layout)
        return mirror_map(
            joints,
            layout.counterparts,
            clock,
            self.observation,
            self.states,
            config.terrain.height_scan,
            config.history,
        )

    def _reward_table(self) -> Dict[str, RewardTerm]:
        lower, upper = self.robot.soft_limits(self.config.soft_limit)
        limits = RobotLimits(
            peak_torque=self.robot.peak_torque,
            soft_lower=lower,
            soft_upper=upper,
            pose_weights=self._pose_weights(),
            weight=self.weight,
            standing_height=self.config.standing_height,
            swing_height=self.config.gait.swing_height,
        )
        return reward_table(self.config.rewards, self.config.reward_targets, limits)

    def _pose_weights(self) -> Tensor:
        names, weights = self.robot.joint_names, self.config.pose_weights
        values = value_by_joint(names, weights, "task.pose_weights")
        return torch.tensor(values, device=self.device)

    def _moving(self) -> Tensor:
        return (self.commands != 0.0).any(-1).to(self.commands.dtype)

    def _stepping(self) -> Tensor:
        moving, tilt = self._moving(), self.config.gait.recovery_tilt
        if tilt is not None:
            moving = torch.maximum(moving, kernels.leaning(self.root_state[:, 3:7], tilt))
        return kernels.stepping(self.phase, moving, self.gait.pause_start, self.gait.pause_length)

    def _quantities(self) -> kernels.Walking:
        # bodies and forces are those of the last step, which a new episode has nothing to do with
        under_way = (self.progress_buf > 0).to(self.commands.dtype).unsqueeze(-1)
        direction = kernels.heading(self.root_state[:, 3:7])
        velocity, angular_velocity, gravity = kernels.base(self.root_state, direction)
        stepping = self._stepping()
        clock, stance, swing_height = self._clock(stepping)
        feet, forces = (x.index_select(1, self.feet) for x in (self.body_state, self.body_force))
        force, foot_velocity, foot_tilt, spacing, foot_yaw = kernels.feet(
            feet, forces, direction, *self.robot.pairs
        )
        height, foot_height, height_scan = self._above_ground(feet)
        return kernels.Walking(
            command=self.commands,
            stepping=stepping,
            velocity_h=velocity,
            angular_velocity_b=angular_velocity,
            yaw_rate=self.root_state[:, 12],
            gravity_b=gravity,
            height=height,
            joint_position=self.joint_position,
            joint_offset=self.joint_position - self.robot.default_pose,
            joint_velocity=self.joint_velocity,
            joint_acceleration=(self.joint_velocity - self.previous_velocity) / self.control_dt,
            joint_torque=self.joint_torque,
            action=self.actions,
            previous_action=self.previous_actions,
            clock=clock,
            stance=stance,
            swing_height=swing_height,
            foot_height=foot_height * under_way,
            foot_contact=self.foot_contact() * under_way,
            foot_force=force * under_way,
            foot_velocity=foot_velocity * under_way,
            foot_tilt=foot_tilt * under_way,
            foot_spacing=spacing,
            foot_yaw=foot_yaw * under_way,
            landing=self.landing,
            height_scan=height_scan,
        )

    def _clock(self, stepping: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Return `clock`, `stance` and `swing_height` of `Walking`."""
        offsets, gait = self.gait.offsets, self.config.gait
        return kernels.gait(self.phase, stepping, offsets, gait.stance_fraction, gait.swing_height)

    def _above_ground(self, feet: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Return `height`, `foot_height` and `height_scan` of `Walking`."""
        base, ground, config = self.root_state, self.course.ground, self.config
        seen = config.terrain.height_scan.observer != NOBODY
        return (
            base[:, 2] - ground.beneath(base[:, 0:2]),
            feet[..., 2] - config.sole_depth - ground.height(feet[..., 0:2]),
            ground.scan(base, config.standing_height) if seen else base[:, :0],
        )

    def _renew_commands(self, mask: Tensor) -> None:
        """Draw commands, and for how long they hold, where the mask says so."""
        config, n = self.config.commands, self.num_envs
        standing, deadband = config.standing_fraction, config.deadband
        if config.fixed is not None:
            standing = deadband = 0.0
        chance = self.uniform(0.0, 1.0, (n, 4))
        commands = kernels.draw_commands(
            chance, self.lowest_command, self.highest_command, standing, deadband
        )
        self.commands.copy_(torch.where(mask.unsqueeze(-1), commands, self.commands))
        steps = self.uniform(config.hold[0], config.hold[1], (n,)) / self.control_dt
        self.command_steps.copy_(torch.where(mask, steps, self.command_steps))
