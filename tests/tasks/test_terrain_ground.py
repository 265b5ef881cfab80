"""Looked-up heights against the ground that the engine collides, and against analysis."""

import math

import mujoco
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humanoid_gym.kernels.terrain import points_around, surface_height
from humanoid_gym.rotation import quat_from_euler_xyz
from humanoid_gym.tasks.task_config import PlaneConfig
from humanoid_gym.tasks.terrain import (
    KINDS,
    HeightScanConfig,
    Terrain,
    TerrainConfig,
    TerrainGround,
)

SCAN = HeightScanConfig()
CONFIG = TerrainConfig(
    proportions=dict.fromkeys(KINDS, 1.0), levels=2, columns=len(KINDS), border=3.0
)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def terrain():
    return Terrain(CONFIG, seed=0)


@pytest.fixture(scope="module")
def ground(terrain):
    return TerrainGround(terrain, SCAN, CPU)


def add(w, terrain):
    terrain.add_to(w.gym, w.sim, PlaneConfig())
    return w


def test_heights_are_those_of_the_engines_surface(world, terrain, ground):
    """Rays from above hit MuJoCo's own triangles."""
    w = add(world(ground=None), terrain)
    w.place(w.sphere(0.1), (-2.0, -2.0, 0.5)).start(spacing=0.0)
    model = w.simulation.backend.model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    rng = np.random.default_rng(0)
    points = rng.uniform([-3.0, -3.0], [18.8, 74.8], (3000, 2))
    down, geom = np.array([0.0, 0.0, -1.0]), np.zeros(1, dtype=np.int32)
    hit = [
        20.0 - mujoco.mj_ray(model, data, np.array([*p, 20.0]), down, None, 1, -1, geom)
        for p in points
    ]
    seen = ground.height(torch.tensor(points, dtype=torch.float32))
    # float32 coordinates of 75 m times slopes of up to 10
    assert np.abs(seen.numpy() - hit).max() < 2e-4


def test_robots_rest_on_the_middles_of_all_tiles(world, terrain, ground):
    """A box of a foot's size, put on the highest place that a robot there may touch."""
    w = add(world(ground=None), terrain)
    box = w.box(0.2, 0.1, 0.06)
    middles = torch.tensor(terrain.middles, dtype=torch.float32).view(-1, 2)
    top = ground.highest(middles)
    for group, ((x, y), z) in enumerate(zip(middles.tolist(), top.tolist(), strict=True)):
        w.place(box, (x, y, z + 0.031), group=group)
    w.start(spacing=0.0).seconds(1.0)
    kinds = [kind for _ in range(2) for kind in terrain.kinds]
    level = [kind not in ("rough", "waves") for kind in kinds]
    z = w.root[:, 2]
    below = ground.height(w.root[:, :2])
    assert (z - below - 0.03)[level].abs().max() < 2e-3
    # elsewhere it lies on bumps, tilted
    assert ((z - below) > 0.0).all()
    assert ((z - below) < 0.08).all()
    assert w.root[:, 7:].abs().max() < 0.2


def test_nothing_near_a_point_is_above_highest(ground):
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(300, 1, 2, generator=generator) * torch.tensor([16.0, 72.0])
    near = points + (torch.rand(300, 200, 2, generator=generator) - 0.5) * 0.6
    assert (ground.height(near) <= ground.highest(points) + 1e-5).all()


