"""The MuJoCo model that pictures are drawn from: visual shapes, ground, sky, textures."""

from __future__ import annotations

import copy

import mujoco
import numpy as np

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.assets.model import BodyModel, ShapeModel
from humanoid_gym.engine.compilation.env_spec import (
    add_actor,
    geom_size,
    mesh_pose,
    scene_spec,
    wxyz,
)
from humanoid_gym.engine.graphics.appearance import COLLISION, MAX_LIGHTS, VISUAL
from humanoid_gym.engine.graphics.looks import COLLISION_ONLY, HIDDEN, STATIC, VISUAL_ONLY, Looks
from humanoid_gym.engine.graphics.rendering_view import View
from humanoid_gym.engine.graphics.terrain_tiles import SKIRT, TerrainTiles, tiled
from humanoid_gym.engine.scene.scene import Actor, Scene
from humanoid_gym.engine.terrain.shapes import Plane
from humanoid_gym.engine.values.enums import UpAxis

GROUND_SIZE = 1000.0
"""Half the width of the drawn ground [m]. It is a flat box: MuJoCo cuts a plane of this size into
so many tiles that it takes ten times as long."""
GROUND_THICKNESS = 0.1
CHEQUER = 1.0
"""Width of the ground's chequers [m]."""
PERIOD = 2 * CHEQUER
STATIC_COLOR = (0.55, 0.58, 0.62, 1.0)
SCENE_SIZE = 4.0
"""Half the width of the region in which shadows are drawn [m]."""
QUARTER_TURNS = {"z": (1, -1, 2, 0, 0, 0), "y": (0, 0, 0, 0, 0, 0)}
"""By up axis: how a texture lies upright on the sides +x, -x, +y, -y, +z and -z of a shape."""


