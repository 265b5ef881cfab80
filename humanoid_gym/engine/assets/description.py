"""An asset as a text that a person can read."""

from __future__ import annotations

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.assets.model import BodyModel


def describe(asset: Asset) -> str:
    """The tree of bodies with their masses, shapes and joints, one line each."""
    base = "fixed" if asset.fixed_base else "floating"
    title = (
        f"{asset.model.name}: {len(asset.model.bodies)} bodies, {len(asset.dof_names)} DOFs, "
        f"{len(asset.collision_shapes)} shapes, {base} base"
    )
    depths: list[int] = []
    lines = [title]
    for index, body in enumerate(asset.model.bodies):
        depths.append(0 if body.parent < 0 else depths[body.parent] + 1)
        lines.append("  " * (depths[index] + 1) + describe_body(index, body))
    return "\n".join(lines)


def describe_body(index: int, body: BodyModel) -> str:
    """A body's line."""
    joints = ", ".join(f"{joint.name} ({joint.type.name})" for joint in body.joints)
    kinds = ", ".join(shape.kind for shape in body.shapes if shape.collides)
    text = f"{index} {body.name}: {body.mass:g} kg"
    return (
        text + (f"; joints: {joints}" if joints else "") + (f"; shapes: {kinds}" if kinds else "")
    )
