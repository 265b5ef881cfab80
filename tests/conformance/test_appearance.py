"""Looks: colours, textures and lights, as camera images show them."""

import numpy as np
import pytest
import trimesh
from photographer import Photographer
from PIL import Image

from humanoid_gym.engine import gymapi

COLOR, LABELS, VISUAL = gymapi.IMAGE_COLOR, gymapi.IMAGE_SEGMENTATION, gymapi.MESH_VISUAL
GREEN = gymapi.Vec3(0, 1, 0)


def test_textures_colors_and_their_reset(world, tmp_path):
    w = world(ground=None, gravity=(0, 0, 0))
    blue = np.zeros((16, 8, 4), np.uint8)
    blue[..., 2:] = 255
    Image.fromarray(blue[..., :3]).save(tmp_path / "blue.png")
    w.place(w.box(0.5, 0.5, 0.5), (1, 0, 0)).start()
    gym, sim, env = w.gym, w.sim, w.envs[0]
    shot = Photographer(w, (0, 0, 0), (1, 0, 0))
    grey = shot.shoot().image(COLOR)[24, 32].astype(int)
    assert np.ptp(grey[:3]) < 20
    from_file = gym.create_texture_from_file(sim, str(tmp_path / "blue.png"))
    buffer = np.roll(blue, 2, axis=2)[..., :].copy()  # red and alpha
    buffer[..., 0], buffer[..., 1:3] = 255, 0
    from_buffer = gym.create_texture_from_buffer(sim, 8, 16, buffer.reshape(16, 32))
    assert from_file >= 0
    assert from_buffer not in (from_file, -1)
    for texture, channel in ((from_file, 2), (from_buffer, 0)):
        gym.set_rigid_body_texture(env, 0, 0, VISUAL, texture)
        assert gym.get_rigid_body_texture(env, 0, 0, VISUAL) == texture
        pixel = shot.shoot().image(COLOR)[24, 32, :3].astype(int)
        assert pixel[channel] > 60
        assert pixel.sum() - pixel[channel] < 60
    gym.set_rigid_body_color(env, 0, 0, VISUAL, GREEN)  # times a red texture is black
    assert shot.shoot().image(COLOR)[24, 32, :3].max() < 30
    assert gym.get_rigid_body_color(env, 0, 0, VISUAL).y == 1
    gym.reset_actor_materials(env, 0, gymapi.MESH_VISUAL_AND_COLLISION)
    assert gym.get_rigid_body_texture(env, 0, 0, VISUAL) == -1
    assert np.array_equal(shot.shoot().image(COLOR)[24, 32], grey)
    gym.set_rigid_body_texture(env, 0, 0, VISUAL, from_file)
    gym.free_texture(sim, from_file)
    assert np.array_equal(shot.shoot().image(COLOR)[24, 32], grey)
    with pytest.raises(ValueError, match="no texture"):
        gym.set_rigid_body_texture(env, 0, 0, VISUAL, from_file)


def test_a_texture_file_that_cannot_be_read_gives_minus_one(world, tmp_path):
    w = world()
    (tmp_path / "bad.png").write_text("no picture")
    assert w.gym.create_texture_from_file(w.sim, str(tmp_path / "bad.png")) == -1
    assert w.gym.create_texture_from_file(w.sim, str(tmp_path / "absent.png")) == -1
    with pytest.raises(ValueError, match="uint8 array"):
        w.gym.create_texture_from_buffer(w.sim, 4, 4, np.zeros((4, 4), np.uint8))


def test_lights_shine_from_where_they_are_set(world):
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.sphere(0.5), (0, 0, 0)).start()
    shot = Photographer(w, (2, 0, 0), (0, 0, 0))
    white, black = gymapi.Vec3(0.8, 0.8, 0.8), gymapi.Vec3(0, 0, 0)
    brightness = []
    for y in (1, -1):
        w.gym.set_light_parameters(w.sim, 0, white, black, gymapi.Vec3(0, y, 0))
        image = shot.shoot().image(COLOR)[24].astype(int).sum(axis=1)
        brightness.append((image[36], image[28]))  # +y is on the right, seen from +x
    (right_lit, left_dark), (right_dark, left_lit) = brightness
    assert right_lit > left_dark + 100
    assert left_lit > right_dark + 100
    with pytest.raises(IndexError, match="lights 0 to 3"):
        w.gym.set_light_parameters(w.sim, 4, white, black, white)


def test_scaled_actors_look_scaled_in_their_environment(world, tmp_path):
    trimesh.creation.box((0.2, 0.2, 0.2)).export(tmp_path / "box.stl")
    shape = '<geometry><mesh filename="box.stl"/></geometry>'
    text = f"""<robot name="r"><link name="base"><inertial><mass value="1"/>
        <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
      <visual><origin xyz="0 0.3 0"/>{shape}</visual>
      <collision><geometry><sphere radius="0.1"/></geometry></collision></link></robot>"""
    w = world(num_envs=2, ground=None, gravity=(0, 0, 0))
    w.place(w.urdf(text), (1.5, 0, 0))
    w.start(edit=lambda gym, env, index: gym.set_actor_scale(env, 0, 1.0 + index))
    for env in w.envs:
        w.gym.set_rigid_body_segmentation_id(env, 0, 0, 6)
    shot = Photographer(w, (0, 0, 0), (1, 0, 0), width=100, height=100).shoot()
    for index, scale in enumerate((1.0, 2.0)):
        rows, columns = np.nonzero(shot.image(LABELS, index) == 6)
        near, far = 1.5 - 0.1 * scale, 1.5 + 0.1 * scale  # the side towards the axis is seen too
        assert np.ptp(rows) + 1 == pytest.approx(50 * 0.2 * scale / near, abs=1.5)
        assert columns.min() == pytest.approx(50 - 50 * 0.4 * scale / near, abs=1.5)
        assert columns.max() + 1 == pytest.approx(50 - 50 * 0.2 * scale / far, abs=1.5)
