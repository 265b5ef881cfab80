"""Poses, and the mass properties of shapes.

Rotations are quaternions in xyzw order. Inertias are about the centre of mass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import mujoco
import numpy as np

from humanoid_gym.engine.assets.model import Mesh, Pose, ShapeModel

VANISHING_RADIUS = 1e-4
"""A radius of gyration [m] below this is a place-holder, not a measurement."""
PLATE_THICKNESS = 0.05
"""Of what a flat collision mesh becomes, as a share of its width."""
SUBSTITUTE_RADIUS = 0.01
"""Radius [m] of the solid sphere whose inertia replaces a vanishing one."""


@dataclass
class MassProperties:
    """What a rigid body weighs and how its mass is spread."""

    mass: float = 0.0
    """[kg]"""
    com: np.ndarray = field(default_factory=lambda: np.zeros(3))
    """Centre of mass [m], shape (3,)."""
    inertia: np.ndarray = field(default_factory=lambda: np.zeros((3, 3)))
    """Inertia [kg m^2] about the centre of mass, symmetric, shape (3, 3)."""

    def moved(self, pose: Pose) -> MassProperties:
        """The same body seen from the frame in which its own frame has this pose."""
        rotation = rotation_matrix(pose.rotation)
        com = rotation @ self.com + pose.position
        return MassProperties(self.mass, com, rotation @ self.inertia @ rotation.T)


def rpy_to_quaternion(rpy: np.ndarray) -> np.ndarray:
    """Quaternion xyzw of URDF's roll, pitch, yaw [rad]: about the fixed x, then y, then z."""
    (sr, sp, sy), (cr, cp, cy) = np.sin(0.5 * rpy), np.cos(0.5 * rpy)
    return np.array(
        [
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ]
    )


def rotation_matrix(quaternion: np.ndarray) -> np.ndarray:
    """Rotation matrix, shape (3, 3), of a unit quaternion xyzw."""
    x, y, z, w = quaternion
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + 2.0 * w * cross + 2.0 * cross @ cross


