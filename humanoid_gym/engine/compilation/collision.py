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
from humanoid_gym.engine.scene.scene import Actor, Env, Layout

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


def colliding_shapes(env: Env, layout: Layout) -> list[CollidingShape]:
    """The collision shapes that an environment has, in their own order."""
    groups, shapes = group_numbers(env), []
    for handle, (actor, slots) in enumerate(zip(env.actors, layout.slots, strict=True)):
        for slot, properties in zip(slots.of(actor.asset), actor.shape_properties, strict=True):
            body, geom = actor.first_body + slots.list[slot].body, geom_name(handle, slot)
            shapes.append(CollidingShape(body, geom, groups[handle], properties.filter))
    return shapes


def possible_shapes(envs: list[Env], layout: Layout) -> list[CollidingShape]:
    """The collision shapes of all slots, each as the first environment has it that fills it."""
    shapes = []
    for handle, slots in enumerate(layout.slots):
        for index, slot in enumerate(slots.list):
            env = envs[slot.env]
            actor = env.actors[handle]
            shapes.append(
                CollidingShape(
                    actor.first_body + slot.body,
                    geom_name(handle, index),
                    group_numbers(env)[handle],
                    actor.shape_properties[slot.owner].filter,
                )
            )
    return shapes


def group_numbers(env: Env) -> list[int]:
    """Collision group of each actor, numbered from 0: environments have groups of their own."""
    numbers: dict[int, int] = {ANY_GROUP: ANY_GROUP}
    return [numbers.setdefault(actor.group, len(numbers)) for actor in env.actors]


def geom_name(handle: int, slot: int) -> str:
    """Name of an actor's collision geom in the compiled model."""
    return f"{handle}/collision/{slot}"


def joined_bodies(actors: list[Actor]) -> set[tuple[int, int]]:
    """Body rows that a joint connects, (parent, child)."""
    return {
        (actor.first_body + body.parent, actor.first_body + index)
        for actor in actors
        for index, body in enumerate(actor.asset.model.bodies)
        if body.parent >= 0
    }


def verdicts(
    shapes: list[CollidingShape], joined: set[tuple[int, int]]
) -> dict[tuple[CollidingShape, CollidingShape], bool]:
    """Whether shapes of different bodies may touch, after groups, filters and joints."""
    return {
        (a, b): (a.body, b.body) not in joined and may_touch(a, b)
        for a, b in combinations(sorted(shapes, key=lambda shape: shape.body), 2)
        if a.body != b.body
    }


def find_collisions(shapes: list[CollidingShape], joined: set[tuple[int, int]]) -> Collisions:
    """What to switch off for a model with these shapes."""
    by_bodies: dict[tuple[int, int], list[tuple[str, str, bool]]] = {}
    for (a, b), yes in verdicts(shapes, joined).items():
        by_bodies.setdefault((a.body, b.body), []).append((a.geom, b.geom, yes))
    if not any(yes for rows in by_bodies.values() for *_, yes in rows):
        return Collisions(True, [], [])
    excluded = [pair for pair, rows in by_bodies.items() if not all(yes for *_, yes in rows)]
    mixed = [(a, b) for pair in excluded for a, b, yes in by_bodies[pair] if yes]
    return Collisions(False, excluded, mixed)


def may_touch(a: CollidingShape, b: CollidingShape) -> bool:
    """Isaac Gym's rule for two shapes."""
    same_group = a.group == b.group or ANY_GROUP in (a.group, b.group)
    return same_group and (a.filter & b.filter) == 0


def apply_collisions(
    spec: mujoco.MjSpec, envs: list[Env], layout: Layout, body_names: list[str]
) -> None:
    """Write the collision rules of the environments into a specification.

    Args:
        spec: holds the bodies and the geoms of all slots.
        envs: have the same rules.
        layout: of the environments.
        body_names: name of each body in the specification.
    """
    shapes = possible_shapes(envs, layout)
    rules = find_collisions(shapes, joined_bodies(layout.actors))
    if rules.none_between_bodies:
        # A moving geom's type meets only the ground's affinity.
        for shape in shapes:
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


def check_alike(envs: list[Env], layout: Layout) -> None:
    """All environments have the same rules.

    Raises:
        ValueError: names the first environment that differs.
    """
    joined = joined_bodies(layout.actors)
    expected = by_geom(verdicts(possible_shapes(envs, layout), joined))
    known = set()
    for env in envs:
        key = collision_key(env, layout)
        if key in known:
            continue
        known.add(key)
        own = by_geom(verdicts(colliding_shapes(env, layout), joined))
        if any(expected[pair] != yes for pair, yes in own.items()):
            raise ValueError(
                f"environment {env.index}: other shapes may collide than in environment 0; give "
                "create_actor the same pattern of groups and the same filters, and the shapes the "
                "same filters, in every environment"
            )


def by_geom(
    rows: dict[tuple[CollidingShape, CollidingShape], bool],
) -> dict[frozenset[str], bool]:
    """Verdicts by the names of the two geoms, in either order."""
    return {frozenset((a.geom, b.geom)): yes for (a, b), yes in rows.items()}


def collision_key(env: Env, layout: Layout) -> tuple[object, ...]:
    """What decides an environment's rules: its groups, its filters and which slots it fills."""
    filters = tuple(shape.filter for actor in env.actors for shape in actor.shape_properties)
    return tuple(group_numbers(env)), filters, layout.slots_of(env).tobytes()
