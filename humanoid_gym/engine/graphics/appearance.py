"""How bodies look: colours, textures and labels that a client sets, and the scene's lights."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from humanoid_gym.engine.values.enums import INVALID_HANDLE, MeshType

logger = logging.getLogger(__name__)

Color = tuple[float, float, float]
Part = tuple[int, int]
"""Body of an actor, and MESH_VISUAL or MESH_COLLISION."""

VISUAL, COLLISION = MeshType.MESH_VISUAL, MeshType.MESH_COLLISION
MAX_LIGHTS = 4
TEXTURE_SIZE = 1024
"""Textures are scaled to squares of at most this many pixels a side."""


@dataclass(slots=True)
class Appearance:
    """What a client changed of one actor's looks."""

    colors: dict[Part, Color] = field(default_factory=dict)
    textures: dict[Part, int] = field(default_factory=dict)
    """Texture handles."""
    segmentation: dict[int, int] = field(default_factory=dict)
    """Labels of bodies that differ from the actor's."""

    def reset(self, mesh_type: MeshType) -> None:
        """Forget colours and textures of these shapes."""
        for table in (self.colors, self.textures):
            for part in [part for part in table if part[1] & mesh_type]:
                del table[part]


def parts(body: int, mesh_type: MeshType) -> list[Part]:
    """The parts of a body that a mesh type names."""
    return [(body, int(kind)) for kind in (COLLISION, VISUAL) if int(mesh_type) & kind]


@dataclass
class Light:
    """A directional light."""

    diffuse: Color
    ambient: Color
    direction: Color
    """Unit vector from the scene to the light, world axes."""


class Lights:
    """The scene's lights: a lamp high on one side and a weak one at the camera, or the client's.

    Args:
        up: unit vector.
    """

    def __init__(self, up: np.ndarray) -> None:
        self._up = up
        self.headlight = True
        sideways = np.array([-0.23, -0.35, 0.0]) if up[2] else np.array([-0.23, 0.0, 0.35])
        towards = sideways + 0.9 * up
        x, y, z = (towards / np.linalg.norm(towards)).tolist()
        self.lights: list[Light | None] = [Light((0.5, 0.5, 0.5), (0.0, 0.0, 0.0), (x, y, z))]
        self.lights += [None] * (MAX_LIGHTS - 1)

    def set(self, index: int, diffuse: Color, ambient: Color, direction: Color) -> None:
        """Replace a light; the first call switches the engine's own lights off.

        Args:
            index: 0 to 3.
            diffuse: RGB of what comes from the direction.
            ambient: RGB of what comes from everywhere.
            direction: to the light; zero: from above.

        Raises:
            IndexError: there is no such light.
        """
        if not 0 <= index < MAX_LIGHTS:
            raise IndexError(f"set_light_parameters: lights 0 to {MAX_LIGHTS - 1}, got {index}")
        if self.headlight:
            self.headlight = False
            self.lights[0] = None
        towards = np.array(direction)
        length = np.linalg.norm(towards)
        x, y, z = (towards / length if length > 0 else self._up).tolist()
        self.lights[index] = Light(diffuse, ambient, (x, y, z))


class Textures:
    """Images that bodies can wear, by handle."""

    def __init__(self) -> None:
        self._images: list[np.ndarray | None] = []
        self.version = 0

    def load(self, path: str) -> int:
        """Read a picture file; return its handle, -1 if it cannot be read."""
        from PIL import Image  # only textures and picture files need it

        try:
            with Image.open(Path(path)) as image:
                pixels = np.asarray(image.convert("RGB"))
        except (OSError, ValueError) as error:
            logger.warning("create_texture_from_file: %s cannot be read: %s", path, error)
            return INVALID_HANDLE
        return self.add(pixels)

    def add(self, rgb: np.ndarray) -> int:
        """Keep an image of shape (height, width, 3), uint8; return its handle."""
        from PIL import Image

        side = min(TEXTURE_SIZE, 1 << int(max(rgb.shape[:2]) - 1).bit_length())
        square = Image.fromarray(np.ascontiguousarray(rgb)).resize((side, side))
        self._images.append(np.asarray(square))
        self.version += 1
        return len(self._images) - 1

    def free(self, handle: int) -> None:
        """Drop an image; bodies that wear it show their colour."""
        self.check(handle, "free_texture")
        self._images[handle] = None
        self.version += 1

    def check(self, handle: int, call: str) -> None:
        """Raise ValueError unless the handle is a texture's."""
        if not 0 <= handle < len(self._images) or self._images[handle] is None:
            raise ValueError(
                f"{call}: {handle} is no texture; pass what create_texture_from_file or "
                "create_texture_from_buffer returned"
            )

    def images(self) -> dict[int, np.ndarray]:
        """Square RGB images by handle."""
        return {handle: im for handle, im in enumerate(self._images) if im is not None}
