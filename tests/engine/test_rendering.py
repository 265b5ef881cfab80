"""The drawable scenes: everything where the simulation has it, and no more than is seen."""

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi
from humanoid_gym.engine.graphics.rendering import Poses
from humanoid_gym.engine.graphics.rendering_view import View
from humanoid_gym.engine.graphics.terrain_tiles import STRIDES, TILE, tiles
from humanoid_gym.engine.terrain.shapes import HeightField

MJCF = """<mujoco><worldbody><body name="slider" pos="0 0 0.3">
  <joint name="slide" type="slide" axis="1 0 0" range="-1 1" limited="true"/>
  <geom type="box" size="0.1 0.1 0.1"/>
  <body name="pole" pos="0 0 0.1"><joint name="ball" type="ball" pos="0 0.05 0"/>
    <geom type="capsule" fromto="0 0 0 0 0 0.5" size="0.03"/>
    <body name="tip" pos="0 0 0.5"><joint name="a" axis="0 1 0"/><joint name="b" axis="1 0 0"/>
      <geom type="sphere" size="0.05"/></body></body></body></worldbody></mujoco>"""


@pytest.mark.parametrize("scales", [(1.0, 1.0), (0.5, 1.5)])
def test_bodies_are_drawn_where_they_are(world, robots, rng, scales):
    w = world(num_envs=3, ground=None)
    w.place(w.urdf(robots.chain(3)), (0, 0, 1)).place(w.mjcf(MJCF), (1, 2, 0))
    w.place(w.box(0.2, 0.3, 0.4), (2, 0, 1), (0.5, 0.5, 0.5, 0.5))

    def edit(gym, env, index):
        for handle, scale in enumerate(scales):
            gym.set_actor_scale(env, handle, 1.0 if index == 0 else scale)

    w.start(edit=edit)
    w.dof[:, 0] = torch.from_numpy(rng.uniform(-0.8, 0.8, len(w.dof)))
    w.set("dof_state", w.dof)
    w.step(5)
    display = w.sim.graphics.display
    poses = Poses.of(w.simulation)
    rows = w.body.view(3, -1, 13)
    for index in range(3):
        for row, body in enumerate(rows[index]):
            position, axes = display.body_pose(index, row, poses)
            np.testing.assert_allclose(position, body[:3], atol=1e-5)
            x, y, z, scalar = body[3:7].double().tolist()
            ahead = gymapi.Quat(x, y, z, scalar).rotate(gymapi.Vec3(1, 0, 0))
            np.testing.assert_allclose(axes[:, 0], [ahead.x, ahead.y, ahead.z], atol=1e-5)


def test_tiles_cover_a_height_field_at_every_stride():
    rng = np.random.default_rng(1)
    heights = rng.uniform(0, 1, (2 * TILE + 11, TILE + 1)).astype(np.float32)
    turned = gymapi.Transform(
        gymapi.Vec3(1, 2, 3), gymapi.Quat.from_axis_angle(gymapi.Vec3(0, 0, 1), 0.5)
    )
    field = HeightField(turned, 1.0, 5, heights, (0.1, 0.2))
    found = tiles("ground", field)
    assert len(found) == 3 * 1 * len(STRIDES)
    for name, tile in found.items():
        level, x, y = (int(part) for part in name.split("/")[2:])
        assert isinstance(tile, HeightField)
        lengths = [(n - 1) * s for n, s in zip(tile.heights.shape, tile.spacing, strict=True)]
        cells = min(TILE, 2 * TILE + 10 - x), min(TILE, TILE - y)
        np.testing.assert_allclose(lengths, [0.1 * cells[0], 0.2 * cells[1]], rtol=1e-6)
        corner = turned.transform_point(gymapi.Vec3(0.1 * x, 0.2 * y, 0))
        assert (tile.pose.p.x, tile.pose.p.y) == pytest.approx((corner.x, corner.y), abs=1e-5)
        assert tile.heights[0, 0] == heights[x, y]
        assert tile.heights[-1, -1] == heights[x + cells[0], y + cells[1]]
        if level == 0:
            assert np.array_equal(tile.heights, heights[x : x + TILE + 1, y : y + TILE + 1])


def test_a_view_takes_near_tiles_fine_far_ones_coarse_and_none_behind(world):
    w = world(ground=None)
    field = gymapi.HeightFieldParams()
    field.nbRows = field.nbColumns = 8 * TILE + 1
    field.row_scale = field.column_scale = 0.1
    field.vertical_scale = 0.01
    field.transform.p = gymapi.Vec3(0, -25.6, 0)
    w.gym.add_heightfield(w.sim, np.zeros((8 * TILE + 1) ** 2, np.int16), field)
    w.place(w.sphere(0.1), (0, 0, 5)).start()
    display = w.sim.graphics.display
    scene = display.new_scene()
    eye, x, z = np.array([10.0, 0, 1]), np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
    view = View(eye, x, z, 0.5, 0.5, 0.01, 100.0, 100)
    display.compose(scene, view, [0], Poses.of(w.simulation))
    names = [display.shown.model.geom(g.objid).name for g in scene.geoms[: scene.ngeom]]
    shown = [[int(part) for part in n.split("/")[-3:]] for n in names if "/tile/" in n]
    assert len({tuple(place) for _, *place in shown}) == len(shown)  # each at one stride
    below = {(row // TILE, column // TILE): level for level, row, column in shown}
    assert below[1, 4] == 0  # under the camera
    assert (0, 4) not in below  # 3.6 m and more behind it
    assert below[7, 4] > 0
    assert (2, 0) not in below  # beside what is seen


def test_of_too_many_environments_the_nearest_are_drawn(world, monkeypatch):
    w = world(num_envs=16)
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 1)).start(spacing=1.0)
    graphics, target = w.sim.graphics, np.array([6.0, 6.0, 0.0])
    assert graphics.nearest_envs(w.simulation, target, 32) == list(range(16))  # of ground and box
    nearest = sorted(graphics.nearest_envs(w.simulation, target, 6))
    assert nearest == [11, 14, 15]  # a grid of four by four, 2 m apart
