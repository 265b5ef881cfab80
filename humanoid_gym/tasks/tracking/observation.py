"""What policy and critic see of the robot and its reference."""

from typing import Tuple

from humanoid_gym.tasks.observation import ObservationTable, ObservationTerm
from humanoid_gym.tasks.tracking.config import TrackingConfig

Terms = Tuple[ObservationTerm, ...]


def observation_table(config: TrackingConfig, num_joints: int) -> ObservationTable:
    """Return what the robot's own sensors say, and where the reference will be in a step."""
    speed = config.joint_velocity_scale
    terms: Terms = (
        ObservationTerm("reference_joint_offset", num_joints, "rad"),
        ObservationTerm("reference_joint_velocity", num_joints, "rad/s", speed),
        ObservationTerm("reference_orientation_b", 6, "1"),
        ObservationTerm("angular_velocity_b", 3, "rad/s", config.angular_velocity_scale),
        ObservationTerm("gravity_b", 3, "1", source="gravity_b"),
        ObservationTerm("joint_offset", num_joints, "rad", source="joint_offset"),
        ObservationTerm("joint_velocity", num_joints, "rad/s", speed),
        ObservationTerm("action", num_joints, "1", source="previous_action"),
    )
    return ObservationTable((*terms, *_estimated()) if config.observe_position else terms)


def state_table(config: TrackingConfig, num_joints: int) -> ObservationTable:
    """Return what the critic sees: the observation, and what a real robot cannot measure."""
    count = len(config.bodies)
    estimated = () if config.observe_position else _estimated()
    privileged: Terms = (
        ObservationTerm("height", 1, "m"),
        ObservationTerm("body_place_b", 3 * count, "m"),
        ObservationTerm("body_axes_b", 6 * count, "1"),
    )
    terms = observation_table(config, num_joints).terms
    return ObservationTable((*terms, *estimated, *privileged))


def _estimated() -> Terms:
    return (
        ObservationTerm("reference_position_b", 3, "m"),
        ObservationTerm("velocity_b", 3, "m/s"),
    )
