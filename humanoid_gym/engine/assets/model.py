"""What every importer produces: bodies, joints and shapes in Isaac Gym's order.

An importer (URDF, procedural shapes, MJCF) reads its file into an `AssetModel`; the scene turns the
model into MuJoCo bodies once per actor. Nothing after the importer knows which file it came from.
All lengths in m, masses in kg, angles in rad; rotations are quaternions in xyzw order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from humanoid_gym.engine.enums import DofDriveMode, JointType

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
    """'box', 'sphere', 'capsule', 'cylinder' or 'mesh'."""
    size: tuple[float, ...]
    """Box: half lengths (x, y, z). Sphere: (radius,). Capsule and cylinder, along z: (radius,
    half length without the caps). Mesh: ()."""
    pose: Pose = field(default_factory=Pose)
    """Shape frame in the body frame."""
    mesh: Mesh | None = None
    """Only for kind 'mesh'."""
    collides: bool = True
    """False: visual only."""
    color: tuple[float, float, float, float] | None = None
    """RGBA in [0, 1]; None: the viewer's default."""


@dataclass
class JointModel:
    """One joint between a body and its parent, anchored at the body's origin."""

    name: str
    type: JointType
    """JOINT_REVOLUTE or JOINT_PRISMATIC (one DOF each) or JOINT_FIXED (none)."""
    axis: np.ndarray = field(default_factory=lambda: np.array([1.0, 0.0, 0.0]))
    """Unit vector in the body frame, shape (3,)."""
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
    joint: JointModel | None = None
    """Joint to the parent; None for the root, JOINT_FIXED for a welded link that keeps its name."""


@dataclass
class AssetModel:
    """A robot: bodies depth-first (a parent before its children), the root first."""

    name: str
    bodies: list[BodyModel]
    source: str
    """File the model came from, or the name of the procedural shape: for messages."""

    @property
    def dof_bodies(self) -> list[int]:
        """Indices of the bodies whose joint is a DOF, in DOF order."""
        moving = (JointType.JOINT_REVOLUTE, JointType.JOINT_PRISMATIC)
        return [i for i, b in enumerate(self.bodies) if b.joint and b.joint.type in moving]

    @property
    def dof_joints(self) -> list[JointModel]:
        """The joints that are DOFs, in DOF order."""
        return [joint for i in self.dof_bodies if (joint := self.bodies[i].joint)]
