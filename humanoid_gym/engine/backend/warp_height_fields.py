"""Contacts with height fields: directions that the ground's surface does not have are corrected.

MuJoCo Warp looks at one prism of a field at a time and returns the shortest way out of it. Where a
shape reaches a little way into a prism, that way leads sideways, into the next prism: an edge
between two cells of level ground holds a sliding box back. A contact's normal is therefore brought
back to the slopes that the surface has around the contact. MuJoCo's older collider on the CPU has
no such contacts, see `terrain.static_geometry`.
"""

from __future__ import annotations

import functools

import mujoco
import mujoco_warp
import warp as wp

wp.set_module_options({"enable_backward": False})

BASE_THICKNESS = 10.0
"""Solid ground below the lowest point [m]: taller prisms cost float32 its precision."""
HFIELD = wp.constant(mujoco.mjtGeom.mjGEOM_HFIELD.value)
BOX = wp.constant(mujoco.mjtGeom.mjGEOM_BOX.value)
CYLINDER = wp.constant(mujoco.mjtGeom.mjGEOM_CYLINDER.value)
MESH = wp.constant(mujoco.mjtGeom.mjGEOM_MESH.value)
CONTACTS_DROPPED = wp.constant(1 << 3)
"""MuJoCo Warp's overflow flag for contacts."""
vec5 = wp.types.vector(length=5, dtype=float)
AROUND = wp.constant(0.01)
"""How far around a contact its surface reaches, in cells: triangles that meet there count."""


def correct_height_fields(model: mujoco_warp.Model) -> None:
    """Have the contacts with height fields corrected in each step of a model."""
    num_contacts = wp.zeros(1, dtype=int, device=model.geom_type.device)
    model.callback.contactfilter = functools.partial(correct_contacts, num_contacts)


def correct_contacts(
    num_contacts: wp.array, model: mujoco_warp.Model, data: mujoco_warp.Data
) -> None:
    """Bring contacts with height fields to the slopes of the ground, and add those of corners.

    Args:
        num_contacts: buffer for one number.
        model: MuJoCo Warp's.
        data: its contacts were just found.
    """
    contact = data.contact
    wp.copy(num_contacts, data.nacon)
    ground = [
        model.geom_type,
        model.geom_dataid,
        model.hfield_size,
        model.hfield_nrow,
        model.hfield_ncol,
        model.hfield_adr,
        model.hfield_data,
        data.geom_xpos,
        data.geom_xmat,
        num_contacts,
    ]
    changed = [contact.dist, contact.pos, contact.frame, contact.geom, contact.worldid]
    wp.launch(correct_contact, dim=data.naconmax, inputs=ground, outputs=changed)
    wp.launch(
        add_corners,
        dim=data.naconmax,
        inputs=[
            *ground,
            model.geom_size,
            model.mesh_vertadr,
            model.mesh_vertnum,
            model.mesh_vert,
            contact.geomcollisionid,
        ],
        outputs=[
            *changed,
            contact.includemargin,
            contact.friction,
            contact.solref,
            contact.solreffriction,
            contact.solimp,
            contact.dim,
            contact.type,
            contact.adhesion,
            contact.efc_address,
            data.nacon,
            data.overflow,
        ],
    )


@wp.struct
class Field:
    """A height field: samples and cells, in the frame of its geom."""

    heights: wp.array[float]
    first: int
    nrow: int
    ncol: int
    half: wp.vec2
    """Half its length in x and y [m]."""
    height: float
    """Of a sample of one [m]."""
    cell: wp.vec2
    """Length of a cell in x and y [m]."""


@wp.func
def sample(field: Field, row: int, column: int) -> float:
    """Height of a sample [m]."""
    return field.heights[field.first + row * field.ncol + column] * field.height


@wp.func
def surface(field: Field, x: float, y: float) -> wp.vec3:
    """Slopes in x and y, and height [m], of the triangle at a place."""
    u = wp.clamp((x + field.half[0]) / field.cell[0], 0.0, float(field.ncol - 1))
    v = wp.clamp((y + field.half[1]) / field.cell[1], 0.0, float(field.nrow - 1))
    column = wp.min(int(u), field.ncol - 2)
    row = wp.min(int(v), field.nrow - 2)
    u, v = u - float(column), v - float(row)
    low, high = sample(field, row, column), sample(field, row + 1, column + 1)
    if v > u:  # the diagonal of a cell runs from its lowest to its highest x and y
        corner = sample(field, row + 1, column)
        rises = wp.vec2(high - corner, corner - low)
    else:
        corner = sample(field, row, column + 1)
        rises = wp.vec2(corner - low, high - corner)
    height = low + rises[0] * u + rises[1] * v
    return wp.vec3(rises[0] / field.cell[0], rises[1] / field.cell[1], height)


