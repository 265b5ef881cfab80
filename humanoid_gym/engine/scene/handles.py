"""Handles that clients hold, as actors and rows: one error that says which handle was wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from humanoid_gym.engine.scene.scene import Actor, Env


def actor_of(env: Env, handle: int, call: str) -> Actor:
    """The actor of a handle.

    Raises:
        IndexError: the environment has no such actor.
    """
    check(handle, len(env.actors), f"{call}: actor handle", f"environment {env.index}", "actors")
    return env.actors[handle]


def body_of(env: Env, handle: int, call: str) -> tuple[int, int]:
    """Actor and asset-local body of a body handle.

    Raises:
        IndexError: the environment has no such body.
    """
    return part_of(env, handle, call, "body", "bodies", lambda a: len(a.asset.model.bodies))


def dof_of(env: Env, handle: int, call: str) -> tuple[int, int]:
    """Actor and asset-local DOF of a DOF handle.

    Raises:
        IndexError: the environment has no such DOF.
    """
    return part_of(env, handle, call, "DOF", "DOFs", lambda a: len(a.dof_properties))


def joint_of(env: Env, handle: int, call: str) -> tuple[int, int]:
    """Actor and asset-local joint (fixed ones counted) of a joint handle.

    Raises:
        IndexError: the environment has no such joint.
    """
    return part_of(env, handle, call, "joint", "joints", lambda a: len(a.asset.joints))


def joint_dof(actor: Actor, joint: int) -> int | None:
    """The DOF of an asset-local joint, None for a fixed one."""
    joints = actor.asset.joints
    return sum(j.is_dof for j in joints[:joint]) if joints[joint].is_dof else None


def joint_body(actor: Actor, joint: int) -> int:
    """The body that an asset-local joint moves."""
    owners = [i for i, body in enumerate(actor.asset.model.bodies) for _ in body.joints]
    return owners[joint]


def part_of(
    env: Env, handle: int, call: str, what: str, plural: str, count: Callable[[Actor], int]
) -> tuple[int, int]:
    """Actor and local index of an environment-wide handle."""
    counts: Sequence[int] = [count(actor) for actor in env.actors]
    total = sum(counts)
    check(handle, total, f"{call}: {what} handle", f"environment {env.index}", plural)
    left = int(handle)
    for actor, size in enumerate(counts):
        if left < size:
            return actor, left
        left -= size
    raise AssertionError("unreachable: the handle was checked against the total")


def expect(call: str, **arguments: tuple[object, type]) -> None:
    """Raise TypeError unless each argument, by its name, is of its class."""
    for name, (given, kind) in arguments.items():
        if not isinstance(given, kind):
            raise TypeError(
                f"{call}: {name} must be of class {kind.__name__}, got {type(given).__name__}"
            )


def check(handle: int, count: int, what: str, where: str, plural: str) -> None:
    """Raise IndexError unless 0 <= handle < count."""
    if not 0 <= handle < count:
        hint = " (-1 is what a look-up returns for a name that does not exist)"
        raise IndexError(
            f"{what} {handle} does not exist; {where} has {count} {plural}"
            + (hint if handle == -1 else "")
        )
