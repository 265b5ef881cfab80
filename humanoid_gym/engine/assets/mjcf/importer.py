"""The MJCF importer as a whole."""

from __future__ import annotations

import logging
from pathlib import Path

from humanoid_gym.engine.assets.asset_root import AssetRoot
from humanoid_gym.engine.assets.bodies import finish_bodies
from humanoid_gym.engine.assets.decomposition import Decomposer
from humanoid_gym.engine.assets.errors import UnsupportedAssetError
from humanoid_gym.engine.assets.mjcf.bodies import Body, BodyReader, body_models
from humanoid_gym.engine.assets.mjcf.defaults import MAIN, Defaults
from humanoid_gym.engine.assets.mjcf.filters import write_filters
from humanoid_gym.engine.assets.mjcf.frames import Compiler, read_compiler
from humanoid_gym.engine.assets.mjcf.geoms import GeomReader
from humanoid_gym.engine.assets.mjcf.joints import JointReader
from humanoid_gym.engine.assets.mjcf.source import read_mjcf
from humanoid_gym.engine.assets.mjcf.transmissions import TransmissionReader
from humanoid_gym.engine.assets.model import AssetModel, Pose
from humanoid_gym.engine.assets.xml_source import XmlElement
from humanoid_gym.engine.values.enums import DofDriveMode
from humanoid_gym.engine.values.parameters import AssetOptions

logger = logging.getLogger(__name__)


def load_mjcf(path: Path, options: AssetOptions, root: Path | None = None) -> AssetModel:
    """Read a robot from an MJCF file: the one body below `<worldbody>`, whatever lies around it.

    Masses come from `<inertial>`, else from the geoms, as in MuJoCo. The root's position in the
    file does not count, its orientation does. Bodies without joints stay bodies of their own,
    whatever collapse_fixed_joints says: programs count on their indices. World geoms, planes,
    sites, cameras, lights, sensors, keyframes, equalities, `<option>` and frictionloss are ignored.

    Args:
        path: the file.
        options: read here: density, override_com, override_inertia, armature, use_physx_armature,
            replace_cylinder_with_capsule, default_dof_drive_mode,
            tendon_limit_stiffness, vhacd_enabled and vhacd_params.max_convex_hulls.
        root: the asset root, which includes and meshes may not leave; None: the file's folder.

    Returns:
        Bodies depth-first in file order; DOFs in the order of bodies, then of joints in the file.

    Raises:
        UnsupportedAssetError: a mesh format or an element that is not supported.
        AssetError: anything else wrong with the file or what it names, with file and line.
    """
    files = AssetRoot(root or Path(path).parent)
    document = read_mjcf(Path(path), files)
    defaults, compiler = Defaults(document), read_compiler(document)
    joints = JointReader(defaults, compiler, DofDriveMode(options.default_dof_drive_mode))
    geoms = GeomReader(document, defaults, compiler, files, options)
    reader = BodyReader(geoms, joints, compiler, options)
    reader.read(root_body(document), _root_class(document), Pose())
    bodies = reader.bodies
    _check_names(bodies)
    _scale_masses(bodies, compiler)
    write_filters(document, bodies)
    model = AssetModel(
        document.attributes.get("model", document.file.stem),
        body_models(bodies, Decomposer(options)),
        source=str(document.file),
        fixed_base=not bodies[0].joints.floats,
        root_rotation=reader.bodies[0].pose.rotation,
    )
    transmissions = TransmissionReader(document, defaults, compiler, model.dof_joints, joints.names)
    model.actuators = transmissions.actuators()
    model.tendons = transmissions.tendons(options.tendon_limit_stiffness)
    finish_bodies(model.bodies, options)
    return model


def root_body(document: XmlElement) -> XmlElement:
    """The robot's root: the only body below all `<worldbody>` sections.

    Raises:
        UnsupportedAssetError: there are several.
        AssetError: there is none.
    """
    worlds = list(document.find_all("worldbody"))
    roots = [body for world in worlds for body in world.find_all("body")]
    if not roots:
        raise document.error("there is no <body> in <worldbody>", "Add the robot's root")
    if len(roots) > 1:
        names = ", ".join(repr(body.attributes.get("name", "?")) for body in roots[:5])
        error = roots[1].error(
            f"<worldbody> has {len(roots)} bodies ({names}), an asset is one robot",
            "Make one file for each",
        )
        raise UnsupportedAssetError(str(error))
    return roots[0]


def _root_class(document: XmlElement) -> str:
    worlds = [world.attributes.get("childclass") for world in document.find_all("worldbody")]
    return next((name for name in worlds if name), MAIN)


def _check_names(bodies: list[Body]) -> None:
    seen: dict[str, int] = {}
    for body in bodies:
        if body.name in seen:
            raise body.element.error(
                f"body '{body.name}' is already defined in line {seen[body.name]}",
                "Give each its own name",
            )
        seen[body.name] = body.element.line


def _scale_masses(bodies: list[Body], compiler: Compiler) -> None:
    """Scale to the compiler's `settotalmass`."""
    total = sum(body.weight.mass for body in bodies)
    if compiler.total_mass <= 0.0 or total <= 0.0:
        return
    for body in bodies:
        body.weight.mass *= compiler.total_mass / total
        body.weight.inertia = body.weight.inertia * (compiler.total_mass / total)
