"""Settings of robots on legs, whatever they are to do."""

from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

from humanoid_gym.tasks.legged.motors import DAMPING_RATIO, NATURAL_FREQUENCY, Motor
from humanoid_gym.tasks.randomized_task import RandomizedTaskConfig
from humanoid_gym.tasks.task_config import check_z_up
from humanoid_gym.tasks.terrain_task import TerrainTaskConfig

POSITION = "position"
TORQUE = "torque"


@dataclass(frozen=True)
class LeggedConfig(TerrainTaskConfig, RandomizedTaskConfig):
    """Settings of a robot with motors and feet."""

    asset: str = "resources/urdf/humanoid24/humanoid24.urdf"
    """Robot description (URDF); x ahead, y to the left, z up, and so have its feet."""
    feet: Tuple[str, ...] = ("left_foot", "right_foot")
    """Links that it stands on."""
    motors: Dict[str, Motor] = field(default_factory=dict)
    """Motors by joint, `*` stands for any characters; none: those of the package's own robot, which
    humanoid24.py knows."""
    self_collisions: bool = True
    """Whether the robot's links collide with each other; neighbours never do."""
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
    soft_limit: float = field(default=0.95, metadata={"above": 0.0, "max": 1.0})
    """Part of each joint's range outside of which joint_limits counts."""
    standing_height: float = field(default=0.76, metadata={"above": 0.0})
    """Height of the base in the default pose, with the soles on the ground [m]."""
    reset_position_noise: float = field(default=0.1, metadata={"min": 0.0})
    """Joint positions begin within plus or minus this value of the first pose [rad]."""
    reset_velocity_noise: float = field(default=0.2, metadata={"min": 0.0})
    """Joint velocities [rad/s] and the base's horizontal velocity [m/s] begin within this value."""
    angular_velocity_scale: float = 0.25
    """Scale of the angular velocity in the observation."""
    joint_velocity_scale: float = 0.05
    """Scale of joint velocities in the observation."""
    stop_pose: Dict[str, float] = field(default_factory=dict)
    """Joint positions of an exported policy's robot on a safe stop [rad]; `*` stands for any
    characters, others go to the default pose."""
    stability_margin: Optional[float] = None
    """Distance of the capture point inside the support polygon below which an exported policy's
    robot comes to a safe stop [m], negative outside; null: it is not watched. The package's own
    robot has a margin and a pose of its own where both are left out."""

    def __post_init__(self) -> None:
        """Refuse a robot without feet and a world on its side."""
        check_z_up(self.sim)
        if not self.feet:
            raise ValueError("feet: name the links that the robot stands on")
