"""A loaded asset: a robot description plus the properties that new actors copy."""

from __future__ import annotations

import copy
import difflib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from humanoid_gym.engine.assets.model import AssetModel, JointModel
from humanoid_gym.engine.model_fields.tendons import tendons_of
from humanoid_gym.engine.scene.mass_properties import mass_table
from humanoid_gym.engine.values.enums import DofType, JointType
from humanoid_gym.engine.values.fields import copy_of
from humanoid_gym.engine.values.math_types import Quat, Transform
from humanoid_gym.engine.values.parameters import AssetOptions
from humanoid_gym.engine.values.properties import (
    DofProperties,
    ForceSensorProperties,
    IndexRange,
    RigidShapeProperties,
)

UNLIMITED = float(np.finfo(np.float32).max)
"""What the DOF properties read where an asset states no limit of effort or speed."""


@dataclass(frozen=True)
class ForceSensor:
    """A force sensor that every actor of an asset carries."""

    body: int
    """Asset-local body index."""
    pose: Transform
    """Sensor frame in the body frame."""
    properties: ForceSensorProperties

    @property
    def reports_net(self) -> bool:
        """Whether it reports the net of forward dynamics and constraints."""
        wants = self.properties
        return wants.enable_forward_dynamics_forces and wants.enable_constraint_solver_forces


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
        self.shape_properties = [
            RigidShapeProperties(friction=shape.friction, filter=shape.filter)
            for _, shape in self.collision_shapes
        ]
        self.force_sensors: list[ForceSensor] = []
        self.root_rotation = Quat(*model.root_rotation)
        self.tendons = tendons_of(model)

    @property
    def fixed_base(self) -> bool:
        """Whether the root does not float."""
        return self.model.fixed_base or self.options.fix_base_link

    def placed(self, pose: Transform) -> Transform:
        """Initial pose of an actor's root: the file's orientation, turned by the pose asked for."""
        return Transform(copy.copy(pose.p), pose.r * self.root_rotation)

    @cached_property
    def body_names(self) -> list[str]:
        """Names of the bodies, root first."""
        return [body.name for body in self.model.bodies]

    @cached_property
    def dof_names(self) -> list[str]:
        """Names of the DOFs, in DOF order."""
        return [joint.name for joint in self.model.dof_joints]

    @cached_property
    def joints(self) -> list[JointModel]:
        """All joints, fixed ones too, in body order."""
        return [joint for body in self.model.bodies for joint in body.joints]

    @cached_property
    def joint_names(self) -> list[str]:
        """Names of the joints, fixed ones too, in body order."""
        return [joint.name for joint in self.joints]

    def shape_ranges(self) -> list[IndexRange]:
        """Which collision shapes belong to each body, as new objects."""
        bodies = np.array([body for body, _ in self.collision_shapes], dtype=int)
        return [
            IndexRange(start=int((bodies < body).sum()), count=int((bodies == body).sum()))
            for body in range(len(self.model.bodies))
        ]

    def dof_type(self, index: int) -> DofType:
        """Rotation or translation."""
        prismatic = self.model.dof_joints[index].type == JointType.JOINT_PRISMATIC
        return DofType.DOF_TRANSLATION if prismatic else DofType.DOF_ROTATION

    @cached_property
    def has_meshes(self) -> bool:
        """Whether a collision shape is a mesh."""
        return any(shape.mesh is not None for _, shape in self.collision_shapes)

    @cached_property
    def mass_table(self) -> np.ndarray:
        """Mass, COM, inertia and flags of each body, see `mass_properties`."""
        return mass_table(self.model, self.options.disable_gravity)

    def set_shape_properties(self, properties: list[RigidShapeProperties]) -> None:
        """Replace the shape properties that actors created from now on copy.

        Raises:
            ValueError: another number of shapes.
        """
        check_count("shape properties", len(properties), len(self.shape_properties), self.source)
        self.shape_properties = [copy_of(shape) for shape in properties]

    @property
    def source(self) -> str:
        """Where the asset came from, for messages."""
        return self.model.source


def dof_properties(model: AssetModel) -> np.ndarray:
    """The model's joints as Isaac Gym's structured array, shape (num_dofs,)."""
    table = np.zeros(len(model.dof_joints), dtype=DofProperties.dtype)
    for row, joint in zip(table, model.dof_joints, strict=True):
        row["hasLimits"] = joint.has_limits
        row["lower"], row["upper"] = joint.lower, joint.upper
        row["driveMode"] = int(joint.drive_mode)
        row["velocity"] = min(joint.velocity, UNLIMITED)
        row["effort"] = min(joint.effort, UNLIMITED)
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
