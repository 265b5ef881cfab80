"""One URDF link: its shapes, and its mass properties from the file or from the shapes."""

from __future__ import annotations

import logging

import numpy as np

from humanoid_gym.engine.assets.asset_root import AssetRoot
from humanoid_gym.engine.assets.bodies import check_weight
from humanoid_gym.engine.assets.decomposition import Decomposer
from humanoid_gym.engine.assets.errors import MissingMeshError, UnsupportedAssetError
from humanoid_gym.engine.assets.geometry import (
    MassProperties,
    compose,
    is_flat,
    plate,
    repair_inertia,
    rpy_to_quaternion,
    shapes_mass_properties,
)
from humanoid_gym.engine.assets.link_tree import Link
from humanoid_gym.engine.assets.meshes import LeftOut, MeshReader
from humanoid_gym.engine.assets.model import Mesh, Pose, ShapeModel
from humanoid_gym.engine.assets.xml_source import XmlElement
from humanoid_gym.engine.values.parameters import AssetOptions

Color = tuple[float, float, float, float]
ORIGIN = (0.0, 0.0, 0.0)
Y_UP_TO_Z_UP = Pose(rotation=rpy_to_quaternion(np.array([0.5 * np.pi, 0.0, 0.0])))
GEOMETRIES = ("box", "sphere", "cylinder", "capsule", "mesh")

logger = logging.getLogger(__name__)


def read_pose(element: XmlElement) -> Pose:
    """The `<origin xyz= rpy=>` of an element; identity where there is none."""
    origin = element.find("origin")
    if origin is None:
        return Pose()
    rotation = rpy_to_quaternion(origin.vector("rpy", ORIGIN))
    return Pose(origin.vector("xyz", ORIGIN), rotation)


def read_colors(robot: XmlElement) -> dict[str, Color]:
    """RGBA of every named material of the robot, those defined inside visuals included."""
    visuals = [v for link in robot.find_all("link") for v in link.find_all("visual")]
    colors = {}
    for element in (robot, *visuals):
        for material in element.find_all("material"):
            color = _own_color(material)
            if color is not None:
                colors[material.attributes.get("name", "")] = color
    return colors


def _own_color(material: XmlElement) -> Color | None:
    color = material.find("color")
    if color is None:
        return None
    red, green, blue, alpha = np.clip(color.vector("rgba", (0.5, 0.5, 0.5, 1.0)), 0.0, 1.0)
    return float(red), float(green), float(blue), float(alpha)


class LinkReader:
    """Reads the links of one robot."""

    def __init__(
        self, robot: XmlElement, options: AssetOptions, welded: set[str], root: AssetRoot
    ) -> None:
        """Prepare for a robot.

        Args:
            robot: its root element.
            options: of the asset.
            welded: names of the links that no joint moves.
            root: where meshes may lie.
        """
        self._colors = read_colors(robot)
        self._options = options
        self._welded = welded
        self._meshes = MeshReader(root)
        self._left_out = LeftOut()
        self._decomposer = Decomposer(options)

    def read(self, element: XmlElement) -> Link:
        """Read one `<link>`.

        Raises:
            AssetError: anything in it is not what URDF asks for.
        """
        name = element.text("name")
        shapes = [self._shape(e, name, collides=True) for e in element.find_all("collision")]
        shapes += [self._shape(e, name, collides=False) for e in element.find_all("visual")]
        shapes = self._decomposer.split([shape for shape in shapes if shape])
        link = Link(name, element, MassProperties(), shapes)
        link.weight = self._weight(link)
        check_weight(link.weight, element, name)
        return link

    def _shape(self, element: XmlElement, link: str, collides: bool) -> ShapeModel | None:
        geometry = element.require("geometry")
        solid = next((child for child in geometry.children if child.tag in GEOMETRIES), None)
        if solid is None:
            found = ", ".join(f"<{child.tag}>" for child in geometry.children) or "nothing"
            raise geometry.error(
                f"the geometry of link '{link}' is {found}", f"Use one of {', '.join(GEOMETRIES)}"
            )
        if solid.tag == "mesh":
            shape = self._mesh_shape(solid, link, collides)
        else:
            shape = self._primitive(solid, collides)
        if shape is not None:
            shape.pose, shape.collides = self._shape_pose(element, solid, collides), collides
            shape.color = None if collides else self._color(element)
        return shape

    def _shape_pose(self, element: XmlElement, solid: XmlElement, collides: bool) -> Pose:
        pose = read_pose(element)
        if collides or solid.tag != "mesh" or not self._options.flip_visual_attachments:
            return pose
        # COLLADA files say themselves which axis is up.
        is_collada = solid.text("filename").lower().endswith(".dae")
        return pose if is_collada else compose(pose, Y_UP_TO_Z_UP)

    def _primitive(self, solid: XmlElement, collides: bool) -> ShapeModel:
        if solid.tag == "box":
            x, y, z = 0.5 * solid.positive("size", 3)
            return ShapeModel("box", (float(x), float(y), float(z)))
        radius = float(solid.positive("radius")[0])
        if solid.tag == "sphere":
            return ShapeModel("sphere", (radius,))
        half = 0.5 * float(solid.positive("length")[0])
        if collides and self._options.replace_cylinder_with_capsule:
            # Its tube is as long as the cylinder was: the caps are added.
            return ShapeModel("capsule", (radius, half))
        return ShapeModel(solid.tag, (radius, half))

    def _mesh_shape(self, solid: XmlElement, link: str, collides: bool) -> ShapeModel | None:
        try:
            mesh = self._meshes.read(solid, link)
        except (UnsupportedAssetError, MissingMeshError) as error:
            if collides:
                raise
            self._left_out.report(solid.text("filename"), error)
            return None
        if collides and is_flat(mesh.vertices):
            mesh = self._thickened(mesh, solid, link)
        return ShapeModel("mesh", (), mesh=mesh)

    def _thickened(self, mesh: Mesh, solid: XmlElement, link: str) -> Mesh:
        what = f"collision mesh '{solid.text('filename')}' of link '{link}' is flat"
        try:
            thick = plate(mesh)
        except ValueError as error:
            raise solid.error(f"{what}: {error}", "Use a thin box or cylinder") from error
        logger.warning("%s: %s; it is made a plate", solid.place, what)
        return thick

    def _color(self, visual: XmlElement) -> Color | None:
        material = visual.find("material")
        if material is None:
            return None
        return _own_color(material) or self._colors.get(material.attributes.get("name", ""))

    def _weight(self, link: Link) -> MassProperties:
        """Mass properties in the link frame, from the file or, as the options say, the shapes."""
        options = self._options
        inertial = link.element.find("inertial")
        if inertial is not None and _is_zero(inertial):
            if link.name not in self._welded:
                logger.warning(
                    "%s: link '%s' moves and has no mass; it is weighed as one without <inertial>",
                    inertial.place, link.name,
                )  # fmt: skip
            inertial = None
        if inertial is None or _gives_density(inertial):
            return shapes_mass_properties(link.shapes, _density(inertial, options))
        weight = _given_weight(inertial, link)
        if options.override_inertia or options.override_com:
            solid = shapes_mass_properties(link.shapes, options.density)
            if solid.mass > 0.0 and options.override_inertia:
                weight.mass, weight.inertia = solid.mass, solid.inertia
            if solid.mass > 0.0 and options.override_com:
                weight.com = solid.com
        return weight


