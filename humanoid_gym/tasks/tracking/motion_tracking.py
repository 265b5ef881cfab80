"""A robot on legs does what a recorded motion shows, and recovers where it is disturbed.

docs/motion_tracking.md lists observation, reward terms, metrics and file formats.
"""

import logging
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor

from humanoid_gym.deployment.description import Deployment
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.kernels import tracking as kernels
from humanoid_gym.mirror import MirrorMap
from humanoid_gym.rotation import down_axis, quat_rotate_inverse
from humanoid_gym.tasks.legged.deployment import legged_deployment
from humanoid_gym.tasks.legged.legged_robot import RESET_CLEARANCE, LeggedRobot
from humanoid_gym.tasks.mirrored_robot import mirrored_joints, mirrored_links
from humanoid_gym.tasks.observation import ObservationTerm
from humanoid_gym.tasks.reward_table import RewardTerm, scaled
from humanoid_gym.tasks.task_config import find_asset
from humanoid_gym.tasks.tracking.config import BEGINNING, REFERENCE, TrackingConfig
from humanoid_gym.tasks.tracking.ghost import Ghost
from humanoid_gym.tasks.tracking.mirror import mirror_map
from humanoid_gym.tasks.tracking.motions import Frames, load_motions
from humanoid_gym.tasks.tracking.observation import observation_table, state_table
from humanoid_gym.tasks.tracking.rewards import LOST, reward_table

logger = logging.getLogger(__name__)

CONTACT_FORCE = 1.0
"""A body with more force on it than this [N] touches something."""
FORGETTING = 1e-3
"""Part of the counted failures that each control step forgets."""


