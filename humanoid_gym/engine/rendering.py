"""Pictures of one environment through MuJoCo's own renderer, without a display."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from humanoid_gym.engine.compilation import COLLISION_GEOM_GROUP, GROUND, build_spec
from humanoid_gym.engine.enums import UpAxis
from humanoid_gym.engine.offscreen import INSTALL_HINT
from humanoid_gym.engine.scene import Env, Scene

FIELD_OF_VIEW = 45.0
"""Vertical field of view [degrees]."""

SCENE_SIZE = 4.0
"""Length that clipping planes and shadows are scaled by [m]."""


@dataclass(frozen=True)
class Camera:
    """A view, in the environment's frame [m]."""

    eye: tuple[float, ...]
    target: tuple[float, ...]


class SceneRenderer:
    """Draws environments of a scene, one at a time.

    The pictures come from a model of their own, with the shapes that are for looks only, a sky, a
    light and a chequered floor: the simulation does not carry them.

    Args:
        scene: complete.
        width: [pixels]
        height: [pixels]

    Raises:
        RuntimeError: there is no OpenGL library that renders off screen.
    """

    def __init__(self, scene: Scene, width: int, height: int) -> None:
        self._scene = scene
        self._size = (width, height)
        self._env = -1
        self._model: mujoco.MjModel
        self._renderer: mujoco.Renderer | None = None

    def render(
        self,
        env_index: int,
        qpos: np.ndarray,
        mocap: tuple[np.ndarray, ...],
        camera: Camera,
    ) -> np.ndarray:
        """RGB picture, shape (height, width, 3), uint8.

        Args:
            env_index: environment, for its colours.
            qpos: its joint coordinates.
            mocap: positions and quaternions of its fixed bases.
            camera: where to look from.
        """
        if env_index != self._env:
            self._open(env_index)
        assert self._renderer is not None
        data = self._data
        data.qpos[:] = qpos
        data.mocap_pos[:], data.mocap_quat[:] = mocap
        mujoco.mj_forward(self._model, data)
        self._renderer.update_scene(data, self._view(camera), self._options)
        return self._renderer.render()

    def close(self) -> None:
        """Free the OpenGL context."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _open(self, env_index: int) -> None:
        self.close()
        self._model = compile_for_pictures(self._scene, self._scene.envs[env_index], self._size)
        self._data = mujoco.MjData(self._model)
        self._options = mujoco.MjvOption()
        self._options.geomgroup[COLLISION_GEOM_GROUP] = not has_visuals(self._scene.template)
        width, height = self._size
        try:
            self._renderer = mujoco.Renderer(self._model, height=height, width=width)
        except Exception as error:  # the kind depends on the OpenGL library that is missing
            raise RuntimeError(
                f"cannot render off screen ({type(error).__name__}: {error}); {INSTALL_HINT}"
            ) from None
        self._env = env_index

    def _view(self, camera: Camera) -> mujoco.MjvCamera:
        """MuJoCo's free camera: a point, a distance and two angles about the vertical axis."""
        view = mujoco.MjvCamera()
        view.type = mujoco.mjtCamera.mjCAMERA_FREE
        view.lookat = np.array(camera.target)
        ahead = view.lookat - np.array(camera.eye)
        view.distance = float(np.linalg.norm(ahead))
        view.azimuth = float(np.degrees(np.arctan2(ahead[1], ahead[0])))
        view.elevation = float(np.degrees(np.arcsin(ahead[2] / max(view.distance, 1e-9))))
        return view


def has_visuals(env: Env) -> bool:
    """Whether any actor has shapes that are for looks only."""
    return any(
        not shape.collides
        for actor in env.actors
        for body in actor.asset.model.bodies
        for shape in body.shapes
    )


def compile_for_pictures(scene: Scene, env: Env, size: tuple[int, int]) -> mujoco.MjModel:
    """The environment with visual shapes, light, sky and floor."""
    if scene.params.up_axis != UpAxis.UP_AXIS_Z:
        raise NotImplementedError("pictures of scenes whose up axis is not z")
    spec, names = build_spec(scene, env, visuals=True)
    width, height = size
    spec.visual.global_.offwidth, spec.visual.global_.offheight = width, height
    spec.visual.global_.fovy = FIELD_OF_VIEW
    spec.visual.headlight.ambient = [0.45, 0.45, 0.45]
    spec.visual.headlight.diffuse = [0.5, 0.5, 0.5]
    spec.visual.quality.shadowsize = 4096
    # The lamp moves with the first actor, which may run far from the origin; shadows are drawn for
    # a limited region around what the lamp lights.
    spec.body(names[0]).add_light(
        pos=[-1.0, -1.5, 4.0],
        dir=[0.23, 0.35, -0.9],
        type=mujoco.mjtLightType.mjLIGHT_SPOT,
        mode=mujoco.mjtCamLight.mjCAMLIGHT_TRACKCOM,
        cutoff=60,
        exponent=1,
        diffuse=[0.5, 0.5, 0.5],
        attenuation=[1, 0, 0],
    )
    spec.stat.extent = SCENE_SIZE
    add_textures(spec)
    paint(spec, env, names)
    return spec.compile()


def add_textures(spec: mujoco.MjSpec) -> None:
    """A sky and a floor whose chequers are one metre wide."""
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.55, 0.67, 0.8],
        rgb2=[0.93, 0.95, 0.97],
        width=256,
        height=256,
    )
    spec.add_texture(
        name="floor",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=[0.42, 0.47, 0.53],
        rgb2=[0.5, 0.55, 0.6],
        width=256,
        height=256,
    )
    material = spec.add_material(name="floor", texrepeat=[0.5, 0.5], texuniform=True)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    material.reflectance = 0.03
    if (ground := spec.geom(GROUND)) is not None:
        ground.material = "floor"
        ground.rgba = [1, 1, 1, 1]


def paint(spec: mujoco.MjSpec, env: Env, names: list[str]) -> None:
    """Give bodies the colours that the client set."""
    for actor in env.actors:
        for body, color in actor.colors.items():
            for geom in spec.body(names[actor.first_body + body]).geoms:
                geom.rgba = [*color, 1.0]
