"""Camera sensors: where they are, and their images of colour, depth and segmentation labels."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import mujoco
import numpy as np
import torch

from humanoid_gym.engine.graphics.graphics import Graphics
from humanoid_gym.engine.graphics.offscreen import Canvas
from humanoid_gym.engine.graphics.rendering import Poses, origin
from humanoid_gym.engine.graphics.rendering_view import View, look_at
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.values.enums import CameraFollowMode, ImageType
from humanoid_gym.engine.values.parameters import CameraProperties

TENSOR_TYPES = {
    ImageType.IMAGE_COLOR: torch.uint8,
    ImageType.IMAGE_DEPTH: torch.float32,
    ImageType.IMAGE_SEGMENTATION: torch.int32,
}
LEAST_NEAR = 1e-3
"""What a near plane of 0 means [m]: a perspective has none."""


@dataclass(frozen=True)
class Mount:
    """A body that a camera follows."""

    body: int
    """Row among the environment's bodies."""
    turns: bool
    """Whether the camera turns with the body; else it follows its position only."""


@dataclass(frozen=True)
class Shot:
    """What a camera saw at the last rendering; drawn when somebody asks for it."""

    view: View
    poses: Poses


@dataclass(eq=False)
class CameraSensor:
    """One camera of one environment."""

    env: Env
    properties: CameraProperties
    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    """[m], in the environment's frame, or in the body's if mounted."""
    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))
    """Camera axes as columns: x forward, the world's up axis up, shape (3, 3)."""
    mount: Mount | None = None
    shot: Shot | None = None
    images: dict[ImageType, np.ndarray] = field(default_factory=dict)
    """Images of the shot that were drawn already."""
    tensors: dict[ImageType, torch.Tensor] = field(default_factory=dict)
    """Buffers that every rendering fills."""

    def place(self, position: np.ndarray, rotation: np.ndarray) -> None:
        """Put the camera somewhere in its environment; it follows no body any more."""
        self.position, self.rotation, self.mount = position, rotation, None

    @property
    def slopes(self) -> tuple[float, float]:
        """Half the image's width and height at distance 1."""
        half = float(np.tan(np.radians(self.properties.horizontal_fov) / 2))
        return half, half * self.properties.height / self.properties.width

    def projection(self) -> np.ndarray:
        """OpenGL's perspective, for row vectors, shape (4, 4), float32."""
        (x, y), near, far = self.slopes, self.properties.near_plane, self.properties.far_plane
        matrix = np.zeros((4, 4), np.float32)
        matrix[0, 0], matrix[1, 1] = 1 / x, 1 / y
        matrix[2, 2], matrix[2, 3] = -(far + near) / (far - near), -1.0
        matrix[3, 2] = -2 * far * near / (far - near)
        return matrix


