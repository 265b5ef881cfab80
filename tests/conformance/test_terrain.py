"""Height fields, triangle meshes and planes: where they are and how they carry."""

import math

import numpy as np
import pytest
import torch
from grounds import (
    BOX_TRIANGLES,
    WEDGE,
    WEDGE_TRIANGLES,
    add_grid_mesh,
    add_heightfield,
    add_mesh,
    material,
)

from humanoid_gym.engine import gymapi, terrain_utils

G = 9.81
R = 0.15
"""Radius of the balls that feel the ground's height."""


def terraces():
    """40 x 60 samples: four terraces of different height, 0.2 m to 0.8 m."""
    h = np.empty((40, 60), dtype=np.int16)
    h[:20, :30], h[:20, 30:], h[20:, :30], h[20:, 30:] = 40, 80, 120, 160
    return h


CENTRES = [(1.0, 1.5, 0.2), (1.0, 4.5, 0.4), (3.0, 1.5, 0.6), (3.0, 4.5, 0.8)]
"""x, y and height of the terraces' middles [m]."""


def rest(w, places, radius=R, drop=0.02, **start):
    """Let balls fall on places (x, y, height) of the ground; return where they come to rest."""
    ball = w.sphere(radius)
    for group, (x, y, z) in enumerate(places):
        w.place(ball, (x, y, z + radius + drop), group=group)
    w.start(**start).seconds(0.7)
    return w.root[:, :3].double()


ADDED = {
    "height field": lambda w, h, **k: add_heightfield(w, h, **k),
    "two-dimensional height field": lambda w, h, **k: add_heightfield(w, h, flat=False, **k),
    "mesh": lambda w, h, **k: add_grid_mesh(w, h, **k),
    "mesh with vertical steps": lambda w, h, **k: add_grid_mesh(w, h, threshold=0.75, **k),
}


@pytest.mark.parametrize("kind", ADDED)
def test_first_axis_is_x_and_the_corner_is_at_the_transform(world, kind):
    w = world(ground=None)
    ADDED[kind](w, terraces(), position=(-2.0, 1.0, 0.1))
    places = [(x - 2.0, y + 1.0, z + 0.1) for x, y, z in CENTRES]
    expected = torch.tensor([[x, y, z + R] for x, y, z in places])
    assert (rest(w, places) - expected).abs().max() < 2e-3


def test_a_two_dimensional_array_of_shape_rows_columns_has_x_first_too(world):
    w = world(ground=None)
    h = terraces()
    params = material(gymapi.HeightFieldParams())
    params.nbRows, params.nbColumns = h.shape
    params.row_scale, params.column_scale, params.vertical_scale = 0.1, 0.05, 0.005
    w.gym.add_heightfield(w.sim, h, params)
    places = [(x, y / 2, z) for x, y, z in CENTRES]
    assert rest(w, places)[:, 2].tolist() == pytest.approx([z + R for *_, z in places], abs=2e-3)


@pytest.mark.parametrize("add", [add_heightfield, add_grid_mesh])
def test_the_transform_turns_the_ground(world, add):
    """A quarter turn about z: (x, y) of the array lies at (-y, x)."""
    w = world(ground=None)
    add(w, terraces(), rotation=(0, 0, 0.5**0.5, 0.5**0.5))
    places = [(-y, x, z) for x, y, z in CENTRES]
    assert rest(w, places)[:, 2].tolist() == pytest.approx([z + R for *_, z in places], abs=2e-3)


def test_with_y_up_the_second_axis_points_along_minus_z(world):
    w = world(ground=None, up_axis=gymapi.UP_AXIS_Y, gravity=(0, -G, 0))
    add_heightfield(w, terraces())
    places = [(x, z, -y) for x, y, z in CENTRES]
    ball = w.sphere(R)
    for group, (x, up, z) in enumerate(places):
        w.place(ball, (x, up + R + 0.02, z), group=group)
    w.start().seconds(0.7)
    assert w.root[:, 1].tolist() == pytest.approx([up + R for _, up, _ in places], abs=2e-3)


