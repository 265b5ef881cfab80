"""Which assets may stand in for each other in different environments.

One compiled model serves all environments, so that their assets must agree in everything that a
model has once: bodies, joints, kinds of shapes, meshes. Numbers may differ: masses, sizes of
primitive shapes, places, gains.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.assets.model import BodyModel, ShapeModel

SHARED_OPTIONS = (
    "linear_damping",
    "angular_damping",
    "max_linear_velocity",
    "max_angular_velocity",
)
"""Options that all actors in one place of the environments share."""


def difference(asset: Asset, expected: Asset) -> str | None:
    """What keeps an asset from being compiled as another one; None: nothing, numbers at most."""
    if asset is expected:
        return None
    return next(differences(asset, expected), None)


def differences(asset: Asset, expected: Asset) -> Iterator[str]:
    """Everything of which a compiled model has only one."""
    bodies, others = asset.model.bodies, expected.model.bodies
    if len(bodies) != len(others):
        yield f"{len(bodies)} bodies, not {len(others)}"
    if asset.fixed_base != expected.fixed_base:
        yield "a fixed base" if asset.fixed_base else "a floating base"
    for body, other in zip(bodies, others, strict=False):
        if body.parent != other.parent:
            yield f"body {body.name!r} on another parent"
        if [joint.type for joint in body.joints] != [joint.type for joint in other.joints]:
            yield f"other joints at body {body.name!r}"
        yield from shape_differences(body, other)
    for name in SHARED_OPTIONS:
        came, wanted = getattr(asset.options, name), getattr(expected.options, name)
        if came != wanted:
            yield f"AssetOptions.{name} {came:g}, not {wanted:g}"
    if sensors(asset) != sensors(expected):
        yield "other force sensors"
    if tendons(asset) != tendons(expected):
        yield "other tendons"


def shape_differences(body: BodyModel, other: BodyModel) -> Iterator[str]:
    """Kinds of collision shapes and meshes."""
    shapes = [shape for shape in body.shapes if shape.collides]
    wanted = [shape for shape in other.shapes if shape.collides]
    if [shape.kind for shape in shapes] != [shape.kind for shape in wanted]:
        yield f"other collision shapes at body {body.name!r}"
    for shape, expected in zip(shapes, wanted, strict=False):
        if shape.mesh and expected.mesh and not same_mesh(shape, expected):
            yield f"another collision mesh at body {body.name!r}"


def same_mesh(a: ShapeModel, b: ShapeModel) -> bool:
    """Whether two meshes have the same vertices in the same place."""
    if a.mesh is None or b.mesh is None:
        return a.mesh is b.mesh
    return (
        np.array_equal(a.mesh.vertices, b.mesh.vertices)
        and np.array_equal(a.mesh.faces, b.mesh.faces)
        and np.array_equal(a.pose.position, b.pose.position)
        and np.array_equal(a.pose.rotation, b.pose.rotation)
    )


def sensors(asset: Asset) -> list[tuple[object, ...]]:
    """Everything about the force sensors that a model holds."""
    return [
        (sensor.body, *vector(sensor.pose.p), *vector(sensor.pose.r), *vars_of(sensor.properties))
        for sensor in asset.force_sensors
    ]


def tendons(asset: Asset) -> list[tuple[str, tuple[str, ...]]]:
    """Names of the tendons and of their joints."""
    return [(tendon.name, tuple(tendon.joints)) for tendon in asset.model.tendons]


def vector(value: object) -> tuple[float, ...]:
    """Components of a Vec3 or Quat."""
    return tuple(getattr(value, name) for name in "xyzw" if hasattr(value, name))


def vars_of(properties: object) -> tuple[bool, ...]:
    """What a force sensor reports, and in which axes."""
    names = ("enable_forward_dynamics_forces", "enable_constraint_solver_forces", "use_world_frame")
    return tuple(getattr(properties, name) for name in names)