class MotionTracking(LeggedRobot):
    """Do as the reference does; see the module's description.

    An episode follows one motion from some frame on. It ends where the motion is lost, or with the
    motion, which is a time-out. The sizes are those of the robot with 24 joints; others have their
    own.
    """

    config_class = TrackingConfig
    config: TrackingConfig
    num_obs = observation_table(TrackingConfig(), 24).size
    num_states = state_table(TrackingConfig(), 24).size
    num_actions = 24
    recomputed = ("quantities",)
    from_settings = (
        *LeggedRobot.from_settings,
        *("observation_scale", "state_scale", "tracked", "limb_ends", "untouched"),
    )
    evaluation_overrides = ("task.motion.start=beginning", "task.episode_length=1000000")

    def create_envs(self) -> None:
        """Create the environments; sizes follow from the robot's joints and the bodies."""
        super().create_envs()
        # that of walking would stop a robot on one leg, or in the air
        self.robot = self.robot._replace(stability_margin=self.config.stability_margin)
        rate = 1.0 / self.control_dt
        self.motions = load_motions(self.config, self.robot, rate, self.device)
        self.observation = observation_table(self.config, self.num_actions)
        self.states = state_table(self.config, self.num_actions)
        self.num_obs, self.num_states = self.observation.size, self.states.size

    def deployment(self) -> Deployment:
        """Describe the robot to the computer that runs an exported policy on it."""
        follows = self.config.actions_displace == REFERENCE
        followed = "reference_joint_offset" if follows else None
        return legged_deployment(self, "humanoid_tracking", self.observation, followed=followed)

    def controls(self) -> Ghost:
        """Show the reference to the user at the viewer."""
        return Ghost(self)

    def observation_groups(self) -> Sequence[ObservationTerm]:
        """Return the rows of the observation, whose sensors may be noisy."""
        return self.observation.terms

    def acquire_tensors(self) -> None:
        """Wrap the simulation's tensors and allocate the task's own; shapes (num_envs, ...)."""
        super().acquire_tensors()
        n, device = self.num_envs, self.device
        self.observation_scale = self.observation.scales(device)
        self.state_scale = self.states.scales(device)
        self.rewards = self._reward_table()
        self.tracked = self._bodies(self.config.bodies)
        ends = [self.config.bodies.index(name) for name in self.config.limb_ends]
        self.limb_ends = torch.tensor(ends, dtype=torch.long, device=device)
        self.untouched = self._untouched()
        parts = len(self.motions.part_first)
        self.failures = torch.zeros(parts, device=device)
        self.visits = torch.zeros(parts, device=device)
        self.frame = torch.zeros(n, dtype=torch.long, device=device)
        self.first_frame = torch.zeros_like(self.frame)
        self.turn = torch.arange(n, device=device)

    def pre_physics_step(self, actions: Tensor) -> None:
        """Go to the next frame and set the joints' targets."""
        self.frame.copy_(self._later())
        follows = self.config.actions_displace == REFERENCE
        self.aim(actions, self._pose_to_displace() if follows else self.robot.default_pose)

    def compute_observations(self) -> None:
        """Name the quantities, and assemble what policy and critic see of them."""
        self.quantities = self._quantities()
        seen = self.observation.assemble(self.quantities, self.observation_scale)
        self.obs_buf.copy_(self.randomization.observed(seen))
        self.states_buf.copy_(self.states.assemble(self.quantities, self.state_scale))

    def compute_reward(self) -> Dict[str, Tensor]:
        """Return the scaled reward terms."""
        self._count()
        terms = scaled(self.rewards, self.quantities)
        if self.config.rewards.lost != 0.0:
            terms[LOST] = self.compute_termination() * self.config.rewards.lost
        return terms

    def compute_termination(self) -> Tensor:
        """Return who has lost the motion."""
        height, tilt, limb = self.compute_termination_causes().values()
        return height | tilt | limb

    def compute_termination_causes(self) -> Dict[str, Tensor]:
        """Return whose base, whose base's tilt and which limb is too far from the reference."""
        q, limits = self.quantities, self.config.limits
        return {
            "height": q.height_error > limits.height,
            "tilt": q.tilt_error > limits.tilt,
            "limb": (q.limb_height_error > limits.limb_height).any(-1),
        }

    def compute_truncation(self) -> Tensor:
        """Return whose motion, or time, is over."""
        return super().compute_truncation() | (self.frame == self._last_frame())

    def compute_metrics(self) -> Dict[str, Tensor]:
        """Return how far joints and bodies are from the reference in this step."""
        q = self.quantities
        return {
            "joint_error": q.joint_error.abs().mean(-1),
            "body_position_error": q.body_distance.mean(-1),
            "body_orientation_error": q.body_angle.mean(-1),
            "base_distance": q.base_distance,
        }

    def compute_episode_metrics(self) -> Dict[str, Tensor]:
        """Return how much of the motion each episode has shown so far, and whether it was lost."""
        shown = (self.frame - self.first_frame).float()
        ahead = (self._last_frame() - self.first_frame).clamp(min=1).float()
        return {"completed": shown / ahead, "lost": self.compute_termination().float()}

    def reset_envs(self, mask: Tensor) -> None:
        """Begin as the reference does at some frame, with some noise."""
        frame = self._beginning() if self.config.motion.start == BEGINNING else self._sampled()
        self.turn.add_(mask.long())
        for kept, values in ((self.frame, frame), (self.first_frame, frame)):
            kept.copy_(torch.where(mask, values, kept))
        self.place(mask, *self._first_states(self.motions.at(frame)))

    def mirror(self) -> MirrorMap:
        """Return how observation, states and action change when left and right are exchanged.

        Raises:
            ValueError: the robot or its tracked bodies are not symmetric.
        """
        joints = mirrored_joints(self.config.asset, self.robot.joint_names)
        self.check_symmetry(joints, {})
        bodies = mirrored_links(self.config.asset, self.config.bodies)
        return mirror_map(joints, bodies, self.observation, self.states)

    def state_dict(self) -> Dict[str, Any]:
        """Return what is needed to continue bit for bit."""
        return {**super().state_dict(), "motions": self.motions.outline().cpu()}

    def load_state_dict(self, state: Mapping[str, Any]) -> Optional[Dict[str, Tensor]]:
        """Continue from what `state_dict` returned, see `VecTask.load_state_dict`.

        With other motions than the saved state's, new episodes begin; a warning says so.
        """
        saved, own = state.get("motions"), self.motions.outline().cpu()
        # not bit for bit: another machine may work out the last digit otherwise
        same = (
            saved is not None and saved.shape == own.shape and saved.cpu().allclose(own, atol=1e-4)
        )
        if not same:
            logger.warning(
                "other motions than the checkpoint's: new episodes begin, losses count anew"
            )
            return self.reset()
        return super().load_state_dict(state)

    def reference(self, frame: Tensor) -> Frames:
        """Return the reference's state in each environment, positions env-local.

        Args:
            frame: of the motions, int64, shape (num_envs,).
        """
        found = self.motions.at(frame)
        found.base[:, 0:3] += self.terrain_start
        found.bodies[..., 0:3] += self.terrain_start.unsqueeze(1)
        return found

    def _reference_base(self, frame: Tensor) -> Tensor:
        """Return states of the reference's base (N, 13), without gathering all of its bodies."""
        base = self.motions.frames.base.index_select(0, frame)
        base[:, 0:3] += self.terrain_start
        return base

    def _later(self) -> Tensor:
        """Return the frame after the present one; the last one stays."""
        return torch.minimum(self.frame + 1, self._last_frame())

    def _pose_to_displace(self) -> Tensor:
        """Return the reference's joint positions at the present frame [rad], shape (N, D).

        On a robot the policy's file adds them to the command: where that is late, so are they.
        """
        frame, delay = self.frame, self.randomization.draws().get("delay")
        if delay is not None:
            frame = torch.maximum(frame - delay.squeeze(-1).long(), self.first_frame)
        return self.motions.frames.joint_position.index_select(0, frame)

    def _last_frame(self) -> Tensor:
        return self.motions.last.index_select(0, self.frame)

    def _count(self) -> None:
        """Count in which parts of the motions episodes are, and in which they fail."""
        part = self.motions.part.index_select(0, self.frame)
        failed = self.compute_termination() & ~self.fault_buf
        for total, new in ((self.visits, torch.ones_like(failed)), (self.failures, failed)):
            # added up first: one at a time they would be lost on a large total
            added = torch.zeros_like(total).index_add_(0, part, new.to(total.dtype))
            total.mul_(1.0 - FORGETTING).add_(added)

    def _beginning(self) -> Tensor:
        """Return the first frame of one motion after the other."""
        first = self.motions.first
        return first.index_select(0, self.turn % len(first))

    def _sampled(self) -> Tensor:
        """Return frames drawn from all motions, more of them where episodes fail."""
        motions = self.motions
        weights = kernels.hazard(self.failures, self.visits, motions.part_goes_on)
        chance = self.uniform(0.0, 1.0, (self.num_envs, 2))
        even = self.config.motion.uniform_fraction
        first, length = motions.part_first, motions.part_length
        frame = kernels.draw_frames(chance, weights, even, first, length)
        # from a motion's last frame on there is nothing left to show
        return torch.minimum(frame, motions.last.index_select(0, frame) - 1)

    def _first_states(self, reference: Frames) -> Tuple[Tensor, Tensor, Tensor]:
        """Draw first joint positions and velocities (N, D) and root states (N, 13)."""
        config, shape = self.config, (self.num_envs, self.num_actions)
        spread, speed = config.reset_position_noise, config.reset_velocity_noise
        position = reference.joint_position + self.uniform(-spread, spread, shape)
        velocity = reference.joint_velocity + self.uniform(-speed, speed, shape)
        root = reference.base.clone()
        root[:, 2] += RESET_CLEARANCE
        root[:, 7:9] += self.uniform(-speed, speed, (self.num_envs, 2))
        position, velocity = self.randomization.initial_joints(position, velocity)
        root = self.randomization.initial_root(root)
        return position.clamp(self.robot.lower, self.robot.upper), velocity, root

    def _reward_table(self) -> Dict[str, RewardTerm]:
        lower, upper = self.robot.soft_limits(self.config.soft_limit)
        robot = {
            "torque": {"peak": self.robot.peak_torque},
            "joint_limits": {"lower": lower, "upper": upper},
        }
        return reward_table(self.config.rewards, self.config.reward_targets, robot)

    def _quantities(self) -> kernels.Tracking:
        now, soon = self.reference(self.frame), self._later()
        base, robot, motion = self.root_state, self.robot, self.motions.frames
        goal = kernels.aligned(base, now.base, now.bodies)
        bodies = self._body_states(goal, now.bodies)
        place, axes = kernels.seen_from(base, self._reference_base(soon))
        body_place, body_axes = kernels.in_base(base, bodies)
        distance, angle, height_error, tilt_error = kernels.base_errors(base, now.base)
        apart, turned, velocity_error, spin_error = kernels.body_errors(bodies, goal, now.bodies)
        heights = (bodies[..., 2] - goal[..., 2]).abs()
        return kernels.Tracking(
            reference_joint_offset=motion.joint_position.index_select(0, soon) - robot.default_pose,
            reference_joint_velocity=motion.joint_velocity.index_select(0, soon),
            reference_orientation_b=axes,
            reference_position_b=place,
            angular_velocity_b=quat_rotate_inverse(base[:, 3:7], base[:, 10:13]),
            gravity_b=down_axis(base[:, 3:7]),
            velocity_b=quat_rotate_inverse(base[:, 3:7], base[:, 7:10]),
            height=base[:, 2] - self.terrain_start[:, 2],
            joint_position=self.joint_position,
            joint_offset=self.joint_position - robot.default_pose,
            joint_velocity=self.joint_velocity,
            joint_torque=self.joint_torque,
            action=self.actions,
            previous_action=self.previous_actions,
            body_place_b=body_place,
            body_axes_b=body_axes,
            joint_error=now.joint_position - self.joint_position,
            base_distance=distance,
            base_angle=angle,
            height_error=height_error,
            tilt_error=tilt_error,
            body_distance=apart,
            body_angle=turned,
            body_velocity_error=velocity_error,
            body_spin_error=spin_error,
            limb_height_error=heights.index_select(1, self.limb_ends),
            touching=self._touching(),
        )

    def _body_states(self, goal: Tensor, reference: Tensor) -> Tensor:
        """Return states of the tracked bodies (N, B, 13).

        Those of the last step have nothing to do with a new episode, which begins as the reference.
        """
        begun = (self.progress_buf == 0).view(-1, 1, 1)
        first = torch.cat((goal, reference[..., 7:13]), dim=-1)
        return torch.where(begun, first, self.body_state.index_select(1, self.tracked))

    def _touching(self) -> Tensor:
        forces = self.body_force.index_select(1, self.untouched).norm(p=2, dim=-1)
        return (forces > CONTACT_FORCE).sum(-1).to(forces.dtype)

    def _untouched(self) -> Tensor:
        """Return indices of the bodies that are to touch nothing."""
        env = self.gym.get_env(self.sim, 0)
        names = self.gym.get_actor_rigid_body_names(env, 0)
        may = {*self.config.feet, *self.config.limb_ends}
        links = read_body(find_asset(self.config.asset), (), bare_feet=True).links
        for link in links:  # what is fixed to them is a part of them: hands, toes
            if link.joint is None and link.parent >= 0 and links[link.parent].name in may:
                may.add(link.name)
        found = [i for i, name in enumerate(names) if name not in may]
        return torch.tensor(found, dtype=torch.long, device=self.device)

    def _bodies(self, wanted: Sequence[str]) -> Tensor:
        """Return indices of bodies by name, int64."""
        env = self.gym.get_env(self.sim, 0)
        names = self.gym.get_actor_rigid_body_names(env, 0)
        return torch.tensor([names.index(name) for name in wanted], device=self.device)
