"""Classic (NumPy) state calls: bodies and DOF states of single actors, read and written at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from humanoid_gym.engine.scene.handles import actor_of, body_of
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim
from humanoid_gym.engine.state import body_writing, checks
from humanoid_gym.engine.state.actor_state import body_states, read_actor, write_actor
from humanoid_gym.engine.values.enums import INVALID_HANDLE, STATE_ALL, STATE_POS, STATE_VEL
from humanoid_gym.engine.values.math_types import Transform, Vec3
from humanoid_gym.engine.values.properties import DofState, RigidBodyState
from humanoid_gym.engine.values.tensor import Tensor

POSE, LINEAR, ANGULAR = slice(0, 7), slice(7, 10), slice(10, 13)


class ClassicStateCalls:
    """Methods of Gym about states as NumPy arrays and single values.

    Poses are relative to the environment's origin, linear velocities those of centres of mass in
    world axes, as in the state tensors. What a call sets, every call and the root and DOF tensors
    read back at once. The calls also work before prepare_sim: what they set then is what the
    simulation starts from. Getters return copies. Parts of a state that `flags` does not ask for
    read zero and are not set.

    An articulation takes the pose and velocity of its root; a joint takes what puts its body where
    the client wants it relative to its parent, if the joint can do that, and stays as it is if not.
    A saved state therefore comes back whole, and moving the root alone carries the rest along.
    """

    def get_actor_rigid_body_states(self, env: Env, handle: int, flags: int) -> np.ndarray:
        """States of an actor's bodies, array of RigidBodyState, shape (num_bodies,)."""
        call = "get_actor_rigid_body_states"
        actor_of(env, handle, call)
        return structured(body_states(env, handle), checks.flags(call, flags))

    def get_env_rigid_body_states(self, env: Env, flags: int) -> np.ndarray:
        """States of an environment's bodies, array of RigidBodyState, shape (num_bodies,)."""
        call = "get_env_rigid_body_states"
        return structured(env_bodies(env), checks.flags(call, flags))

    def get_sim_rigid_body_states(self, sim: Sim, flags: int) -> np.ndarray:
        """States of all bodies, array of RigidBodyState, shape (num_bodies,)."""
        call = "get_sim_rigid_body_states"
        rows = [env_bodies(env) for env in sim.scene.envs]
        states = np.concatenate(rows) if rows else np.zeros((0, 13), np.float32)
        return structured(states, checks.flags(call, flags))

    def set_actor_rigid_body_states(
        self, env: Env, handle: int, states: np.ndarray, flags: int
    ) -> bool:
        """Set states of an actor's bodies, array of RigidBodyState, shape (num_bodies,)."""
        call = "set_actor_rigid_body_states"
        count = len(actor_of(env, handle, call).asset.model.bodies)
        values = checks.records(call, states, RigidBodyState.dtype, count)
        body_writing.set_bodies(env, handle, values, checks.flags(call, flags))
        return True

    def set_env_rigid_body_states(self, env: Env, states: np.ndarray, flags: int) -> bool:
        """Set states of an environment's bodies, array of RigidBodyState, (num_bodies,)."""
        call = "set_env_rigid_body_states"
        values = checks.records(call, states, RigidBodyState.dtype, env.num_bodies)
        set_env_bodies(env, values, checks.flags(call, flags))
        return True

    def set_sim_rigid_body_states(self, sim: Sim, states: np.ndarray, flags: int) -> bool:
        """Set states of all bodies, array of RigidBodyState, shape (num_bodies,)."""
        call = "set_sim_rigid_body_states"
        set_sim_bodies(sim, states, checks.flags(call, flags), call)
        return True

    def set_rigid_body_state_tensor(self, sim: Sim, states: Tensor) -> bool:
        """`set_sim_rigid_body_states` from a tensor of shape (num_bodies, 13)."""
        call = "set_rigid_body_state_tensor"
        sim.running(call)
        count = sum(env.num_bodies for env in sim.scene.envs)
        values = checks.buffer(call, states, (count, 13), sim.pipeline_device)
        set_sim_bodies(sim, values.cpu().numpy(), STATE_ALL, call)
        return True

    def get_actor_dof_states(self, env: Env, handle: int, flags: int) -> np.ndarray:
        """Positions and velocities of an actor's DOFs, array of DofState, shape (num_dofs,)."""
        actor_of(env, handle, "get_actor_dof_states")
        flags = checks.flags("get_actor_dof_states", flags)
        return dof_records(read_actor(env, handle).dofs, flags)

    def get_vec_actor_dof_states(
        self, envs: Sequence[Env], handles: Sequence[int], flags: int
    ) -> np.ndarray:
        """DOF states of one actor in each environment, shape (num_envs, num_dofs)."""
        pairs = checks.pairs("get_vec_actor_dof_states", envs, handles)
        return np.stack([self.get_actor_dof_states(env, handle, flags) for env, handle in pairs])

    def set_actor_dof_states(self, env: Env, handle: int, states: np.ndarray, flags: int) -> bool:
        """Set positions and velocities of an actor's DOFs, array of DofState, (num_dofs,)."""
        call = "set_actor_dof_states"
        count = len(actor_of(env, handle, call).dof_properties)
        values = checks.records(call, states, DofState.dtype, count)
        flags = checks.flags(call, flags)
        state = read_actor(env, handle)
        before = state.dofs.copy()
        for column, flag in enumerate((STATE_POS, STATE_VEL)):
            if flags & flag:
                body_writing.replace(state.dofs[:, column], values[:, column])
        if not np.array_equal(before, state.dofs):
            write_actor(env, handle, state)
        return True

    def get_rigid_transform(self, env: Env, handle: int) -> Transform:
        """Pose of a body, relative to the environment's origin."""
        row = one_body(env, handle, "get_rigid_transform")
        return Transform(row[0:3], row[3:7])

    def get_rigid_linear_velocity(self, env: Env, handle: int) -> Vec3:
        """Velocity of a body's centre of mass [m/s], world axes."""
        return Vec3(*one_body(env, handle, "get_rigid_linear_velocity")[LINEAR])

    def get_rigid_angular_velocity(self, env: Env, handle: int) -> Vec3:
        """Angular velocity of a body [rad/s], world axes."""
        return Vec3(*one_body(env, handle, "get_rigid_angular_velocity")[ANGULAR])

    def get_vec_rigid_transform(self, envs: Sequence[Env], handles: Sequence[int]) -> np.ndarray:
        """Pose of one body in each environment, array of Transform, shape (num_envs,)."""
        call = "get_vec_rigid_transform"
        return vector(call, envs, handles, POSE).view(Transform.dtype)[:, 0]

    def get_vec_rigid_linear_velocity(
        self, envs: Sequence[Env], handles: Sequence[int]
    ) -> np.ndarray:
        """Velocity of one body in each environment, array of Vec3, shape (num_envs,)."""
        call = "get_vec_rigid_linear_velocity"
        return vector(call, envs, handles, LINEAR).view(Vec3.dtype)[:, 0]

    def get_vec_rigid_angular_velocity(
        self, envs: Sequence[Env], handles: Sequence[int]
    ) -> np.ndarray:
        """Angular velocity of one body in each environment, array of Vec3, shape (num_envs,)."""
        call = "get_vec_rigid_angular_velocity"
        return vector(call, envs, handles, ANGULAR).view(Vec3.dtype)[:, 0]

    def set_rigid_transform(self, env: Env, handle: int, transform: Transform) -> None:
        """Put a body at a pose: a root with all that hangs on it, another body by its joint.

        Raises:
            ValueError: the body's joint cannot put it there.
        """
        call = "set_rigid_transform"
        p, r = transform.p, transform.r
        values = np.array([p.x, p.y, p.z, r.x, r.y, r.z, r.w])
        body_writing.set_body(env, *body_of(env, handle, call), POSE, values, call)

    def set_rigid_linear_velocity(self, env: Env, handle: int, velocity: Vec3) -> None:
        """Set the velocity of a body's centre of mass [m/s]; see `set_rigid_transform`."""
        call = "set_rigid_linear_velocity"
        values = np.array([velocity.x, velocity.y, velocity.z])
        body_writing.set_body(env, *body_of(env, handle, call), LINEAR, values, call)

    def set_rigid_angular_velocity(self, env: Env, handle: int, velocity: Vec3) -> None:
        """Set the angular velocity of a body [rad/s]; see `set_rigid_transform`."""
        call = "set_rigid_angular_velocity"
        values = np.array([velocity.x, velocity.y, velocity.z])
        body_writing.set_body(env, *body_of(env, handle, call), ANGULAR, values, call)

    def get_rigid_handle(self, env: Env, actor_name: str, body_name: str) -> int:
        """Handle of a body by the names of its actor and its own, -1 if there is none."""
        for actor in env.actors:
            if actor.name == actor_name and body_name in actor.asset.body_names:
                return actor.first_body + actor.asset.body_names.index(body_name)
        return INVALID_HANDLE

    def get_rigid_name(self, env: Env, handle: int) -> str:
        """Name of a body."""
        actor, body = body_of(env, handle, "get_rigid_name")
        return env.actors[actor].asset.body_names[body]