def test_with_y_up_meshes_have_y_up(world):
    w = world(ground=None, up_axis=gymapi.UP_AXIS_Y, gravity=(0, -G, 0))
    vertices, triangles = terrain_utils.convert_heightfield_to_trimesh(terraces(), 0.1, 0.005)
    add_mesh(w, vertices[:, [0, 2, 1]] * [1, 1, -1], triangles)
    w.place(w.sphere(R), (3.0, 0.8 + R + 0.02, -4.5)).start().seconds(0.7)
    assert w.root[0, 1].item() == pytest.approx(0.8 + R, abs=2e-3)


def test_environments_stand_on_one_terrain_in_the_world(world):
    """Root states are relative to the environment's origin, the terrain is not."""
    w = world(ground=None, num_envs=4)
    h = np.full((100, 100), 10, dtype=np.int16)
    h[50:] += 100  # from x = 3 on
    add_heightfield(w, h, position=(-2, -2, 0))
    box = [[6.0 + x, y, 0.55 + z] for x in (-1, 1) for y in (-1, 1) for z in (0, 1)]
    add_mesh(w, box, BOX_TRIANGLES)
    z = rest(w, [(0, 0, 1.55)], drop=0.03)[:, 2]  # envs at x = 0, 2, 4, 6
    w.seconds(1.5)
    z = w.root[:, 2]
    assert z.tolist() == pytest.approx([0.05 + R, 0.05 + R, 0.55 + R, 1.55 + R], abs=2e-3)
    assert w.root[:, :2].abs().max() < 0.05


@pytest.mark.parametrize("kind", ["sphere", "box", "capsule"])
@pytest.mark.parametrize("cell", [0.1, 0.25, 1.0])
def test_resting_height_and_load_on_a_level_field(world, kind, cell):
    """As on a plane, anywhere in a cell."""
    w = world(ground=None)
    samples = round(4 / cell) + 1
    add_heightfield(w, np.full((samples, samples), 100, dtype=np.int16), cell=cell)
    if kind == "sphere":
        asset, height, volume = w.sphere(0.1), 0.1, 4 / 3 * math.pi * 0.1**3
    elif kind == "box":
        asset, height, volume = w.box(0.24, 0.16, 0.1), 0.05, 0.24 * 0.16 * 0.1
    else:
        asset = w.gym.create_capsule(w.sim, 0.05, 0.2)
        height, volume = 0.05, math.pi * 0.05**2 * (0.4 + 4 / 3 * 0.05)
    places = [(1.0, 1.0), (1.55, 2.02), (2.03, 1.51), (2.71, 2.62)]
    for group, (x, y) in enumerate(places):
        w.place(asset, (x, y, 0.5 + height + 0.005), group=group)
    w.start().seconds(2.0)
    assert w.root[:, 2].tolist() == pytest.approx([0.5 + height] * 4, abs=1e-3)
    mean = torch.stack([w.step().contact.clone() for _ in range(30)]).mean(dim=0)
    weight = 1000 * volume * G
    assert mean[:, 2].tolist() == pytest.approx([weight] * 4, rel=0.02)
    assert mean[:, :2].abs().max().item() < 0.02 * weight


