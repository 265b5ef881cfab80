"""Contacts with height fields: directions that the ground's surface does not have are corrected.

MuJoCo Warp looks at one prism of a field at a time and returns the shortest way out of it. Where a
shape reaches a little way into a prism, that way leads sideways, into the next prism: an edge
between two cells of level ground holds a sliding box back. A contact's normal is therefore brought
back to the slopes that the surface has around the contact. Boxes, cylinders and meshes also stand
on their corners: of their contacts with all prisms MuJoCo Warp keeps four, other ones in each step,
on which a box rattles down a slope. MuJoCo's older collider on the CPU has no such contacts, see
`terrain.static_geometry`.
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
AROUND = wp.constant(0.01)
"""How far around a contact its surface reaches, in cells: triangles that meet there count."""
PRISMS = wp.constant(4)
"""Contacts with prisms that MuJoCo Warp keeps of each pair; they have the first numbers."""
vec5 = wp.types.vector(length=5, dtype=float)


@wp.struct
class Geoms:
    """MuJoCo Warp's arrays about shapes, by their names there."""

    geom_type: wp.array[int]
    geom_dataid: wp.array2d[int]
    geom_size: wp.array2d[wp.vec3]
    geom_xpos: wp.array2d[wp.vec3]
    geom_xmat: wp.array2d[wp.mat33]
    hfield_size: wp.array[wp.vec4]
    hfield_nrow: wp.array[int]
    hfield_ncol: wp.array[int]
    hfield_adr: wp.array[int]
    hfield_data: wp.array[float]
    mesh_vertadr: wp.array[int]
    mesh_vertnum: wp.array[int]
    mesh_vert: wp.array[wp.vec3]


@wp.struct
class Contacts:
    """MuJoCo Warp's arrays of contacts, by their names there."""

    dist: wp.array[float]
    pos: wp.array[wp.vec3]
    frame: wp.array[wp.mat33]
    geom: wp.array[wp.vec2i]
    worldid: wp.array[int]
    geomcollisionid: wp.array[int]
    includemargin: wp.array[float]
    friction: wp.array[vec5]
    solref: wp.array[wp.vec2]
    solreffriction: wp.array[wp.vec2]
    solimp: wp.array[vec5]
    dim: wp.array[int]
    type: wp.array[int]
    adhesion: wp.array[float]
    efc_address: wp.array2d[int]


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
    wp.copy(num_contacts, data.nacon)
    geoms, contacts = Geoms(), Contacts()
    for name in Geoms.vars:
        setattr(geoms, name, getattr(data if name in ("geom_xpos", "geom_xmat") else model, name))
    for name in Contacts.vars:
        setattr(contacts, name, getattr(data.contact, name))
    found = [geoms, num_contacts, contacts]
    wp.launch(correct_contact, dim=data.naconmax, inputs=found)
    wp.launch(add_corners, dim=data.naconmax, inputs=[*found, data.nacon, data.overflow])


@wp.func
def field_of(geoms: Geoms, world: int, geom: int) -> Field:
    """The height field of a geom."""
    data = geoms.geom_dataid[world % geoms.geom_dataid.shape[0], geom]
    size = geoms.hfield_size[data]
    field = Field()
    field.heights = geoms.hfield_data
    field.first = geoms.hfield_adr[data]
    field.nrow = geoms.hfield_nrow[data]
    field.ncol = geoms.hfield_ncol[data]
    field.half = wp.vec2(size[0], size[1])
    field.height = size[2]
    field.cell = wp.vec2(
        2.0 * size[0] / float(field.ncol - 1), 2.0 * size[1] / float(field.nrow - 1)
    )
    return field


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


@wp.kernel
def correct_contact(geoms: Geoms, num_contacts: wp.array[int], contacts: Contacts):
    """Correct one contact, if it is with a height field; those are always the first geom."""
    contact = wp.tid()
    if contact >= num_contacts[0]:
        return
    geom, world = contacts.geom[contact][0], contacts.worldid[contact]
    if geom < 0 or geoms.geom_type[geom] != HFIELD:
        return
    field = field_of(geoms, world, geom)
    origin, turn = geoms.geom_xpos[world, geom], geoms.geom_xmat[world, geom]
    back = wp.transpose(turn)
    distance = contacts.dist[contact]
    position = back @ (contacts.pos[contact] - origin)
    normal = back @ contacts.frame[contact][0]
    corrected = nearest_normal(field, position - normal * (0.5 * distance), normal)
    if wp.dot(normal, corrected) > 0.9999:
        return
    touching = position + normal * (0.5 * distance)  # the other shape's deepest point
    ground = surface(field, touching[0], touching[1])
    distance = (touching[2] - ground[2]) * corrected[2]
    contacts.dist[contact] = distance
    contacts.pos[contact] = turn @ (touching - corrected * (0.5 * distance)) + origin
    contacts.frame[contact] = frame_of(turn @ corrected)


