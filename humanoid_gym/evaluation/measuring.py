"""Measures every environment's running episode, on the simulation's device."""

import math
from typing import Any, Dict, List, Mapping

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.evaluation.metrics import (
    DURATION,
    FROM_TASK,
    METRICS,
    NEED_FREE_BASE,
    NEED_JOINTS,
    NEED_TORQUE,
    RETURN,
    SURVIVAL,
)
from humanoid_gym.evaluation.robot_state import RobotState
from humanoid_gym.rotation import quat_rotate_inverse

SATURATED = 0.98
"""Part of its limit from which on a motor counts as saturated."""
AT_LIMIT = 0.02
"""Part of its half range from which on a joint counts as at its limit."""
SHORTEST_WALK = 0.5
"""Distance [m] below which an episode has no cost of transport."""
_GRAVITY = 9.81
_SUMMED = (
    "steps", "speed", "tilt", "angular_square", "height", "height_square", "power",
    "torque_margin", "torque_saturation", "joint_margin", "joint_at_limit",
)  # fmt: skip


class Meter:
    """Adds up each step of each environment until its episode ends.

    The state after an episode's last step belongs to the next episode already, so physical
    quantities leave that step out; return and duration contain it.
    """

    def __init__(self, robot: RobotState, task_metrics: List[str]) -> None:
        """Start episodes everywhere.

        Args:
            robot: in the upright pose that episodes begin with.
            task_metrics: names of what the task reports in each step.
        """
        self._robot, self._task_metrics = robot, task_metrics
        n, device = robot.env.num_envs, robot.env.device
        self._up = torch.tensor([0.0, 0.0, 1.0], device=device).expand(n, 3)
        self._upright = quat_rotate_inverse(robot.root[:, 3:7], self._up).clone()
        self._has_effort = robot.effort > 0.0
        self._half_range = (0.5 * (robot.upper - robot.lower)).clamp_min(1e-6)
        self._sums = {name: torch.zeros(n, device=device) for name in _SUMMED}
        own = (RETURN, "all_steps", *task_metrics)
        self._own = {name: torch.zeros(n, device=device) for name in own}
        self._largest_tilt = torch.zeros(n, device=device)

    @property
    def names(self) -> List[str]:
        """Names of what `finished` returns, in its order."""
        robot, names = self._robot, list(METRICS)
        if not robot.free:
            names = [name for name in names if name not in NEED_FREE_BASE]
        if not robot.measures_torque:
            names = [name for name in names if name not in NEED_TORQUE]
        if not robot.num_joints:
            names = [name for name in names if name not in NEED_JOINTS]
        return names + [FROM_TASK + name for name in self._task_metrics]

    def add(self, reward: Tensor, done: Tensor, metrics: Mapping[str, Tensor]) -> None:
        """Add one step; call it with a refreshed robot.

        Args:
            reward: shape (N,).
            done: the step ended an episode. Shape (N,) bool.
            metrics: what the task reports, each of shape (N,).
        """
        self._own[RETURN] += reward
        self._own["all_steps"] += 1.0
        for name in self._task_metrics:
            self._own[name] += metrics[name]
        under_way = ~done
        quantities = self._base()
        if self._robot.num_joints:
            quantities = {**quantities, **self._joints(), **self._motors()}
        for name, value in quantities.items():
            self._sums[name] += value * under_way
        self._sums["steps"] += under_way
        tilt = quantities["tilt"] * under_way
        self._largest_tilt = torch.maximum(self._largest_tilt, tilt)

    def finished(self, done: Tensor, survived: Tensor) -> np.ndarray:
        """Return the episodes that ended and start new ones there.

        Args:
            done: where, shape (N,) bool.
            survived: ended by time-out. Shape (N,) bool.

        Returns:
            One row for each, in the order of the environments, columns as in `names`.
        """
        values = self._episode(survived)
        rows = torch.stack([values[name] for name in self.names], dim=-1)[done]
        for total in (*self._sums.values(), *self._own.values(), self._largest_tilt):
            total.masked_fill_(done, 0.0)
        return rows.cpu().numpy().astype(float)

    def _base(self) -> Dict[str, Tensor]:
        root = self._robot.root
        upright = quat_rotate_inverse(root[:, 3:7], self._up)
        cosine = (upright * self._upright).sum(-1).clamp(-1.0, 1.0)
        return {
            "speed": root[:, 7:9].norm(dim=-1),
            "tilt": torch.rad2deg(torch.acos(cosine)),
            "angular_square": root[:, 10:12].square().sum(-1),
            "height": root[:, 2],
            "height_square": root[:, 2].square(),
        }

    def _joints(self) -> Dict[str, Tensor]:
        robot, position = self._robot, self._robot.joint_position
        way = torch.minimum(position - robot.lower, robot.upper - position) / self._half_range
        way = torch.where(robot.limited, way.clamp_min(0.0), 1.0)
        return {
            "joint_margin": way.min(dim=-1).values,
            "joint_at_limit": (way < AT_LIMIT).float().mean(-1),
        }

    def _motors(self) -> Dict[str, Tensor]:
        torque = self._robot.motor_torque()
        used = torch.where(self._has_effort, torque.abs() / self._robot.effort, 0.0)
        return {
            "power": (torque * self._robot.joint_velocity).abs().sum(-1),
            "torque_margin": 1.0 - used.max(dim=-1).values,
            "torque_saturation": (used >= SATURATED).float().mean(-1),
        }

    def _episode(self, survived: Tensor) -> Dict[str, Any]:
        """Every environment's numbers so far; NaN where an episode has none."""
        sums, robot = self._sums, self._robot
        steps = torch.where(sums["steps"] > 0, sums["steps"], math.nan)
        means = {name: total / steps for name, total in sums.items()}
        distance = sums["speed"] * robot.control_step
        energy = sums["power"] * robot.control_step
        work = torch.where(distance > SHORTEST_WALK, distance, math.nan) * robot.mass * _GRAVITY
        variance = means["height_square"] - means["height"].square()
        own = {FROM_TASK + k: self._own[k] / self._own["all_steps"] for k in self._task_metrics}
        return {
            **means,
            **own,
            RETURN: self._own[RETURN],
            SURVIVAL: survived.float(),
            DURATION: self._own["all_steps"] * robot.control_step,
            "largest_tilt": self._largest_tilt,
            "angular_speed": means["angular_square"].sqrt(),
            "height_deviation": variance.clamp_min(0.0).sqrt(),
            "cost_of_transport": energy / work,
        }
