"""How many contacts and constraints a world of a model may have at once, for MuJoCo Warp's arrays.

What does not fit is dropped there, so these are generous, and the backend reports overflows.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

PLANE, HFIELD = mujoco.mjtGeom.mjGEOM_PLANE.value, mujoco.mjtGeom.mjGEOM_HFIELD.value
BOX, MESH = mujoco.mjtGeom.mjGEOM_BOX.value, mujoco.mjtGeom.mjGEOM_MESH.value
CAPSULE, CYLINDER = mujoco.mjtGeom.mjGEOM_CAPSULE.value, mujoco.mjtGeom.mjGEOM_CYLINDER.value
CONVEX = {HFIELD, MESH, CYLINDER, mujoco.mjtGeom.mjGEOM_ELLIPSOID.value}
"""Shapes whose contacts, but those with planes, MuJoCo Warp finds by expanding polytopes."""
CONTACTS_WITH_PLANE = {CAPSULE: 2, CYLINDER: 4, BOX: 4, MESH: 4}
"""Most contact points of a shape with a plane; one for others."""
CONTACTS_WITH_HFIELD = {BOX: 8, CYLINDER: 8, MESH: 8}
"""Of a shape with a height field: MuJoCo Warp keeps four of those with its prisms, and corners."""
CONTACTS_OF_PAIR = {
    (BOX, BOX): 8,
    (BOX, MESH): 8,
    (MESH, MESH): 8,
    (CAPSULE, BOX): 2,
    (CAPSULE, CAPSULE): 2,
}
"""Of two moving shapes; one for others."""
ROWS_PER_CONTACT = 3
NEIGHBOURS = 4
"""Static shapes, and shapes of other actors, that a moving one is near at once."""
ROWS = 16
"""Room for constraints comes in multiples: MuJoCo Warp compiles kernels for each size."""


@dataclass(frozen=True)
class Sizes:
    """Room for each world."""

    contacts: int
    constraints: int
    polytopes: int = 0
    """Memory that the collider of convex shapes takes for the time of a step [bytes]."""


def sizes_for(model: mujoco.MjModel, min_contacts: int = 0) -> Sizes:
    """Room that a model's worlds need, by what its shapes can touch at most.

    Each shape may touch `NEIGHBOURS` static ones and shapes of other actors with all its points,
    and one shape of its own actor. Pairs of shapes that are near each other take a place too, even
    if they do not touch.

    Args:
        model: of one world.
        min_contacts: contacts that there is room for at least.
    """
    pairs = colliding_pairs(model)
    contacts = max(most_contacts(model, pairs), min_contacts, 1)
    limits = int((model.jnt_limited > 0).sum() + (model.tendon_limited > 0).sum())
    frictions = model.nv + int((model.tendon_frictionloss > 0).sum())
    rows = contacts * ROWS_PER_CONTACT + limits + frictions + 6 * model.neq
    kinds = [{int(kind) for kind in model.geom_type[list(pair)]} for pair in pairs]
    convex = any(kind & CONVEX and PLANE not in kind for kind in kinds)
    size = polytope_bytes(int(model.opt.ccd_iterations)) if convex else 0
    return Sizes(contacts, -(-rows // ROWS) * ROWS, contacts * size)


def polytope_bytes(iterations: int) -> int:
    """Memory for the polytope of one pair of convex shapes."""
    vertices, faces, horizon = 10 + 2 * iterations, 6 + 5 * iterations, 24
    return 16 * vertices + 20 * faces + 4 * horizon


def most_contacts(model: mujoco.MjModel, pairs: list[tuple[int, int]]) -> int:
    """Contacts of a world that there is room for, between these pairs of geoms."""
    static: dict[int, list[int]] = {}
    kinds = {True: np.zeros(model.ngeom, dtype=int), False: np.zeros(model.ngeom, dtype=int)}
    sums = {True: 0, False: 0}
    for pair in pairs:
        count = most_points(int(model.geom_type[pair[0]]), int(model.geom_type[pair[1]]))
        moving = [geom for geom in pair if moves(model, geom)]
        if len(moving) == 2:
            first, second = model.body_rootid[model.geom_bodyid[moving]]
            own = bool(first == second)
            sums[own] += count
            kinds[own][moving] = np.maximum(kinds[own][moving], count)
        elif moving:
            static.setdefault(moving[0], []).append(count)
    with_static = sum(sum(sorted(counts)[-NEIGHBOURS:]) for counts in static.values())
    # A pair's contacts are those of both its shapes.
    with_others = min(sums[False], NEIGHBOURS * int(kinds[False].sum()) // 2)
    return with_static + with_others + min(sums[True], int(kinds[True].sum()))


def moves(model: mujoco.MjModel, geom: int) -> bool:
    """Whether a shape can move: on a body with joints above it, or on a mocap body."""
    body = model.geom_bodyid[geom]
    return bool(model.body_weldid[body] != 0 or model.body_mocapid[model.body_rootid[body]] >= 0)


def colliding_pairs(model: mujoco.MjModel) -> list[tuple[int, int]]:
    """Pairs of geoms that MuJoCo looks at for contacts."""
    excluded = {(int(s) >> 16, int(s) & 0xFFFF) for s in model.exclude_signature}
    pairs = {(int(a), int(b)) for a, b in zip(model.pair_geom1, model.pair_geom2, strict=True)}
    collides = np.flatnonzero((model.geom_contype != 0) | (model.geom_conaffinity != 0))
    weld = model.body_weldid
    for index, first in enumerate(collides):
        for second in collides[index + 1 :]:
            body1, body2 = sorted((int(model.geom_bodyid[first]), int(model.geom_bodyid[second])))
            parents = weld[model.body_parentid[weld[[body1, body2]]]]
            related = weld[body1] == weld[body2] or (
                weld[body1] != 0 and (parents[1] == weld[body1] or parents[0] == weld[body2])
            )
            allowed = (model.geom_contype[first] & model.geom_conaffinity[second]) or (
                model.geom_contype[second] & model.geom_conaffinity[first]
            )
            if allowed and not related and (body1, body2) not in excluded:
                pairs.add((int(first), int(second)))
    return sorted(pairs)


def most_points(first: int, second: int) -> int:
    """Most contact points of two shapes of these types."""
    low, high = sorted((first, second))
    if low == PLANE:
        return CONTACTS_WITH_PLANE.get(high, 1)
    if low == HFIELD:
        return CONTACTS_WITH_HFIELD.get(high, 4)
    return CONTACTS_OF_PAIR.get((low, high), 1)
