"""The state of one actor in one environment, before and after prepare_sim, and writing it.

The classic (NumPy) calls read and write one actor at a time, at once. Before `prepare_sim` what
they set is the state that the simulation will start from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from humanoid_gym.engine.scene.mass_properties import COM
from humanoid_gym.engine.scene.scene import Actor, Env
from humanoid_gym.engine.state.kinematics import (
    WXYZ,
    XYZW,
    ActorState,
    Skeleton,
    skeleton_of,
    unit,
)
from humanoid_gym.engine.values.array_math import vector_product

if TYPE_CHECKING:
    from humanoid_gym.engine.simulation import Simulation


@dataclass
class StartState:
    """What a client set before prepare_sim, besides the pose of the root."""

    num_dofs: int
    root_velocity: np.ndarray = field(default_factory=lambda: np.zeros(6))
    """Of the COM [m/s], angular [rad/s], shape (6,)."""
    dofs: np.ndarray = field(init=False)
    """Positions and velocities, shape (num_dofs, 2)."""
    targets: np.ndarray = field(init=False)
    """Position and velocity targets, shape (num_dofs, 2)."""

    def __post_init__(self) -> None:
        self.dofs = np.zeros((self.num_dofs, 2))
        self.targets = np.zeros((self.num_dofs, 2))


def start_state(actor: Actor) -> StartState:
    """The actor's start state, made on first use."""
    if actor.start is None:
        actor.start = StartState(len(actor.dof_properties))
    return actor.start


def starting(actor: Actor) -> ActorState:
    """The state that the actor starts from."""
    start = actor.start or StartState(len(actor.dof_properties))
    p, r = actor.pose.p, actor.pose.r
    root = np.array([p.x, p.y, p.z, r.x, r.y, r.z, r.w, *start.root_velocity])
    return ActorState(root, start.dofs.copy())


def read_actor(env: Env, handle: int) -> ActorState:
    """The actor's state now."""
    actor = env.actors[handle]
    simulation = env.scene.simulation
    if simulation is None:
        return starting(actor)
    rows = slice(actor.first_dof, actor.first_dof + len(actor.dof_properties))
    compiled = simulation.compiled
    qpos, qvel = state_row(simulation, "qpos", env), state_row(simulation, "qvel", env)
    dofs = np.stack((qpos[compiled.dof_qpos[rows]], qvel[compiled.dof_qvel[rows]]), axis=1)
    place = compiled.roots[handle]
    root = np.zeros(13)
    if place.mocap >= 0:
        root[:3] = state_row(simulation, "mocap_pos", env)[place.mocap]
        root[3:7] = state_row(simulation, "mocap_quat", env)[place.mocap][XYZW]
        return ActorState(root, dofs)
    root[:3], root[3:7] = qpos[place.qpos : place.qpos + 3], qpos[place.qpos + 3 :][:4][XYZW]
    turn = rotation_matrix(root[3:7])
    spin = turn @ qvel[place.qvel + 3 : place.qvel + 6]
    root[7:10] = qvel[place.qvel : place.qvel + 3] + vector_product(spin, turn @ root_com(actor))
    root[10:13] = spin
    return ActorState(root, dofs)


def write_actor(env: Env, handle: int, state: ActorState) -> None:
    """Set an actor's state; the environment's other actors keep every bit of theirs."""
    actor = env.actors[handle]
    simulation = env.scene.simulation
    if simulation is None:
        start = start_state(actor)
        actor.pose.p, actor.pose.r = state.root[:3], state.root[3:7]
        start.root_velocity, start.dofs = state.root[7:13].copy(), state.dofs.copy()
        return
    compiled = simulation.compiled
    rows = slice(actor.first_dof, actor.first_dof + len(actor.dof_properties))
    put(simulation, "qpos", env, compiled.dof_qpos[rows], state.dofs[:, 0])
    put(simulation, "qvel", env, compiled.dof_qvel[rows], state.dofs[:, 1])
    place, rotation = compiled.roots[handle], unit(state.root[3:7])
    if place.mocap >= 0:
        put(simulation, "mocap_pos", env, place.mocap, state.root[:3])
        put(simulation, "mocap_quat", env, place.mocap, rotation[WXYZ])
    else:
        turn, spin = rotation_matrix(rotation), state.root[10:13]
        linear = state.root[7:10] - vector_product(spin, turn @ root_com(actor))
        pose = np.concatenate((state.root[:3], rotation[WXYZ]))
        put(simulation, "qpos", env, slice(place.qpos, place.qpos + 7), pose)
        velocity = np.concatenate((linear, turn.T @ spin))
        put(simulation, "qvel", env, slice(place.qvel, place.qvel + 6), velocity)
    simulation.state_written(env.index)


