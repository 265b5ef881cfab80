"""Camera sensors: what they see, where it appears in the image, and the matrices that say so."""

import numpy as np
import pytest
import torch
from photographer import Photographer, properties
from PIL import Image

from humanoid_gym.engine import gymapi

COLOR, DEPTH, LABELS = gymapi.IMAGE_COLOR, gymapi.IMAGE_DEPTH, gymapi.IMAGE_SEGMENTATION
RED, GREEN = gymapi.Vec3(1, 0, 0), gymapi.Vec3(0, 1, 0)
VISUAL = gymapi.MESH_VISUAL


def seen(labels, label):
    """Centre (column, row) of the pixels of a label."""
    rows, columns = np.nonzero(labels == label)
    return columns.mean() + 0.5, rows.mean() + 0.5


def test_depth_of_the_ground_is_that_of_the_plane(world):
    w = world().place(world().sphere(0.1), (50, 50, 0.1)).start()
    eye, target = np.array([0.3, -0.2, 1.5]), np.array([2.0, 1.0, 0.0])
    shot = Photographer(w, eye, target, horizontal_fov=80).shoot()
    depth = shot.image(DEPTH)
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    slope = np.tan(np.radians(40))
    u, v = np.meshgrid((np.arange(64) + 0.5) / 32 - 1, 1 - (np.arange(48) + 0.5) / 24)
    rays = forward + slope * (u[..., None] * right + 48 / 64 * v[..., None] * up)
    down = rays[..., 2] < -0.02  # nearer than 75 m
    assert down.sum() > 2000
    assert depth.dtype == np.float32
    assert depth.shape == (48, 64)
    np.testing.assert_allclose(depth[down], eye[2] / rays[..., 2][down], rtol=2e-3)
    near = rays[..., 2] < -0.2
    np.testing.assert_allclose(depth[near], eye[2] / rays[..., 2][near], rtol=1e-4)


def test_there_is_nothing_where_there_is_nothing(world):
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.sphere(0.1), (0, 0, 0)).start()
    shot = Photographer(w, (2, 0, 0), (3, 0, 0)).shoot()
    assert (shot.image(DEPTH) == -np.inf).all()
    assert (shot.image(LABELS) == 0).all()


def test_clipping_planes_hide_what_is_nearer_or_farther(world):
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.box(0.2, 0.2, 0.2), (1.1, 0, 0)).start()
    for near, far, visible in ((0.01, 50, True), (0.01, 0.9, False), (1.5, 50, False)):
        shot = Photographer(w, (0, 0, 0), (1, 0, 0), near_plane=near, far_plane=far).shoot()
        assert np.isfinite(shot.image(DEPTH)[24, 32]) == visible


@pytest.mark.parametrize("fov", [40.0, 90.0, 120.0])
def test_a_sphere_appears_where_the_pinhole_puts_it(world, fov):
    w = world(ground=None, gravity=(0, 0, 0))
    # At distance 2: left of the axis by half the image's half width, up by 0.4 of it
    half = 2 * np.tan(np.radians(fov / 2))
    w.place(w.sphere(0.02 * half), (2.0, 0.5 * half, 0.4 * half)).start()
    w.gym.set_rigid_body_segmentation_id(w.envs[0], 0, 0, 9)
    shot = Photographer(w, (0, 0, 0), (1, 0, 0), width=200, height=200, horizontal_fov=fov).shoot()
    column, row = seen(shot.image(LABELS), 9)
    assert column == pytest.approx(50, abs=0.7)
    assert row == pytest.approx(60, abs=0.7)
    nearest = shot.image(DEPTH).max()
    assert nearest == pytest.approx(-2.0, abs=0.05 * half)


def test_back_projection_recovers_world_points(world):
    w = world(num_envs=3, gravity=(0, 0, 0))
    w.place(w.box(0.4, 0.4, 0.6), (0.1, 0.2, 0.3)).start(spacing=2.0)
    shot = Photographer(w, (1.5, -1.0, 1.2), (0.1, 0.2, 0.3), horizontal_fov=70)
    for env in w.envs:
        w.gym.set_rigid_body_segmentation_id(env, 0, 0, 5)
    shot.shoot()
    for index, x in enumerate((0.0, 4.0, 8.0)):  # origins of the environments
        points, labels = shot.points(index), shot.image(LABELS, index)
        ground = points[(labels == 0) & np.isfinite(shot.image(DEPTH, index))]
        assert len(ground) > 500
        assert np.abs(ground[:, 2]).max() < 5e-3
        box = points[labels == 5]
        assert len(box) > 100
        local = np.abs(box - [x + 0.1, 0.2, 0.3]) / [0.2, 0.2, 0.3]
        np.testing.assert_allclose(local.max(axis=1), 1.0, atol=5e-3)  # on its surface


