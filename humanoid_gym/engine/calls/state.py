"""State tensors: acquire, refresh, set; targets and forces."""

from __future__ import annotations

import torch

from humanoid_gym.engine.sim import Sim
from humanoid_gym.engine.state import checks
from humanoid_gym.engine.state.tensors import Kind
from humanoid_gym.engine.values.tensor import Tensor


class StateCalls:
    """Methods of Gym about state tensors.

    `acquire_*` returns a descriptor of one buffer that lives as long as the simulation;
    `refresh_*` copies the current values into it; the setters take any float32 tensor with as
    many elements. The `_indexed` setters write only the actors listed (int32, DOMAIN_SIM).
    """

    def acquire_actor_root_state_tensor(self, sim: Sim) -> Tensor:
        """Root states, shape (num_actors, 13).

        Position [m] relative to the environment's origin, quaternion xyzw, velocity of the centre
        of mass [m/s] and angular velocity [rad/s] in world axes.
        """
        return acquire(sim, Kind.ROOT)

    def acquire_dof_state_tensor(self, sim: Sim) -> Tensor:
        """DOF states, shape (num_dofs, 2): position [rad or m], velocity [rad/s or m/s]."""
        return acquire(sim, Kind.DOF)

    def acquire_rigid_body_state_tensor(self, sim: Sim) -> Tensor:
        """States of all bodies, shape (num_bodies, 13), as roots."""
        return acquire(sim, Kind.BODY)

    def acquire_net_contact_force_tensor(self, sim: Sim) -> Tensor:
        """Net contact force on each body [N], world axes, last substep, (num_bodies, 3)."""
        return acquire(sim, Kind.CONTACT)

    def acquire_dof_force_tensor(self, sim: Sim) -> Tensor:
        """Drive, actuation and passive force of each DOF [N m or N], shape (num_dofs,)."""
        return acquire(sim, Kind.DOF_FORCE)

    def acquire_force_sensor_tensor(self, sim: Sim) -> Tensor:
        """Net force [N] and torque [N m] at each force sensor, shape (num_sensors, 6)."""
        return acquire(sim, Kind.FORCE_SENSOR)

    def refresh_actor_root_state_tensor(self, sim: Sim) -> bool:
        """Copy the root states into the buffer."""
        return refresh(sim, Kind.ROOT)

    def refresh_dof_state_tensor(self, sim: Sim) -> bool:
        """Copy the DOF states into the buffer."""
        return refresh(sim, Kind.DOF)

    def refresh_rigid_body_state_tensor(self, sim: Sim) -> bool:
        """Copy the body states into the buffer."""
        return refresh(sim, Kind.BODY)

    def refresh_net_contact_force_tensor(self, sim: Sim) -> bool:
        """Copy the contact forces into the buffer."""
        return refresh(sim, Kind.CONTACT)

    def refresh_dof_force_tensor(self, sim: Sim) -> bool:
        """Copy the DOF forces into the buffer."""
        return refresh(sim, Kind.DOF_FORCE)

    def refresh_force_sensor_tensor(self, sim: Sim) -> bool:
        """Copy the force sensors into the buffer."""
        return refresh(sim, Kind.FORCE_SENSOR)

    def set_actor_root_state_tensor(self, sim: Sim, states: Tensor) -> bool:
        """Set the root states that differ from the current ones."""
        return set_state(sim, Kind.ROOT, states, "set_actor_root_state_tensor")

    def set_actor_root_state_tensor_indexed(
        self, sim: Sim, states: Tensor, actors: Tensor, count: int
    ) -> bool:
        """Set root states of the first `count` actors listed."""
        call = "set_actor_root_state_tensor_indexed"
        return set_state(sim, Kind.ROOT, states, call, (actors, count))

    def set_dof_state_tensor(self, sim: Sim, states: Tensor) -> bool:
        """Set the DOF states that differ from the current ones."""
        return set_state(sim, Kind.DOF, states, "set_dof_state_tensor")

    def set_dof_state_tensor_indexed(
        self, sim: Sim, states: Tensor, actors: Tensor, count: int
    ) -> bool:
        """Set DOF states of the first `count` actors listed."""
        call = "set_dof_state_tensor_indexed"
        return set_state(sim, Kind.DOF, states, call, (actors, count))

    def set_dof_actuation_force_tensor(self, sim: Sim, forces: Tensor) -> bool:
        """Force of each DOF in mode EFFORT [N m or N], kept until overwritten."""
        call = "set_dof_actuation_force_tensor"
        simulation = sim.running(call)
        simulation.set_actuation(dof_values(sim, forces, call), None)
        return True

    def set_dof_actuation_force_tensor_indexed(
        self, sim: Sim, forces: Tensor, actors: Tensor, count: int
    ) -> bool:
        """Forces of the DOFs of the actors listed."""
        call = "set_dof_actuation_force_tensor_indexed"
        simulation = sim.running(call)
        mask = dof_mask(sim, actors, count, call)
        simulation.set_actuation(dof_values(sim, forces, call), mask)
        return True

    def set_dof_position_target_tensor(self, sim: Sim, targets: Tensor) -> bool:
        """Position target of each DOF in mode POS [rad or m], kept until overwritten."""
        call = "set_dof_position_target_tensor"
        simulation = sim.running(call)
        simulation.set_targets(dof_values(sim, targets, call), None, every_dof(sim))
        return True

    def set_dof_position_target_tensor_indexed(
        self, sim: Sim, targets: Tensor, actors: Tensor, count: int
    ) -> bool:
        """Position targets of the DOFs of the actors listed."""
        call = "set_dof_position_target_tensor_indexed"
        simulation = sim.running(call)
        mask = dof_mask(sim, actors, count, call)
        simulation.set_targets(dof_values(sim, targets, call), None, mask)
        return True

    def set_dof_velocity_target_tensor(self, sim: Sim, targets: Tensor) -> bool:
        """Velocity target of each DOF in mode VEL [rad/s or m/s], kept until overwritten."""
        call = "set_dof_velocity_target_tensor"
        simulation = sim.running(call)
        simulation.set_targets(None, dof_values(sim, targets, call), every_dof(sim))
        return True

    def set_dof_velocity_target_tensor_indexed(
        self, sim: Sim, targets: Tensor, actors: Tensor, count: int
    ) -> bool:
        """Velocity targets of the DOFs of the actors listed."""
        call = "set_dof_velocity_target_tensor_indexed"
        simulation = sim.running(call)
        mask = dof_mask(sim, actors, count, call)
        simulation.set_targets(None, dof_values(sim, targets, call), mask)
        return True