def multiply_quaternions(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Product xyzw: the rotation that applies `b` first, then `a`; normalised."""
    vector = a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3])
    product = np.append(vector, a[3] * b[3] - a[:3] @ b[:3])
    return product / np.linalg.norm(product)


def compose(outer: Pose, inner: Pose) -> Pose:
    """Pose in the outermost frame of what has the pose `inner` in the frame with pose `outer`."""
    return Pose(
        rotation_matrix(outer.rotation) @ inner.position + outer.position,
        multiply_quaternions(outer.rotation, inner.rotation),
    )


def combine(parts: Iterable[MassProperties]) -> MassProperties:
    """Mass properties of rigidly joined parts, all given in one frame (parallel-axis rule)."""
    parts = [part for part in parts if part.mass > 0.0]
    if not parts:
        return MassProperties()
    mass = sum(part.mass for part in parts)
    com = sum((part.mass * part.com for part in parts), np.zeros(3)) / mass
    inertia = np.zeros((3, 3))
    for part in parts:
        offset = part.com - com
        inertia += part.inertia
        inertia += part.mass * (offset @ offset * np.eye(3) - np.outer(offset, offset))
    return MassProperties(mass, com, inertia)


def shapes_mass_properties(shapes: Iterable[ShapeModel], density: float) -> MassProperties:
    """Mass properties of the colliding shapes at one density [kg/m^3], in the body frame.

    Where shapes overlap, the overlap counts for each. A mesh counts as its convex hull, because
    the hull is what collides.

    Raises:
        ValueError: the density is negative or not finite, or a mesh is flat.
    """
    if not 0.0 <= density < np.inf:
        raise ValueError(f"density must be finite and not negative [kg/m^3], got {density}")
    solids = [shape for shape in shapes if shape.collides]
    return combine(shape_mass_properties(s, density).moved(s.pose) for s in solids)


def shape_mass_properties(shape: ShapeModel, density: float) -> MassProperties:
    """Mass properties of one shape at a density [kg/m^3], in the shape's own frame."""
    if shape.kind == "mesh":
        assert shape.mesh is not None, "a shape of kind 'mesh' carries its mesh"
        hull = mesh_mass_properties(shape.mesh, "convex")
        return MassProperties(hull.mass * density, hull.com, hull.inertia * density)
    volume, moments = SOLIDS[shape.kind](*shape.size)
    mass = density * volume
    return MassProperties(mass, np.zeros(3), mass * np.diag(moments))


# Each solid: volume [m^3] and principal moments per mass [m^2], about the centre.


def _box(x: float, y: float, z: float) -> tuple[float, list[float]]:
    return 8.0 * x * y * z, [(y * y + z * z) / 3.0, (x * x + z * z) / 3.0, (x * x + y * y) / 3.0]


def _sphere(radius: float) -> tuple[float, list[float]]:
    return 4.0 / 3.0 * np.pi * radius**3, [0.4 * radius**2] * 3


def _ellipsoid(x: float, y: float, z: float) -> tuple[float, list[float]]:
    moments = [(y * y + z * z) / 5.0, (x * x + z * z) / 5.0, (x * x + y * y) / 5.0]
    return 4.0 / 3.0 * np.pi * x * y * z, moments


def _cylinder(radius: float, half: float) -> tuple[float, list[float]]:
    across = radius**2 / 4.0 + half**2 / 3.0
    return 2.0 * np.pi * radius**2 * half, [across, across, radius**2 / 2.0]


def _capsule(radius: float, half: float) -> tuple[float, list[float]]:
    tube_volume, tube = _cylinder(radius, half)
    caps_volume, ball = _sphere(radius)
    volume = tube_volume + caps_volume
    # A hemisphere's centre of mass lies 3/8 r from its flat face.
    caps_across = ball[0] + half**2 + 0.75 * half * radius
    across = (tube_volume * tube[0] + caps_volume * caps_across) / volume
    along = (tube_volume * tube[2] + caps_volume * ball[2]) / volume
    return volume, [across, across, along]


SOLIDS = {
    "box": _box,
    "sphere": _sphere,
    "ellipsoid": _ellipsoid,
    "cylinder": _cylinder,
    "capsule": _capsule,
}


def mesh_mass_properties(mesh: Mesh, inertia: str) -> MassProperties:
    """Mass properties of a mesh at density 1, as MuJoCo computes them.

    Args:
        mesh: not flat.
        inertia: MJCF's word: 'convex' (of the hull), 'exact', 'legacy' (exact for closed meshes,
            somehow for others) or 'shell' (density per area). Where a mesh is too thin or too open
            for the word, it is that of the hull.

    Raises:
        ValueError: the mesh is flat.
    """
    lower, upper = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    center, size = (lower + upper) / 2.0, float((upper - lower).max())
    if is_flat(mesh.vertices):
        raise ValueError("the mesh is flat: it has no volume")
    spec = mujoco.MjSpec()
    # Of unit size, since MuJoCo refuses meshes below an absolute volume and stores float32.
    spec.add_mesh(
        name="mesh",
        uservert=((mesh.vertices - center) / size).ravel(),
        userface=[] if inertia == "convex" else mesh.faces.ravel(),
        inertia=MESH_INERTIAS[inertia],
    )
    body = spec.worldbody.add_body()
    body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname="mesh", density=1.0)
    try:
        model = spec.compile()
    except ValueError:
        if inertia == "convex":
            raise
        return mesh_mass_properties(mesh, "convex")
    axes = rotation_matrix(np.roll(model.body_iquat[1], -1))
    power = 2 if inertia == "shell" else 3
    return MassProperties(
        float(model.body_mass[1]) * size**power,
        model.body_ipos[1] * size + center,
        axes @ np.diag(model.body_inertia[1]) @ axes.T * size ** (power + 2),
    )


