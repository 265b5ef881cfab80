"""Uniformly scaled actors: what `set_actor_scale` makes of an asset.

A scale s multiplies lengths by s, masses by s^3 and inertias by s^5; angles stay.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from humanoid_gym.engine.assets.model import (
    AssetModel,
    BodyModel,
    JointModel,
    Mesh,
    Pose,
    ShapeModel,
)
from humanoid_gym.engine.values.enums import JointType


def scaled_model(model: AssetModel, factor: float) -> AssetModel:
    """The asset enlarged, to be compiled; the model itself where the factor is one."""
    if factor == 1.0:
        return model
    return replace(model, bodies=[scaled_body(body, factor) for body in model.bodies])


def scaled_body(body: BodyModel, factor: float) -> BodyModel:
    """A body with its place on the parent, mass, shapes and joints."""
    return replace(
        body,
        pose=scaled_pose(body.pose, factor),
        mass=body.mass * factor**3,
        com=body.com * factor,
        inertia=body.inertia * factor**5,
        shapes=[scaled_shape(shape, factor) for shape in body.shapes],
        joints=[scaled_joint(joint, factor) for joint in body.joints],
    )


def scaled_pose(pose: Pose, factor: float) -> Pose:
    """A frame further away, turned as before."""
    return Pose(pose.position * factor, pose.rotation)


def scaled_shape(shape: ShapeModel, factor: float) -> ShapeModel:
    """A shape with its size, mesh and place."""
    return replace(
        shape,
        size=tuple(factor * length for length in shape.size),
        pose=scaled_pose(shape.pose, factor),
        mesh=scaled_mesh(shape.mesh, factor) if shape.mesh else None,
    )


def scaled_mesh(mesh: Mesh, factor: float) -> Mesh:
    """A mesh with its vertices further apart."""
    return Mesh(mesh.vertices * factor, mesh.faces)


def scaled_joint(joint: JointModel, factor: float) -> JointModel:
    """A joint with its anchor; limits of prismatic ones are lengths."""
    lengths = factor if joint.type == JointType.JOINT_PRISMATIC else 1.0
    return replace(
        joint,
        anchor=joint.anchor * factor,
        lower=joint.lower * lengths,
        upper=joint.upper * lengths,
    )


def scaled_dofs(properties: np.ndarray, model: AssetModel, factor: float) -> np.ndarray:
    """DOF properties with the limits of prismatic joints scaled, structured array (num_dofs,)."""
    properties = properties.copy()
    prismatic = [joint.type == JointType.JOINT_PRISMATIC for joint in model.dof_joints]
    for column in ("lower", "upper"):
        properties[column][prismatic] *= factor
    return properties
