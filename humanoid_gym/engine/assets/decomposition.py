"""Meshes as sets of convex parts, for assets that ask for a convex decomposition.

The surface is cut by planes into pieces; each piece collides as its convex hull. A piece is the
farther from convex the deeper its surface lies in its hull and the larger that is; the farthest is
cut next, by the plane that improves it most, until every piece is nearly convex. Shells (a bucket,
a bowl) and solids come out alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from humanoid_gym.engine.assets.geometry import convex_hull, is_flat
from humanoid_gym.engine.assets.model import Mesh, ShapeModel
from humanoid_gym.engine.values.parameters import AssetOptions

TOLERANCE = 0.02
"""Depth below the hull, as a fraction of the mesh's diagonal, that counts as convex."""
CUTS = (0.5, 0.25, 0.75)
"""Where a piece is cut, as fractions of its length along each axis."""
MAX_PARTS = 32
"""Most parts of a mesh: each costs time in every step."""
SAMPLES = 400
"""Triangles of a piece whose depth is looked at."""


@dataclass
class Piece:
    """A part of the surface and its hull."""

    triangles: np.ndarray
    """Corners [m], shape (n, 3, 3)."""
    hull: Mesh
    volume: float
    """Of the hull [m^3]."""
    depth: float
    """Longest way [m] from the surface out of the hull, see `depth_below`."""

    @property
    def excess(self) -> float:
        """How far it is from convex: depth x volume [m^4]."""
        return self.depth * self.volume


def convex_parts(mesh: Mesh, max_parts: int) -> list[Mesh]:
    """Cut a mesh into nearly convex parts.

    Args:
        mesh: with faces; not flat.
        max_parts: most parts to make.

    Returns:
        Their hulls; the mesh itself where it is convex, or where it cannot be cut.
    """
    triangles = mesh.vertices[mesh.faces]
    corners = triangles - mesh.vertices.mean(axis=0)
    if np.linalg.det(corners).sum() < 0.0:  # the faces look inwards
        triangles = triangles[:, ::-1]
    whole = piece_of(triangles) if len(triangles) else None
    if whole is None:
        return [mesh]
    enough = TOLERANCE * float(np.linalg.norm(np.ptp(mesh.vertices, axis=0)))
    pieces, done = [whole], []
    while pieces and len(pieces) + len(done) < max_parts:
        piece = pieces.pop(int(np.argmax([piece.excess for piece in pieces])))
        halves = best_cut(piece) if piece.depth > enough else None
        if halves is None:
            done.append(piece)
        else:
            pieces += halves
    parts = [piece.hull for piece in done + pieces]
    return parts if len(parts) > 1 else [mesh]


def piece_of(triangles: np.ndarray) -> Piece | None:
    """A piece of surface; None if it is flat."""
    points = triangles.reshape(-1, 3)
    if is_flat(points):
        return None
    try:
        hull = convex_hull(points)
    except ValueError:  # too thin for MuJoCo
        return None
    corners = hull.vertices[hull.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    volume = float(np.einsum("ij,ij->", normals, corners[:, 0])) / 6.0
    planes = np.column_stack([normals, np.einsum("ij,ij->i", normals, corners[:, 0])])
    return Piece(triangles, hull, volume, depth_below(planes, triangles))


def depth_below(planes: np.ndarray, triangles: np.ndarray) -> float:
    """How far the surface's way out of its hull is at most, along the surface's own normal [m].

    Args:
        planes: of the hull, normal (of any length) and height above the origin, shape (m, 4).
        triangles: corners, shape (n, 3, 3).
    """
    triangles = triangles[:: max(1, len(triangles) // SAMPLES)]
    sides = triangles[:, 1:] - triangles[:, :1]
    outward = np.cross(sides[:, 0], sides[:, 1])
    lengths = np.linalg.norm(outward, axis=1)
    centers = triangles.mean(axis=1)[lengths > 0]
    outward = outward[lengths > 0] / lengths[lengths > 0, None]
    gaps = np.maximum(planes[:, 3] - centers @ planes[:, :3].T, 0.0)
    rates = outward @ planes[:, :3].T
    ways = np.where(rates > 0.0, gaps / np.where(rates > 0.0, rates, 1.0), np.inf)
    return float(ways.min(axis=1).max(initial=0.0)) if len(centers) else 0.0


def best_cut(piece: Piece) -> list[Piece] | None:
    """The two pieces of the plane that leaves the least excess; None if nothing cuts it."""
    lower, upper = piece.triangles.min(axis=(0, 1)), piece.triangles.max(axis=(0, 1))
    best, least = None, np.inf
    for axis in range(3):
        for fraction in CUTS:
            height = lower[axis] + fraction * (upper[axis] - lower[axis])
            halves = [piece_of(part) for part in cut(piece.triangles, axis, float(height))]
            found = [half for half in halves if half is not None]
            excess = sum(half.excess for half in found)
            if len(found) == 2 and excess < least:
                best, least = found, excess
    return best


def cut(triangles: np.ndarray, axis: int, height: float) -> tuple[np.ndarray, np.ndarray]:
    """Triangles below and above a plane, those across it cut in three, shapes (n, 3, 3)."""
    over = triangles[:, :, axis] > height
    count = over.sum(axis=1)
    across = (count == 1) | (count == 2)
    lone_over = count[across] == 1
    # Turn each triangle so that its first corner is the one alone on its side.
    alone = np.where(lone_over[:, None], over[across], ~over[across])
    first = np.argmax(alone, axis=1)
    order = (first[:, None] + np.arange(3)) % 3
    a, b, c = np.moveaxis(np.take_along_axis(triangles[across], order[:, :, None], axis=1), 1, 0)
    ab = a + ((height - a[:, axis]) / (b[:, axis] - a[:, axis]))[:, None] * (b - a)
    ac = a + ((height - a[:, axis]) / (c[:, axis] - a[:, axis]))[:, None] * (c - a)
    tips = np.stack([a, ab, ac], axis=1)
    rests = np.concatenate([np.stack([ab, b, c], axis=1), np.stack([ab, c, ac], axis=1)])
    twice = np.concatenate([lone_over, lone_over])
    below = np.concatenate([triangles[count == 0], tips[~lone_over], rests[twice]])
    above = np.concatenate([triangles[count == 3], tips[lone_over], rests[~twice]])
    return below, above


class Decomposer:
    """Replaces colliding meshes by their convex parts, where the options ask for it.

    Args:
        options: `vhacd_enabled` and the number of hulls in `vhacd_params` are read.
    """

    def __init__(self, options: AssetOptions) -> None:
        self._enabled = options.vhacd_enabled
        self._max_parts = max(1, min(options.vhacd_params.max_convex_hulls, MAX_PARTS))
        self._known: dict[bytes, list[Mesh]] = {}

    def split(self, shapes: list[ShapeModel]) -> list[ShapeModel]:
        """The shapes, with the parts of each colliding mesh in its place."""
        return [part for shape in shapes for part in self._parts(shape)]

    def _parts(self, shape: ShapeModel) -> list[ShapeModel]:
        if not self._enabled or shape.mesh is None or not shape.collides:
            return [shape]
        key = shape.mesh.vertices.tobytes() + shape.mesh.faces.tobytes()
        if key not in self._known:
            self._known[key] = convex_parts(shape.mesh, self._max_parts)
        return [replace(shape, mesh=mesh) for mesh in self._known[key]]