def apply_start_states(simulation: Simulation) -> None:
    """Bring a new simulation to what clients set before prepare_sim."""
    for env in simulation.scene.envs:
        for handle, actor in enumerate(env.actors):
            start = actor.start
            if start is None:
                continue
            write_actor(env, handle, starting(actor))
            rows = slice(actor.first_dof, actor.first_dof + start.num_dofs)
            targets = torch.from_numpy(start.targets).to(simulation.device)
            simulation.drives.position_target[env.index, rows] = targets[:, 0]
            simulation.drives.velocity_target[env.index, rows] = targets[:, 1]
    simulation.targets_written()
    simulation.start_here()


def placed_skeleton(env: Env, handle: int, state: ActorState | None = None) -> Skeleton:
    """The actor's skeleton at its state, or at another one; valid until the next call."""
    actor = env.actors[handle]
    skeleton = skeleton_of(actor.asset)
    skeleton.place(state or read_actor(env, handle), centres_of_mass(actor), actor.scale)
    return skeleton


def body_states(env: Env, handle: int) -> np.ndarray:
    """Pose and velocity of each body of an actor, shape (num_bodies, 13), float32."""
    return placed_skeleton(env, handle).bodies().astype(np.float32)


def centres_of_mass(actor: Actor) -> np.ndarray:
    """Centre of mass of each body in its frame [m], shape (num_bodies, 3)."""
    return actor.body_properties[:, COM]


def root_com(actor: Actor) -> np.ndarray:
    """Centre of mass of the root in its frame [m], shape (3,)."""
    return actor.body_properties[0, COM]


def rotation_matrix(xyzw: np.ndarray) -> np.ndarray:
    """Matrix of a quaternion, shape (3, 3)."""
    x, y, z, w = unit(xyzw)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def state_row(simulation: Simulation, name: str, env: Env) -> np.ndarray:
    """An environment's part of the simulation state."""
    state = simulation.backend.state(name)
    # A view of the whole costs a microsecond, an index into a tensor several.
    return state.numpy()[env.index] if state.is_cpu else state[env.index].cpu().numpy()


def put(
    simulation: Simulation, name: str, env: Env, rows: np.ndarray | slice | int, values: np.ndarray
) -> None:
    """Write a part of an environment's state."""
    state = simulation.backend.state(name)
    if state.is_cpu:
        state.numpy()[env.index, rows] = values
    else:
        state[env.index, rows] = torch.from_numpy(np.ascontiguousarray(values)).to(state)


def read_targets(env: Env, handle: int) -> np.ndarray:
    """A copy of the position and velocity targets of an actor's DOFs, shape (num_dofs, 2)."""
    actor, simulation = env.actors[handle], env.scene.simulation
    if simulation is None:
        return (actor.start or StartState(len(actor.dof_properties))).targets.copy()
    rows = slice(actor.first_dof, actor.first_dof + len(actor.dof_properties))
    drives = simulation.drives
    both = (drives.position_target[env.index, rows], drives.velocity_target[env.index, rows])
    return np.stack([part.cpu().numpy() for part in both], axis=1).astype(np.float64)


def write_targets(env: Env, handle: int, targets: np.ndarray) -> None:
    """Set the position and velocity targets of an actor's DOFs, shape (num_dofs, 2)."""
    actor, simulation = env.actors[handle], env.scene.simulation
    if simulation is None:
        start_state(actor).targets = targets
        return
    rows = slice(actor.first_dof, actor.first_dof + len(actor.dof_properties))
    both = torch.from_numpy(targets)
    drives = simulation.drives
    drives.position_target[env.index, rows] = both[:, 0].to(drives.position_target)
    drives.velocity_target[env.index, rows] = both[:, 1].to(drives.velocity_target)
    simulation.targets_written()