def _gives_density(inertial: XmlElement) -> bool:
    """Whether there is a `<density>` in place of the mass: Isaac Gym's own files write that."""
    return inertial.find("mass") is None and inertial.find("density") is not None


def _density(inertial: XmlElement | None, options: AssetOptions) -> float:
    """Density [kg/m^3] of a link without a mass: its own, or that of the options."""
    element = None if inertial is None else inertial.find("density")
    return options.density if element is None else float(element.positive("value")[0])


def _is_zero(inertial: XmlElement) -> bool:
    """Whether mass and inertia are written as zero, as CAD exporters do for sensor frames."""
    numbers = [
        child.number(name, default=0.0)
        for child in inertial.children
        for name in child.attributes
        if child.tag in ("mass", "inertia")
    ]
    return bool(numbers) and not any(numbers)


def _given_weight(inertial: XmlElement, link: Link) -> MassProperties:
    """Mass properties of an `<inertial>`, in the link frame."""
    mass_element = inertial.require("mass")
    mass = mass_element.number("value")
    if mass <= 0.0:
        raise mass_element.error(
            f"the mass of link '{link.name}' is {mass:g} kg, it must be above zero",
            "Correct it, or remove the <inertial> of a link that is only a frame",
        )
    pose = read_pose(inertial)
    tensor = inertial.find("inertia")
    if tensor is not None:
        return MassProperties(mass, inertia=_read_inertia(tensor, link.name, mass)).moved(pose)
    solid = shapes_mass_properties(link.shapes, density=1.0)
    if solid.mass <= 0.0:
        raise inertial.error(
            f"link '{link.name}' has a mass, but neither <inertia> nor <collision>",
            "Add an <inertia>",
        )
    return MassProperties(mass, pose.position, solid.inertia * (mass / solid.mass))


def _read_inertia(element: XmlElement, link: str, mass: float) -> np.ndarray:
    xx, yy, zz = (element.number(name) for name in ("ixx", "iyy", "izz"))
    xy, xz, yz = (element.number(name, default=0.0) for name in ("ixy", "ixz", "iyz"))
    given = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    try:
        inertia, fault = repair_inertia(given, mass)
    except ValueError as error:
        raise element.error(f"link '{link}': {error}", "Correct it") from error
    if fault:
        moments = ", ".join(f"{moment:.3g}" for moment in np.linalg.eigvalsh(inertia))
        logger.warning(
            "%s: link '%s': %s, which cannot be; the principal moments are taken as %s kg m^2.",
            element.place, link, fault, moments,
        )  # fmt: skip
    return inertia
