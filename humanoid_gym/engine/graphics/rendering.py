"""Environments as drawable scenes: one model of what one looks like, posed and painted for each."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
import torch

from humanoid_gym.engine.graphics.appearance import COLLISION, VISUAL, Lights
from humanoid_gym.engine.graphics.display_model import DisplayModel
from humanoid_gym.engine.graphics.looks import (
    ALL_GROUPS,
    COLLISION_ONLY,
    HIDDEN,
    STATIC,
    VISUAL_ONLY,
)
from humanoid_gym.engine.graphics.offscreen import render_flag
from humanoid_gym.engine.graphics.rendering_view import View, aim
from humanoid_gym.engine.scene.scene import Env, Scene
from humanoid_gym.engine.simulation import Simulation

MAX_GEOMS = 100_000
"""Shapes and lines in one picture at most."""
LAMP_DISTANCE = 8.0
"""From what is looked at to the lamp [m]: shadows fall from shapes nearer to it than that."""
DRAWN_FLAGS = [mujoco.mjtVisFlag.mjVIS_TEXTURE.value, mujoco.mjtVisFlag.mjVIS_STATIC.value]


@dataclass(frozen=True)
class Poses:
    """The coordinates of every environment at one moment."""

    qpos: np.ndarray
    mocap_pos: np.ndarray
    mocap_quat: np.ndarray

    @classmethod
    def of(cls, simulation: Simulation) -> Poses:
        """A copy of the simulation's present ones."""
        names = ("qpos", "mocap_pos", "mocap_quat")
        return cls(
            *(torch.as_tensor(simulation.backend.state(n)).cpu().numpy().copy() for n in names)
        )


@dataclass(frozen=True)
class Look:
    """How one environment's moving geoms look: those of the display model after the static ones."""

    version: int
    rgba: np.ndarray
    material: np.ndarray
    label: np.ndarray
    """Segmentation label, shape (num_moving_geoms,)."""


@dataclass(frozen=True)
class EnvShapes:
    """The moving shapes that one environment shows, one row each."""

    geoms: np.ndarray
    """Of the display model, shape (n,)."""
    positions: np.ndarray
    """Global [m], shape (n, 3)."""
    body_quats: np.ndarray
    """Of their bodies, wxyz, shape (n, 4)."""
    quats: np.ndarray
    """In their bodies, wxyz, shape (n, 4)."""
    sizes: np.ndarray
    """MuJoCo's, which the factors multiply [m], shape (n, 3)."""
    factors: np.ndarray
    """By which the actor is scaled, shape (n,)."""


