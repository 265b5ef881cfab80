import numpy as np
import pytest

from humanoid_gym.engine import terrain_utils as tu


def terrain(width=40, length=60, vertical=0.005, horizontal=0.1):
    return tu.SubTerrain("t", width, length, vertical, horizontal)


def test_sub_terrain():
    t = tu.SubTerrain()
    assert (t.terrain_name, t.width, t.length) == ("terrain", 256, 256)
    assert (t.vertical_scale, t.horizontal_scale) == (1.0, 1.0)
    t = terrain(30, 20)
    assert t.height_field_raw.shape == (30, 20) and t.height_field_raw.dtype == np.int16
    assert not t.height_field_raw.any()
    with pytest.raises(ValueError, match="horizontal_scale=0"):
        tu.SubTerrain(horizontal_scale=0)


def test_star_import_gives_the_names_that_programs_use():
    names = {}
    exec("from isaacgym.terrain_utils import *", names)
    functions = {name for name in vars(tu) if name.endswith("_terrain")}
    assert len(functions) == 8
    assert functions | {"SubTerrain", "convert_heightfield_to_trimesh", "np"} <= set(names)


def test_random_uniform_heights_lie_on_the_grid_of_steps():
    np.random.seed(1)
    t = tu.random_uniform_terrain(terrain(), -0.05, 0.04, step=0.03)
    assert set(np.unique(t.height_field_raw)) == {-10, -4, 2, 8}  # 0.03 m is 6 units
    np.random.seed(1)
    again = tu.random_uniform_terrain(terrain(), -0.05, 0.04, step=0.03)
    assert np.array_equal(t.height_field_raw, again.height_field_raw)


def test_random_uniform_heights_are_interpolated_between_coarse_ones():
    t = terrain(21, 41, horizontal=0.1)
    t.height_field_raw[:] = 1000
    tu.random_uniform_terrain(t, -0.5, 0.5, step=0.005, downsampled_scale=0.5)
    h = t.height_field_raw - 1000
    assert h.min() >= -100 and h.max() <= 100 and h.any()
    # 4 x 8 drawn heights over 21 x 41 samples: along every line, few changes of slope.
    bends = np.abs(np.diff(h.astype(int), n=2, axis=1)) > 1
    assert bends.any(axis=0).sum() <= 2 * 6
    with pytest.raises(ValueError, match="less than one unit"):
        tu.random_uniform_terrain(t, 0, 1, step=0.001)
    with pytest.raises(ValueError, match="downsampled_scale must be positive"):
        tu.random_uniform_terrain(t, 0, 1, step=0.1, downsampled_scale=-0.5)


def test_random_uniform_heights_may_be_drawn_closer_than_the_samples():
    np.random.seed(3)
    t = tu.random_uniform_terrain(terrain(40, 60), -0.1, 0.1, step=0.1, downsampled_scale=0.075)
    # 53 x 80 drawn heights of -20, 0 or 20 units: the corners show theirs, the rest lies between.
    np.random.seed(3)
    drawn = np.random.choice([-20, 0, 20], (53, 80))
    h = t.height_field_raw
    assert (h[[0, 0, -1, -1], [0, -1, 0, -1]] == drawn[[0, 0, -1, -1], [0, -1, 0, -1]]).all()
    columns = np.interp(np.linspace(0, 79, 60), np.arange(80), drawn[0])
    assert h[0] == pytest.approx(columns, abs=1)


@pytest.mark.parametrize("slope", [0.4, -0.25])
def test_slope(slope):
    t = terrain()
    t.height_field_raw[:] = 3
    h = tu.sloped_terrain(t, slope).height_field_raw
    assert (h == h[:, :1]).all()
    metres = (h[:, 0] - 3) * 0.005
    assert metres == pytest.approx(slope * 0.1 * np.arange(40), abs=0.005)


@pytest.mark.parametrize("slope", [0.4, -0.3])
def test_pyramid(slope):
    h = tu.pyramid_sloped_terrain(terrain(81, 81), slope, platform_size=2.0).height_field_raw
    assert (h == h[::-1]).all() and (h == h[:, ::-1]).all() and (h == h.T).all()
    assert (h[0] == 0).all()
    middle = h[:, 40] * 0.005
    assert middle[:30] == pytest.approx(slope * 0.1 * np.arange(30), abs=0.005)
    platform = h[30:51, 30:51]
    assert (platform == platform[0, 0]).all() and (np.abs(h) <= abs(platform[0, 0])).all()


def test_discrete_obstacles():
    np.random.seed(0)
    t = tu.discrete_obstacles_terrain(terrain(100, 120), 0.2, 1.0, 2.0, 30, platform_size=3.0)
    h = t.height_field_raw
    assert set(np.unique(h)) == {-40, -20, 0, 20, 40}
    assert (h[35:65, 45:75] == 0).all()
    # Small terrains and equal sizes have room for one choice only.
    tu.discrete_obstacles_terrain(terrain(10, 10), 0.2, 1.0, 1.0, 5)