def test_view_and_projection_take_a_global_point_to_its_pixel(world):
    w = world(num_envs=2, ground=None, gravity=(0, 0, 0))
    w.place(w.sphere(0.05), (0.3, 0.4, 0.2)).start(spacing=3.0)
    shot = Photographer(w, (-1.0, -0.5, 0.8), (0.0, 0.3, 0.1), width=120, height=80)
    w.gym.set_rigid_body_segmentation_id(w.envs[1], 0, 0, 3)
    shot.shoot()
    view, projection = shot.matrices(1)
    assert view.shape == projection.shape == (4, 4)
    assert view.dtype == projection.dtype == np.float32
    clip = np.array([6.3, 0.4, 0.2, 1.0]) @ view @ projection
    x, y = clip[:2] / clip[3]
    column, row = seen(shot.image(LABELS, 1), 3)
    assert column == pytest.approx((x + 1) / 2 * 120, abs=0.6)
    assert row == pytest.approx((1 - y) / 2 * 80, abs=0.6)
    assert 2 / projection[0, 0] == pytest.approx(2.0)  # 90 degrees
    assert projection[1, 1] / projection[0, 0] == pytest.approx(120 / 80)


def test_labels_are_those_of_actors_bodies_and_ground(world, robots):
    w = world(gravity=(0, 0, 0), ground=None)
    plane = gymapi.PlaneParams()
    plane.normal, plane.segmentation_id = gymapi.Vec3(0, 0, 1), 70000
    w.gym.add_ground(w.sim, plane)
    box, other = w.box(0.5, 0.5, 0.5), w.box(0.4, 0.4, 0.4)
    env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    w.envs = [env]
    left, right = (gymapi.Transform(gymapi.Vec3(0, y, 0.5)) for y in (0.6, -0.6))
    w.gym.create_actor(env, box, left, "left", 0, 0, 7)
    w.gym.create_actor(env, other, right, "right", 0, 0, 8)
    w.gym.prepare_sim(w.sim)
    shot = Photographer(w, (-2, 0, 0.8), (0, 0, 0.5)).shoot()
    labels = shot.image(LABELS)
    assert labels.dtype == np.uint32
    assert set(np.unique(labels)) == {0, 7, 8, 70000}
    assert seen(labels, 7)[0] < 32 < seen(labels, 8)[0]
    w.gym.set_rigid_body_segmentation_id(env, 1, 0, 300)
    assert w.gym.get_rigid_body_segmentation_id(env, 1, 0) == 300
    assert w.gym.get_rigid_body_segmentation_id(env, 0, 0) == 7
    assert set(np.unique(shot.shoot().image(LABELS))) == {0, 7, 300, 70000}
    tensor = shot.tensor(LABELS)
    assert tensor.dtype == torch.int32
    assert np.array_equal(tensor.numpy(), shot.image(LABELS))


def test_a_camera_sees_its_own_environment_only(world):
    w = world(num_envs=2, gravity=(0, 0, 0), ground=None)
    w.place(w.box(0.5, 0.5, 0.5), (1, 0, 0)).start(spacing=0.0)  # both at the same place
    for env, color in zip(w.envs, (RED, GREEN), strict=True):
        w.gym.set_rigid_body_color(env, 0, 0, VISUAL, color)
    shot = Photographer(w, (0, 0, 0), (1, 0, 0)).shoot()
    for index, channel in ((0, 0), (1, 1)):
        image = shot.image(COLOR, index)
        assert image.dtype == np.uint8
        assert (image[..., 3] == 255).all()
        pixel = image[24, 32, :3].astype(int)
        assert pixel[channel] > 60
        assert pixel.sum() - pixel[channel] < 60
    raw = w.gym.get_camera_image(w.sim, w.envs[0], 0, COLOR)
    assert raw.shape == (48, 4 * 64)