@wp.func
def nearest_normal(field: Field, point: wp.vec3, normal: wp.vec3) -> wp.vec3:
    """The normal closest to another one among those that the surface has around a point."""
    low, high = wp.vec2(1.0e10, 1.0e10), wp.vec2(-1.0e10, -1.0e10)
    for i in range(3):
        for j in range(3):
            x = point[0] + AROUND * field.cell[0] * float(i - 1)
            y = point[1] + AROUND * field.cell[1] * float(j - 1)
            found = surface(field, x, y)
            slope = wp.vec2(found[0], found[1])
            low, high = wp.min(low, slope), wp.max(high, slope)
    upwards = wp.max(normal[2], 1.0e-6)
    x = wp.clamp(-normal[0] / upwards, low[0], high[0])
    y = wp.clamp(-normal[1] / upwards, low[1], high[1])
    return wp.normalize(wp.vec3(-x, -y, 1.0))


@wp.func
def frame_of(normal: wp.vec3) -> wp.mat33:
    """Rows: a unit normal and two tangents."""
    side = wp.vec3(0.0, 1.0, 0.0)
    if wp.abs(normal[1]) > 0.5:
        side = wp.vec3(0.0, 0.0, 1.0)
    first = wp.normalize(side - normal * wp.dot(normal, side))
    return wp.matrix_from_rows(normal, first, wp.cross(normal, first))


@wp.func
def field_of(
    geom_dataid: wp.array2d[int],
    hfield_size: wp.array[wp.vec4],
    hfield_nrow: wp.array[int],
    hfield_ncol: wp.array[int],
    hfield_adr: wp.array[int],
    hfield_data: wp.array[float],
    world: int,
    geom: int,
) -> Field:
    """The height field of a geom."""
    data = geom_dataid[world % geom_dataid.shape[0], geom]
    size = hfield_size[data]
    field = Field()
    field.heights = hfield_data
    field.first = hfield_adr[data]
    field.nrow = hfield_nrow[data]
    field.ncol = hfield_ncol[data]
    field.half = wp.vec2(size[0], size[1])
    field.height = size[2]
    field.cell = wp.vec2(
        2.0 * size[0] / float(field.ncol - 1), 2.0 * size[1] / float(field.nrow - 1)
    )
    return field


@wp.kernel
def correct_contact(
    geom_type: wp.array[int],
    geom_dataid: wp.array2d[int],
    hfield_size: wp.array[wp.vec4],
    hfield_nrow: wp.array[int],
    hfield_ncol: wp.array[int],
    hfield_adr: wp.array[int],
    hfield_data: wp.array[float],
    geom_xpos: wp.array2d[wp.vec3],
    geom_xmat: wp.array2d[wp.mat33],
    num_contacts: wp.array[int],
    distances: wp.array[float],
    positions: wp.array[wp.vec3],
    frames: wp.array[wp.mat33],
    geoms: wp.array[wp.vec2i],
    world_of: wp.array[int],
):
    """Correct one contact, if it is with a height field; those are always the first geom."""
    contact = wp.tid()
    if contact >= num_contacts[0]:
        return
    geom, world = geoms[contact][0], world_of[contact]
    if geom < 0 or geom_type[geom] != HFIELD:
        return
    field = field_of(
        geom_dataid, hfield_size, hfield_nrow, hfield_ncol, hfield_adr, hfield_data, world, geom
    )
    origin, turn = geom_xpos[world, geom], geom_xmat[world, geom]
    back = wp.transpose(turn)
    distance = distances[contact]
    position = back @ (positions[contact] - origin)
    normal = back @ frames[contact][0]
    corrected = nearest_normal(field, position - normal * (0.5 * distance), normal)
    if wp.dot(normal, corrected) > 0.9999:
        return
    touching = position + normal * (0.5 * distance)  # the other shape's deepest point
    ground = surface(field, touching[0], touching[1])
    distance = (touching[2] - ground[2]) * corrected[2]
    distances[contact] = distance
    positions[contact] = turn @ (touching - corrected * (0.5 * distance)) + origin
    frames[contact] = frame_of(turn @ corrected)