def one_body(env: Env, handle: int, call: str) -> np.ndarray:
    """State of a body, shape (13,), float32."""
    actor, body = body_of(env, handle, call)
    return body_states(env, actor)[body]


def vector(call: str, envs: Sequence[Env], handles: Sequence[int], part: slice) -> np.ndarray:
    """A part of the state of one body in each environment, shape (num_envs, size)."""
    pairs = checks.pairs(call, envs, handles)
    rows = [one_body(env, handle, call)[part] for env, handle in pairs]
    return np.ascontiguousarray(np.stack(rows))


def env_bodies(env: Env) -> np.ndarray:
    """States of an environment's bodies, shape (num_bodies, 13), float32."""
    rows = [body_states(env, handle) for handle in range(len(env.actors))]
    return np.concatenate(rows) if rows else np.zeros((0, 13), np.float32)


def set_env_bodies(env: Env, values: np.ndarray, flags: int) -> None:
    """Set states of an environment's bodies, shape (num_bodies, 13)."""
    for handle, actor in enumerate(env.actors):
        rows = slice(actor.first_body, actor.first_body + len(actor.asset.model.bodies))
        body_writing.set_bodies(env, handle, values[rows], flags)


def set_sim_bodies(sim: Sim, states: np.ndarray, flags: int, call: str) -> None:
    """Set states of all bodies."""
    count = sum(env.num_bodies for env in sim.scene.envs)
    values = checks.records(call, states, RigidBodyState.dtype, count)
    first = 0
    for env in sim.scene.envs:
        set_env_bodies(env, values[first : first + env.num_bodies], flags)
        first += env.num_bodies


def structured(states: np.ndarray, flags: int) -> np.ndarray:
    """Rows of 13 numbers as RigidBodyState, only the parts that the flags ask for."""
    out = np.ascontiguousarray(states, dtype=np.float32).copy()
    if not flags & STATE_POS:
        out[:, POSE] = 0.0
    if not flags & STATE_VEL:
        out[:, 7:] = 0.0
    return out.view(RigidBodyState.dtype)[:, 0]


def dof_records(states: np.ndarray, flags: int) -> np.ndarray:
    """Rows of position and velocity as DofState, only the parts that the flags ask for."""
    out = np.zeros(len(states), DofState.dtype)
    if flags & STATE_POS:
        out["pos"] = states[:, 0]
    if flags & STATE_VEL:
        out["vel"] = states[:, 1]
    return out