@wp.func
def corner(geoms: Geoms, world: int, geom: int, direction: wp.vec3) -> wp.vec3:
    """The point of a box, cylinder or mesh that is furthest in a direction, in its own frame."""
    size = geoms.geom_size[world % geoms.geom_size.shape[0], geom]
    if geoms.geom_type[geom] == BOX:
        signs = wp.vec3(wp.sign(direction[0]), wp.sign(direction[1]), wp.sign(direction[2]))
        return wp.cw_mul(size, signs)
    if geoms.geom_type[geom] == CYLINDER:
        across = wp.normalize(wp.vec2(direction[0], direction[1])) * size[0]
        return wp.vec3(across[0], across[1], wp.sign(direction[2]) * size[1])
    mesh = geoms.geom_dataid[world % geoms.geom_dataid.shape[0], geom]
    first = geoms.mesh_vertadr[mesh]
    best = geoms.mesh_vert[first]
    for i in range(1, geoms.mesh_vertnum[mesh]):
        vertex = geoms.mesh_vert[first + i]
        if wp.dot(vertex - best, direction) > 0.0:
            best = vertex
    return best


@wp.kernel
def add_corners(
    geoms: Geoms,
    num_contacts: wp.array[int],
    contacts: Contacts,
    all_contacts: wp.array[int],
    overflow: wp.array[int],
):
    """Let the four corners that a box, cylinder or mesh turns to the ground carry it."""
    contact = wp.tid()
    if contact >= num_contacts[0] or contacts.geomcollisionid[contact] != 0:
        return
    geom, other = contacts.geom[contact][0], contacts.geom[contact][1]
    world = contacts.worldid[contact]
    if geom < 0 or geoms.geom_type[geom] != HFIELD:
        return
    kind = geoms.geom_type[other]
    if kind != BOX and kind != CYLINDER and kind != MESH:
        return
    field = field_of(geoms, world, geom)
    origin, turn = geoms.geom_xpos[world, geom], geoms.geom_xmat[world, geom]
    place, own = geoms.geom_xpos[world, other], geoms.geom_xmat[world, other]
    for i in range(4):
        # Away from the ground's normal, a little to each side.
        away = wp.vec3(-1.0, 0.3 * float(2 * (i % 2) - 1), 0.3 * float(2 * (i // 2) - 1))
        away = wp.transpose(own) @ (wp.transpose(contacts.frame[contact]) @ away)
        point = place + own @ corner(geoms, world, other, away)
        point = wp.transpose(turn) @ (point - origin)
        ground = surface(field, point[0], point[1])
        normal = wp.normalize(wp.vec3(-ground[0], -ground[1], 1.0))
        distance = (point[2] - ground[2]) * normal[2]
        inside = wp.abs(point[0]) <= field.half[0] and wp.abs(point[1]) <= field.half[1]
        if inside and distance < contacts.includemargin[contact]:
            new = wp.atomic_add(all_contacts, 0, 1)
            if new >= contacts.dist.shape[0]:
                wp.atomic_or(overflow, world, CONTACTS_DROPPED)
                return
            copy_contact(contacts, contact, new, PRISMS + i)
            contacts.dist[new] = distance
            contacts.pos[new] = turn @ (point - normal * (0.5 * distance)) + origin
            contacts.frame[new] = frame_of(turn @ normal)


@wp.func
def copy_contact(contacts: Contacts, contact: int, new: int, number: int):
    """Another contact of the same two shapes."""
    contacts.geomcollisionid[new] = number
    contacts.geom[new] = contacts.geom[contact]
    contacts.worldid[new] = contacts.worldid[contact]
    contacts.includemargin[new] = contacts.includemargin[contact]
    contacts.friction[new] = contacts.friction[contact]
    contacts.solref[new] = contacts.solref[contact]
    contacts.solreffriction[new] = contacts.solreffriction[contact]
    contacts.solimp[new] = contacts.solimp[contact]
    contacts.dim[new] = contacts.dim[contact]
    contacts.type[new] = contacts.type[contact]
    contacts.adhesion[new] = contacts.adhesion[contact]
    for row in range(contacts.efc_address.shape[1]):
        contacts.efc_address[new, row] = -1