def test_beneath_is_the_mean_around_and_has_no_gaps(terrain, ground):
    """On a slope the height itself, on stairs that of their mean slope, on stones zero."""
    middle = {kind: terrain.middles[1, column] for column, kind in enumerate(terrain.kinds)}

    def beneath(kind, ahead):
        x, y = middle[kind]
        return ground.beneath(torch.tensor([[x + ahead, y]], dtype=torch.float32)).item()

    slope = [beneath("slope_down", 2.0 + 0.37 * i) for i in range(4)]
    assert np.diff(slope) == pytest.approx([-0.4 * 0.37] * 3, abs=0.01)
    stairs = [beneath("stairs_down", 1.6 + 0.05 * i) for i in range(20)]
    assert max(abs(np.diff(stairs))) < 0.05  # risers have 0.18
    assert (stairs[0] - stairs[-1]) / 0.95 == pytest.approx(0.18 / 0.3, rel=0.1)
    gaps = [beneath("stepping_stones", 1.2 + 0.05 * i) for i in range(40)]
    assert gaps == [0.0] * 40
    x, y = middle["stepping_stones"]
    way = torch.tensor([[x + 1.2 + 0.05 * i, y] for i in range(40)], dtype=torch.float32)
    assert ground.height(way).min() == -1.0


@settings(deadline=None, max_examples=100)
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(-3.0, 3.0), st.floats(0.05, 0.5))
def test_a_plane_is_looked_up_exactly(along_x, along_y, corner, spacing):
    heights = along_x * torch.arange(9.0)[:, None] + along_y * torch.arange(7.0)[None, :]
    index = torch.rand(50, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([8.0, 6.0])
    x, y = (corner + spacing * index).unbind(1)
    expected = along_x * index[:, 0] + along_y * index[:, 1]
    seen = surface_height(heights, x, y, corner, spacing)
    assert (seen - expected).abs().max() < 1e-4


def test_beyond_the_grid_the_edge_goes_on():
    heights = torch.arange(6.0).view(2, 3)
    x, y = torch.tensor([-9.0, 9.0, 0.5]), torch.tensor([0.0, 9.0, -9.0])
    assert surface_height(heights, x, y, 0.0, 1.0).tolist() == [0.0, 5.0, 1.5]


@settings(deadline=None, max_examples=100)
@given(st.floats(-3.1, 3.1), st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_points_turn_with_yaw_only(yaw, pitch, roll):
    """Yaw as the direction of the body's x axis seen from above; not tilted by pitch and roll."""
    angles = (torch.tensor([value], dtype=torch.float64) for value in (roll, pitch, yaw))
    rotation = quat_from_euler_xyz(*angles)
    position = torch.tensor([[2.0, -1.0, 0.7]], dtype=torch.float64)
    ahead = torch.tensor([0.5, 0.0], dtype=torch.float64)
    left = torch.tensor([0.0, 0.25], dtype=torch.float64)
    x, y = points_around(position, rotation, ahead, left)
    expected_x = [2.0 + 0.5 * math.cos(yaw), 2.0 - 0.25 * math.sin(yaw)]
    expected_y = [-1.0 + 0.5 * math.sin(yaw), -1.0 + 0.25 * math.cos(yaw)]
    assert x[0].tolist() == pytest.approx(expected_x, abs=1e-6)
    assert y[0].tolist() == pytest.approx(expected_y, abs=1e-6)


def test_scan_of_a_robot_before_a_slope(terrain, ground):
    """Turned left on the platform of a pit, it sees the slope ahead, and nothing else."""
    x, y = terrain.middles[1, terrain.kinds.index("slope_up")]
    bottom = ground.height(torch.tensor([x, y], dtype=torch.float32)).item()
    root_state = torch.zeros(1, 13)
    root_state[0, :3] = torch.tensor([x, y + 0.7, bottom + 0.8])
    root_state[0, 5:7] = math.sqrt(0.5)
    scan = ground.scan(root_state, nominal_height=0.75).view(17, 11)
    ahead = 0.1 * np.arange(-8, 9)
    expected = np.maximum(0.7 + ahead - 1.05, 0.0) * 0.4 - 0.05
    assert np.abs(scan.numpy() - expected[:, None]).max() < 0.02


def test_scan_is_limited(ground):
    root_state = torch.zeros(2, 13)
    root_state[:, 6] = 1.0
    root_state[:, 2] = torch.tensor([9.0, -9.0])
    scan = ground.scan(root_state, 0.8)
    assert scan[0].eq(-1.0).all()
    assert scan[1].eq(1.0).all()
