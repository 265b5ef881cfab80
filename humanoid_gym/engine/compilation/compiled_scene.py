"""From one environment of a scene to a MuJoCo model, and where to find everything in it."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from humanoid_gym.engine.compilation.attractor_spec import add_attractors
from humanoid_gym.engine.compilation.collision import geom_name
from humanoid_gym.engine.compilation.env_spec import add_drive, build_spec, dof_name, root_name
from humanoid_gym.engine.compilation.sensor_spec import add_sensors
from humanoid_gym.engine.scene.scene import Layout, Scene


@dataclass(frozen=True)
class Served:
    """What the simulations must compute beyond their state: what acquired tensors need."""

    body_states: bool = False
    """Poses and velocities of all bodies at the new state."""
    contact_forces: bool = False
    force_sensors: bool = False
    poses: bool = False
    """Poses of all bodies at the present state."""
    split_force_sensors: bool = False
    """Some force sensor reports constraint forces or forward dynamics alone."""
    attractors: bool = False
    jacobians: bool = False
    mass_matrices: bool = False

    @property
    def current(self) -> bool:
        """Whether positions and velocities are needed at the new state, not the last substep's."""
        own = self.body_states or self.poses or self.attractors
        return own or self.jacobians or self.mass_matrices

    @property
    def outputs(self) -> set[str]:
        """Derived fields that the simulations must copy out after each call."""
        names: set[str] = set()
        if self.poses:
            names |= {"xpos", "xquat", "xipos"}
        if self.split_force_sensors:
            names |= {"qacc", "qacc_smooth", "xpos", "xipos", "xmat", "xaxis", "xanchor"}
        if self.attractors:
            names |= {"site_xpos", "site_xquat"}
        if self.jacobians:
            names |= {"xipos", "xaxis", "xanchor"}
        if self.mass_matrices:
            names |= {"M", "xpos", "xipos", "xmat"}
        if self.contact_forces or self.force_sensors:
            names |= {"sensordata"}
        return names


@dataclass(frozen=True)
class RootAddress:
    """Where an actor's root lives in the state."""

    qpos: int
    """First of 7 position coordinates; -1 for a fixed base."""
    qvel: int
    """First of 6 velocity coordinates; -1 for a fixed base."""
    mocap: int
    """Mocap index of a fixed base; -1 for a floating one."""
    body: int
    """MuJoCo body that these coordinates place."""


@dataclass(frozen=True)
class CompiledScene:
    """A model of one environment and the addresses of Isaac Gym's rows in it."""

    model: mujoco.MjModel
    roots: list[RootAddress]
    bodies: np.ndarray
    """MuJoCo body of each body row, shape (num_bodies,)."""
    joints: np.ndarray
    """MuJoCo joint of each DOF, shape (num_dofs,)."""
    dof_qpos: np.ndarray
    """Position coordinate of each DOF, shape (num_dofs,)."""
    dof_qvel: np.ndarray
    """Velocity coordinate of each DOF, shape (num_dofs,)."""
    actuators: np.ndarray
    """Drive of each DOF, -1 where it has none, shape (num_dofs,)."""
    geoms: np.ndarray
    """Geom of each slot of all actors, shape (num_slots,)."""
    contact_sensor: int
    """First sensor value of the bodies' contact forces; -1: not compiled."""
    force_sensor: int
    """First sensor value of the force sensors' accelerations; -1: not compiled."""


def compile_scene(scene: Scene, driven: np.ndarray, served: Served) -> CompiledScene:
    """Compile the model that all environments are simulations of.

    Args:
        scene: its environments are alike.
        driven: DOFs that need an actuator, shape (num_dofs,), bool.
        served: tensors to serve.
    """
    layout = Layout(scene.envs)
    spec, names = build_spec(scene, layout)
    counts = [len(actor.dof_properties) for actor in layout.actors]
    dof_names = [dof_name(handle, dof) for handle, n in enumerate(counts) for dof in range(n)]
    for name in (name for name, needs in zip(dof_names, driven, strict=True) if needs):
        add_drive(spec, name)
    add_attractors(spec, scene, names)
    contacts = served.contact_forces and not scene.backend_choice.warp
    first_values = add_sensors(spec, layout, names, served, contacts=contacts)
    model = spec.compile()
    joints = np.array([model.joint(name).id for name in dof_names], dtype=np.int64)
    return CompiledScene(
        model=model,
        roots=[
            root_address(model, root_name(handle, actor.asset.model.bodies[0]))
            for handle, actor in enumerate(layout.actors)
        ],
        bodies=np.array([model.body(name).id for name in names], dtype=np.int64),
        joints=joints,
        dof_qpos=model.jnt_qposadr[joints],
        dof_qvel=model.jnt_dofadr[joints],
        actuators=np.where(driven, np.cumsum(driven) - 1, -1),
        geoms=np.array(
            [
                model.geom(geom_name(handle, slot)).id
                for handle, slots in enumerate(layout.slots)
                for slot in range(len(slots))
            ],
            dtype=np.int64,
        ),
        contact_sensor=first_values[0],
        force_sensor=first_values[1],
    )


def root_address(model: mujoco.MjModel, name: str) -> RootAddress:
    """Where the state holds the root body of this name."""
    body = model.body(name)
    if model.body_mocapid[body.id] >= 0:
        return RootAddress(-1, -1, int(model.body_mocapid[body.id]), body.id)
    joint = model.body_jntadr[body.id]
    qpos, qvel = int(model.jnt_qposadr[joint]), int(model.jnt_dofadr[joint])
    return RootAddress(qpos, qvel, -1, body.id)