def convex_hull(points: np.ndarray) -> Mesh:
    """Convex hull of points, shape (n, 3), from MuJoCo, which has qhull built in.

    Raises:
        ValueError: the points lie in a plane, or nearly.
    """
    lower, upper = points.min(axis=0), points.max(axis=0)
    center, size = (lower + upper) / 2.0, float((upper - lower).max())
    spec = mujoco.MjSpec()
    spec.add_mesh(
        name="mesh",
        uservert=((points - center) / size).ravel(),
        inertia=MESH_INERTIAS["convex"],
    )
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname="mesh")
    model = spec.compile()
    # MuJoCo keeps a hull as counts, edges and, at the end, faces of vertex numbers.
    graph = model.mesh_graph[model.mesh_graphadr[0] :]
    num_vertices, num_faces = int(graph[0]), int(graph[1])
    start = 2 + 2 * num_vertices + num_vertices + 3 * num_faces
    faces = graph[start : start + 3 * num_faces].reshape(-1, 3)
    rotation = rotation_matrix(np.roll(model.mesh_quat[0], -1))
    vertices = model.mesh_vert @ rotation.T + model.mesh_pos[0]
    used, indices = np.unique(faces, return_inverse=True)
    return Mesh(vertices[used] * size + center, indices.reshape(-1, 3).astype(np.int32))


MESH_INERTIAS = {
    "convex": mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX,
    "exact": mujoco.mjtMeshInertia.mjMESH_INERTIA_EXACT,
    "legacy": mujoco.mjtMeshInertia.mjMESH_INERTIA_LEGACY,
    "shell": mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
}


def is_flat(vertices: np.ndarray) -> bool:
    """Whether the points, shape (n, 3), lie in one plane, so that their hull has no volume."""
    if len(vertices) < 4:
        return True
    spread = np.linalg.eigvalsh(np.cov(vertices.T))
    return bool(spread[0] <= 1e-12 * spread[2])


def plate(mesh: Mesh) -> Mesh:
    """A flat mesh as a solid: the hull of its outline, 5 % as thick as it is wide.

    Raises:
        ValueError: all points lie on a line.
    """
    _, axes = np.linalg.eigh(np.cov(mesh.vertices.T))
    _, width, length = np.ptp(mesh.vertices @ axes, axis=0)
    if not width > 1e-6 * length:
        raise ValueError("all points of the mesh lie on a line")
    offset = 0.5 * PLATE_THICKNESS * width * axes[:, 0]
    return convex_hull(np.concatenate([mesh.vertices - offset, mesh.vertices + offset]))


def repair_inertia(inertia: np.ndarray, mass: float) -> tuple[np.ndarray, str]:
    """Turn an inertia that no rigid body can have into the nearest useful one.

    Principal moments that vanish or are negative become those of a solid sphere of radius
    `SUBSTITUTE_RADIUS`. Where the largest exceeds the sum of the other two, these grow equally
    until it does not.

    Args:
        inertia: [kg m^2] about the centre of mass, symmetric, shape (3, 3).
        mass: [kg], positive.

    Returns:
        The inertia, the very one where nothing was wrong, and what was wrong ("" for no more than
        rounding in the file).

    Raises:
        ValueError: a moment about a body axis is negative.
    """
    if np.diag(inertia).min() < 0.0:
        raise ValueError("a moment of inertia is negative")
    moments, axes = np.linalg.eigh(inertia)
    faults = []
    vanishing = moments < mass * VANISHING_RADIUS**2
    if vanishing.any():
        is_negative = moments[0] < -1e-6 * moments[2]
        faults.append(f"a principal moment of inertia is {'negative' if is_negative else 'zero'}")
        moments[vanishing] = 0.4 * mass * SUBSTITUTE_RADIUS**2
    largest = np.argmax(moments)
    excess = 2.0 * moments[largest] - moments.sum()
    # Room for the rounding of a later diagonalisation, which MuJoCo's check does not forgive.
    margin = 1e-6 * moments[largest]
    if excess > -margin:
        moments[np.arange(3) != largest] += 0.5 * (excess + margin)
    if excess > 1e-3 * moments[largest]:
        faults.append("the largest principal moment of inertia exceeds the sum of the others")
    if not vanishing.any() and excess <= -margin:
        return inertia, ""
    return axes @ np.diag(moments) @ axes.T, " and ".join(faults)
