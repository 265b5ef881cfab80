"""Which assets may stand in for each other in different environments.

One compiled model serves all environments, so that their assets must agree in everything that a
model has once: bodies, joints, force sensors, tendons. Shapes may differ, see `slots`, and so may
numbers: masses, sizes, places, gains.
"""

from __future__ import annotations

from collections.abc import Iterator

from humanoid_gym.engine.assets.asset import Asset

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
    for name in SHARED_OPTIONS:
        came, wanted = getattr(asset.options, name), getattr(expected.options, name)
        if came != wanted:
            yield f"AssetOptions.{name} {came:g}, not {wanted:g}"
    if sensors(asset) != sensors(expected):
        yield "other force sensors"
    if tendons(asset) != tendons(expected):
        yield "other tendons"


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
