"""Settings of motion tracking."""

from dataclasses import dataclass, field
from typing import Optional, Tuple

from humanoid_gym.tasks.legged.config import LeggedConfig
from humanoid_gym.tasks.tracking.rewards import RewardsConfig, RewardTargetsConfig

SAMPLED = "sampled"
BEGINNING = "beginning"
REFERENCE = "reference"
DEFAULT_POSE = "default_pose"


@dataclass(frozen=True)
class MotionConfig:
    """What is to be tracked, and where in it episodes begin."""

    files: Tuple[str, ...] = ("resources/motions/humanoid24/*.csv",)
    """Motion files: absolute, or relative to the working directory or else to what comes with the
    package; `*` stands for any characters. docs/motion_tracking.md lists the formats."""
    fps: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Frames per second of files that do not say."""
    joints: Tuple[str, ...] = ()
    """Joints of files that do not name them, in their order; none: that of the robot's file."""
    mirrored: bool = False
    """Whether each motion's mirror image is a motion as well; the robot must be symmetric."""
    start: str = field(default=SAMPLED, metadata={"choices": (SAMPLED, BEGINNING)})
    """Where episodes begin. sampled: anywhere, more often where they fail. beginning: at the first
    frame, with one motion after the other."""
    part: float = field(default=1.0, metadata={"above": 0.0})
    """Length of the parts of the motions whose failures are counted [s]."""
    uniform_fraction: float = field(default=0.6, metadata={"min": 0.0, "max": 1.0})
    """Part of the sampled starts that are anywhere, however often episodes fail there."""

    def __post_init__(self) -> None:
        """Refuse nothing to track."""
        if not self.files:
            raise ValueError("files: name the motions to track")


@dataclass(frozen=True)
class LimitsConfig:
    """How far a robot may be from its reference before the episode ends."""

    height: float = field(default=0.25, metadata={"above": 0.0})
    """Of the base's heights [m]."""
    tilt: float = field(default=0.8, metadata={"above": 0.0})
    """Of the vertical components of the bases' z axes, 1 for a robot upright and one lying."""
    limb_height: float = field(default=0.25, metadata={"above": 0.0})
    """Of the heights of the limbs' ends [m]."""


@dataclass(frozen=True)
class TrackingConfig(LeggedConfig):
    """Settings of the tracking task."""

    motion: MotionConfig = field(default_factory=MotionConfig)
    """What is to be tracked."""
    bodies: Tuple[str, ...] = (
        "pelvis",
        "left_thigh",
        "left_shin",
        "left_foot",
        "right_thigh",
        "right_shin",
        "right_foot",
        "torso",
        "head",
        "left_upper_arm",
        "left_forearm",
        "right_upper_arm",
        "right_forearm",
    )
    """Links that are compared with the reference."""
    limb_ends: Tuple[str, ...] = ("left_foot", "right_foot", "left_forearm", "right_forearm")
    """Those of them whose height must not be far off; feet and these may touch the ground."""
    actions_displace: str = field(
        default=REFERENCE, metadata={"choices": (REFERENCE, DEFAULT_POSE)}
    )
    """What the joints' targets are for an action of 0: where the reference's joints will be in a
    step, or the default pose."""
    observe_position: bool = False
    """Whether the policy sees its velocity and how far it has strayed, which a robot has to
    estimate."""
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    """When a motion counts as lost."""
    rewards: RewardsConfig = field(default_factory=RewardsConfig)
    """Scale of each reward term."""
    reward_targets: RewardTargetsConfig = field(default_factory=RewardTargetsConfig)
    """What reward terms compare with."""

    def __post_init__(self) -> None:
        """Refuse a terrain, which no reference knows of, and limbs that are not compared."""
        super().__post_init__()
        if not self.terrain.is_plane:
            raise ValueError("terrain: motions are tracked on a plane; leave it out")
        for name in ("bodies", "limb_ends"):
            links = getattr(self, name)
            twice = [link for link in links if links.count(link) > 1]
            if twice:
                raise ValueError(f"{name}: '{twice[0]}' appears twice")
        if not self.bodies:
            raise ValueError("bodies: name the links to compare with the reference")
        unknown = [link for link in self.limb_ends if link not in self.bodies]
        if unknown:
            raise ValueError(f"limb_ends: '{unknown[0]}' is not among the bodies")