def acquire(sim: Sim, kind: Kind) -> Tensor:
    """Descriptor of the buffer, holding the current values if the simulation is prepared."""
    known = kind in sim.tensors.acquired
    buffer = sim.tensors.acquire(kind, sim.pipeline_device)
    if sim.simulation is not None and not known:
        refresh(sim, kind)
    return Tensor(buffer, own_data=True)


def refresh(sim: Sim, kind: Kind) -> bool:
    """Copy current values into the buffer; without a buffer there is nothing to do."""
    sim.tensors.refresh(kind, sim.running(f"refresh_{kind.value}"))
    return True


def set_state(
    sim: Sim, kind: Kind, states: Tensor, call: str, chosen: tuple[Tensor, int] | None = None
) -> bool:
    """Write root or DOF states, of the actors chosen if any are."""
    simulation = sim.running(call)
    actors = actor_mask(sim, *chosen, call) if chosen else None
    sim.tensors.write(kind, simulation, states, actors, call)
    return True


def actor_mask(sim: Sim, actors: Tensor, count: int, call: str) -> torch.Tensor:
    """Actors listed, shape (num_envs, actors per environment), bool."""
    num_envs, per_env, _ = sim.tensors.shape(Kind.ROOT)
    device = sim.running(call).device
    rows = checks.actor_indices(call, actors, count, num_envs * per_env, sim.pipeline_device)
    mask = torch.zeros(num_envs * per_env, dtype=torch.bool, device=device)
    mask[rows.to(device)] = True
    return mask.view(num_envs, per_env)


def dof_mask(sim: Sim, actors: Tensor, count: int, call: str) -> torch.Tensor:
    """DOFs of the actors listed, shape (num_envs, num_dofs), bool."""
    return actor_mask(sim, actors, count, call)[:, sim.running(call).dof_owners]


def every_dof(sim: Sim) -> torch.Tensor:
    """A mask that is true for every DOF, broadcastable to (num_envs, num_dofs)."""
    return torch.ones((), dtype=torch.bool, device=sim.running("every_dof").device)


def dof_values(sim: Sim, given: Tensor, call: str) -> torch.Tensor:
    """One float per DOF, shape (num_envs, num_dofs)."""
    num_envs, rows, _ = sim.tensors.shape(Kind.DOF_FORCE)
    values = checks.buffer(call, given, (num_envs, rows), sim.pipeline_device)
    return values.to(sim.running(call).device)
