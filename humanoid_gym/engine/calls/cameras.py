"""Camera sensors: create, place, render, read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from humanoid_gym.engine.graphics.cameras import CameraSensor, follow
from humanoid_gym.engine.scene.handles import body_of
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim, sim_of
from humanoid_gym.engine.values.enums import CameraFollowMode, ImageType
from humanoid_gym.engine.values.math_types import Quat, Transform, Vec3
from humanoid_gym.engine.values.parameters import CameraProperties
from humanoid_gym.engine.values.tensor import Tensor

MILLIMETRES = 1000.0


class CameraCalls:
    """Methods of Gym about camera sensors. They need no display and no graphics device.

    Order in each frame: `step_graphics` takes over where everything is, `render_all_camera_sensors`
    takes the pictures, `get_camera_image` or the tensors show them. A camera sees the actors of its
    environment, the ground and the terrain.
    """

    def create_camera_sensor(self, env: Env, props: CameraProperties) -> int:
        """Add a camera to an environment; return its handle there.

        Raises:
            ValueError: properties that no camera can have.
        """
        return sim_of(env, "create_camera_sensor").cameras.create(env, props)

    def destroy_camera_sensor(self, sim: Sim, env: Env, handle: int) -> None:
        """Remove a camera; the other handles stay."""
        sim.cameras.destroy(env, int(handle))

    def set_camera_location(self, handle: int, env: Env, eye: Vec3, target: Vec3) -> None:
        """Place a camera in its environment's frame [m], looking at a point; detaches it."""
        cameras = sim_of(env, "set_camera_location").cameras
        sensor = cameras.get(env, int(handle), "set_camera_location")
        cameras.look(sensor, array(eye), array(target))

    def set_camera_transform(self, handle: int, env: Env, transform: Transform) -> None:
        """Place a camera in its environment's frame: its x axis looks ahead; detaches it."""
        sensor = camera(handle, env, "set_camera_transform")
        sensor.place(array(transform.p), matrix(transform.r))

    def attach_camera_to_body(
        self,
        handle: int,
        env: Env,
        body: int,
        local_transform: Transform,
        mode: CameraFollowMode,
    ) -> None:
        """Let a camera follow a body.

        Args:
            handle: camera.
            env: its environment.
            body: body handle.
            local_transform: FOLLOW_TRANSFORM: the camera in the body's frame, its x axis looks
                ahead. FOLLOW_POSITION: offset from the body and rotation, in world axes.
            mode: what it follows.

        Raises:
            IndexError: there is no such body.
        """
        sensor = camera(handle, env, "attach_camera_to_body")
        body_of(env, body, "attach_camera_to_body")
        sensor.place(array(local_transform.p), matrix(local_transform.r))
        sensor.mount = follow(mode, int(body))

    def get_camera_transform(self, sim: Sim, env: Env, handle: int) -> Transform:
        """Where a camera is in its environment's frame."""
        sensor = sim.cameras.get(env, int(handle), "get_camera_transform")
        position, axes = sim.cameras.pose(sensor, sim.simulation, "get_camera_transform")
        return Transform(Vec3(*position), quaternion(axes))

    def get_camera_view_matrix(self, sim: Sim, env: Env, handle: int) -> np.ndarray:
        """Global row vectors times this are in the camera's frame (x right, y up, -z ahead).

        Returns:
            Shape (4, 4), float32.
        """
        sensor = sim.cameras.get(env, int(handle), "get_camera_view_matrix")
        return sim.cameras.view_matrix(sensor, sim.simulation)

    def get_camera_proj_matrix(self, sim: Sim, env: Env, handle: int) -> np.ndarray:
        """OpenGL's perspective for row vectors, shape (4, 4), float32."""
        return sim.cameras.get(env, int(handle), "get_camera_proj_matrix").projection()

    def step_graphics(self, sim: Sim) -> None:
        """Let pictures show where everything is now."""
        if sim.simulation is not None:
            sim.graphics.synchronize(sim.simulation)

    def render_all_camera_sensors(self, sim: Sim) -> None:
        """Take a picture with every camera.

        Raises:
            RuntimeError: prepare_sim was not called, or no OpenGL library can draw here.
        """
        sim.cameras.render_all(sim.running("render_all_camera_sensors"))

    def get_camera_image(
        self, sim: Sim, env: Env, handle: int, image_type: ImageType
    ) -> np.ndarray:
        """A camera's last picture.

        Returns:
            IMAGE_COLOR: RGBA, shape (height, 4 * width), uint8. IMAGE_DEPTH: distance along the
            view axis [m], negative, -inf where there is nothing, shape (height, width), float32.
            IMAGE_SEGMENTATION: labels of actors, bodies and ground, 0 where there is nothing, shape
            (height, width), uint32.

        Raises:
            RuntimeError: nothing was rendered yet, or no OpenGL library can draw here.
            NotImplementedError: IMAGE_OPTICAL_FLOW.
        """
        sensor = sim.cameras.get(env, int(handle), "get_camera_image")
        image = sim.cameras.image(sensor, image_type, "get_camera_image")
        return image.reshape(len(image), -1).copy()

    def get_camera_image_gpu_tensor(
        self, sim: Sim, env: Env, handle: int, image_type: ImageType
    ) -> Tensor:
        """A buffer that every `render_all_camera_sensors` fills, on the pipeline's device.

        Returns:
            IMAGE_COLOR: (height, width, 4), uint8. IMAGE_DEPTH: (height, width), float32.
            IMAGE_SEGMENTATION: (height, width), int32.

        Raises:
            ValueError: the camera was created without `enable_tensors`.
            NotImplementedError: IMAGE_OPTICAL_FLOW.
        """
        sensor = sim.cameras.get(env, int(handle), "get_camera_image_gpu_tensor")
        tensor = sim.cameras.tensor(sensor, image_type, sim.pipeline_device)
        return Tensor(tensor, own_data=True)

    def start_access_image_tensors(self, sim: Sim) -> None:
        """Begin to read image tensors; here they are complete when rendering returns."""

    def end_access_image_tensors(self, sim: Sim) -> None:
        """End reading image tensors."""

    def write_camera_image_to_file(
        self, sim: Sim, env: Env, handle: int, image_type: ImageType, filename: str
    ) -> None:
        """Write a camera's last picture as PNG.

        Colour as it is; depth in millimetres and labels as 16-bit grey, 0 where there is nothing.
        """
        from PIL import Image  # only textures and picture files need it

        sensor = sim.cameras.get(env, int(handle), "write_camera_image_to_file")
        image = sim.cameras.image(sensor, image_type, "write_camera_image_to_file")
        if image_type == ImageType.IMAGE_DEPTH:
            image = np.where(np.isfinite(image), -MILLIMETRES * image, 0.0)
        if image_type != ImageType.IMAGE_COLOR:
            image = np.clip(image, 0, np.iinfo(np.uint16).max).astype(np.uint16)
        Image.fromarray(image).save(Path(filename))


def camera(handle: int, env: Env, call: str) -> CameraSensor:
    """The camera of a handle."""
    return sim_of(env, call).cameras.get(env, int(handle), call)


def array(vector: Vec3) -> np.ndarray:
    """A vector, shape (3,), float64."""
    return np.array([float(vector.x), float(vector.y), float(vector.z)])


def matrix(rotation: Quat) -> np.ndarray:
    """A rotation matrix, shape (3, 3)."""
    x, y, z, w = (float(part) for part in (rotation.x, rotation.y, rotation.z, rotation.w))
    length = np.sqrt(x * x + y * y + z * z + w * w)
    if length == 0:
        return np.eye(3)
    x, y, z, w = x / length, y / length, z / length, w / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion(axes: np.ndarray) -> Quat:
    """The rotation whose matrix this is."""
    import mujoco

    wxyz = np.zeros(4)
    mujoco.mju_mat2Quat(wxyz, np.ascontiguousarray(axes, dtype=float).ravel())
    return Quat(*wxyz[[1, 2, 3, 0]])
