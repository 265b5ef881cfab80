"""What every importer produces: bodies, joints and shapes in Isaac Gym's order.

An importer (URDF, procedural shapes, MJCF) reads its file into an `AssetModel`; the scene turns the
model into MuJoCo bodies once per actor. Nothing after the importer knows which file it came from.
All lengths in m, masses in kg, angles in rad; rotations are quaternions in xyzw order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from humanoid_gym.engine.values.enums import DofDriveMode, JointType

IDENTITY = (0.0, 0.0, 0.0, 1.0)


@dataclass
class Pose:
    """A rigid transform: rotate by `rotation`, then translate by `position`."""

    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    """Translation [m], shape (3,)."""
    rotation: np.ndarray = field(default_factory=lambda: np.array(IDENTITY))
    """Unit quaternion xyzw, shape (4,)."""


@dataclass
class Mesh:
    """A triangle mesh, already scaled."""

    vertices: np.ndarray
    """Vertex positions [m] in the shape's frame, shape (num_vertices, 3), float64."""
    faces: np.ndarray
    """Vertex indices, shape (num_faces, 3), int32."""


@dataclass
class ShapeModel:
    """One geometric shape of a body, for collision or for looks only."""

    kind: str
    """'box', 'sphere', 'ellipsoid', 'capsule', 'cylinder' or 'mesh'."""
    size: tuple[float, ...]
    """Box and ellipsoid: half lengths (x, y, z). Sphere: (radius,). Capsule and cylinder, along z:
    (radius, half length without the caps). Mesh: ()."""
    pose: Pose = field(default_factory=Pose)
    """Shape frame in the body frame."""
    mesh: Mesh | None = None
    """Only for kind 'mesh'."""
    collides: bool = True
    """False: visual only."""
    color: tuple[float, float, float, float] | None = None
    """RGBA in [0, 1]; None: the viewer's default."""
    friction: float = 1.0
    """Coefficient that the shape property starts with."""
    filter: int = 0
    """Collision mask that the shape property starts with: shapes that share a bit do not touch."""


@dataclass
class JointModel:
    """One joint between a body and its parent."""

    name: str
    type: JointType
    """JOINT_REVOLUTE or JOINT_PRISMATIC (one DOF each) or JOINT_FIXED (none)."""
    axis: np.ndarray = field(default_factory=lambda: np.array([1.0, 0.0, 0.0]))
    """Unit vector in the body frame, shape (3,)."""
    anchor: np.ndarray = field(default_factory=lambda: np.zeros(3))
    """Point of the body frame [m] that a rotation leaves in place, shape (3,)."""
    has_limits: bool = False
    lower: float = 0.0
    """[rad or m]"""
    upper: float = 0.0
    """[rad or m]"""
    effort: float = float("inf")
    """Largest drive force [N m or N]."""
    velocity: float = 100.0
    """Largest speed [rad/s or m/s]."""
    stiffness: float = 0.0
    """Drive or passive spring [N m/rad or N/m]."""
    damping: float = 0.0
    """Drive or passive damper [N m s/rad or N s/m]."""
    friction: float = 0.0
    """Isaac Gym's dimensionless joint friction coefficient."""
    armature: float = 0.0
    """Added to the joint-space inertia [kg m^2 or kg]."""
    drive_mode: DofDriveMode = DofDriveMode.DOF_MODE_NONE

    @property
    def is_dof(self) -> bool:
        """Whether it moves."""
        return self.type in (JointType.JOINT_REVOLUTE, JointType.JOINT_PRISMATIC)


def hinges_of_ball(joint: JointModel, rotation: np.ndarray | None = None) -> list[JointModel]:
    """Three hinges about x, y and z through one point: Isaac Gym's three DOFs of a ball joint.

    Args:
        joint: its name, anchor, gains and drive are those of each hinge; NAME becomes NAME:0 ….
        rotation: matrix (3, 3) whose columns are the axes in the body frame; None: the body's own.
    """
    axes = np.eye(3) if rotation is None else rotation
    return [
        replace(joint, name=f"{joint.name}:{i}", type=JointType.JOINT_REVOLUTE, axis=axes[:, i])
        for i in range(3)
    ]


@dataclass
class BodyModel:
    """One link: where it sits on its parent, what it weighs, what it looks like."""

    name: str
    parent: int
    """Index of the parent body in `AssetModel.bodies`; -1 for the root."""
    pose: Pose
    """Body frame in the parent's body frame, at joint position zero. The root: identity."""
    mass: float
    """[kg]"""
    com: np.ndarray
    """Centre of mass [m] in the body frame, shape (3,)."""
    inertia: np.ndarray
    """Inertia [kg m^2] about the centre of mass, body axes, symmetric, shape (3, 3)."""
    shapes: list[ShapeModel] = field(default_factory=list)
    joints: list[JointModel] = field(default_factory=list)
    """Joints to the parent: the first moves the body and the axes of those after it. One of
    JOINT_FIXED, or none, for a welded body. Those of a root move it in the actor's frame."""


@dataclass
class ActuatorModel:
    """One actuator of a file: what it says; what it does is in its joint's drive."""

    name: str
    type: str
    """'motor', 'position' or 'velocity'."""
    joint: str
    """Name of the joint that it drives."""
    gear: float = 1.0
    """Force [N m or N] at a control of one."""
    kp: float = 0.0
    """Position gain."""
    kv: float = 0.0
    """Velocity gain."""
    control_range: tuple[float, float] | None = None
    """Smallest and largest control; None: not limited."""
    force_range: tuple[float, float] | None = None
    """Smallest and largest force [N m or N]; None: not limited."""


@dataclass
class TendonModel:
    """A fixed tendon: its length is a weighted sum of joint positions.

    A spatial one only has a name and properties: it does nothing.
    """

    name: str
    is_spatial: bool
    num_sites: int
    """Of a spatial tendon."""
    joints: list[str]
    """Names of the DOFs that it couples."""
    coefficients: list[float]
    """Weight of each of their positions."""
    stiffness: float = 0.0
    """Of the spring about the rest length."""
    damping: float = 0.0
    """Of the tendon's velocity."""
    limit_stiffness: float = 0.0
    """Of the spring beyond the limits."""
    rest_length: float = 0.0
    limited: bool = False
    lower: float = 0.0
    """Smallest length."""
    upper: float = 0.0
    """Largest length."""


@dataclass
class AssetModel:
    """A robot: bodies depth-first (a parent before its children), the root first."""

    name: str
    bodies: list[BodyModel]
    source: str
    """File the model came from, or the name of the procedural shape: for messages."""

    fixed_base: bool = False
    """The file welds the root to the world; AssetOptions.fix_base_link does so as well."""
    actuators: list[ActuatorModel] = field(default_factory=list)
    tendons: list[TendonModel] = field(default_factory=list)
    root_rotation: np.ndarray = field(default_factory=lambda: np.array(IDENTITY))
    """Orientation of the root in the file, quaternion xyzw: an actor's pose turns it further."""

    @property
    def dof_bodies(self) -> list[int]:
        """Index of the body that each DOF moves, in DOF order."""
        return [index for index, _ in self._dofs()]

    @property
    def dof_joints(self) -> list[JointModel]:
        """The joints that are DOFs, in DOF order: body order, then the order in the file."""
        return [joint for _, joint in self._dofs()]

    def _dofs(self) -> list[tuple[int, JointModel]]:
        return [(i, j) for i, body in enumerate(self.bodies) for j in body.joints if j.is_dof]