@wp.func
def corner(
    kind: int,
    size: wp.vec3,
    mesh_vert: wp.array[wp.vec3],
    first: int,
    count: int,
    direction: wp.vec3,
) -> wp.vec3:
    """The point of a box, cylinder or mesh that is furthest in a direction, in its own frame."""
    if kind == BOX:
        return wp.cw_mul(size, wp.vec3(wp.sign(direction[0]), wp.sign(direction[1]), wp.sign(direction[2])))
    if kind == CYLINDER:
        across = wp.normalize(wp.vec2(direction[0], direction[1])) * size[0]
        return wp.vec3(across[0], across[1], wp.sign(direction[2]) * size[1])
    best = mesh_vert[first]
    for i in range(1, count):
        vertex = mesh_vert[first + i]
        if wp.dot(vertex - best, direction) > 0.0:
            best = vertex
    return best


@wp.kernel
def add_corners(
    geom_type: wp.array[int],
    geom_dataid: wp.array2d[int],
    hfield_size: wp.array[wp.vec4],
    hfield_nrow: wp.array[int],
    hfield_ncol: wp.array[int],
    hfield_adr: wp.array[int],
    hfield_data: wp.array[float],
    geom_xpos: wp.array2d[wp.vec3],
    geom_xmat: wp.array2d[wp.mat33],
    num_contacts: wp.array[int],
    geom_size: wp.array2d[wp.vec3],
    mesh_vertadr: wp.array[int],
    mesh_vertnum: wp.array[int],
    mesh_vert: wp.array[wp.vec3],
    number_of_pair: wp.array[int],
    distances: wp.array[float],
    positions: wp.array[wp.vec3],
    frames: wp.array[wp.mat33],
    geoms: wp.array[wp.vec2i],
    world_of: wp.array[int],
    margins: wp.array[float],
    frictions: wp.array[vec5],
    solrefs: wp.array[wp.vec2],
    solreffrictions: wp.array[wp.vec2],
    solimps: wp.array[vec5],
    dims: wp.array[int],
    types: wp.array[int],
    adhesions: wp.array[float],
    rows: wp.array2d[int],
    all_contacts: wp.array[int],
    overflow: wp.array[int],
):
    """Let the four corners that a box, cylinder or mesh turns to the ground carry it.

    MuJoCo Warp keeps four contacts of those with all prisms, other ones in each step: a box on a
    slope rattles down on them.
    """
    contact = wp.tid()
    if contact >= num_contacts[0] or number_of_pair[contact] != 0:
        return
    geom, other, world = geoms[contact][0], geoms[contact][1], world_of[contact]
    if geom < 0 or geom_type[geom] != HFIELD:
        return
    kind = geom_type[other]
    if kind != BOX and kind != CYLINDER and kind != MESH:
        return
    first, count = int(0), int(0)
    if kind == MESH:
        mesh = geom_dataid[world % geom_dataid.shape[0], other]
        first = mesh_vertadr[mesh]
        count = mesh_vertnum[mesh]
    field = field_of(
        geom_dataid, hfield_size, hfield_nrow, hfield_ncol, hfield_adr, hfield_data, world, geom
    )
    size = geom_size[world % geom_size.shape[0], other]
    origin, turn = geom_xpos[world, geom], geom_xmat[world, geom]
    back = wp.transpose(turn)
    place, own = geom_xpos[world, other], geom_xmat[world, other]
    for i in range(4):
        # Away from the ground's normal, a little to each side.
        side = wp.vec3(0.3 * float(2 * (i % 2) - 1), 0.3 * float(2 * (i // 2) - 1), 0.0)
        away = wp.transpose(own) @ (wp.transpose(frames[contact]) @ wp.vec3(-1.0, side[0], side[1]))
        point = back @ (place + own @ corner(kind, size, mesh_vert, first, count, away) - origin)
        inside = wp.abs(point[0]) <= field.half[0] and wp.abs(point[1]) <= field.half[1]
        ground = surface(field, point[0], point[1])
        normal = wp.normalize(wp.vec3(-ground[0], -ground[1], 1.0))
        distance = (point[2] - ground[2]) * normal[2]
        if inside and distance < margins[contact]:
            new = wp.atomic_add(all_contacts, 0, 1)
            if new >= distances.shape[0]:
                wp.atomic_or(overflow, world, CONTACTS_DROPPED)
                return
            distances[new] = distance
            positions[new] = turn @ (point - normal * (0.5 * distance)) + origin
            frames[new] = frame_of(turn @ normal)
            geoms[new] = geoms[contact]
            world_of[new] = world
            number_of_pair[new] = 4 + i
            margins[new] = margins[contact]
            frictions[new] = frictions[contact]
            solrefs[new] = solrefs[contact]
            solreffrictions[new] = solreffrictions[contact]
            solimps[new] = solimps[contact]
            dims[new] = dims[contact]
            types[new] = types[contact]
            adhesions[new] = adhesions[contact]
            for row in range(rows.shape[1]):
                rows[new, row] = -1