def test_obstacles_lie_whole_on_the_terrain():
    np.random.seed(0)
    for _ in range(40):
        t = tu.discrete_obstacles_terrain(terrain(16, 20), 0.2, 1.0, 1.1, 1, platform_size=0.0)
        assert (t.height_field_raw != 0).sum() == 10 * 10


def test_a_platform_larger_than_the_terrain_is_all_of_it():
    t = terrain(10, 20)
    t.height_field_raw[:] = 7
    assert not tu.stepping_stones_terrain(t, 0.5, 0.1, 0.05, 5.0).height_field_raw.any()


def test_waves():
    h = tu.wave_terrain(terrain(80, 120), num_waves=2, amplitude=1.0).height_field_raw * 0.005
    x, y = np.arange(80)[:, None], np.arange(120)[None]
    expected = 0.5 * np.cos(2 * np.pi * y / 60) + 0.5 * np.sin(2 * np.pi * x / 40)
    assert h == pytest.approx(expected, abs=0.011)
    assert not tu.wave_terrain(terrain(), num_waves=0).height_field_raw.any()


def test_stairs():
    h = tu.stairs_terrain(terrain(), step_width=0.5, step_height=0.1).height_field_raw
    assert (h == h[:, :1]).all()
    assert h[:, 0].tolist() == [20 * (1 + i // 5) for i in range(40)]


def test_pyramid_stairs():
    t = tu.pyramid_stairs_terrain(terrain(80, 80), 0.31, -0.1, platform_size=3.0)
    h = t.height_field_raw
    assert (h == h[::-1]).all() and (h == h.T).all()
    steps = -h[:, 40] // 20
    assert steps[:40].tolist() == [min(i // 3, 9) for i in range(40)]
    assert (h[27:53, 27:53] == h[40, 40]).all()


def test_stepping_stones():
    np.random.seed(0)
    t = tu.stepping_stones_terrain(terrain(80, 80), 0.5, 0.1, 0.05, platform_size=2.0)
    h = t.height_field_raw
    assert (h[30:50, 30:50] == 0).all()
    stones = h[h > -2000]
    assert h.min() == -2000 and np.abs(stones).max() <= 10
    assert 0.5 < len(stones) / h.size < 0.95
    shallow = tu.stepping_stones_terrain(terrain(), 0.5, 0.2, 0.0, depth=-1)
    assert set(np.unique(shallow.height_field_raw)) == {-200, 0}


def test_trimesh_of_a_height_field():
    h = np.array([[0, 1, 2], [3, 4, 50]], dtype=np.int16)
    vertices, triangles = tu.convert_heightfield_to_trimesh(h, 0.5, 0.1)
    assert vertices.dtype == np.float32 and triangles.dtype == np.uint32
    expected = [[0.5 * r, 0.5 * c, 0.1 * h[r, c]] for r in range(2) for c in range(3)]
    assert vertices == pytest.approx(np.array(expected))
    assert triangles.shape == (4, 3)
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    assert (normals[:, 2] == pytest.approx(0.25)) and len(set(map(tuple, triangles))) == 4


def test_steep_steps_become_vertical():
    h = np.zeros((6, 4), dtype=np.int16)
    h[3:] = 100  # a step up along x between rows 2 and 3
    vertices, _ = tu.convert_heightfield_to_trimesh(h, 0.1, 0.005, slope_threshold=0.75)
    x, z = vertices[:, 0].reshape(6, 4), vertices[:, 2].reshape(6, 4)
    assert x[2] == pytest.approx(0.3) and (z[2] == 0).all()  # under the upper edge
    assert x[[0, 1, 3, 4, 5], 0] == pytest.approx([0, 0.1, 0.3, 0.4, 0.5])
    flat, _ = tu.convert_heightfield_to_trimesh(h, 0.1, 0.005, slope_threshold=5.1)
    assert flat[:, 0].reshape(6, 4)[2] == pytest.approx(0.2)
    down, _ = tu.convert_heightfield_to_trimesh(h[::-1].T, 0.1, 0.005, slope_threshold=0.75)
    assert down[:, 1].reshape(4, 6)[0] == pytest.approx([0, 0.1, 0.2, 0.2, 0.4, 0.5])


def test_a_corner_of_a_block_moves_along_the_diagonal():
    h = np.zeros((4, 4), dtype=np.int16)
    h[2:, 2:] = 100
    vertices, _ = tu.convert_heightfield_to_trimesh(h, 0.1, 0.005, slope_threshold=0.75)
    place = vertices[:, :2].reshape(4, 4, 2)
    assert place[1, 1] == pytest.approx([0.2, 0.2])
    assert place[1, 3] == pytest.approx([0.2, 0.3])
    assert place[3, 1] == pytest.approx([0.3, 0.2])
