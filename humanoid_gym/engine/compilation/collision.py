"""Which shapes of one environment may touch, after Isaac Gym's groups and filters.

Two shapes collide iff their actors' groups are equal or one of them is -1, and their filter masks
have no bit in common. Bodies joined by a joint never collide. Everything collides with the ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import mujoco
import numpy as np

from humanoid_gym.engine.compilation import contact_parameters as contact
from humanoid_gym.engine.scene.scene import Actor, Env

ANY_GROUP = -1


@dataclass(frozen=True)
class CollidingShape:
    """One collision shape of the environment."""

    body: int
    """Row among the environment's bodies."""
    geom: str
    """Name of its geom."""
    group: int
    filter: int


@dataclass(frozen=True)
class Collisions:
    """What the compiler must switch off, beyond what MuJoCo does by itself."""

    none_between_bodies: bool
    """No two moving shapes may touch: plain collision masks say so at no cost."""
    excluded_bodies: list[tuple[int, int]]
    """Pairs of body rows of which no shapes (or not all) may touch."""
    allowed_shapes: list[tuple[str, str]]
    """Pairs of geom names that touch although their bodies are excluded."""


def colliding_shapes(env: Env) -> list[CollidingShape]:
    """The environment's collision shapes in body order."""
    return [
        CollidingShape(
            actor.first_body + body, geom_name(handle, index), actor.group, properties.filter
        )
        for handle, actor in enumerate(env.actors)
        for index, ((body, _), properties) in enumerate(
            zip(actor.asset.collision_shapes, actor.shape_properties, strict=True)
        )
    ]


def geom_name(handle: int, shape: int) -> str:
    """Name of an actor's collision geom in the compiled model."""
    return f"{handle}/collision/{shape}"


def joined_bodies(actors: list[Actor]) -> set[tuple[int, int]]:
    """Body rows that a joint connects, (parent, child)."""
    return {
        (actor.first_body + body.parent, actor.first_body + index)
        for actor in actors
        for index, body in enumerate(actor.asset.model.bodies)
        if body.parent >= 0
    }


def find_collisions(env: Env) -> Collisions:
    """Apply groups, filters and joints to every pair of shapes."""
    joined = joined_bodies(env.actors)
    verdicts: dict[tuple[int, int], list[tuple[CollidingShape, CollidingShape, bool]]] = {}
    for a, b in combinations(colliding_shapes(env), 2):
        if a.body != b.body:
            pair = (a.body, b.body)
            verdicts.setdefault(pair, []).append((a, b, pair not in joined and may_touch(a, b)))
    touching = [(a.geom, b.geom) for rows in verdicts.values() for a, b, yes in rows if yes]
    if not touching:
        return Collisions(True, [], [])
    excluded = [pair for pair, rows in verdicts.items() if not all(yes for *_, yes in rows)]
    mixed = [(a.geom, b.geom) for pair in excluded for a, b, yes in verdicts[pair] if yes]
    return Collisions(False, excluded, mixed)


def may_touch(a: CollidingShape, b: CollidingShape) -> bool:
    """Isaac Gym's rule for two shapes."""
    same_group = a.group == b.group or ANY_GROUP in (a.group, b.group)
    return same_group and (a.filter & b.filter) == 0


def apply_collisions(spec: mujoco.MjSpec, env: Env, body_names: list[str]) -> None:
    """Write the environment's collision rules into a specification.

    Args:
        spec: holds the bodies and geoms of the environment.
        env: the environment.
        body_names: name of each body in the specification.
    """
    rules = find_collisions(env)
    if rules.none_between_bodies:
        # A moving geom's type meets only the ground's affinity.
        for shape in colliding_shapes(env):
            spec.geom(shape.geom).conaffinity = 0
        return
    for first, second in rules.excluded_bodies:
        spec.add_exclude(bodyname1=body_names[first], bodyname2=body_names[second])
    for first, second in rules.allowed_shapes:
        add_pair(spec, first, second, max(spec.geom(g).friction[0] for g in (first, second)))


def add_pair(spec: mujoco.MjSpec, first: str, second: str, friction: float) -> None:
    """Let two geoms touch, whatever their masks say, with a friction of their own."""
    spec.add_pair(
        geomname1=first,
        geomname2=second,
        condim=contact.CONTACT_DIMENSIONS,
        friction=np.array([friction, friction, 0.0, 0.0, 0.0]),
        solref=contact.CONTACT_SOLREF,
        solimp=contact.CONTACT_SOLIMP,
    )


def check_alike(envs: list[Env]) -> None:
    """All environments have the same rules.

    Raises:
        ValueError: names the first environment that differs.
    """
    rules = {collision_key(envs[0]): find_collisions(envs[0])}
    expected = next(iter(rules.values()))
    for env in envs:
        key = collision_key(env)
        if key not in rules:
            rules[key] = find_collisions(env)
        if rules[key] != expected:
            raise ValueError(
                f"environment {env.index}: other shapes may collide than in environment 0; give "
                "create_actor the same pattern of groups and the same filters, and the shapes the "
                "same filters, in every environment"
            )


def collision_key(env: Env) -> tuple[object, ...]:
    """What decides an environment's rules: its groups, numbered from 0, and its filters."""
    numbers: dict[int, int] = {ANY_GROUP: ANY_GROUP}
    groups = tuple(numbers.setdefault(actor.group, len(numbers)) for actor in env.actors)
    return groups, tuple(shape.filter for a in env.actors for shape in a.shape_properties)
