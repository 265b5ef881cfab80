"""The reward table of motion tracking."""

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping

from humanoid_gym.kernels import tracking_rewards as terms
from humanoid_gym.tasks.reward_table import RewardTerm, check_scales, terms_to_evaluate

LOST = "lost"
"""The one term that is not a function of the quantities: it comes from the termination."""


@dataclass(frozen=True)
class RewardsConfig:
    """Factor of each reward term per control step; 0: the term is not evaluated."""

    lists_keys = True
    base_position: float = 0.5
    """exp(-e^2 / position_sigma^2) of the base's position in the world."""
    base_orientation: float = 0.5
    """exp(-e^2 / orientation_sigma^2) of the base's orientation in the world."""
    body_position: float = 1.0
    """exp(-mean e^2 / position_sigma^2) of the bodies' positions, aligned."""
    body_orientation: float = 1.0
    """exp(-mean e^2 / orientation_sigma^2) of the bodies' orientations, aligned."""
    body_velocity: float = 1.0
    """exp(-mean e^2 / velocity_sigma^2) of the bodies' linear velocities."""
    body_spin: float = 1.0
    """exp(-mean e^2 / spin_sigma^2) of the bodies' angular velocities."""
    joint_position: float = 0.0
    """exp(-mean e^2 / joint_sigma^2) of the joints' positions."""
    alive: float = 0.0
    """1 for each step."""
    action_rate: float = -0.1
    """Squared change of the action."""
    torque: float = 0.0
    """Sum of squared (torque / peak torque)."""
    joint_limits: float = -10.0
    """Sum of how far joints are beyond their soft limits [rad]."""
    touching: float = -0.1
    """Number of bodies other than feet and limbs' ends that touch something."""
    lost: float = 0.0
    """1 in the step that ends the episode because the motion is lost."""

    def __post_init__(self) -> None:
        """Refuse a table without any term."""
        check_scales(self)


@dataclass(frozen=True)
class RewardTargetsConfig:
    """Errors at which tracking terms earn 1/e."""

    position_sigma: float = field(default=0.3, metadata={"above": 0.0})
    """[m]"""
    orientation_sigma: float = field(default=0.4, metadata={"above": 0.0})
    """[rad]"""
    velocity_sigma: float = field(default=1.0, metadata={"above": 0.0})
    """[m/s]"""
    spin_sigma: float = field(default=3.14, metadata={"above": 0.0})
    """[rad/s]"""
    joint_sigma: float = field(default=0.3, metadata={"above": 0.0})
    """[rad]"""


def reward_table(
    scales: RewardsConfig, targets: RewardTargetsConfig, robot: Mapping[str, Mapping[str, Any]]
) -> Dict[str, RewardTerm]:
    """Return the terms to evaluate, by name: those whose scale is not 0, without `lost`.

    Args:
        scales: of the terms.
        targets: of the tracking terms.
        robot: what other terms need to know of the robot, by term.
    """
    shaped: Dict[str, Mapping[str, Any]] = {
        "base_position": {"sigma": targets.position_sigma},
        "base_orientation": {"sigma": targets.orientation_sigma},
        "body_position": {"sigma": targets.position_sigma},
        "body_orientation": {"sigma": targets.orientation_sigma},
        "body_velocity": {"sigma": targets.velocity_sigma},
        "body_spin": {"sigma": targets.spin_sigma},
        "joint_position": {"sigma": targets.joint_sigma},
        **robot,
    }
    return terms_to_evaluate(scales, terms, shaped, LOST)
