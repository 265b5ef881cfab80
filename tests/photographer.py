"""Cameras in every environment of a world, for tests of pictures."""

import numpy as np
import pytest

from humanoid_gym.engine import gymapi, gymtorch

COLOR, DEPTH = gymapi.IMAGE_COLOR, gymapi.IMAGE_DEPTH


def properties(width=64, height=48, **other):
    made = gymapi.CameraProperties()
    made.width, made.height, made.enable_tensors = width, height, True
    for name, value in other.items():
        setattr(made, name, value)
    return made


class Photographer:
    """A camera in each environment of a world."""

    def __init__(self, world, eye, target, **other):
        self.world, self.gym, self.sim = world, world.gym, world.sim
        self.handles = []
        for env in world.envs:
            self.handles.append(self.gym.create_camera_sensor(env, properties(**other)))
            if eye is not None:
                eye_target = gymapi.Vec3(*eye), gymapi.Vec3(*target)
                self.gym.set_camera_location(self.handles[-1], env, *eye_target)

    def shoot(self):
        self.gym.step_graphics(self.sim)
        try:
            self.gym.render_all_camera_sensors(self.sim)
            self.image(COLOR)
        except RuntimeError as error:
            if "cannot render off screen" in str(error):
                pytest.skip(str(error))
            raise
        return self

    def image(self, kind, index=0):
        call = self.gym.get_camera_image
        image = call(self.sim, self.world.envs[index], self.handles[index], kind)
        return image.reshape(len(image), -1, 4) if kind == COLOR else image

    def tensor(self, kind, index=0):
        call = self.gym.get_camera_image_gpu_tensor
        return gymtorch.wrap_tensor(
            call(self.sim, self.world.envs[index], self.handles[index], kind)
        )

    def matrices(self, index=0):
        place = (self.sim, self.world.envs[index], self.handles[index])
        return self.gym.get_camera_view_matrix(*place), self.gym.get_camera_proj_matrix(*place)

    def points(self, index=0):
        """World points of all pixels, as clients back-project them."""
        view, projection = self.matrices(index)
        depth = self.image(DEPTH, index)
        height, width = depth.shape
        u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        z = np.where(np.isfinite(depth), depth, 0.0)
        x = -(u - width / 2) / width * z * 2 / projection[0, 0]
        y = (v - height / 2) / height * z * 2 / projection[1, 1]
        local = np.stack((x, y, z, np.ones_like(z)), axis=-1)
        return (local @ np.linalg.inv(view))[..., :3]