@pytest.mark.parametrize("add", [add_heightfield, add_grid_mesh])
def test_a_box_slides_on_a_slope_at_the_angle_of_friction(world, add):
    """Ground 0.9 and box 0.3 average to 0.6: 31 degrees."""

    def travel(angle):
        w = world(ground=None)
        rise = round(0.1 * math.tan(angle) / 0.0005)
        h = np.repeat(rise * np.arange(60, dtype=np.int16)[:, None], 40, axis=1)
        add(w, h, unit=0.0005, friction=0.9)
        asset = w.box(0.4, 0.4, 0.1)
        shape = w.gym.get_asset_rigid_shape_properties(asset)
        shape[0].friction = 0.3
        w.gym.set_asset_rigid_shape_properties(asset, shape)
        half = -0.5 * math.atan(rise * 0.005)
        up = 0.05 / math.cos(2 * half)
        place = (3.0, 2.0, 3.0 * rise * 0.005 + up + 0.002)
        w.place(asset, place, (0, math.sin(half), 0, math.cos(half))).start().seconds(0.5)
        before = w.root[0, 0].item()
        return before - w.seconds(0.5).root[0, 0].item()

    angle = math.atan(0.6)
    assert abs(travel(angle - math.radians(2.5))) < 0.01
    assert travel(angle + math.radians(2.5)) > 0.03


def test_grounds_of_different_friction(world):
    """Under tilted gravity a box stays iff its average with the ground it is on exceeds 0.45."""
    frictions = {"plane": 1.0, "field": 0.2, "block": 0.6}
    w = world(ground=frictions["plane"], num_envs=2, gravity=(0.45 * G, 0, -G))
    field = np.zeros((81, 41), np.int16)
    add_heightfield(w, field, friction=frictions["field"], position=(0, 10, 0.5))
    block = np.array([[x, y, z] for x in (0, 8) for y in (20, 24) for z in (0, 0.5)])
    add_mesh(w, block, BOX_TRIANGLES, friction=frictions["block"])
    asset = w.box(0.4, 0.4, 0.1)

    def rub(gym, env, friction):
        for handle in range(3):
            shape = gym.get_actor_rigid_shape_properties(env, handle)
            shape[0].friction = friction
            gym.set_actor_rigid_shape_properties(env, handle, shape)

    for group, (y, z) in enumerate([(-2, 0.0), (12, 0.5), (22, 0.5)]):
        w.place(asset, (0.52, y, z + 0.05), group=group)
    w.start(spacing=0.0, edit=lambda gym, env, index: rub(gym, env, (0.2, 0.6)[index]))

    def slides():
        w.seconds(0.4)
        before = w.root[:, 0].clone()
        return (w.seconds(0.4).root[:, 0] - before > 0.01).view(2, 3).tolist()

    averages = [[0.5 * (own + ground) for ground in frictions.values()] for own in (0.2, 0.6)]
    assert slides() == [[average < 0.45 for average in row] for row in averages]
    rub(w.gym, w.envs[0], 1.0)  # changed while it runs: 1.0, 0.6, 0.8
    w.root[:, 7:] = 0.0
    w.set("actor_root_state", w.root)
    assert slides() == [[False, False, False], [False, True, False]]


def test_stairs_with_vertical_risers(world):
    """Every tread carries at its height, up to the upper edge and from one cell off the riser."""
    w = world(ground=None)
    h = terrain_utils.stairs_terrain(
        terrain_utils.SubTerrain("stairs", 60, 20, 0.005, 0.1), step_width=0.5, step_height=0.15
    ).height_field_raw
    add_grid_mesh(w, h, threshold=0.75)
    radius, places = 0.03, []
    for step in (2, 5, 8):
        z = 0.15 * (step + 1)
        # Samples 5 step to 5 step + 4 are a tread; the next riser begins after its last sample.
        places += [(0.5 * step + 0.002, 1.03, z), (0.5 * step + 0.36, 1.03, z)]
    came = rest(w, places, radius=radius, drop=0.0)
    assert came[:, 2].tolist() == pytest.approx([z + radius for *_, z in places], abs=2e-3)


def test_a_coarse_grid_keeps_its_vertical_risers(world):
    """Cells of 0.5 m are divided: a ball rests 0.15 m before a riser of the mesh."""
    w = world(ground=None)
    h = np.zeros((12, 12), dtype=np.int16)
    h[6:] = 100
    add_grid_mesh(w, h, cell=0.5, threshold=0.5)
    came = rest(w, [(2.82, 2.2, 0.0), (3.03, 2.2, 0.5)], radius=0.05, drop=0.0)
    assert came[:, 2].tolist() == pytest.approx([0.05, 0.55], abs=2e-3)


