"""The surface that MuJoCo collides with, felt by rays, is the client's mesh or field."""

import mujoco
import numpy as np
import pytest

from humanoid_gym.engine.terrain.height_fields import refined, subdivision
from humanoid_gym.engine.terrain.meshes import MeshGround, UnsupportedMeshError
from humanoid_gym.engine.terrain.rasters import height_at, rasterized
from humanoid_gym.engine.terrain.shapes import Box, ConvexSolid, HeightField
from humanoid_gym.engine.terrain.solids import find_box, is_convex, merged, parts
from humanoid_gym.engine.terrain.static_geometry import add_static_geometry
from humanoid_gym.engine.values.math_types import Quat, Transform, Vec3

LOWER, UPPER = [[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]
"""Corners (row, column) of a cell's triangles that meet along its diagonal."""
NEAR, FAR = [[0, 0], [1, 0], [0, 1]], [[1, 1], [0, 1], [1, 0]]
"""Along the other one."""


def grid_mesh(heights, x_step, y_step, corners=(LOWER, UPPER), shuffle=None):
    """Vertices row by row at row * x_step + column * y_step, and triangles."""
    rows, columns = heights.shape
    r, c = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    places = r[..., None] * np.array(x_step) + c[..., None] * np.array(y_step)
    vertices = np.concatenate((places, heights[..., None]), axis=-1).reshape(-1, 3)
    triangles = [
        [(i + di) * columns + j + dj for di, dj in triangle]
        for i in range(rows - 1)
        for j in range(columns - 1)
        for triangle in corners
    ]
    triangles = np.array(triangles)
    if shuffle is not None:
        triangles = shuffle.permuted(shuffle.permutation(triangles), axis=1)
    return vertices, triangles


def felt(shapes, x, y, top=50.0):
    """Height at which rays from above hit static shapes."""
    spec = mujoco.MjSpec()
    add_static_geometry(spec, {f"static/{i}": shape for i, shape in enumerate(shapes)})
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    geom = np.zeros(1, np.int32)
    down, hits = np.array([0, 0, -1.0]), []
    for point in np.column_stack((x, y)):
        distance = mujoco.mj_ray(model, data, np.array([*point, top]), down, None, 1, -1, geom)
        hits.append(top - distance)
    return np.array(hits)


def heights_of(vertices, triangles, x, y):
    """Highest triangle at each place, one by one."""
    result = []
    for px, py in zip(x, y, strict=True):
        best = -np.inf
        for a, b, c in vertices[triangles]:
            edges = np.array([b - a, c - a])
            if abs(np.linalg.det(edges[:, :2])) > 1e-12:
                u, v = np.linalg.solve(edges[:, :2].T, np.array([px, py]) - a[:2])
                if min(u, v, 1 - u - v) >= -1e-9:
                    best = max(best, a[2] + u * edges[0, 2] + v * edges[1, 2])
        result.append(best)
    return np.array(result)


def ground(pose=None):
    return MeshGround(pose or Transform(), 1.0, 0)


STEPS = {
    "x and y": ([0.1, 0], [0, 0.2]),
    "rows along y": ([0, 0.1], [0.15, 0]),
    "rows along -x": ([-0.1, 0], [0, 0.1]),
    "columns along -y": ([0.1, 0], [0, -0.1]),
    "turned": ([0.08, 0.06], [-0.06, 0.08]),
}


@pytest.mark.parametrize("diagonal", [(LOWER, UPPER), (NEAR, FAR)], ids=["forward", "backward"])
@pytest.mark.parametrize("steps", STEPS)
def test_grids_of_any_order_are_height_fields_of_the_same_surface(rng, steps, diagonal):
    heights = rng.uniform(-0.3, 0.3, (6, 9))
    x_step, y_step = (np.array(step) for step in STEPS[steps])
    vertices, triangles = grid_mesh(heights, x_step, y_step, diagonal, shuffle=rng)
    (shape,) = ground().shapes(vertices, triangles)
    assert isinstance(shape, HeightField) and shape.heights.size == heights.size
    places = rng.uniform(0.05, 4.95, (40, 1)) * x_step + rng.uniform(0.05, 7.95, (40, 1)) * y_step
    expected = heights_of(vertices, triangles, *places.T)
    assert felt([shape], *places.T) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("size", [(2, 2), (2, 5), (5, 2)])
def test_narrow_grids(rng, size):
    vertices, triangles = grid_mesh(rng.uniform(0, 1, size), [0.1, 0], [0, 0.1])
    (shape,) = ground().shapes(vertices, triangles)
    assert isinstance(shape, HeightField) and shape.heights.size == len(vertices)


def test_a_moved_and_tilted_grid(rng):
    vertices, triangles = grid_mesh(rng.uniform(0, 0.2, (5, 5)), [0.1, 0], [0, 0.1])
    tilt = Quat.from_axis_angle(Vec3(1, 2, 0), 0.2)
    pose = Transform(Vec3(1, 2, 3), tilt)
    (shape,) = ground(pose).shapes(vertices, triangles)
    moved = [pose.transform_point(Vec3(*vertex)) for vertex in vertices]
    world = np.array([(p.x, p.y, p.z) for p in moved])
    x, y = rng.uniform(1.1, 1.3, 20), rng.uniform(2.1, 2.3, 20)
    assert felt([shape], x, y) == pytest.approx(heights_of(world, triangles, x, y), abs=1e-5)


def test_coarse_cells_are_divided_without_changing_the_surface(rng):
    heights = rng.uniform(-1, 1, (4, 5))
    assert subdivision((4, 5), (0.25, 0.25)) == 2
    assert subdivision((4, 5), (0.1, 0.5)) == 1
    assert subdivision((4000, 4000), (1.0, 1.0)) == 1  # memory
    fine = refined(heights, 3)
    assert fine.shape == (10, 13) and np.allclose(fine[::3, ::3], heights)
    vertices, triangles = grid_mesh(heights, [0.3, 0], [0, 0.3])
    (shape,) = ground().shapes(vertices, triangles)
    assert shape.heights.shape == (10, 13)
    x, y = rng.uniform(0.01, 0.89, 40), rng.uniform(0.01, 1.19, 40)
    assert felt([shape], x, y) == pytest.approx(heights_of(vertices, triangles, x, y), abs=1e-5)


def test_shifted_vertices_of_coarse_grids_are_followed(rng):
    """A step whose lower vertices moved under the upper edge: exact but for the last fine cell."""
    heights = np.zeros((6, 6))
    heights[3:] = 0.5
    vertices, triangles = grid_mesh(heights, [0.4, 0], [0, 0.4])
    vertices[12:18, 0] += 0.4  # row 2
    (shape,) = ground().shapes(vertices, triangles)
    assert shape.spacing == pytest.approx((0.1, 0.1))
    x, y = rng.uniform(0.0, 2.0, 60), rng.uniform(0.0, 2.0, 60)
    clear = (x < 1.1) | (x > 1.2)
    expected = np.where(x < 1.2, 0.0, 0.5)
    assert felt([shape], x, y)[clear] == pytest.approx(expected[clear], abs=1e-5)


def test_an_uneven_grid_is_sampled(rng):
    """Rows at unequal distances make no height field as they are."""
    vertices, triangles = grid_mesh(np.zeros((5, 5)), [0.5, 0], [0, 0.5])
    vertices[:, 0] = np.repeat([0.0, 0.2, 0.9, 1.1, 2.0], 5)
    vertices[:, 2] = 0.3 * vertices[:, 0]
    (shape,) = ground().shapes(vertices, triangles)
    x, y = rng.uniform(0.05, 1.95, 30), rng.uniform(0.05, 1.95, 30)
    assert felt([shape], x, y) == pytest.approx(0.3 * x, abs=1e-5)


@pytest.mark.parametrize("shear", [-0.1, 0.1])
def test_a_sheared_grid_is_sampled(rng, shear):
    """Its cells are no rectangles: taken for such, its slope would lie elsewhere."""
    vertices, triangles = grid_mesh(np.zeros((9, 9)), [0.25, 0], [shear, 0.25])
    vertices[:, 2] = 0.3 * vertices[:, 0]
    (shape,) = ground().shapes(vertices, triangles)
    y = rng.uniform(0.1, 1.9, 30)
    x = y / 0.25 * shear + rng.uniform(0.1, 1.9, 30)
    assert felt([shape], x, y) == pytest.approx(0.3 * x, abs=1e-5)


@pytest.mark.parametrize("bottom", [-0.5, 2.0])
def test_a_solid_step_with_a_flat_bottom_is_a_height_field(bottom):
    profile = [(0, 0), (0, 0.2), (1, 0.2), (1, 0.4), (2, 0.4), (2, 0)]
    vertices = np.array([[x, y, bottom + z] for y in (0.0, 2.0) for x, z in profile])
    side = [[0, 1, 2], [0, 2, 5], [2, 3, 4], [2, 4, 5]]
    triangles = [*side, *([a + 6, c + 6, b + 6] for a, b, c in side)]
    for i in range(6):
        j = (i + 1) % 6
        triangles += [[i, i + 6, j], [j, i + 6, j + 6]]
    (shape,) = ground().shapes(vertices, np.array(triangles))
    assert isinstance(shape, HeightField)
    heights = felt([shape], np.array([0.5, 1.5]), np.array([1.0, 1.0]))
    assert heights == pytest.approx([bottom + 0.2, bottom + 0.4], abs=1e-5)


def folded_step(reach, length):
    """A step up to 0.5 m at x = 3 whose upper edge hangs over the lower ground by `reach` [m].

    Rows of vertices at unequal distances over `length` x 2 m and one more triangle: no grid.
    """
    x = np.array([0.0, 1.3, 2.9, 3.0, 3.0 - reach, 3.4, 4.5, length])
    z = np.array([0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5])
    vertices, triangles = grid_mesh(np.tile(z[:, None], (1, 9)), [0, 0], [0, 0.25])
    vertices[:, 0] = np.repeat(x, 9)
    return np.vstack((vertices, [[3.0, 2.5, 0.5]])), np.vstack((triangles, [[53, 62, 72]]))


def test_narrow_folds_of_a_surface_are_filled():
    vertices, triangles = folded_step(0.04, 6.0)
    (shape,) = ground().shapes(vertices, triangles)
    assert isinstance(shape, HeightField)
    x = np.array([0.5, 2.0, 2.85, 3.05, 3.2, 5.5])
    assert felt([shape], x, np.full(6, 1.1)) == pytest.approx([0, 0, 0, 0.5, 0.5, 0.5], abs=1e-5)


@pytest.mark.parametrize(("reach", "length"), [(0.15, 6.0), (0.4, 60.0)], ids=["share", "width"])
def test_wide_overhangs_are_refused(reach, length):
    """One makes up 2 % of the surface, the other is four samples wide."""
    with pytest.raises(UnsupportedMeshError, match="neither convex nor a surface"):
        ground().shapes(*folded_step(reach, length))


def irregular_mesh(rng, number, largest):
    """Triangles of up to 2 * largest [m] anywhere over 6 m x 4 m, which overlap."""
    centres = rng.uniform(0, 1, (number, 1, 3)) * [6.0, 4.0, 1.0]
    corners = centres + rng.uniform(-1, 1, (number, 3, 3)) * [largest, largest, 0.3]
    return corners.reshape(-1, 3), np.arange(3 * number).reshape(-1, 3)


@pytest.mark.parametrize("largest", [0.1, 0.6, 3.0])
def test_samples_of_an_irregular_mesh(rng, largest):
    vertices, triangles = irregular_mesh(rng, 30, largest)
    first, spacing, shape = np.array([0.03, 0.02]), np.array([0.1, 0.08]), (60, 50)
    heights = rasterized(vertices, triangles, first, spacing, shape)
    i, j = rng.integers(60, size=200), rng.integers(50, size=200)
    expected = heights_of(vertices, triangles, 0.03 + 0.1 * i, 0.02 + 0.08 * j)
    assert heights[i, j] == pytest.approx(expected, abs=1e-9)


def test_many_large_triangles_are_sampled_together(rng, monkeypatch):
    """Decimated terrains have 300,000 triangles of a metre: too many to look at one by one."""
    mesh = irregular_mesh(rng, 300, 0.6)
    batches = []

    def counted(corner, edges, area, sample):
        batches.append(len(sample))
        return height_at(corner, edges, area, sample)

    monkeypatch.setattr("humanoid_gym.engine.terrain.rasters.height_at", counted)
    grid = np.zeros(2), np.array([0.05, 0.05]), (120, 80)
    at_once = rasterized(*mesh, *grid)
    assert len(batches) == 1
    monkeypatch.setattr("humanoid_gym.engine.terrain.rasters.BATCH", 100)
    assert np.array_equal(rasterized(*mesh, *grid), at_once)
    assert max(batches[1:]) <= 100 and sum(batches[1:]) == batches[0]


def test_parts_of_a_mesh():
    triangles = np.array([[0, 1, 2], [6, 7, 8], [2, 3, 4], [9, 6, 8]])
    pieces = parts(11, triangles)
    assert [used.tolist() for used, _ in pieces] == [[0, 1, 2, 3, 4], [6, 7, 8, 9]]
    assert pieces[1][1].tolist() == [[0, 1, 2], [3, 0, 2]]


def test_merging_drops_triangles_with_two_corners_in_one_place():
    places = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]])
    vertices, triangles = merged(places, np.array([[0, 3, 1], [1, 0, 3], [3, 1, 0], [3, 1, 2]]))
    assert len(vertices) == 3
    assert vertices[triangles].tolist() == [places[[0, 1, 2]].tolist()]


CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
FACES = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]),
        *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ]
)


def test_boxes_are_recognized_in_any_pose(rng):
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    box = (CORNERS * [2.0, 0.5, 1.0]) @ rotation.T + [3, 4, 5]
    order = rng.permutation(8)
    centre, axes, half = find_box(box[order])
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert sorted(half) == pytest.approx([0.25, 0.5, 1.0])
    rebuilt = centre + (2 * CORNERS - 1) * half @ axes.T
    distance = np.linalg.norm(rebuilt[:, None] - box[None], axis=-1).min(axis=1)
    assert distance.max() < 1e-9
    assert is_convex(box, FACES) and is_convex(box, FACES[:, ::-1])
    sheared = box.copy()
    sheared[::2, 0] += 0.3
    assert find_box(sheared) is None


def test_convexity():
    assert not is_convex(CORNERS, FACES[:-1])  # open
    dented = np.vstack((CORNERS, [[0.5, 0.5, 0.7]]))  # the top becomes a funnel
    top = [[1, 5, 8], [5, 7, 8], [7, 3, 8], [3, 1, 8]]
    funnel = np.vstack((FACES[:-2], top))
    assert not is_convex(dented, funnel)
    dented[8, 2] = 1.4
    assert is_convex(dented, funnel)
    (shape,) = ground().shapes(dented, funnel)
    assert isinstance(shape, ConvexSolid)
    assert felt([shape], [0.5], [0.25]) == pytest.approx(1.2)
    (shape,) = ground().shapes(CORNERS, FACES)
    assert isinstance(shape, Box)
    dented[8, 2] = 0.7  # not convex, but with one height at every place above a flat bottom
    (shape,) = ground().shapes(dented, funnel)
    assert isinstance(shape, HeightField)
    assert felt([shape], [0.5, 0.25], [0.5, 0.5]) == pytest.approx([0.7, 0.85], abs=1e-5)


def test_a_ring_is_refused():
    angle = np.linspace(0, 2 * np.pi, 13)[:-1]
    ring = np.array(
        [
            [np.cos(a) * (1 + 0.2 * np.cos(b)), np.sin(a) * (1 + 0.2 * np.cos(b)), 0.2 * np.sin(b)]
            for a in angle
            for b in angle
        ]
    )
    triangles = []
    for i in range(12):
        for j in range(12):
            a, b = 12 * i + j, 12 * i + (j + 1) % 12
            c, d = 12 * ((i + 1) % 12) + j, 12 * ((i + 1) % 12) + (j + 1) % 12
            triangles += [[a, c, b], [b, c, d]]
    with pytest.raises(UnsupportedMeshError, match="neither convex nor a surface"):
        ground().shapes(ring, np.array(triangles))
