"""Setting bodies of an actor: the root moves freely, other bodies as far as their joints allow."""

from __future__ import annotations

import numpy as np

from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.state.actor_state import placed_skeleton, read_actor, write_actor
from humanoid_gym.engine.state.kinematics import REACHED, ActorState
from humanoid_gym.engine.values.enums import STATE_POS, STATE_VEL


def set_bodies(env: Env, handle: int, values: np.ndarray, flags: int) -> None:
    """Set states of an actor's bodies.

    What equals the present state to the last bit of float32 changes nothing. A joint takes the
    position (or velocity) at which its body is (or moves) as given relative to its parent; one that
    cannot reach that keeps its own.

    Args:
        env: environment.
        handle: actor.
        values: shape (num_bodies, 13).
        flags: STATE_POS, STATE_VEL or both.
    """
    state = read_actor(env, handle)
    skeleton = placed_skeleton(env, handle, state)
    before = skeleton.bodies()
    wanted = before.copy()
    columns = [
        flag for flag, yes in ((slice(0, 7), STATE_POS), (slice(7, 13), STATE_VEL)) if flags & yes
    ]
    for part in columns:
        replace(wanted[:, part], values[:, part])
    if np.array_equal(wanted, before):
        return
    moves = bool(flags & STATE_POS) and not np.array_equal(wanted[:, :7], before[:, :7])
    write_actor(env, handle, reach(env, handle, state, wanted, moves, bool(flags & STATE_VEL)))


def set_body(env: Env, handle: int, body: int, part: slice, values: np.ndarray, call: str) -> None:
    """Set the pose or a velocity of one body.

    Args:
        env: environment.
        handle: actor.
        body: asset-local body.
        part: which of a state's 13 numbers.
        values: for them.
        call: for the message.

    Raises:
        ValueError: the body's joint cannot reach what is asked for.
    """
    state = read_actor(env, handle)
    if body == 0 and not has_own_joints(env, handle):
        before = state.root.copy()
        replace(state.root[part], values)
        if not np.array_equal(before, state.root):
            write_actor(env, handle, state)
        return
    skeleton = placed_skeleton(env, handle, state)
    wanted = skeleton.bodies()
    replace(wanted[body, part], values)
    before = skeleton.dofs()
    if part.start == 0:
        missed = skeleton.reach_poses(wanted[:, :7])
    else:
        missed = skeleton.reach_velocities(wanted[:, 7:], slice(part.start - 7, part.stop - 7))
    if missed[body] > REACHED * (1.0 + np.abs(values).max()):
        name = env.actors[handle].asset.body_names[body]
        raise ValueError(
            f"{call}: body {name!r} of actor {env.actors[handle].name!r} hangs on its parent, and "
            f"its joint cannot do this (off by {missed[body]:.3g}); set the actor's root body or "
            "its DOF states"
        )
    # What hangs on the body moves with it.
    own = (skeleton.dof_bodies == body)[:, None]
    state.dofs = np.where(own, skeleton.dofs(), before)
    write_actor(env, handle, state)


def reach(
    env: Env, handle: int, state: ActorState, wanted: np.ndarray, poses: bool, velocities: bool
) -> ActorState:
    """The actor's state that comes closest to the wanted states of its bodies."""
    if not has_own_joints(env, handle):
        state.root = wanted[0].copy()
    skeleton = placed_skeleton(env, handle, state)
    if poses and skeleton.num_dofs:
        skeleton.reach_poses(wanted[:, :7])
    if velocities and skeleton.num_dofs:
        skeleton.reach_velocities(wanted[:, 7:])
    state.dofs = skeleton.dofs()
    return state


def has_own_joints(env: Env, handle: int) -> bool:
    """Whether joints move the actor's root against its mount."""
    return any(joint.is_dof for joint in env.actors[handle].asset.model.bodies[0].joints)


def replace(target: np.ndarray, values: np.ndarray) -> None:
    """Write values that differ as float32 into a float64 array; the others keep every bit."""
    given = np.asarray(values, dtype=np.float32)
    differs = given != target.astype(np.float32)
    target[differs] = given[differs]