class Display:
    """Draws environments into MuJoCo's abstract scenes.

    Args:
        scene: complete.
        shown: what its environments look like.
        lights: of the scene.
    """

    def __init__(self, scene: Scene, shown: DisplayModel, lights: Lights) -> None:
        self.shown = shown
        self._scene = scene
        self._lights = lights
        self._looks: dict[int, Look] = {}
        self._placed: tuple[Poses, int] | None = None
        self._option = mujoco.MjvOption()
        self._option.flags[:] = 0
        self._option.flags[DRAWN_FLAGS] = 1
        self._nothing = mujoco.MjvPerturb()

    def new_scene(self, max_geoms: int = MAX_GEOMS) -> mujoco.MjvScene:
        """An empty scene for this display's pictures."""
        scene = mujoco.MjvScene(self.shown.model, max_geoms)
        for flag in ("REFLECTION", "FOG", "HAZE"):
            scene.flags[render_flag(flag)] = 0
        return scene

    def compose(
        self,
        scene: mujoco.MjvScene,
        view: View,
        envs: list[int],
        poses: Poses,
        *,
        collision: bool = False,
        lamp_target: np.ndarray | None = None,
    ) -> None:
        """Fill a scene with the ground and with environments.

        Args:
            scene: emptied first.
            view: in the frame of the first environment, whose origin the picture is taken about:
                at 600 m from the world's origin, float32 has lost 6e-5 m.
            envs: which.
            poses: of all environments.
            collision: show collision shapes instead of visual ones.
            lamp_target: point about which shadows are drawn, in that frame; None: the origin.
        """
        reference = origin(self._scene.envs[envs[0]])
        scene.ngeom = 0
        aim(scene, view)
        self._add_lights(scene, np.zeros(3) if lamp_target is None else lamp_target)
        self._add_ground(scene, view, reference)
        hidden = VISUAL_ONLY if collision else COLLISION_ONLY
        for index in envs:
            self._add_env(scene, index, poses, reference, hidden)

    def body_pose(self, index: int, row: int, poses: Poses) -> tuple[np.ndarray, np.ndarray]:
        """Position [m] and rotation matrix of a body, in its environment's frame."""
        self._place(index, poses)
        body = self.shown.bodies[row]
        return self.shown.data.xpos[body].copy(), self.shown.data.xmat[body].reshape(3, 3).copy()

    def env_shapes(self, index: int, poses: Poses) -> EnvShapes:
        """Where an environment's visual shapes are."""
        self._place(index, poses)
        model, data, first = self.shown.model, self.shown.data, self.shown.num_static
        hidden = np.isin(model.geom_group[first:], (HIDDEN, COLLISION_ONLY))
        geoms = first + np.flatnonzero(~hidden)
        return EnvShapes(
            geoms,
            data.geom_xpos[geoms] + origin(self._scene.envs[index]),
            data.xquat[model.geom_bodyid[geoms]],
            model.geom_quat[geoms],
            model.geom_size[geoms],
            self.shown.geom_factors[geoms, 0],
        )

    def colors(self, index: int, geoms: np.ndarray) -> np.ndarray:
        """RGBA of an environment's moving shapes, a texture's mean color in its place.

        Args:
            index: environment.
            geoms: of `env_shapes`, shape (n,).

        Returns:
            Shape (n, 4), in [0, 1].
        """
        look, rows = self._look(index), geoms - self.shown.num_static
        rgba = look.rgba[rows].copy()
        for material in np.unique(look.material[rows]):
            if material >= 0:
                worn = look.material[rows] == material
                rgba[worn, :3] *= self.shown.mean_color(int(material))
        return rgba

    @property
    def looks_version(self) -> int:
        """Another after each change of colors or textures."""
        return self._scene.looks_version

    def labels(self, scene: mujoco.MjvScene, index: int) -> np.ndarray:
        """Segmentation label of each geom of a scene that shows one environment, and 0 at the end.

        Shape (num_geoms_of_the_scene + 1,), uint32: position -1 is the background.
        """
        geoms = [scene.geoms[position].objid for position in range(scene.ngeom)]
        known = np.concatenate((self.shown.static_labels, self._look(index).label))
        return np.append(known[geoms], 0).astype(np.uint32)

    def _place(self, index: int, poses: Poses) -> None:
        """Compute where an environment's bodies and geoms are, in its own frame."""
        if self._placed is not None and self._placed[0] is poses and self._placed[1] == index:
            return
        data = self.shown.data
        self.shown.shape_as(self._scene.envs[index].actors)
        data.qpos[:] = poses.qpos[index]
        data.mocap_pos[:], data.mocap_quat[:] = poses.mocap_pos[index], poses.mocap_quat[index]
        mujoco.mj_kinematics(self.shown.model, data)
        self._placed = poses, index

    def _add_env(
        self, scene: mujoco.MjvScene, index: int, poses: Poses, reference: np.ndarray, hidden: int
    ) -> None:
        self._place(index, poses)
        model, data, look = self.shown.model, self.shown.data, self._look(index)
        moving = slice(self.shown.num_static, None)
        model.geom_rgba[moving], model.geom_matid[moving] = look.rgba, look.material
        data.geom_xpos += origin(self._scene.envs[index]) - reference
        self.shown.enlarge_geoms()
        groups = [group not in (STATIC, HIDDEN, hidden) for group in ALL_GROUPS]
        self._add_geoms(scene, groups)
        self._placed = None  # geom positions are no longer the environment's own

    def _add_ground(self, scene: mujoco.MjvScene, view: View, reference: np.ndarray) -> None:
        self.shown.place_static(reference, view)
        self._add_geoms(scene, [group == STATIC for group in ALL_GROUPS])
        for position in range(scene.ngeom):
            # Where everything lies on the ground, its own shadow is only rounding errors.
            scene.geoms[position].castshadow = 0
        self._placed = None

    def _add_geoms(self, scene: mujoco.MjvScene, groups: list[bool]) -> None:
        model, data = self.shown.model, self.shown.data
        self._option.geomgroup[:] = groups
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_addGeoms(model, data, self._option, self._nothing, everything, scene)

    def _add_lights(self, scene: mujoco.MjvScene, target: np.ndarray) -> None:
        model, data = self.shown.model, self.shown.data
        model.vis.headlight.active = self._lights.headlight
        for index, light in enumerate(self._lights.lights):
            model.light_active[index] = light is not None
            if light is not None:
                towards = np.array(light.direction)
                model.light_diffuse[index], model.light_ambient[index] = (
                    light.diffuse,
                    light.ambient,
                )
                data.light_xdir[index] = -towards
                data.light_xpos[index] = target + LAMP_DISTANCE * towards
        mujoco.mjv_makeLights(model, data, scene)

    def _look(self, index: int) -> Look:
        look = self._looks.get(index)
        if look is None or look.version != self._scene.looks_version:
            look = self._looks[index] = self._paint(self._scene.envs[index])
        return look

    def _paint(self, env: Env) -> Look:
        shown = self.shown
        rgba, material = shown.rgba.copy(), shown.material.copy()
        label = np.zeros(shown.model.ngeom, dtype=np.int64)
        for actor in env.actors:
            looks, first = actor.appearance, actor.first_body
            for (body, kind), color in looks.colors.items():
                rgba[shown.geoms_of(first + body, kind), :3] = color
            for (body, kind), texture in looks.textures.items():
                ids = shown.geoms_of(first + body, kind)
                material[ids] = shown.texture_material(texture)
                if texture in shown.textures and (body, kind) not in looks.colors:
                    rgba[ids, :3] = 1.0
            for body in range(len(actor.asset.model.bodies)):
                ids = shown.geoms_of(first + body, VISUAL | COLLISION)
                label[ids] = looks.segmentation.get(body, actor.segmentation_id)
        moving = slice(shown.num_static, None)
        parts = (values[moving].copy() for values in (rgba, material, label))
        return Look(self._scene.looks_version, *parts)


def origin(env: Env) -> np.ndarray:
    """Global position of an environment's origin [m], shape (3,)."""
    return np.array([env.origin.x, env.origin.y, env.origin.z])