def test_images_follow_step_graphics_and_rendering(world):
    w = world(gravity=(0, 0, -10))
    w.place(w.box(0.4, 0.4, 0.4), (0, 0, 2.0)).start()
    shot = Photographer(w, (2, 0, 2), (0, 0, 2))
    tensor = shot.tensor(DEPTH)
    address = tensor.data_ptr()
    shot.shoot()
    before = tensor.clone()
    assert torch.isfinite(before[24, 32])
    w.step(30)
    w.gym.render_all_camera_sensors(w.sim)
    assert torch.equal(tensor, before)  # graphics were not stepped
    w.gym.step_graphics(w.sim)
    assert np.array_equal(shot.image(DEPTH), before)  # nothing was rendered
    w.gym.render_all_camera_sensors(w.sim)
    w.gym.start_access_image_tensors(w.sim)
    assert not torch.equal(tensor, before)
    assert np.array_equal(tensor.numpy(), shot.image(DEPTH))
    w.gym.end_access_image_tensors(w.sim)
    assert shot.tensor(DEPTH).data_ptr() == address
    color = shot.tensor(COLOR)
    assert color.shape == (48, 64, 4)
    assert color.dtype == torch.uint8
    assert np.array_equal(color.numpy(), shot.image(COLOR))


def test_a_transform_looks_along_its_x_axis_with_z_up(world):
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.box(0.3, 0.3, 0.3), (0, 2, 0.5)).start()
    w.gym.set_rigid_body_segmentation_id(w.envs[0], 0, 0, 4)
    shot = Photographer(w, None, None)
    quarter = gymapi.Quat.from_axis_angle(gymapi.Vec3(0, 0, 1), np.pi / 2)
    pose = gymapi.Transform(gymapi.Vec3(0, 0, 0), quarter)
    w.gym.set_camera_transform(shot.handles[0], w.envs[0], pose)
    column, row = seen(shot.shoot().image(LABELS), 4)
    assert column == pytest.approx(32, abs=0.5)
    assert row < 20  # above the axis
    back = w.gym.get_camera_transform(w.sim, w.envs[0], shot.handles[0])
    assert (back.p.x, back.p.y, back.p.z) == (0, 0, 0)
    assert back.r.z == pytest.approx(np.sqrt(0.5))
    assert back.r.w == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize("mode", [gymapi.FOLLOW_TRANSFORM, gymapi.FOLLOW_POSITION])
def test_an_attached_camera_follows_its_body(world, mode):
    w = world(ground=None, gravity=(0, 0, 0))
    carrier, mark = w.box(0.1, 0.1, 0.1), w.sphere(0.1)
    half_turn = (0, 0, 1, 0)
    w.place(carrier, (1, 0, 0), half_turn).place(mark, (-2, 0, 0)).place(mark, (4, 0, 0)).start()
    for handle, label in ((1, 11), (2, 22)):
        w.gym.set_rigid_body_segmentation_id(w.envs[0], handle, 0, label)
    shot = Photographer(w, None, None)
    body = w.gym.find_actor_rigid_body_handle(w.envs[0], 0, "box")
    offset = gymapi.Transform(gymapi.Vec3(0.2, 0, 0))
    w.gym.attach_camera_to_body(shot.handles[0], w.envs[0], body, offset, mode)
    labels = set(np.unique(shot.shoot().image(LABELS)))
    place = w.gym.get_camera_transform(w.sim, w.envs[0], shot.handles[0]).p
    if mode == gymapi.FOLLOW_TRANSFORM:  # ahead of the body is -x
        assert labels == {0, 11}
        assert place.x == pytest.approx(0.8)
    else:
        assert labels == {0, 22}
        assert place.x == pytest.approx(1.2)
    w.root[0, 0] = 3.0
    w.set("actor_root_state", w.root)
    w.gym.step_graphics(w.sim)
    place = w.gym.get_camera_transform(w.sim, w.envs[0], shot.handles[0]).p
    assert place.x == pytest.approx(2.8 if mode == gymapi.FOLLOW_TRANSFORM else 3.2)
    w.gym.set_camera_location(shot.handles[0], w.envs[0], gymapi.Vec3(9, 0, 0), gymapi.Vec3())
    assert w.gym.get_camera_transform(w.sim, w.envs[0], shot.handles[0]).p.x == 9