class DisplayModel:
    """A compiled model of the environments for pictures, and what its geoms are.

    Args:
        scene: complete.
        textures: square RGB images by handle.
    """

    def __init__(self, scene: Scene, textures: dict[int, np.ndarray]) -> None:
        drawn = copy.copy(scene)
        drawn.static_shapes = tiled(scene.static_shapes)
        spec = scene_spec(drawn)
        self._looks = [Looks(scene.envs, handle) for handle in range(len(scene.template.actors))]
        names = []
        for handle, (actor, looks) in enumerate(
            zip(scene.template.actors, self._looks, strict=True)
        ):
            bodies = add_actor(spec, handle, actor, actor.asset.model)
            looks.add_to(spec, bodies)
            names += [body.name for body in bodies]
        z_up = scene.params.up_axis == UpAxis.UP_AXIS_Z
        grounds = [set_ground(spec.geom(name)) for name in planes(scene)]
        take_out_physics(spec)
        add_sky_and_floor(spec, z_up)
        for handle, image in textures.items():
            add_cube_texture(spec, handle, image, QUARTER_TURNS["z" if z_up else "y"])
        add_lights(spec)
        self.textures = set(textures)
        self.model: mujoco.MjModel = spec.compile()
        self.data = mujoco.MjData(self.model)
        self.bodies = np.array([self.model.body(name).id for name in names], dtype=np.int64)
        self.rgba, self.material = self.model.geom_rgba.copy(), self.model.geom_matid.copy()
        self._groups = self.model.geom_group.copy()
        self._index_geoms()
        self.num_static = int(self.model.body_geomnum[0])  # the world's geoms come first
        self.static_labels = np.zeros(self.num_static, dtype=np.int64)
        for name, shape in drawn.static_shapes.items():
            self.static_labels[self.model.geom(name).id] = shape.segmentation_id
        self._index_actors(scene)
        mujoco.mj_kinematics(self.model, self.data)
        self._grounds = [self.model.geom(name).id for name in grounds]
        self._static_positions = self.data.geom_xpos[self._static].copy()
        self._static_axes = self.data.geom_xmat[self._static].copy()
        self._tiles = TerrainTiles(self.model, self.data, drawn.static_shapes)

    def geoms_of(self, row: int, kind: int) -> np.ndarray:
        """Geoms of a body that are of a kind: VISUAL, COLLISION or both, shape (n,)."""
        return self._geoms.get((row, int(kind)), NO_GEOMS)

    def texture_material(self, handle: int) -> int:
        """Material that shows a texture, -1 if the texture was freed."""
        if handle not in self.textures:
            return -1
        return self.model.material(texture_name(handle)).id

    def mean_color(self, material: int) -> np.ndarray:
        """Mean RGB of what a material shows, in [0, 1], shape (3,)."""
        model = self.model
        texture = int(model.mat_texid[material, mujoco.mjtTextureRole.mjTEXROLE_RGB])
        if texture < 0:
            return model.mat_rgba[material, :3]
        first, channels = int(model.tex_adr[texture]), int(model.tex_nchannel[texture])
        count = int(model.tex_width[texture] * model.tex_height[texture]) * channels
        pixels = model.tex_data[first : first + count].reshape(-1, channels)
        return pixels[:, :3].mean(axis=0) / 255.0

    def shape_as(self, actors: list[Actor]) -> None:
        """Take the shapes, sizes and places of the actors' own assets."""
        for handle, actor in enumerate(actors):
            if actor.asset is not self._assets[handle]:
                self._assets[handle] = actor.asset
                for row, body in enumerate(actor.asset.model.bodies):
                    mine = self.bodies[actor.first_body + row]
                    self._shape_body(mine, body, self._looks[handle].geoms(actor.asset, row))
                self._factors = []
        self.scale([actor.scale for actor in actors])

    def _shape_body(self, body: int, source: BodyModel, geoms: slice) -> None:
        """Show those of a body's geoms that are its shapes, and give it their numbers."""
        model, lengths = self.model, self._lengths
        if source.parent >= 0:
            lengths["body_pos"][0][body] = source.pose.position
            model.body_quat[body] = wxyz(source.pose.rotation)
        first = model.body_geomadr[body]
        everything = slice(first, first + model.body_geomnum[body])
        shown = range(everything.start, everything.stop)[geoms]
        model.geom_group[everything] = HIDDEN
        for geom, shape in zip(shown, source.shapes, strict=True):
            model.geom_group[geom] = self._groups[geom]
            self._shape_geom(geom, shape)
        dofs = [joint for joint in source.joints if joint.is_dof]
        for joint, dof in enumerate(dofs, model.body_jntadr[body]):
            lengths["jnt_pos"][0][joint] = dof.anchor
            model.jnt_axis[joint] = dof.axis

    def _shape_geom(self, geom: int, shape: ShapeModel) -> None:
        model = self.model
        if shape.mesh is None:
            position, rotation = shape.pose.position, wxyz(shape.pose.rotation)
            model.geom_size[geom] = geom_size(shape)
        else:
            position, rotation = mesh_pose(model, model.geom_dataid[geom], shape.pose)
        self._lengths["geom_pos"][0][geom] = position
        model.geom_quat[geom] = rotation

    def scale(self, factors: list[float]) -> None:
        """Set the lengths of each actor to a multiple of its asset's."""
        if factors == self._factors:
            return
        self._factors = list(factors)
        by_body = np.ones(self.model.nbody)
        for factor, bodies in zip(factors, self._actor_bodies, strict=True):
            by_body[bodies] = factor
        for name, (base, owners) in self._lengths.items():
            getattr(self.model, name)[:] = base * by_body[owners][:, None]
        self.geom_factors = by_body[self.model.geom_bodyid][:, None]

    def enlarge_geoms(self) -> None:
        """Scale the shapes themselves, meshes too: their axes stretch."""
        if any(factor != 1.0 for factor in self._factors):
            self.data.geom_xmat *= self.geom_factors

    def place_static(self, reference: np.ndarray, view: View) -> None:
        """Put ground and terrain where they are, and show the tiles that are seen.

        Args:
            reference: origin of the frame that pictures are drawn in, global [m].
            view: in that frame: an endless ground follows it, by whole chequers.
        """
        self._tiles.show(view, reference, STATIC, HIDDEN)
        self.data.geom_xpos[self._static] = self._static_positions - reference
        self.data.geom_xmat[self._static] = self._static_axes
        for ground in self._grounds:
            along = self.data.geom_xmat[ground].reshape(3, 3)[:, :2]
            shift = along.T @ (view.eye - self.data.geom_xpos[ground])
            self.data.geom_xpos[ground] += along @ (np.round(shift / PERIOD) * PERIOD)

    def _index_geoms(self) -> None:
        rows = {body: row for row, body in enumerate(self.bodies.tolist())}
        members: dict[tuple[int, int], list[int]] = {}
        for geom in range(self.model.ngeom):
            row = rows.get(int(self.model.geom_bodyid[geom]))
            if row is None:
                continue
            group = int(self.model.geom_group[geom])
            kinds = [VISUAL | COLLISION]
            kinds += [VISUAL] * (group != COLLISION_ONLY) + [COLLISION] * (group != VISUAL_ONLY)
            for kind in kinds:
                members.setdefault((row, int(kind)), []).append(geom)
        self._geoms = {part: np.array(ids) for part, ids in members.items()}
        self._static = np.flatnonzero(self.model.geom_group == STATIC)

    def _index_actors(self, scene: Scene) -> None:
        model = self.model
        roots = self.bodies[[actor.first_body for actor in scene.template.actors]]
        trees = model.body_rootid[roots]
        self._actor_bodies = [np.flatnonzero(model.body_rootid == tree) for tree in trees]
        self._lengths = {
            "body_pos": (model.body_pos.copy(), np.arange(model.nbody)),
            "geom_pos": (model.geom_pos.copy(), model.geom_bodyid.copy()),
            "jnt_pos": (model.jnt_pos.copy(), model.jnt_bodyid.copy()),
        }
        self._assets: list[Asset | None] = [None] * len(trees)
        model.geom_sameframe[:] = 0  # places may change
        self._factors = [1.0] * len(trees)
        self.geom_factors = np.ones((model.ngeom, 1))


