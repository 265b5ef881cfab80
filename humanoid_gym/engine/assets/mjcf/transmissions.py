"""`<actuator>` and `<tendon>`: what drives the joints and what couples them."""

from __future__ import annotations

import logging
import math

from humanoid_gym.engine.assets.mjcf.defaults import MAIN, Defaults
from humanoid_gym.engine.assets.mjcf.frames import Compiler
from humanoid_gym.engine.assets.model import ActuatorModel, JointModel, TendonModel
from humanoid_gym.engine.assets.xml_source import XmlElement
from humanoid_gym.engine.values.enums import DofDriveMode

logger = logging.getLogger(__name__)

ACTUATORS = ("motor", "position", "velocity")
WITH_TARGET = (DofDriveMode.DOF_MODE_POS, DofDriveMode.DOF_MODE_VEL)


class TransmissionReader:
    """Reads actuators and tendons of one robot.

    Args:
        document: the `<mujoco>` element.
        defaults: its classes.
        compiler: its settings.
        dofs: the joints that are DOFs.
        names: of all joints, those that are no DOF included.
    """

    def __init__(
        self,
        document: XmlElement,
        defaults: Defaults,
        compiler: Compiler,
        dofs: list[JointModel],
        names: set[str],
    ) -> None:
        self._document = document
        self._defaults = defaults
        self._compiler = compiler
        self._joints: dict[str, JointModel] = {}
        for joint in dofs:
            self._joints.setdefault(joint.name, joint)
        self._names = names

    def actuators(self) -> list[ActuatorModel]:
        """Read all actuators in file order, and set the drives of their joints.

        Raises:
            AssetError: numbers that are none.
        """
        found = []
        for section in self._document.find_all("actuator"):
            for element in section.children:
                if element.tag not in ACTUATORS:
                    logger.warning("%s: <%s> is ignored", element.place, element.tag)
                    continue
                full = self._defaults.complete(element, MAIN)
                joint = full.attributes.get("joint", full.attributes.get("jointinparent"))
                if not self._knows(full, joint):
                    continue
                actuator = self._actuator(full, str(joint), len(found))
                found.append(actuator)
                if actuator.joint in self._joints:
                    drive(self._joints[actuator.joint], actuator)
        return found

    def _knows(self, element: XmlElement, joint: str | None) -> bool:
        """Whether the robot has a joint; files shared by several robots name others' joints."""
        if joint is None or (joint not in self._names and joint not in self._joints):
            logger.info("%s: <%s> on '%s' is ignored", element.place, element.tag, joint)
            return False
        return True

    def _actuator(self, full: XmlElement, joint: str, index: int) -> ActuatorModel:
        gear = full.numbers("gear")
        is_motor = full.tag == "motor"
        kv = full.numbers("kv")
        return ActuatorModel(
            name=full.attributes.get("name") or f"_actuator_{index}",
            type=full.tag,
            joint=joint,
            gear=float(gear[0]) if len(gear) else 1.0,
            kp=full.number("kp", default=1.0) if full.tag == "position" else 0.0,
            kv=0.0 if is_motor else float(kv[0]) if len(kv) else float(full.tag == "velocity"),
            control_range=self._range(full, "ctrlrange", "ctrllimited"),
            force_range=self._range(full, "forcerange", "forcelimited"),
        )

    def _range(self, full: XmlElement, name: str, limited: str) -> tuple[float, float] | None:
        lower, upper = full.vector(name, (0.0, 0.0))
        if name not in full.attributes or not self._compiler.limited(full, name, limited):
            return None
        return float(lower), float(upper)

    def tendons(self, limit_stiffness: float) -> list[TendonModel]:
        """Read all tendons in file order.

        Args:
            limit_stiffness: of limited tendons.

        Returns:
            Those whose joints the robot has.

        Raises:
            AssetError: numbers that are none.
        """
        found: list[TendonModel] = []
        for section in self._document.find_all("tendon"):
            for element in section.children:
                ends = [end.text("joint") for end in element.find_all("joint")]
                if element.tag in ("fixed", "spatial") and all(
                    self._knows(element, end) for end in ends
                ):
                    full = self._defaults.complete(element, MAIN)
                    found.append(self._tendon(full, ends, len(found), limit_stiffness))
        return found

    def _tendon(
        self, full: XmlElement, joints: list[str], index: int, limit_stiffness: float
    ) -> TendonModel:
        name = full.attributes.get("name") or f"_tendon_{index}"
        if full.tag == "spatial":
            logger.warning("%s: spatial tendon '%s' has no effect", full.place, name)
        lengths = full.numbers("springlength")
        lower, upper = full.vector("range", (0.0, 0.0))
        stiffness, damping = full.numbers("stiffness"), full.numbers("damping")
        return TendonModel(
            name=name,
            is_spatial=full.tag == "spatial",
            num_sites=sum(1 for _ in full.find_all("site")),
            joints=joints,
            coefficients=[end.number("coef") for end in full.find_all("joint")],
            stiffness=max(0.0, float(stiffness[0])) if len(stiffness) else 0.0,
            damping=max(0.0, float(damping[0])) if len(damping) else 0.0,
            limit_stiffness=limit_stiffness,
            rest_length=float(lengths[0]) if len(lengths) and lengths[0] >= 0.0 else 0.0,
            limited=self._compiler.limited(full, "range", "limited"),
            lower=float(lower),
            upper=float(upper),
        )


def drive(joint: JointModel, actuator: ActuatorModel) -> None:
    """Set a joint's drive to what an actuator does; a position servo keeps a rate servo's gain."""
    if actuator.type == "motor":
        if joint.drive_mode not in WITH_TARGET:
            joint.drive_mode = DofDriveMode.DOF_MODE_EFFORT
    elif actuator.type == "position":
        joint.drive_mode = DofDriveMode.DOF_MODE_POS
        joint.stiffness = max(0.0, actuator.kp)
        joint.damping = max(joint.damping, actuator.kv)
    else:
        if joint.drive_mode != DofDriveMode.DOF_MODE_POS:
            joint.drive_mode = DofDriveMode.DOF_MODE_VEL
        joint.damping = max(0.0, actuator.kv)
    if actuator.force_range is not None:
        effort = max(abs(limit) for limit in actuator.force_range)
        joint.effort = effort if math.isinf(joint.effort) else max(joint.effort, effort)