def test_y_up(world):
    w = world(up_axis=gymapi.UP_AXIS_Y, gravity=(0, 0, 0), ground=None)
    plane = gymapi.PlaneParams()
    plane.normal, plane.segmentation_id = gymapi.Vec3(0, 1, 0), 2
    w.gym.add_ground(w.sim, plane)
    w.place(w.box(0.3, 0.3, 0.3), (0, 1.5, 0)).start()
    w.gym.set_rigid_body_segmentation_id(w.envs[0], 0, 0, 4)
    shot = Photographer(w, (3, 1, 0), (0, 1, 0)).shoot()
    labels = shot.image(LABELS)
    column, row = seen(labels, 4)
    assert column == pytest.approx(32, abs=0.5)
    assert row < 24
    assert (labels[-1] == 2).all()
    ground = shot.points()[labels == 2]
    near = ground[np.abs(ground).max(axis=1) < 20]
    assert len(near) > 200
    assert np.abs(near[:, 1]).max() < 5e-3


@pytest.mark.parametrize("num_samples", [21, 401])
def test_terrain_is_seen_at_its_heights_in_every_environment(world, num_samples):
    w = world(num_envs=2, ground=None, gravity=(0, 0, 0))
    heights = np.zeros((num_samples, num_samples), np.int16)
    heights[num_samples // 2 :] = 50  # half a metre high for x >= 0
    field = gymapi.HeightFieldParams()
    field.nbRows = field.nbColumns = num_samples
    field.row_scale = field.column_scale = 20 / (num_samples - 1)
    field.vertical_scale, field.segmentation_id = 0.01, 12
    field.transform.p = gymapi.Vec3(-10, -10, 0)
    w.gym.add_heightfield(w.sim, heights.ravel(), field)
    w.place(w.sphere(0.1), (0, 0, 50)).start(spacing=1.0)
    # Down on the plateau and on the low ground; the second environment stands 2 m further along x
    shot = Photographer(w, (0.0, 0.0, 3.0), (0.0, 0.01, 0.0), width=200, height=200).shoot()
    for index, x in enumerate((0.0, 2.0)):
        points = shot.points(index)
        assert (shot.image(LABELS, index) == 12).all()
        high, low = points[..., 0] > 0.05, points[..., 0] < -1.05
        assert high.sum() > 5000
        np.testing.assert_allclose(points[high][:, 2], 0.5, atol=2e-3)
        np.testing.assert_allclose(points[low][:, 2], 0.0, atol=2e-3)
        assert points[100, 100, 0] == pytest.approx(x, abs=0.05)


def test_headless_calls_do_not_raise_and_work_before_prepare_sim(world):
    w = world()  # graphics device -1
    env = w.gym.create_env(w.sim, gymapi.Vec3(-1, -1, 0), gymapi.Vec3(1, 1, 1), 2)
    env = w.gym.create_env(w.sim, gymapi.Vec3(-1, -1, 0), gymapi.Vec3(1, 1, 1), 2)
    first = w.gym.create_camera_sensor(env, properties())
    assert w.gym.create_camera_sensor(env, gymapi.CameraProperties()) != first
    w.gym.set_camera_location(first, env, gymapi.Vec3(1, 0, 1), gymapi.Vec3(0, 0, 1))
    w.gym.step_graphics(w.sim)
    view = w.gym.get_camera_view_matrix(w.sim, env, first)
    at_target = np.array([2.0, 0, 1, 1]) @ view  # the environment's origin is (2, 0, 0)
    np.testing.assert_allclose(at_target, [0, 0, -1, 1], atol=1e-6)
    tensor = w.gym.get_camera_image_gpu_tensor(w.sim, env, first, COLOR)
    assert list(tensor.shape) == [48, 64, 4]
    assert tensor.device == -1
    w.gym.destroy_camera_sensor(w.sim, env, first)
    with pytest.raises(IndexError, match="no camera 0"):
        w.gym.get_camera_proj_matrix(w.sim, env, first)


def test_supersampling_blends_edges_and_leaves_depth_alone(world):
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.sphere(0.5), (2, 0, 0)).start()
    w.gym.set_rigid_body_color(w.envs[0], 0, 0, VISUAL, gymapi.Vec3(0, 0, 0))
    plain = Photographer(w, (0, 0, 0), (1, 0, 0)).shoot()
    fine = Photographer(
        w, (0, 0, 0), (1, 0, 0), supersampling_horizontal=4, supersampling_vertical=2
    )
    fine.shoot()
    assert fine.image(COLOR).shape == plain.image(COLOR).shape
    assert np.array_equal(fine.image(DEPTH), plain.image(DEPTH))
    shades = [len(np.unique(shot.image(COLOR)[..., 0])) for shot in (plain, fine)]
    assert shades[1] > shades[0]


