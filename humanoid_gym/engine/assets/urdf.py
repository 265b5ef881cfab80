"""The URDF importer, with Isaac Gym's order of bodies and joints and its rules for what is missing.

Differences from the URDF specification: `<capsule radius= length=>` is a geometry (along z, the
length without the caps), a joint of type spherical is three hinges, `dont_collapse="true"` on a
fixed joint keeps its child from being merged, `stiffness` on `<dynamics>` is read, `<mimic>` is not
enforced. Elements not listed in `humanoid_gym.engine.assets.urdf_link` and here (gazebo,
transmission, safety_controller …) are ignored.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path

import numpy as np

from humanoid_gym.engine.assets.asset_root import AssetRoot
from humanoid_gym.engine.assets.bodies import finish_bodies
from humanoid_gym.engine.assets.errors import UnsupportedAssetError
from humanoid_gym.engine.assets.link_tree import Joint, LinkTree
from humanoid_gym.engine.assets.model import AssetModel, JointModel
from humanoid_gym.engine.assets.urdf_link import LinkReader, read_pose
from humanoid_gym.engine.assets.xml_source import XmlElement, read_xml
from humanoid_gym.engine.values.enums import DofDriveMode, JointType
from humanoid_gym.engine.values.parameters import AssetOptions

JOINT_TYPES = {
    "fixed": JointType.JOINT_FIXED,
    "revolute": JointType.JOINT_REVOLUTE,
    "continuous": JointType.JOINT_REVOLUTE,
    "prismatic": JointType.JOINT_PRISMATIC,
    "spherical": JointType.JOINT_BALL,
    "ball": JointType.JOINT_BALL,
}
NEVER_LIMITED = ("continuous", "spherical", "ball")
UNSUPPORTED_JOINT_TYPES = ("floating", "planar")
DEFAULT_VELOCITY = 100.0
"""Speed limit [rad/s or m/s] of a joint that gives none: Isaac Gym's."""

logger = logging.getLogger(__name__)


def load_urdf(path: Path, options: AssetOptions, root: Path | None = None) -> AssetModel:
    """Read a robot from a URDF file.

    Masses come from the file; `options.density` counts only for links without `<inertial>`, or with
    `override_inertia` (mass and inertia from the collision shapes). `override_com` takes their
    centre of mass. Links without mass and shapes weigh `bodies.FRAME_MASS`, or nothing where
    `collapse_fixed_joints` merges them into another; zero mass and inertia count as no mass on a
    root or a fixed joint and as a fault elsewhere.

    Args:
        path: the file; meshes are searched from its folder.
        options: read here: density, override_com, override_inertia, armature, use_physx_armature,
            collapse_fixed_joints, replace_cylinder_with_capsule, default_dof_drive_mode,
            flip_visual_attachments, vhacd_enabled and vhacd_params.max_convex_hulls.
        root: the asset root, which meshes may not leave; None: the file's folder.

    Returns:
        Bodies depth-first, siblings in byte order of their joints' names.

    Raises:
        UnsupportedAssetError: a joint type or mesh format that is not supported.
        AssetError: anything else wrong with the file or its meshes, with file and line.
    """
    robot = read_xml(Path(path))
    _check_robot(robot)
    joints = [read_joint(element, options) for element in robot.find_all("joint")]
    _report_mimics(joints)
    elements = list(robot.find_all("link"))
    moved = {joint.child for joint in joints if joint.model.type != JointType.JOINT_FIXED}
    welded = {element.attributes.get("name", "") for element in elements} - moved
    reader = LinkReader(robot, options, welded, AssetRoot(root or Path(path).parent))
    links = [reader.read(element) for element in elements]
    tree = LinkTree(robot.file, links, joints)
    if options.collapse_fixed_joints:
        tree.collapse()
    bodies = tree.bodies()
    finish_bodies(bodies, options)
    name = robot.attributes.get("name") or robot.file.stem
    return AssetModel(name, bodies, source=str(robot.file))


