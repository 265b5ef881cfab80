"""`<geom>` and `<mesh>`: shapes, what they weigh, and what they collide with."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from humanoid_gym.engine.assets.asset_root import AssetRoot
from humanoid_gym.engine.assets.errors import MissingMeshError, UnsupportedAssetError
from humanoid_gym.engine.assets.geometry import (
    MassProperties,
    compose,
    is_flat,
    mesh_mass_properties,
    rotation_matrix,
    shape_mass_properties,
)
from humanoid_gym.engine.assets.meshes import LeftOut, MeshReader, missing
from humanoid_gym.engine.assets.mjcf.defaults import MAIN, Defaults
from humanoid_gym.engine.assets.mjcf.frames import (
    ORIGIN,
    Compiler,
    one_of,
    read_pose,
    read_rotation,
    z_to,
)
from humanoid_gym.engine.assets.model import Mesh, Pose, ShapeModel
from humanoid_gym.engine.assets.xml_source import XmlElement
from humanoid_gym.engine.values.parameters import AssetOptions

logger = logging.getLogger(__name__)

SIZES = {"sphere": 1, "capsule": 2, "cylinder": 2, "box": 3, "ellipsoid": 3}
"""Numbers that `size` has; one less (two for box and ellipsoid: two) where `fromto` is given."""
GEOM_TYPES = ("plane", "hfield", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh", "sdf")
STATIC_TYPES = ("plane", "hfield")
LARGEST_MASK = 2**31 - 1


@dataclass
class Geom:
    """One geom of a body."""

    name: str
    shape: ShapeModel
    weight: MassProperties
    """In the body frame."""
    contype: int = 1
    conaffinity: int = 1


class GeomReader:
    """Reads the geoms of one robot.

    Args:
        document: the `<mujoco>` element.
        defaults: its classes.
        compiler: its settings.
        root: where meshes may lie.
        options: of the asset.
    """

    def __init__(
        self,
        document: XmlElement,
        defaults: Defaults,
        compiler: Compiler,
        root: AssetRoot,
        options: AssetOptions,
    ) -> None:
        self._defaults = defaults
        self._compiler = compiler
        self._options = options
        self._root = root
        self._reader = MeshReader(root)
        self._meshes = _named_meshes(document, defaults)
        self._colors = _material_colors(document, defaults)
        self._left_out = LeftOut()
        self._count = 0

    def read(self, element: XmlElement, inherited: str, frame: Pose) -> Geom | None:
        """Read one `<geom>`.

        Args:
            element: as it stands in the file.
            inherited: `childclass` here.
            frame: of the element's frame in the body.

        Returns:
            The geom; None for planes, height fields and visuals whose mesh cannot be read.

        Raises:
            AssetError: anything in it is not what MJCF asks for.
        """
        full = self._defaults.complete(element, inherited)
        name = full.attributes.get("name") or f"_geom_{self._count}"
        self._count += 1
        kind = one_of(full, "type", GEOM_TYPES, "sphere")
        if kind in STATIC_TYPES:
            logger.info("%s: a %s belongs to no body and is left out", element.place, kind)
            return None
        contype, conaffinity = (_mask(full, word) for word in ("contype", "conaffinity"))
        collides = bool(contype or conaffinity)
        shape = self._shape(full, "mesh" if "mesh" in full.attributes else kind, name, collides)
        if shape is None:
            return None
        shape.pose, shape.collides = compose(frame, shape.pose), collides
        shape.color = None if collides else self._color(full)
        friction = full.numbers("friction")
        shape.friction = max(0.0, float(friction[0])) if len(friction) else 1.0
        return Geom(name, shape, self._weight(full, shape), contype, conaffinity)

    def _shape(self, full: XmlElement, kind: str, name: str, collides: bool) -> ShapeModel | None:
        if kind in ("mesh", "sdf"):
            mesh = self._mesh(full, name, collides)
            pose = read_pose(full, self._compiler)
            return None if mesh is None else ShapeModel("mesh", (), pose, mesh)
        pose, size = self._place_and_size(full, kind)
        if kind == "cylinder" and collides and self._options.replace_cylinder_with_capsule:
            kind = "capsule"
        return ShapeModel(kind, size, pose)

    def _place_and_size(self, full: XmlElement, kind: str) -> tuple[Pose, tuple[float, ...]]:
        """Pose and sizes of a primitive, from `fromto` or from `pos` and an orientation."""
        count = SIZES[kind]
        if "fromto" not in full.attributes:
            size = full.numbers("size", at_least=count)[:count]
            full.check_size(size, "size")
            return read_pose(full, self._compiler), tuple(map(float, size))
        if kind == "sphere":
            raise full.error("a sphere has no fromto", "Give pos and size, or another type")
        start, end = np.split(full.vector("fromto", (0.0,) * 6), 2)
        length = float(np.linalg.norm(end - start))
        if length < 1e-10:
            raise full.error("both ends of fromto are the same point", "Give two points")
        across = full.numbers("size", at_least=1)
        widths = across[:1] if count == 2 else [across[0], across[min(1, len(across) - 1)]]
        size = np.append(widths, 0.5 * length)
        full.check_size(size, "size")
        # MuJoCo's z axis of such a geom points from the end to the start.
        pose = Pose(0.5 * (start + end), z_to((start - end) / length))
        return pose, tuple(map(float, size))

    def _mesh(self, full: XmlElement, geom: str, collides: bool) -> Mesh | None:
        name = full.text("mesh")
        if name not in self._meshes:
            raise full.error(f"geom '{geom}' has the mesh '{name}', which is not an <asset>",
                             "Define it by <mesh name= file=>")  # fmt: skip
        try:
            mesh = self._load(name)
        except (UnsupportedAssetError, MissingMeshError) as error:
            if collides:
                raise
            self._left_out.report(self._meshes[name].attributes.get("file", name), error)
            return None
        if collides and is_flat(mesh.vertices):
            raise full.error(
                f"collision mesh '{name}' is flat", "Give it a thickness, or use a thin box"
            )
        return mesh

    def _load(self, name: str) -> Mesh:
        element = self._meshes[name]
        scale = element.vector("scale", (1.0, 1.0, 1.0))
        if "file" in element.attributes:
            path = self._mesh_path(element, name)
            mesh = self._reader.read_file(path, element, name, scale)
        else:
            mesh = _inline_mesh(element, scale)
        if "refpos" not in element.attributes and "refquat" not in element.attributes:
            return mesh
        turned = XmlElement("mesh", {}, element.file, element.line)
        if "refquat" in element.attributes:
            turned.attributes["quat"] = element.attributes["refquat"]
        rotation = rotation_matrix(read_rotation(turned, self._compiler))
        return Mesh((mesh.vertices - element.vector("refpos", ORIGIN)) @ rotation, mesh.faces)

    def _mesh_path(self, element: XmlElement, name: str) -> Path:
        file = element.text("file").strip()
        if self._compiler.strip_path:
            file = file.replace("\\", "/").rpartition("/")[2]
        path = self._compiler.mesh_folder / file
        path = self._root.check(path, element, "the mesh", beside=True)
        if not os.path.isfile(path):
            raise missing(element, file, name, str(path))
        return path

    def _color(self, full: XmlElement) -> tuple[float, float, float, float] | None:
        if "rgba" in full.attributes:
            return _rgba(full)
        return self._colors.get(full.attributes.get("material", ""))

    def _weight(self, full: XmlElement, shape: ShapeModel) -> MassProperties:
        """The geom's mass properties in the body frame, at its mass or density."""
        solid = self._solid(full, shape)
        if "mass" in full.attributes:
            mass = full.number("mass", minimum=0.0)
            factor = mass / solid.mass if solid.mass > 0.0 else 0.0
        else:
            factor = full.number("density", default=self._options.density, minimum=0.0)
        weighed = MassProperties(solid.mass * factor, solid.com, solid.inertia * factor)
        return weighed.moved(shape.pose)

    def _solid(self, full: XmlElement, shape: ShapeModel) -> MassProperties:
        """At density 1, in the shape's frame."""
        if shape.mesh is None:
            return shape_mass_properties(shape, 1.0)
        if is_flat(shape.mesh.vertices):
            return MassProperties()
        asset = self._meshes[full.attributes["mesh"]]
        kinds = ("legacy", "convex", "exact", "shell")
        return mesh_mass_properties(shape.mesh, one_of(asset, "inertia", kinds, "legacy"))


