"""The reward table: which terms there are, what they are scaled by, and what they compare with."""

from dataclasses import dataclass, field
from typing import Dict, NamedTuple

from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.kernels import walking_rewards as terms
from humanoid_gym.tasks.legged.feet import FootLayout
from humanoid_gym.tasks.reward_table import RewardTerm, check_scales, terms_to_evaluate

FALL = "fall"
"""The one term that is not a function of the quantities: it comes from the termination."""


@dataclass(frozen=True)
class RewardsConfig:
    """Factor of each reward term per control step; 0: the term is not evaluated."""

    lists_keys = True
    alive: float = 0.5
    """1 for each step."""
    track_linear_velocity: float = 2.0
    """exp(-|v - v*|^2 / linear_sigma^2), horizontal velocity in the heading frame."""
    track_yaw_rate: float = 1.0
    """exp(-(w - w*)^2 / yaw_sigma^2)."""
    upright: float = 0.0
    """exp(-sin^2(tilt) / upright_sigma^2) of the base."""
    tilt: float = 0.0
    """sin^2 of the base's tilt."""
    base_height: float = 0.0
    """Squared deviation of the base's height from standing_height [m^2]."""
    vertical_velocity: float = 0.0
    """Squared vertical velocity of the base [m^2/s^2]."""
    roll_pitch_rate: float = 0.0
    """Squared angular velocity of the base about its horizontal axes [rad^2/s^2]."""
    power: float = 0.0
    """Sum of |torque x speed| [W]."""
    torque: float = 0.0
    """Sum of squared (torque / peak torque)."""
    joint_speed: float = 0.0
    """Sum of squared joint velocities [rad^2/s^2]."""
    joint_acceleration: float = 0.0
    """Sum of squared changes of joint velocities per time [rad^2/s^4]."""
    action_rate: float = 0.0
    """Squared change of the action."""
    joint_limits: float = 0.0
    """Sum of how far joints are beyond their soft limits [rad]."""
    default_pose: float = 0.0
    """Sum of |deviation from the default pose| [rad], weighted by pose_weights."""
    stand_still: float = 0.0
    """At the command to stand: sum of |deviation from the default pose| [rad]."""
    gait_contact: float = 0.0
    """Part of the feet that are on the ground or in the air as the clock has it."""
    swing_force: float = 0.0
    """Force on feet that the clock has in the air, in body weights."""
    swing_height: float = 0.0
    """Sum of |z - z*| of the soles' heights against the clock's, per the gait's swing_height."""
    feet_air_time: float = 0.0
    """At each touch-down while walking: air time minus air_time_target [s]."""
    slip: float = 0.0
    """Squared horizontal velocity of feet on the ground [m^2/s^2]."""
    contact_force: float = 0.0
    """Force on each foot above force_limit, in body weights."""
    feet_flat: float = 0.0
    """Sum of sin^2 of the soles' tilt."""
    feet_yaw: float = 0.0
    """Sum of sin^2 of the angle between feet and heading."""
    feet_spacing: float = 0.0
    """Sum over pairs of feet of how much less than least_spacing they are apart sideways [m]."""
    fall: float = 0.0
    """1 in the step that ends the episode by a fall."""

    def __post_init__(self) -> None:
        """Refuse a table without any term."""
        check_scales(self)


@dataclass(frozen=True)
class RewardTargetsConfig:
    """What reward terms compare with."""

    linear_sigma: float = field(default=0.5, metadata={"above": 0.0})
    """Velocity error at which tracking earns 1/e [m/s]."""
    yaw_sigma: float = field(default=0.5, metadata={"above": 0.0})
    """Yaw rate error at which tracking earns 1/e [rad/s]."""
    upright_sigma: float = field(default=0.3, metadata={"above": 0.0})
    """Sine of the tilt at which `upright` earns 1/e."""
    air_time_target: float = field(default=0.3, metadata={"min": 0.0})
    """Air time beyond which a step is a good one [s]."""
    force_limit: float = field(default=1.5, metadata={"min": 0.0})
    """Force on a foot that costs nothing [body weights]."""
    least_spacing: float = field(default=0.16, metadata={"min": 0.0})
    """Sideways distance of the feet below which they may hit each other [m]."""


def check_feet(scales: RewardsConfig, feet: FootLayout) -> None:
    """Refuse reward terms that mean nothing for such feet.

    Raises:
        ConfigError: there is one, with its name and the remedy.
    """
    balls = [name for name, ball in zip(feet.names, feet.balls) if ball]
    for term in ("feet_flat", "feet_yaw"):
        if balls and getattr(scales, term) != 0.0:
            raise ConfigError(
                f"task.rewards.{term}: foot '{balls[0]}' is a ball, which has neither sole nor "
                "direction; set it to 0"
            )
    if scales.feet_spacing != 0.0 and not feet.pairs:
        raise ConfigError(
            "task.rewards.feet_spacing: no foot has a counterpart on the other side; set it to 0"
        )


class RobotLimits(NamedTuple):
    """What terms need to know of the robot."""

    peak_torque: Tensor
    """Of each joint's motor [N m], shape (D,)."""
    soft_lower: Tensor
    """Joint positions below it cost [rad], shape (D,)."""
    soft_upper: Tensor
    """Joint positions above it cost [rad], shape (D,)."""
    pose_weights: Tensor
    """Weight of each joint's deviation from the default pose, shape (D,)."""
    weight: float
    """Of the robot [N]."""
    standing_height: float
    """Of the base above the ground in the default pose [m]."""
    swing_height: float
    """Of a sole in the middle of its swing [m]."""


def reward_table(
    scales: RewardsConfig, targets: RewardTargetsConfig, robot: RobotLimits
) -> Dict[str, RewardTerm]:
    """Return the terms to evaluate, by name: those whose scale is not 0, without `fall`."""
    shaped = {
        "track_linear_velocity": {"sigma": targets.linear_sigma},
        "track_yaw_rate": {"sigma": targets.yaw_sigma},
        "upright": {"sigma": targets.upright_sigma},
        "base_height": {"target": robot.standing_height},
        "torque": {"peak": robot.peak_torque},
        "joint_limits": {"lower": robot.soft_lower, "upper": robot.soft_upper},
        "default_pose": {"weights": robot.pose_weights},
        "swing_force": {"weight": robot.weight},
        "swing_height": {"height": robot.swing_height},
        "feet_air_time": {"target": targets.air_time_target},
        "contact_force": {"limit": targets.force_limit, "weight": robot.weight},
        "feet_spacing": {"least": targets.least_spacing},
    }
    return terms_to_evaluate(scales, terms, shaped, FALL)