def _check_robot(robot: XmlElement) -> None:
    if robot.tag != "robot":
        kinds = {"mujoco": "MJCF", "sdf": "SDF", "COLLADA": "a COLLADA mesh"}
        kind = kinds.get(robot.tag, "something else")
        raise robot.error(
            f"the root element is <{robot.tag}>, expected <robot>",
            f"The file is {kind}: give a URDF file",
        )
    for child in robot.children:
        if child.tag.startswith("xacro:"):
            raise child.error(
                f"<{child.tag}> is xacro, not URDF", "Run `xacro in.xacro > out.urdf` first"
            )


def read_joint(element: XmlElement, options: AssetOptions) -> Joint:
    """Read one `<joint>`.

    Raises:
        UnsupportedAssetError: floating and planar joints.
        AssetError: any other fault.
    """
    name = element.text("name")
    model = JointModel(name, _joint_type(element, name), velocity=DEFAULT_VELOCITY)
    fixed = model.type == JointType.JOINT_FIXED
    if not fixed:
        model.drive_mode = DofDriveMode(options.default_dof_drive_mode)
        model.axis = _axis(element, name)
        _read_limit(element, model)
        _read_dynamics(element, model)
    kept = element.attributes.get("dont_collapse", "").strip().lower() in ("true", "1")
    return Joint(
        model,
        element,
        parent=element.require("parent").text("link"),
        child=element.require("child").text("link"),
        pose=read_pose(element),
        may_collapse=fixed and not kept,
    )


def _report_mimics(joints: list[Joint]) -> None:
    names = [joint.model.name for joint in joints if joint.element.find("mimic") is not None]
    if names:
        place = joints[0].element.file
        logger.warning("%s: <mimic> is not enforced on %s.", place, ", ".join(names))


def _joint_type(element: XmlElement, name: str) -> JointType:
    kind = element.text("type").strip()
    if kind in UNSUPPORTED_JOINT_TYPES:
        error = element.error(
            f"joint '{name}' is of type '{kind}', which is not supported",
            "Chain revolute and prismatic joints; a root link floats without a joint",
        )
        raise UnsupportedAssetError(str(error))
    if kind not in JOINT_TYPES:
        raise element.error(
            f"joint '{name}' is of the unknown type '{kind}'",
            f"Use one of {', '.join(JOINT_TYPES)}",
        )
    return JOINT_TYPES[kind]


def _axis(element: XmlElement, name: str) -> np.ndarray:
    axis_element = element.find("axis")
    if axis_element is None:
        return np.array([1.0, 0.0, 0.0])
    axis = axis_element.vector("xyz", (1.0, 0.0, 0.0))
    length = np.linalg.norm(axis)
    if length < 1e-9:
        raise axis_element.error(f"the axis of joint '{name}' is zero", "Give a direction")
    return axis / length


def _read_limit(element: XmlElement, model: JointModel) -> None:
    limit = element.find("limit")
    if limit is None:
        return
    model.effort = limit.number("effort", default=math.inf, minimum=0.0, infinite=True)
    model.velocity = limit.number("velocity", default=DEFAULT_VELOCITY, minimum=0.0, infinite=True)
    if model.velocity == 0.0:
        logger.warning("%s: joint '%s' has velocity limit 0.", limit.place, model.name)
    bounded = "lower" in limit.attributes or "upper" in limit.attributes
    if not bounded or element.text("type").strip() in NEVER_LIMITED:
        return
    model.has_limits = True
    model.lower = limit.number("lower", default=0.0)
    model.upper = limit.number("upper", default=0.0)
    if model.lower > model.upper:
        logger.warning(
            "%s: joint '%s' has lower limit %g above upper %g.",
            limit.place, model.name, model.lower, model.upper,
        )  # fmt: skip


def _read_dynamics(element: XmlElement, model: JointModel) -> None:
    dynamics = element.find("dynamics")
    if dynamics is None:
        return
    model.damping = dynamics.number("damping", default=0.0, minimum=0.0)
    model.friction = dynamics.number("friction", default=0.0, minimum=0.0)
    model.stiffness = dynamics.number("stiffness", default=0.0, minimum=0.0)
