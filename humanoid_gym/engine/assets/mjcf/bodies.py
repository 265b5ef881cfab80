"""`<body>`: the tree of bodies with their masses, and the merging of those without joints."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from humanoid_gym.engine.assets.bodies import check_weight
from humanoid_gym.engine.assets.decomposition import Decomposer
from humanoid_gym.engine.assets.errors import UnsupportedAssetError
from humanoid_gym.engine.assets.geometry import (
    MassProperties,
    combine,
    compose,
    repair_inertia,
)
from humanoid_gym.engine.assets.mjcf.frames import Compiler, read_pose
from humanoid_gym.engine.assets.mjcf.geoms import Geom, GeomReader
from humanoid_gym.engine.assets.mjcf.joints import JointReader, Joints, at_zero
from humanoid_gym.engine.assets.model import BodyModel, JointModel, Pose
from humanoid_gym.engine.assets.xml_source import XmlElement
from humanoid_gym.engine.values.enums import JointType
from humanoid_gym.engine.values.parameters import AssetOptions

logger = logging.getLogger(__name__)

UNSUPPORTED = ("composite", "flexcomp", "attach", "replicate")


@dataclass
class Body:
    """One `<body>`, read."""

    name: str
    element: XmlElement
    parent: Body | None
    pose: Pose
    """In the parent's frame, joints at zero."""
    joints: Joints
    weight: MassProperties
    """In the body frame."""
    geoms: list[Geom]

    @property
    def is_welded(self) -> bool:
        """Whether it cannot move on its parent."""
        return not (self.joints.models or self.joints.floats)


class BodyReader:
    """Reads the bodies of one robot, depth-first in file order."""

    def __init__(
        self, geoms: GeomReader, joints: JointReader, compiler: Compiler, options: AssetOptions
    ) -> None:
        self._geoms = geoms
        self._joints = joints
        self._compiler = compiler
        self._options = options
        self.bodies: list[Body] = []

    def read(
        self, element: XmlElement, inherited: str, frame: Pose, parent: Body | None = None
    ) -> None:
        """Append a body and all below it to `bodies`.

        Args:
            element: the `<body>`.
            inherited: class of elements that state none.
            frame: of the element's frame in the parent body.
            parent: None for the root.

        Raises:
            AssetError: anything in it is not what MJCF asks for.
        """
        inherited = element.attributes.get("childclass", inherited)
        contents = list(contents_of(element, inherited, Pose(), self._compiler))
        pose = compose(frame, read_pose(element, self._compiler))
        joints = self._joints.read(
            [content for content in contents if content[0].tag in ("joint", "freejoint")],
            is_root=parent is None,
        )
        found = [self._geoms.read(e, c, place) for e, c, place in contents if e.tag == "geom"]
        geoms = [geom for geom in found if geom is not None]
        name = element.attributes.get("name") or f"_body_{len(self.bodies)}"
        body = Body(
            name,
            element,
            parent,
            at_zero(pose, joints, element.place),
            joints,
            self._weight(element, name, geoms),
            geoms,
        )
        self.bodies.append(body)
        for child, child_class, place in contents:
            if child.tag == "body":
                self.read(child, child_class, place, body)

    def _weight(self, element: XmlElement, name: str, geoms: list[Geom]) -> MassProperties:
        inertial = element.find("inertial")
        given = None
        if inertial is not None and self._compiler.inertia_from_geom != "true":
            given = read_inertial(inertial, name, self._compiler)
        elif self._compiler.inertia_from_geom == "false":
            given = MassProperties()
        weight = given or combine(geom.weight for geom in geoms)
        if given and (self._options.override_inertia or self._options.override_com):
            solid = combine(geom.weight for geom in geoms if geom.shape.collides)
            if solid.mass > 0.0 and self._options.override_inertia:
                weight.mass, weight.inertia = solid.mass, solid.inertia
            if solid.mass > 0.0 and self._options.override_com:
                weight.com = solid.com
        weight.mass = max(weight.mass, self._compiler.bound_mass)
        check_weight(weight, element, name)
        bound = self._compiler.bound_inertia
        if bound > 0.0:
            moments, axes = np.linalg.eigh(weight.inertia)
            weight.inertia = axes @ np.diag(np.maximum(moments, bound)) @ axes.T
        return weight


def contents_of(
    element: XmlElement, inherited: str, place: Pose, compiler: Compiler
) -> Iterator[tuple[XmlElement, str, Pose]]:
    """Children of a body with their class and their frame in it; `<frame>`s are transparent.

    Raises:
        UnsupportedAssetError: an element that stands for generated bodies.
    """
    for child in element.children:
        if child.tag in UNSUPPORTED:
            error = child.error(f"<{child.tag}> is not supported", "Write out the bodies")
            raise UnsupportedAssetError(str(error))
        if child.tag == "frame":
            inner = compose(place, read_pose(child, compiler))
            inner_class = child.attributes.get("childclass", inherited)
            yield from contents_of(child, inner_class, inner, compiler)
        else:
            yield child, inherited, place


def read_inertial(element: XmlElement, body: str, compiler: Compiler) -> MassProperties:
    """Read an `<inertial>`; mass properties in the body frame.

    Raises:
        AssetError: a mass or moment of inertia below zero.
    """
    mass = element.number("mass", minimum=0.0)
    pose = read_pose(element, compiler)
    if mass == 0.0:
        return MassProperties()
    if "fullinertia" in element.attributes:
        xx, yy, zz, xy, xz, yz = element.vector("fullinertia", (0.0,) * 6)
        given = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    else:
        given = np.diag(element.vector("diaginertia", (0.0, 0.0, 0.0)))
    try:
        inertia, fault = repair_inertia(given, mass)
    except ValueError as error:
        raise element.error(f"body '{body}': {error}", "Correct it") from error
    if fault:
        logger.warning("%s: body '%s': %s, which cannot be; corrected", element.place, body, fault)
    return MassProperties(mass, inertia=inertia).moved(pose)


def body_models(bodies: list[Body], decomposer: Decomposer) -> list[BodyModel]:
    """The bodies as the engine wants them."""
    index = {id(body): i for i, body in enumerate(bodies)}
    models = [body_model(body, index) for body in bodies]
    for model in models:
        model.shapes = decomposer.split(model.shapes)
    return models


def body_model(body: Body, index: dict[int, int]) -> BodyModel:
    """One body; a welded child gets a fixed joint, so that every child has a joint."""
    joints = body.joints.models
    if body.parent is not None and body.is_welded:
        joints = [JointModel(f"{body.name}_fixed", JointType.JOINT_FIXED)]
    return BodyModel(
        name=body.name,
        parent=-1 if body.parent is None else index[id(body.parent)],
        pose=Pose() if body.parent is None else body.pose,
        mass=body.weight.mass,
        com=body.weight.com,
        inertia=body.weight.inertia,
        shapes=[geom.shape for geom in body.geoms],
        joints=joints,
    )
