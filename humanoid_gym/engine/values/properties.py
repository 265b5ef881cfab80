"""Properties of bodies, shapes, DOFs and devices that a program reads, edits and writes back.

What Isaac Gym hands out as structured arrays (`DofProperties`, `DofState`, `RigidBodyState`) are
classes with the array's `dtype`.
"""

from typing import Any, ClassVar

import numpy as np

from humanoid_gym.engine.values.enums import RIGID_BODY_NONE, TendonType
from humanoid_gym.engine.values.fields import (
    BoolField,
    EnumField,
    FloatField,
    IntField,
    Record,
    RecordField,
    StringField,
)
from humanoid_gym.engine.values.math_types import Mat33, SpatialForce, Transform, Vec3, Velocity

__all__ = [
    "ActionEvent",
    "ActuatorProperties",
    "AttractorProperties",
    "DofProperties",
    "DofState",
    "ForceSensor",
    "ForceSensorProperties",
    "IndexRange",
    "PerformanceTimers",
    "RigidBodyProperties",
    "RigidBodyState",
    "RigidShapeProperties",
    "TendonProperties",
    "Version",
]


class DofProperties:
    """Table with one row per degree of freedom; angles in rad, lengths in m."""

    dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [
            ("hasLimits", np.bool_),
            ("lower", np.float32),  # [rad] or [m]
            ("upper", np.float32),
            ("driveMode", np.int32),  # DofDriveMode
            ("velocity", np.float32),  # largest speed [rad/s] or [m/s]
            ("effort", np.float32),  # largest drive force [N m] or [N]
            ("stiffness", np.float32),  # [N m/rad] or [N/m]
            ("damping", np.float32),  # [N m s/rad] or [N s/m]
            ("friction", np.float32),  # dimensionless joint friction coefficient
            ("armature", np.float32),  # [kg m^2] or [kg]
        ],
        align=True,  # 40 bytes: columns of a packed record cannot become torch tensors
    )


class DofState:
    """Table with one row per degree of freedom: position [rad or m] and velocity [rad/s or m/s]."""

    dtype: ClassVar[np.dtype[Any]] = np.dtype([("pos", np.float32), ("vel", np.float32)])


class RigidBodyState:
    """Table with one row per body: pose and velocity, 13 float32 in all."""

    dtype: ClassVar[np.dtype[Any]] = np.dtype([("pose", Transform.dtype), ("vel", Velocity.dtype)])


class RigidBodyProperties(Record):
    """Inertial properties of a body."""

    mass = FloatField(0.0)
    """[kg]"""
    invMass = FloatField(0.0)  # noqa: N815 (Isaac Gym's spelling)
    """[1/kg]; informative, `mass` counts."""
    com = RecordField(Vec3())
    """[m] centre of mass, body frame."""
    inertia = RecordField(Mat33())
    """[kg m^2] about the centre of mass, body axes."""
    invInertia = RecordField(Mat33())  # noqa: N815 (Isaac Gym's spelling)
    """[1/(kg m^2)]; informative, `inertia` counts."""
    flags = IntField(RIGID_BODY_NONE)
    """Bit mask of RIGID_BODY_..."""


class RigidShapeProperties(Record):
    """Contact properties of a collision shape."""

    friction = FloatField(1.0)
    """Friction coefficient."""
    restitution = FloatField(0.0, has_effect=False)
    """Fraction of the approach speed kept in a bounce."""
    rolling_friction = FloatField(0.0, has_effect=False)
    """Friction against rolling."""
    torsion_friction = FloatField(0.0, has_effect=False)
    """Friction against spinning on the spot."""
    compliance = FloatField(0.0, has_effect=False)
    """[m/N] softness of the contact."""
    thickness = FloatField(0.0, has_effect=False)
    """[m] rest distance in Flex."""
    filter = IntField(0)
    """Bit mask: shapes of one collision group that share a bit do not collide."""
    contact_offset = FloatField(0.02, has_effect=False)
    """[m] distance at which PhysX generates contacts."""
    rest_offset = FloatField(0.0, has_effect=False)
    """[m] distance at which PhysX keeps shapes apart."""


