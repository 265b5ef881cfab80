"""A loaded asset: a robot description plus the properties that new actors copy."""

from __future__ import annotations

import copy
import difflib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from humanoid_gym.engine.assets.model import AssetModel, BodyModel, JointModel
from humanoid_gym.engine.enums import DofType, JointType
from humanoid_gym.engine.math_types import Mat33, Transform, Vec3
from humanoid_gym.engine.parameters import AssetOptions
from humanoid_gym.engine.properties import (
    DofProperties,
    ForceSensorProperties,
    RigidBodyProperties,
    RigidShapeProperties,
)

UNLIMITED_EFFORT = float(np.finfo(np.float32).max)
"""What the DOF properties read where an asset states no effort limit."""


@dataclass(frozen=True)
class ForceSensor:
    """A force sensor that every actor of an asset carries."""

    body: int
    """Asset-local body index."""
    pose: Transform
    """Sensor frame in the body frame."""
    properties: ForceSensorProperties


class Asset:
    """What `load_asset` returns.

    Args:
        model: bodies, joints and shapes in Isaac Gym's order.
        options: copied, so that the caller may reuse and change the object.
    """

    def __init__(self, model: AssetModel, options: AssetOptions) -> None:
        self.model = model
        self.options = copy.deepcopy(options)
        self.dof_properties = dof_properties(model)
        self.collision_shapes = [
            (index, shape)
            for index, body in enumerate(model.bodies)
            for shape in body.shapes
            if shape.collides
        ]
        self.shape_properties = [RigidShapeProperties() for _ in self.collision_shapes]
        self.force_sensors: list[ForceSensor] = []

    @property
    def body_names(self) -> list[str]:
        """Names of the bodies, root first."""
        return [body.name for body in self.model.bodies]

    @property
    def dof_names(self) -> list[str]:
        """Names of the DOFs, in DOF order."""
        return [joint.name for joint in self.model.dof_joints]

    @property
    def joints(self) -> list[JointModel]:
        """All joints, fixed ones too, in body order."""
        return [body.joint for body in self.model.bodies if body.joint is not None]

    def dof_type(self, index: int) -> DofType:
        """Rotation or translation."""
        prismatic = self.model.dof_joints[index].type == JointType.JOINT_PRISMATIC
        return DofType.DOF_TRANSLATION if prismatic else DofType.DOF_ROTATION

    def body_properties(self) -> list[RigidBodyProperties]:
        """Mass, COM and inertia of each body, as new objects."""
        return [rigid_body_properties(body) for body in self.model.bodies]

    def set_shape_properties(self, properties: list[RigidShapeProperties]) -> None:
        """Replace the shape properties that actors created from now on copy.

        Raises:
            ValueError: another number of shapes.
        """
        check_count("shape properties", len(properties), len(self.shape_properties), self.source)
        self.shape_properties = copy.deepcopy(list(properties))

    @property
    def source(self) -> str:
        """Where the asset came from, for messages."""
        return self.model.source


def rigid_body_properties(body: BodyModel) -> RigidBodyProperties:
    """A body's mass properties as a client reads them."""
    return RigidBodyProperties(
        mass=body.mass,
        invMass=1.0 / body.mass,
        com=Vec3(*body.com),
        inertia=Mat33(*(Vec3(*row) for row in body.inertia)),
        invInertia=Mat33(*(Vec3(*row) for row in np.linalg.inv(body.inertia))),
    )


def dof_properties(model: AssetModel) -> np.ndarray:
    """The model's joints as Isaac Gym's structured array, shape (num_dofs,)."""
    table = np.zeros(len(model.dof_joints), dtype=DofProperties.dtype)
    for row, joint in zip(table, model.dof_joints, strict=True):
        row["hasLimits"] = joint.has_limits
        row["lower"], row["upper"] = joint.lower, joint.upper
        row["driveMode"] = int(joint.drive_mode)
        row["velocity"] = joint.velocity
        row["effort"] = min(joint.effort, UNLIMITED_EFFORT)
        row["stiffness"], row["damping"] = joint.stiffness, joint.damping
        row["friction"], row["armature"] = joint.friction, joint.armature
    return table


def resolve_file(root: str, filename: str) -> Path:
    """Path of an asset file.

    Raises:
        FileNotFoundError: it does not exist; names the nearest file in its folder.
    """
    path = Path(root) / filename
    if path.is_file():
        return path
    folder = path.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"asset folder {folder} does not exist (for file {filename!r})")
    files = [entry.name for entry in folder.iterdir() if entry.is_file()]
    near = difflib.get_close_matches(path.name, files, n=1)
    raise FileNotFoundError(
        f"asset file {path} does not exist"
        + (f"; did you mean {near[0]!r}?" if near else f"; the folder holds {sorted(files)[:10]}")
    )


def check_count(what: str, came: int, expected: int, where: str) -> None:
    """Raise ValueError unless a list has one entry per object."""
    if came != expected:
        raise ValueError(f"{where}: {expected} {what} expected, got {came}")
