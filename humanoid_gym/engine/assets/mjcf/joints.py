"""`<joint>` and `<freejoint>`: degrees of freedom with their limits and gains."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import numpy as np

from humanoid_gym.engine.assets.geometry import compose, rotation_matrix
from humanoid_gym.engine.assets.mjcf.defaults import Defaults
from humanoid_gym.engine.assets.mjcf.frames import ORIGIN, Compiler, axis_angle, one_of
from humanoid_gym.engine.assets.model import JointModel, Pose, hinges_of_ball
from humanoid_gym.engine.assets.xml_source import XmlElement
from humanoid_gym.engine.values.enums import DofDriveMode, JointType

logger = logging.getLogger(__name__)

JOINT_TYPES = ("free", "ball", "slide", "hinge")


@dataclass
class Joints:
    """The joints of one body."""

    floats: bool = False
    """The body has a free joint."""
    models: list[JointModel] = field(default_factory=list)
    references: list[float] = field(default_factory=list)
    """Position [rad or m] of each joint in the file's pose."""


class JointReader:
    """Reads the joints of one robot.

    Args:
        defaults: classes of the file.
        compiler: its settings.
        drive_mode: of DOFs without an actuator.
    """

    def __init__(self, defaults: Defaults, compiler: Compiler, drive_mode: DofDriveMode) -> None:
        self._defaults = defaults
        self._compiler = compiler
        self._drive_mode = drive_mode
        self.names: set[str] = set()
        """Of all joints read so far, those that are no DOF included."""

    def read(self, body: list[tuple[XmlElement, str, Pose]], is_root: bool) -> Joints:
        """Read the joints of one body.

        Args:
            body: joint elements in file order, with their `childclass` and their frame in the body.
            is_root: free joints are allowed, and hinges limited to "0 0" are none.

        Raises:
            AssetError: anything in them is not what MJCF asks for.
        """
        joints = Joints()
        locked = False
        for element, inherited, frame in body:
            full = self._defaults.complete(element, inherited)
            kind = "free"
            if element.tag == "joint":
                kind = one_of(full, "type", JOINT_TYPES, "hinge")
            name = full.attributes.get("name") or f"_joint_{len(self.names)}"
            self.names.add(name)
            if kind == "free":
                if not is_root:
                    raise element.error("a free joint on a child body", "Only the root can float")
                joints.floats = True
            elif kind == "ball":
                self._add_ball(full, name, frame, joints)
            else:
                model = self._single(full, kind, name, frame)
                if is_root and model.has_limits and model.lower == model.upper == 0.0:
                    locked = True
                    continue
                joints.models.append(model)
                unit = self._compiler.angle_unit if kind == "hinge" else 1.0
                joints.references.append(full.number("ref", default=0.0) * unit)
        if joints.floats and joints.models:
            raise body[0][0].error("a free joint stands beside others", "Keep one of them")
        joints.floats |= locked and not joints.models
        return joints

    def _single(self, full: XmlElement, kind: str, name: str, frame: Pose) -> JointModel:
        is_hinge = kind == "hinge"
        axis = full.vector("axis", (0.0, 0.0, 1.0))
        length = np.linalg.norm(axis)
        if length < 1e-10:
            raise full.error(f"the axis of joint '{name}' is zero", "Give a direction")
        model = self._with_gains(full, name)
        model.type = JointType.JOINT_REVOLUTE if is_hinge else JointType.JOINT_PRISMATIC
        rotation = rotation_matrix(frame.rotation)
        model.axis = rotation @ (axis / length)
        model.anchor = rotation @ full.vector("pos", ORIGIN) + frame.position
        self._read_limits(full, model, self._compiler.angle_unit if is_hinge else 1.0)
        return model

    def _with_gains(self, full: XmlElement, name: str) -> JointModel:
        stiffness, damping = full.numbers("stiffness"), full.numbers("damping")
        if full.number("springref", default=0.0):
            logger.info("%s: springref of joint '%s' is ignored", full.place, name)
        return JointModel(
            name,
            JointType.JOINT_REVOLUTE,
            stiffness=max(0.0, float(stiffness[0])) if len(stiffness) else 0.0,
            damping=max(0.0, float(damping[0])) if len(damping) else 0.0,
            armature=full.number("armature", default=0.0, minimum=0.0),
            drive_mode=self._drive_mode,
        )

    def _read_limits(self, full: XmlElement, model: JointModel, unit: float) -> None:
        if "range" not in full.attributes:
            if full.attributes.get("limited", "").strip() == "true":
                model.has_limits = True
            return
        lower, upper = full.vector("range", (0.0, 0.0)) * unit
        model.lower, model.upper = float(lower), float(upper)
        model.has_limits = self._compiler.limited(full, "range", "limited")
        if model.lower > model.upper:
            logger.warning(
                "%s: joint '%s' has lower limit %g above upper %g",
                full.place, model.name, model.lower, model.upper,
            )  # fmt: skip

    def _add_ball(self, full: XmlElement, name: str, frame: Pose, joints: Joints) -> None:
        rotation = rotation_matrix(frame.rotation)
        model = self._with_gains(full, name)
        model.anchor = rotation @ full.vector("pos", ORIGIN) + frame.position
        joints.models += hinges_of_ball(model, rotation)
        joints.references += [0.0] * 3


def at_zero(pose: Pose, joints: Joints, place: str) -> Pose:
    """Pose of a body with its joint at zero, where the file's pose has it at `ref`."""
    if not any(joints.references):
        return pose
    if len(joints.models) > 1:
        logger.warning("%s: ref is ignored on a body with several joints", place)
        return pose
    joint, reference = joints.models[0], joints.references[0]
    if joint.type == JointType.JOINT_PRISMATIC:
        return compose(pose, Pose(-reference * joint.axis))
    turn = axis_angle(joint.axis, -reference)
    return compose(pose, Pose(joint.anchor - rotation_matrix(turn) @ joint.anchor, turn))