NO_GEOMS = np.zeros(0, dtype=np.int64)


def planes(scene: Scene) -> list[str]:
    """Names of the geoms that are planes."""
    return [name for name, shape in scene.static_shapes.items() if isinstance(shape, Plane)]


def set_ground(ground: mujoco.MjsGeom) -> str:
    """Draw a plane as a wide flat box; return its name."""
    normal = np.zeros(3)
    mujoco.mju_rotVecQuat(normal, np.array([0.0, 0.0, 1.0]), ground.quat)
    ground.type = mujoco.mjtGeom.mjGEOM_BOX
    ground.size = [GROUND_SIZE, GROUND_SIZE, GROUND_THICKNESS]
    ground.pos = ground.pos - GROUND_THICKNESS * normal
    ground.material = "floor"
    ground.rgba = [1, 1, 1, 1]
    return ground.name


def take_out_physics(spec: mujoco.MjSpec) -> None:
    """Mark what is static, and leave nothing that only physics needs."""
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = 0  # so that no mesh's convex hull is computed
    for mesh in spec.meshes:
        mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL  # flat ones are fine to look at
    for field in spec.hfields:
        field.size = [*field.size[:3], SKIRT]
    for geom in spec.worldbody.geoms:
        geom.group = STATIC
        if not geom.material:
            geom.rgba = STATIC_COLOR


def add_sky_and_floor(spec: mujoco.MjSpec, z_up: bool) -> None:
    """A sky and the material of the ground."""
    horizon = [0.93, 0.95, 0.97]
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.55, 0.67, 0.8] if z_up else horizon,  # MuJoCo's gradient runs along z
        rgb2=horizon,
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
    repeat = 0.5 / CHEQUER
    material = spec.add_material(name="floor", texrepeat=[repeat, repeat], texuniform=True)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"


def add_cube_texture(
    spec: mujoco.MjSpec, handle: int, image: np.ndarray, turns: tuple[int, ...]
) -> None:
    """A texture that shows an image on each side of a shape, and a material that wears it.

    Args:
        spec: to add to.
        handle: of the texture.
        image: RGB, shape (side, side, 3), uint8.
        turns: quarter turns of the image on each side, counter-clockwise.
    """
    name, side = texture_name(handle), len(image)
    texture = spec.add_texture(
        name=name,
        type=mujoco.mjtTexture.mjTEXTURE_CUBE,
        width=side,
        height=len(turns) * side,
        nchannel=3,
    )
    texture.data = np.concatenate([np.rot90(image, turn) for turn in turns]).tobytes()
    material = spec.add_material(name=name)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name


def add_lights(spec: mujoco.MjSpec) -> None:
    """As many directional lights as a client can set; pictures aim and dye them."""
    for index in range(MAX_LIGHTS):
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            castshadow=index == 0,
            active=False,
            specular=[0.1, 0.1, 0.1],
        )
    spec.visual.headlight.ambient = [0.4, 0.4, 0.4]
    spec.visual.headlight.diffuse = [0.35, 0.35, 0.35]
    spec.visual.headlight.specular = [0.1, 0.1, 0.1]
    spec.stat.extent = SCENE_SIZE


def texture_name(handle: int) -> str:
    """Name of a texture and its material in the display model."""
    return f"texture{handle}"
