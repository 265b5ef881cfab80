"""How bodies look: colours, textures, labels of segmentation images, lights."""

from __future__ import annotations

import numpy as np

from humanoid_gym.engine.compilation.env_spec import DEFAULT_COLOR
from humanoid_gym.engine.graphics.appearance import Appearance, parts
from humanoid_gym.engine.scene.handles import actor_of
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim
from humanoid_gym.engine.values.enums import INVALID_HANDLE, MeshType
from humanoid_gym.engine.values.math_types import Vec3


class AppearanceCalls:
    """Methods of Gym about looks; they act on pictures only, at any time.

    `body` counts the actor's bodies. `mesh_type` says whether visual shapes, collision shapes or
    both are meant; the shapes of an asset that has no visual ones are both.
    """

    def set_rigid_body_color(
        self, env: Env, handle: int, body: int, mesh_type: MeshType, color: Vec3
    ) -> None:
        """Set the colour of a body, RGB in [0, 1]; it multiplies a texture."""
        rgb = (float(color.x), float(color.y), float(color.z))
        looks = appearance(env, handle, body, "set_rigid_body_color")
        for part in parts(int(body), mesh_type):
            looks.colors.pop(part, None)  # the last call wins where two kinds are one shape
            looks.colors[part] = rgb
        env.scene.looks_version += 1

    def get_rigid_body_color(self, env: Env, handle: int, body: int, mesh_type: MeshType) -> Vec3:
        """Colour of a body: the one that was set, else that of its first shape in the file."""
        looks = appearance(env, handle, body, "get_rigid_body_color")
        for part in reversed(parts(int(body), mesh_type)):
            if part in looks.colors:
                return Vec3(*looks.colors[part])
        owner = actor_of(env, handle, "get_rigid_body_color")
        shapes = owner.asset.model.bodies[int(body)].shapes
        wanted = [s for s in shapes if int(mesh_type) & visual_or_collision(s.collides)] or shapes
        return Vec3(*((wanted[0].color if wanted else None) or DEFAULT_COLOR)[:3])

    def reset_actor_materials(self, env: Env, handle: int, mesh_type: MeshType) -> None:
        """Return an actor's bodies to the colours of its file, without textures."""
        actor_of(env, handle, "reset_actor_materials").appearance.reset(mesh_type)
        env.scene.looks_version += 1

    def set_rigid_body_segmentation_id(
        self, env: Env, handle: int, body: int, segmentation_id: int
    ) -> None:
        """Give a body another label in segmentation images than its actor has."""
        looks = appearance(env, handle, body, "set_rigid_body_segmentation_id")
        looks.segmentation[int(body)] = int(segmentation_id)
        env.scene.looks_version += 1

    def get_rigid_body_segmentation_id(self, env: Env, handle: int, body: int) -> int:
        """Label of a body in segmentation images."""
        call = "get_rigid_body_segmentation_id"
        looks = appearance(env, handle, body, call)
        return looks.segmentation.get(int(body), actor_of(env, handle, call).segmentation_id)

    def create_texture_from_file(self, sim: Sim, filename: str) -> int:
        """Read a jpg, png or bmp file; return the texture's handle, -1 if it cannot be read."""
        return sim.graphics.textures.load(str(filename))

    def create_texture_from_buffer(
        self, sim: Sim, width: int, height: int, buffer: np.ndarray
    ) -> int:
        """Make a texture of pixels in memory; return its handle.

        Args:
            sim: simulation.
            width: [pixels]
            height: [pixels]
            buffer: RGBA, uint8, shape (height, 4 * width) or (height, width, 4).

        Raises:
            ValueError: another shape or type.
        """
        pixels = np.asarray(buffer)
        if pixels.dtype != np.uint8 or pixels.size != 4 * int(width) * int(height):
            raise ValueError(
                f"create_texture_from_buffer: an uint8 array of shape ({height}, {4 * int(width)}) "
                f"expected, got {pixels.dtype} of shape {pixels.shape}"
            )
        return sim.graphics.textures.add(pixels.reshape(int(height), int(width), 4)[..., :3])

    def free_texture(self, sim: Sim, texture: int) -> None:
        """Drop a texture; bodies that wear it show their colour."""
        sim.graphics.textures.free(int(texture))

    def set_rigid_body_texture(
        self, env: Env, handle: int, body: int, mesh_type: MeshType, texture: int
    ) -> None:
        """Put a texture on every side of a body's shapes.

        Raises:
            ValueError: there is no such texture.
        """
        looks = appearance(env, handle, body, "set_rigid_body_texture")
        if env.scene.sim is not None:
            env.scene.sim.graphics.textures.check(int(texture), "set_rigid_body_texture")
        for part in parts(int(body), mesh_type):
            looks.textures.pop(part, None)
            looks.textures[part] = int(texture)
        env.scene.looks_version += 1

    def get_rigid_body_texture(self, env: Env, handle: int, body: int, mesh_type: MeshType) -> int:
        """Texture of a body, -1 if it wears none."""
        looks = appearance(env, handle, body, "get_rigid_body_texture")
        worn = [looks.textures[p] for p in parts(int(body), mesh_type) if p in looks.textures]
        return worn[-1] if worn else INVALID_HANDLE

    def set_light_parameters(
        self, sim: Sim, index: int, intensity: Vec3, ambient: Vec3, direction: Vec3
    ) -> None:
        """Set one of the four directional lights; the first call switches the default ones off.

        Args:
            sim: simulation.
            index: 0 to 3.
            intensity: RGB of the light from its direction.
            ambient: RGB of the light from everywhere.
            direction: to the light, world axes; zero: from above.
        """
        sim.graphics.lights.set(int(index), rgb(intensity), rgb(ambient), rgb(direction))


def appearance(env: Env, handle: int, body: int, call: str) -> Appearance:
    """The looks of an actor that has this body.

    Raises:
        IndexError: there is no such actor or body.
    """
    owner = actor_of(env, handle, call)
    count = len(owner.asset.model.bodies)
    if not 0 <= int(body) < count:
        raise IndexError(
            f"{call}: actor {owner.name!r} has {count} bodies, no index {body}; the index counts "
            "the actor's own bodies"
        )
    return owner.appearance


def visual_or_collision(collides: bool) -> MeshType:
    """Kind of a shape."""
    return MeshType.MESH_COLLISION if collides else MeshType.MESH_VISUAL


def rgb(vector: Vec3) -> tuple[float, float, float]:
    """The three numbers of a vector."""
    return float(vector.x), float(vector.y), float(vector.z)