class ForceSensorProperties(Record):
    """What a force sensor on a body adds up."""

    enable_forward_dynamics_forces = BoolField(True)
    """Include applied, gravitational and velocity-dependent forces."""
    enable_constraint_solver_forces = BoolField(True)
    """Include contact, joint and limit forces."""
    use_world_frame = BoolField(False)
    """Report in world axes instead of the sensor's."""


class ForceSensor:
    """Reading of one force sensor.

    Args:
        global_index: row of the sensor in the force-sensor tensor.
        forces: force [N] and torque [N m] of the last step.
    """

    def __init__(self, global_index: int, forces: SpatialForce) -> None:
        self._global_index = global_index
        self._forces = forces

    def get_forces(self) -> SpatialForce:
        """Force [N] and torque [N m] of the last step."""
        return self._forces

    def get_global_index(self) -> int:
        """Row of the sensor in the force-sensor tensor."""
        return self._global_index


class TendonProperties(Record):
    """A tendon's kind, size and gains."""

    type = EnumField(TendonType, TendonType.TENDON_FIXED, read_only=True)
    """Fixed or spatial."""
    num_attachments = IntField(0, read_only=True)
    """Sites of a spatial tendon."""
    num_joints = IntField(0, read_only=True)
    """Joints of a fixed tendon."""
    stiffness = FloatField(0.0)
    """Of the tendon about its rest length."""
    damping = FloatField(0.0)
    """Of the tendon's velocity."""
    limit_stiffness = FloatField(0.0)
    """Of its limits."""
    fixed_spring_rest_length = FloatField(0.0)
    """Length at which a fixed tendon's spring is at rest."""
    fixed_lower_limit = FloatField(0.0)
    """Smallest length of a fixed tendon."""
    fixed_upper_limit = FloatField(0.0)
    """Largest length of a fixed tendon."""
    is_fixed_limited = BoolField(False)
    """Whether those limits hold."""


class ActuatorProperties(Record):
    """An actuator as a MuJoCo file describes it."""

    type = StringField("", read_only=True)
    """Kind of actuator."""
    control_limited = BoolField(False)
    """Whether the control signal is clipped."""
    lower_control_limit = FloatField(0.0)
    """Smallest control signal."""
    upper_control_limit = FloatField(0.0)
    """Largest control signal."""
    force_limited = BoolField(False)
    """Whether the force is clipped."""
    lower_force_limit = FloatField(0.0)
    """[N] or [N m] smallest force."""
    upper_force_limit = FloatField(0.0)
    """[N] or [N m] largest force."""
    kp = FloatField(0.0)
    """Position gain."""
    kv = FloatField(0.0)
    """Velocity gain."""
    motor_effort = FloatField(0.0)
    """[N] or [N m] force at a control signal of one (the motor's gear)."""


class AttractorProperties(Record):
    """A spring that pulls a body towards a pose."""

    rigid_handle = IntField(-1)
    """Body that is pulled."""
    axes = IntField(0)
    """Bit mask of AXIS_..."""
    target = RecordField(Transform())
    """Pose the body is pulled to."""
    offset = RecordField(Transform())
    """Pose of the attachment in the body's frame."""
    stiffness = FloatField(0.0)
    """[N/m] and [N m/rad]"""
    damping = FloatField(0.0)
    """[N s/m] and [N m s/rad]"""


class IndexRange(Record):
    """Consecutive indices."""

    start = IntField(0)
    """First index."""
    count = IntField(0)
    """Number of indices."""


class ActionEvent(Record):
    """A subscribed keyboard or mouse event."""

    action = StringField("")
    """Name the event was subscribed under."""
    value = FloatField(0.0)
    """1 when pressed, 0 when released."""


class PerformanceTimers(Record):
    """Wall-clock time [s] of the last frame by activity."""

    frame_idling = FloatField(0.0)
    """Waiting for real time."""
    graphics_image_retrieval = FloatField(0.0)
    """Copying camera images."""
    graphics_sensor_rendering = FloatField(0.0)
    """Rendering cameras."""
    graphics_viewer_rendering = FloatField(0.0)
    """Rendering the viewer."""
    physics_data_movement = FloatField(0.0)
    """Copying state tensors."""
    physics_sim = FloatField(0.0)
    """Simulating."""
    total_time = FloatField(0.0)
    """The whole frame."""


class Version(Record):
    """Version of the interface."""

    major = IntField(1, read_only=True)
    """Major number."""
    minor = IntField(0, read_only=True)
    """Minor number."""