def test_collision_geometry_on_request(world):
    w = world(ground=None, gravity=(0, 0, 0))
    text = """<robot name="r"><link name="base">
      <inertial><mass value="1"/>
        <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
      <visual><geometry><box size="0.2 0.2 0.2"/></geometry></visual>
      <collision><geometry><box size="0.2 1.0 0.2"/></geometry></collision>
    </link></robot>"""
    w.place(w.urdf(text), (1, 0, 0)).place(w.box(0.1, 0.1, 0.1), (1, 0, 0.5)).start()
    w.gym.set_rigid_body_segmentation_id(w.envs[0], 0, 0, 1)
    w.gym.set_rigid_body_segmentation_id(w.envs[0], 1, 0, 2)
    sizes = []
    for collision in (False, True):
        shot = Photographer(w, (0, 0, 0), (1, 0, 0), use_collision_geometry=collision).shoot()
        labels = shot.image(LABELS)
        sizes.append((labels == 1).sum())
        assert (labels == 2).any()  # a shape of an asset without visual ones is both
    assert sizes[1] > 4 * sizes[0]


def test_pictures_are_written_as_png(world, tmp_path):
    w = world()
    w.place(w.box(0.5, 0.5, 0.5), (1, 0, 0.25)).start()
    shot = Photographer(w, (0, 0, 0.5), (1, 0, 0.25)).shoot()
    for name, kind in (("color", COLOR), ("depth", DEPTH), ("labels", LABELS)):
        path = tmp_path / f"{name}.png"
        place = (w.sim, w.envs[0], shot.handles[0])
        w.gym.write_camera_image_to_file(*place, kind, str(path))
        with Image.open(path) as image:
            pixels = np.asarray(image)
        if kind == COLOR:
            assert np.array_equal(pixels, shot.image(COLOR))
        if kind == DEPTH:
            depth = np.clip(-1000 * shot.image(DEPTH), 0, 65535)
            assert np.abs(pixels - np.where(np.isinf(depth), 0, depth))[depth < 60000].max() <= 1


def test_wrong_use_says_what_to_do(world):
    w = world()
    w.place(w.box(0.5, 0.5, 0.5), (1, 0, 0.25)).start()
    gym, sim, env = w.gym, w.sim, w.envs[0]
    for wrong in ({"width": 0}, {"horizontal_fov": 180}, {"near_plane": 2, "far_plane": 1}):
        with pytest.raises(ValueError, match="CameraProperties"):
            gym.create_camera_sensor(env, properties(**wrong))
    camera = gym.create_camera_sensor(env, properties(enable_tensors=False))
    with pytest.raises(RuntimeError, match="render_all_camera_sensors first"):
        gym.get_camera_image(sim, env, camera, COLOR)
    with pytest.raises(ValueError, match="enable_tensors"):
        gym.get_camera_image_gpu_tensor(sim, env, camera, COLOR)
    with pytest.raises(NotImplementedError, match="OPTICAL_FLOW"):
        gym.get_camera_image_gpu_tensor(sim, env, camera, gymapi.IMAGE_OPTICAL_FLOW)
    with pytest.raises(IndexError, match="no camera 5"):
        gym.set_camera_location(5, env, gymapi.Vec3(), gymapi.Vec3())
    with pytest.raises(IndexError, match="body handle 7"):
        gym.attach_camera_to_body(camera, env, 7, gymapi.Transform(), gymapi.FOLLOW_TRANSFORM)
    with pytest.raises(IndexError, match="no index 3"):
        gym.set_rigid_body_color(env, 0, 3, VISUAL, RED)