def _mask(full: XmlElement, attribute: str) -> int:
    value = full.number(attribute, default=1.0)
    if not (value.is_integer() and 0 <= value <= LARGEST_MASK):
        raise full.error(f"{attribute} is a bit mask, got {value:g}", "Give a whole number >= 0")
    return int(value)


def _rgba(element: XmlElement) -> tuple[float, float, float, float]:
    red, green, blue, alpha = np.clip(element.vector("rgba", (0.5, 0.5, 0.5, 1.0)), 0.0, 1.0)
    return float(red), float(green), float(blue), float(alpha)


def _named_meshes(document: XmlElement, defaults: Defaults) -> dict[str, XmlElement]:
    """The `<mesh>` assets by name; one without a name is called like its file."""
    meshes = {}
    for section in document.find_all("asset"):
        for element in section.find_all("mesh"):
            full = defaults.complete(element, MAIN)
            file = full.attributes.get("file", "").replace("\\", "/")
            name = full.attributes.get("name") or file.rpartition("/")[2].rpartition(".")[0]
            meshes[name] = full
    return meshes


def _material_colors(
    document: XmlElement, defaults: Defaults
) -> dict[str, tuple[float, float, float, float]]:
    materials = [m for section in document.find_all("asset") for m in section.find_all("material")]
    full = [defaults.complete(material, MAIN) for material in materials]
    return {m.attributes.get("name", ""): _rgba(m) for m in full if "rgba" in m.attributes}


def _inline_mesh(element: XmlElement, scale: np.ndarray) -> Mesh:
    """A mesh whose vertices stand in the file; without faces it is their hull."""
    values = element.numbers("vertex", at_least=12)
    faces = element.numbers("face")
    if len(values) % 3 or len(faces) % 3:
        raise element.error("the numbers of vertex and face come in threes", "Correct them")
    vertices = values.reshape(-1, 3) * scale
    indices = faces.reshape(-1, 3).astype(np.int64)
    if faces.size and (indices.min() < 0 or indices.max() >= len(vertices)):
        raise element.error("a face names a vertex that is missing", "Correct the mesh")
    return Mesh(vertices, indices.astype(np.int32))