def test_deep_pits_have_a_bottom(world):
    w = world(ground=None)
    np.random.seed(0)
    stones = terrain_utils.stepping_stones_terrain(
        terrain_utils.SubTerrain("stones", 40, 40, 0.005, 0.1), 0.5, 0.5, 0.0, platform_size=1.0
    ).height_field_raw
    assert stones.min() == -2000
    stones[2:12, 28:38] = -2000
    add_grid_mesh(w, stones, threshold=0.75)
    came = rest(w, [(0.7, 3.3, -10.0), (2.0, 2.0, 0.0)])
    assert came[:, 2].tolist() == pytest.approx([-10 + R, R], abs=3e-3)


def test_a_body_pressed_into_the_ground_comes_up_again(world):
    w = world(ground=None)
    add_heightfield(w, np.full((40, 40), 60, dtype=np.int16))
    capsule = w.gym.create_capsule(w.sim, 0.03, 0.1)
    places = [(1.02 + 0.21 * i, 1.5 + 0.13 * i) for i in range(6)]
    for group, (x, y) in enumerate(places):
        w.place(capsule, (x, y, 0.3 - 0.01 * group), group=group)
    w.start().seconds(3.0)
    assert w.root[:, 2].tolist() == pytest.approx([0.33] * 6, abs=5e-3)


def test_blocks_in_one_mesh_carry_and_push(world):
    """Two blocks and a wedge, with a vertex per corner of each triangle as STL files have."""
    w = world(ground=None)
    unit = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
    turn = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])
    soup = [
        (unit * [2, 2, 0.5])[BOX_TRIANGLES],
        ((unit * [2, 2, 0.3] - [1, 1, 0]) @ turn.T + [5, 1, 0])[BOX_TRIANGLES],
        WEDGE[np.array(WEDGE_TRIANGLES)] + np.array([8, 0, 0]),
    ]
    vertices = np.concatenate([corners.reshape(-1, 3) for corners in soup])
    add_mesh(w, vertices, np.arange(len(vertices)).reshape(-1, 3))
    shapes = [type(shape).__name__ for shape in w.sim.scene.static_shapes.values()]
    assert sorted(shapes) == ["Box", "Box", "ConvexSolid"]
    came = rest(w, [(1, 1, 0.5), (5.2, 2.2, 0.3), (4.8, -0.2, 0.3)])
    assert came[:, 2].tolist() == pytest.approx([0.5 + R, 0.3 + R, 0.3 + R], abs=1e-3)


def test_a_ball_rolls_down_a_wedge(world):
    w = world(ground=None)
    add_mesh(w, WEDGE, WEDGE_TRIANGLES)
    slope = math.atan2(1, 2)
    x, z = 1.5 - R * math.sin(slope), 0.75 + R * math.cos(slope)
    w.place(w.sphere(R), (x, 1.0, z)).start().seconds(0.5)
    speed = w.root[0, 7:10].norm().item()
    assert speed == pytest.approx(5 / 7 * G * math.sin(slope) * 0.5, rel=0.02)


def test_an_irregular_surface_becomes_a_height_field(world):
    """Triangles of any size, as decimated terrains have: a level part, a slope, a plateau."""
    w = world(ground=None)
    profile = [(0.0, 0.2), (1.7, 0.2), (3.3, 1.0), (5.0, 1.0)]
    vertices = [[x, y, z] for x, z in profile for y in (0.0, 3.0)]
    triangles = [t for i in (0, 2, 4) for t in ([i, i + 2, i + 1], [i + 1, i + 2, i + 3])]
    vertices.append([2.5, 3.0, 0.6])  # a vertex on an edge, so that this is no grid
    triangles.remove([3, 4, 5])
    triangles += [[3, 4, 8], [4, 5, 8]]
    add_mesh(w, vertices, triangles)
    came = rest(w, [(0.8, 1.5, 0.2), (4.2, 1.5, 1.0)])
    assert came[:, 2].tolist() == pytest.approx([0.2 + R, 1.0 + R], abs=2e-3)


