"""Settings of commanded walking."""

from dataclasses import dataclass, field
from typing import Dict

from humanoid_gym.tasks.legged.config import LeggedConfig
from humanoid_gym.tasks.walking.commands import CommandsConfig
from humanoid_gym.tasks.walking.gait import GaitConfig
from humanoid_gym.tasks.walking.rewards import RewardsConfig, RewardTargetsConfig

LONGEST_HISTORY = 50
"""Control steps that an observation may go back: a second."""


@dataclass(frozen=True)
class WalkConfig(LeggedConfig):
    """Settings of the walking task."""

    pose_weights: Dict[str, float] = field(default_factory=dict, metadata={"min": 0.0})
    """Weights of the reward term default_pose by joint; `*` stands for any characters, others 0."""
    sole_depth: float = field(default=0.05, metadata={"min": 0.0})
    """How far the soles are below the foot links' origins [m]."""
    least_height: float = field(default=0.5, metadata={"min": 0.0})
    """The episode ends with the base lower than this above the ground [m]."""
    largest_tilt: float = field(default=1.0, metadata={"above": 0.0})
    """The episode ends with the base tilted more than this [rad]."""
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