class Cameras:
    """The camera sensors of a simulation.

    Args:
        graphics: draws.
    """

    def __init__(self, graphics: Graphics) -> None:
        self._graphics = graphics
        self._up = graphics.up
        self._sensors: dict[int, list[CameraSensor | None]] = {}

    def create(self, env: Env, properties: CameraProperties) -> int:
        """Add a camera; return its handle in the environment.

        Raises:
            ValueError: properties that no camera can have.
        """
        check_properties(properties)
        sensors = self._sensors.setdefault(env.index, [])
        properties = copy.deepcopy(properties)
        properties.near_plane = max(properties.near_plane, LEAST_NEAR)
        sensors.append(CameraSensor(env, properties))
        return len(sensors) - 1

    def get(self, env: Env, handle: int, call: str) -> CameraSensor:
        """The camera of a handle.

        Raises:
            IndexError: there is none.
        """
        sensors = self._sensors.get(env.index, [])
        sensor = sensors[handle] if 0 <= handle < len(sensors) else None
        if sensor is None:
            raise IndexError(
                f"{call}: environment {env.index} has no camera {handle}; pass what "
                "create_camera_sensor returned for it"
            )
        return sensor

    def destroy(self, env: Env, handle: int) -> None:
        """Remove a camera; the other handles stay."""
        self.get(env, handle, "destroy_camera_sensor")
        self._sensors[env.index][handle] = None

    def look(self, sensor: CameraSensor, eye: np.ndarray, target: np.ndarray) -> None:
        """Place a camera at a point, looking at another."""
        forward, up = look_at(eye, target, self._up)
        sensor.place(eye, camera_axes(forward, up, self._up))

    def pose(
        self, sensor: CameraSensor, simulation: Simulation | None, call: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Position [m] and axes of a camera in its environment's frame, where pictures are.

        Raises:
            RuntimeError: it is mounted on a body and nothing moves before prepare_sim.
        """
        if sensor.mount is None:
            return sensor.position, sensor.rotation
        if simulation is None:
            raise RuntimeError(f"{call}: an attached camera has a place from prepare_sim on")
        poses = self._graphics.shown_poses(simulation)
        display = self._graphics.display
        position, axes = display.body_pose(sensor.env.index, sensor.mount.body, poses)
        if sensor.mount.turns:
            return position + axes @ sensor.position, axes @ sensor.rotation
        return position + sensor.position, sensor.rotation

    def view_matrix(self, sensor: CameraSensor, simulation: Simulation | None) -> np.ndarray:
        """From global row vectors to OpenGL's camera frame, shape (4, 4), float32."""
        position, axes = self.pose(sensor, simulation, "get_camera_view_matrix")
        forward, up = axes[:, 0], axes @ self._up
        rotation = np.stack((np.cross(forward, up), up, -forward), axis=1)
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        matrix[3, :3] = -(position + origin(sensor.env)) @ rotation
        return matrix.astype(np.float32)

    def render_all(self, simulation: Simulation) -> None:
        """Take a shot with every camera; draw those whose images are wanted as tensors."""
        poses = self._graphics.shown_poses(simulation)
        sensors = [s for of_env in self._sensors.values() for s in of_env if s is not None]
        for sensor in sensors:
            sensor.shot = Shot(self._view(sensor, simulation), poses)
            sensor.images.clear()
        wanted = [sensor for sensor in sensors if sensor.tensors]
        if wanted:
            with self._graphics.sensor_canvas()[0].current():
                for sensor in wanted:
                    self._draw(sensor, set(sensor.tensors))

    def image(self, sensor: CameraSensor, kind: ImageType, call: str) -> np.ndarray:
        """An image of the last rendering.

        Returns:
            Colour: RGBA, (height, width, 4), uint8. Depth: (height, width), float32. Segmentation:
            (height, width), uint32.

        Raises:
            RuntimeError: nothing was rendered yet.
            NotImplementedError: optical flow.
        """
        if sensor.shot is None:
            raise RuntimeError(
                f"{call}: no image yet; call step_graphics and render_all_camera_sensors first"
            )
        if kind not in sensor.images:
            self._draw(sensor, {check_kind(kind, call)})
        return sensor.images[kind]

    def tensor(self, sensor: CameraSensor, kind: ImageType, device: torch.device) -> torch.Tensor:
        """The buffer that every rendering fills with an image, the same object each time.

        Raises:
            ValueError: the camera was created without tensors.
            NotImplementedError: optical flow.
        """
        check_kind(kind, "get_camera_image_gpu_tensor")
        if not sensor.properties.enable_tensors:
            raise ValueError(
                "get_camera_image_gpu_tensor: set CameraProperties.enable_tensors = True before "
                "create_camera_sensor"
            )
        if kind not in sensor.tensors:
            shape = (sensor.properties.height, sensor.properties.width)
            shape += (4,) * (kind == ImageType.IMAGE_COLOR)
            sensor.tensors[kind] = torch.zeros(shape, dtype=TENSOR_TYPES[kind], device=device)
            if sensor.shot is not None:
                self._draw(sensor, {kind})
        return sensor.tensors[kind]

    def _view(self, sensor: CameraSensor, simulation: Simulation) -> View:
        position, axes = self.pose(sensor, simulation, "render_all_camera_sensors")
        p = sensor.properties
        optics = (*sensor.slopes, p.near_plane, p.far_plane, p.width)
        return View(position, axes[:, 0], axes @ self._up, *optics)

    def _draw(self, sensor: CameraSensor, kinds: set[ImageType]) -> None:
        shot, properties, index = sensor.shot, sensor.properties, sensor.env.index
        assert shot is not None
        canvas, scene = self._graphics.sensor_canvas()
        display, collision = self._graphics.display, bool(properties.use_collision_geometry)
        display.compose(scene, shot.view, [index], shot.poses, collision=collision)
        if ImageType.IMAGE_COLOR in kinds:
            sensor.images[ImageType.IMAGE_COLOR] = draw_color(canvas, scene, properties)
        if kinds - {ImageType.IMAGE_COLOR}:
            size = properties.width, properties.height
            depth, positions = canvas.depth_and_labels(scene, *size)
            labels = display.labels(scene, index)
            sensor.images[ImageType.IMAGE_DEPTH] = depth
            sensor.images[ImageType.IMAGE_SEGMENTATION] = labels[positions]
        for kind, tensor in sensor.tensors.items():
            if kind in sensor.images:
                image = np.ascontiguousarray(sensor.images[kind])
                tensor.copy_(torch.from_numpy(image.view(np.int32) if labels_of(kind) else image))


def draw_color(canvas: Canvas, scene: mujoco.MjvScene, properties: CameraProperties) -> np.ndarray:
    """RGBA, shape (height, width, 4), uint8; each pixel the mean of its samples."""
    across, down = properties.supersampling_horizontal, properties.supersampling_vertical
    width, height = properties.width, properties.height
    rgb = canvas.color(scene, width * across, height * down)
    if across * down > 1:
        rgb = rgb.reshape(height, down, width, across, 3).mean(axis=(1, 3)).round()
    image = np.empty((height, width, 4), np.uint8)
    image[..., :3], image[..., 3] = rgb, 255
    return image


def camera_axes(forward: np.ndarray, up: np.ndarray, world_up: np.ndarray) -> np.ndarray:
    """Axes of a camera as columns: x forward; z or y, whichever is the world's, up."""
    if world_up[2]:
        return np.stack((forward, np.cross(up, forward), up), axis=1)
    return np.stack((forward, up, np.cross(forward, up)), axis=1)


def check_properties(properties: CameraProperties) -> None:
    """Raise ValueError for properties that no camera can have."""
    p = properties
    if min(p.width, p.height, p.supersampling_horizontal, p.supersampling_vertical) < 1:
        raise ValueError(
            f"CameraProperties: width {p.width}, height {p.height} and supersampling "
            f"{p.supersampling_horizontal} x {p.supersampling_vertical} must be at least 1"
        )
    if not 0 < p.horizontal_fov < 180:
        raise ValueError(
            f"CameraProperties.horizontal_fov: between 0 and 180 degrees, got {p.horizontal_fov}"
        )
    if not 0 <= p.near_plane < p.far_plane:
        raise ValueError(
            "CameraProperties: 0 <= near_plane < far_plane expected, got "
            f"{p.near_plane} m and {p.far_plane} m"
        )


def check_kind(kind: ImageType, call: str) -> ImageType:
    """The kind of image, if cameras have it."""
    if kind not in list(ImageType):
        raise ValueError(f"{call}: a gymapi.ImageType expected, got {kind!r}")
    if kind not in TENSOR_TYPES:
        raise NotImplementedError(
            f"{call}: IMAGE_OPTICAL_FLOW is not built in this engine; compute flow from two depth "
            "images"
        )
    return ImageType(kind)


def labels_of(kind: ImageType) -> bool:
    """Whether an image holds labels, which are uint32 as arrays and int32 as tensors."""
    return kind == ImageType.IMAGE_SEGMENTATION


def follow(mode: CameraFollowMode, body: int) -> Mount:
    """The mount of a follow mode."""
    return Mount(body, turns=mode == CameraFollowMode.FOLLOW_TRANSFORM)