def test_a_solid_staircase_becomes_a_height_field(world):
    """A closed mesh that is not convex but stands flat and has one height everywhere."""
    w = world()
    profile = [(0, 0), (0, 0.2), (1, 0.2), (1, 0.4), (2, 0.4), (2, 0)]
    vertices = [[x, y, z] for y in (0.0, 2.0) for x, z in profile]
    side = [[0, 1, 2], [0, 2, 5], [2, 3, 4], [2, 4, 5]]
    triangles = [*side, *([a + 6, c + 6, b + 6] for a, b, c in side)]
    for i in range(6):
        j = (i + 1) % 6
        triangles += [[i, i + 6, j], [j, i + 6, j + 6]]
    add_mesh(w, vertices, triangles, position=(1.0, 0, 0))
    came = rest(w, [(1.5, 1.0, 0.2), (2.5, 1.0, 0.4), (0.4, 1.0, 0.0)])
    assert came[:, 2].tolist() == pytest.approx([0.2 + R, 0.4 + R, R], abs=2e-3)


def test_two_planes(world):
    """A floor and a wall."""
    w = world(gravity=(3.0, 0, -G))
    wall = material(gymapi.PlaneParams())
    wall.normal, wall.distance = gymapi.Vec3(-1, 0, 0), 2.0
    w.gym.add_ground(w.sim, wall)
    w.place(w.sphere(R), (1.5, 0, R)).start().seconds(3.0)
    assert w.root[0, [0, 2]].tolist() == pytest.approx([2 - R, R], abs=2e-3)


@pytest.mark.parametrize("direction", [0.0, 0.3, math.pi / 4])
def test_a_box_slides_on_a_level_field_as_on_a_plane(world, direction):
    """No edge between cells holds it back."""
    w = world()
    add_heightfield(w, np.zeros((80, 80), np.int16), position=(0, 10, 0))
    half = direction / 2
    turned = (0, 0, math.sin(half), math.cos(half))
    box = w.box(0.4, 0.2, 0.1)
    w.place(box, (2, -2, 0.05), turned, group=0).place(box, (2, 12, 0.05), turned, group=1)
    w.start().seconds(0.3)
    w.root[:, 7], w.root[:, 8] = 3.0 * math.cos(direction), 3.0 * math.sin(direction)
    w.set("actor_root_state", w.root)
    before = w.root[:, :2].clone()
    travel = (w.seconds(0.8).root[:, :2] - before).norm(dim=1)
    assert travel[0].item() == pytest.approx(3.0**2 / 2 / G, rel=0.15)
    assert travel[1].item() == pytest.approx(travel[0].item(), rel=0.1)


def test_nothing_falls_through_at_speed(world):
    w = world(ground=None)
    np.random.seed(0)
    heights = np.random.randint(-4, 5, (200, 200)).astype(np.int16)
    add_heightfield(w, heights, position=(-10, -10, 0))
    capsule = w.gym.create_capsule(w.sim, 0.02, 0.05)
    for group, asset in enumerate([w.sphere(0.03), w.box(0.04, 0.04, 0.04), capsule] * 3):
        w.place(asset, (0.13 * group, 0.11 * group, 1.0), group=group)
    w.start()
    w.root[:, 9] = -20.0
    w.set("actor_root_state", w.root)
    w.seconds(1.5)
    assert w.root[:, 2].min().item() > -0.05


def test_labels_of_ground_in_segmentation_images(world):
    w = world(ground=None)
    add_heightfield(w, terraces(), label=10)
    add_grid_mesh(w, terraces(), label=11)
    labels = [shape.segmentation_id for shape in w.sim.scene.static_shapes.values()]
    assert labels == [10, 11]
