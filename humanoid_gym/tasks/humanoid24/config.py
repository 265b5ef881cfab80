"""Settings of commanded walking."""

from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

from humanoid_gym.tasks.humanoid24.commands import CommandsConfig
from humanoid_gym.tasks.humanoid24.motors import DAMPING_RATIO, NATURAL_FREQUENCY, Motor
from humanoid_gym.tasks.humanoid24.rewards import RewardsConfig, RewardTargetsConfig
from humanoid_gym.tasks.randomized_task import RandomizedTaskConfig
from humanoid_gym.tasks.terrain_task import TerrainTaskConfig

POSITION = "position"
TORQUE = "torque"
LONGEST_HISTORY = 50
"""Control steps that an observation may go back: a second."""


@dataclass(frozen=True)
class GaitConfig:
    """The clock that tells when which foot is on the ground."""

    frequency: float = field(default=1.4, metadata={"above": 0.0})
    """Cycles of two steps per second [Hz]."""
    stance_fraction: float = field(default=0.6, metadata={"above": 0.0, "below": 1.0})
    """Part of its cycle that a foot spends on the ground."""
    swing_height: float = field(default=0.08, metadata={"above": 0.0})
    """Height of the sole in the middle of its swing [m]."""
    stop: bool = True
    """Whether the robot stands still at the command to stand; otherwise it steps on the spot, which
    it can be pushed on."""
    recovery_tilt: Optional[float] = field(default=0.1, metadata={"above": 0.0})
    """Lean of the base [rad] beyond which the clock goes on at the command to stand, so that the
    robot may catch itself with a step; null: it waits however the robot leans."""


@dataclass(frozen=True)
class HumanoidWalkConfig(TerrainTaskConfig, RandomizedTaskConfig):
    """Settings of the walking task."""

    asset: str = "resources/urdf/humanoid24/humanoid24.urdf"
    """Robot description (URDF); x ahead, y to the left, z up, and so have its feet."""
    feet: Tuple[str, str] = ("left_foot", "right_foot")
    """Links that it stands on, the left one first."""
    motors: Dict[str, Motor] = field(default_factory=dict)
    """Motors by joint, `*` stands for any characters; none: those of motors.py, which knows the
    joints of the package's own robot."""
    clip_actions: float = field(default=10.0, metadata={"above": 0.0, "infinite": True})
    """Actions are limited to plus or minus this value."""
    drive: str = field(default=POSITION, metadata={"choices": (POSITION, TORQUE)})
    """position: the simulation's drives hold the targets. torque: the task computes the torques
    before each physics step, which then is a `simulate` of its own."""
    natural_frequency: float = field(default=NATURAL_FREQUENCY, metadata={"above": 0.0})
    """Of the joints' drives on their motors alone [Hz]."""
    natural_frequencies: Dict[str, float] = field(default_factory=dict, metadata={"above": 0.0})
    """That of single joints [Hz], in place of natural_frequency; `*` stands for any characters."""
    damping_ratio: float = field(default=DAMPING_RATIO, metadata={"min": 0.0})
    """Of the joints' drives on their motors alone."""
    action_scale: float = field(default=1.0, metadata={"above": 0.0})
    """Factor on each motor's own action scale."""
    default_pose: Dict[str, float] = field(default_factory=dict)
    """Joint positions for an action of 0 [rad]; `*` stands for any characters, others are 0."""
    pose_weights: Dict[str, float] = field(default_factory=dict, metadata={"min": 0.0})
    """Weights of the reward term default_pose by joint; `*` stands for any characters, others 0."""
    soft_limit: float = field(default=0.95, metadata={"above": 0.0, "max": 1.0})
    """Part of each joint's range outside of which joint_limits counts."""
    standing_height: float = field(default=0.76, metadata={"above": 0.0})
    """Height of the base in the default pose, with the soles on the ground [m]."""
    sole_depth: float = field(default=0.05, metadata={"min": 0.0})
    """How far the soles are below the foot links' origins [m]."""
    least_height: float = field(default=0.5, metadata={"min": 0.0})
    """The episode ends with the base lower than this above the ground [m]."""
    largest_tilt: float = field(default=1.0, metadata={"above": 0.0})
    """The episode ends with the base tilted more than this [rad]."""
    reset_position_noise: float = field(default=0.1, metadata={"min": 0.0})
    """Joint positions begin within plus or minus this value of the default pose [rad]."""
    reset_velocity_noise: float = field(default=0.2, metadata={"min": 0.0})
    """Joint velocities [rad/s] and the base's horizontal velocity [m/s] begin within this value."""
    angular_velocity_scale: float = 0.25
    """Scale of the angular velocity in the observation."""
    joint_velocity_scale: float = 0.05
    """Scale of joint velocities in the observation."""
    history: int = field(default=1, metadata={"min": 1, "max": LONGEST_HISTORY})
    """Observations that the policy sees: this step's and those of the steps before it. The base's
    velocity, or when a delayed action acts, no sensor tells; several steps do."""
    gait: GaitConfig = field(default_factory=GaitConfig)
    """The gait's clock."""
    commands: CommandsConfig = field(default_factory=CommandsConfig)
    """Distribution of the commands."""
    rewards: RewardsConfig = field(default_factory=RewardsConfig)
    """Scale of each reward term."""
    reward_targets: RewardTargetsConfig = field(default_factory=RewardTargetsConfig)
    """What reward terms compare with."""
