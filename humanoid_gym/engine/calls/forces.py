"""Forces on bodies and DOFs that act for one simulate; readings of force sensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from humanoid_gym.engine.scene.handles import actor_of, body_of, check, dof_of, part_of
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim, sim_of
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.state import checks
from humanoid_gym.engine.state.tensors import Kind
from humanoid_gym.engine.values.enums import ENV_SPACE, CoordinateSpace
from humanoid_gym.engine.values.math_types import SpatialForce, Vec3
from humanoid_gym.engine.values.properties import ForceSensor
from humanoid_gym.engine.values.tensor import Tensor

Vector = Vec3 | Sequence[float] | np.ndarray


class ForceCalls:
    """Methods of Gym about forces.

    Forces act through all substeps of the next simulate and end with it; calls before it add up.
    Spaces: ENV_SPACE and GLOBAL_SPACE have the world's axes, and positions relative to the
    environment's origin or to the world's; LOCAL_SPACE has the body's axes and origin, in the pose
    at the time of the call, so that a local force does not turn with the body within the frame.
    Bodies welded to the world (fixed bases) do not move.
    """

    def apply_rigid_body_force_tensors(
        self,
        sim: Sim,
        forceTensor: Tensor | None = None,  # noqa: N803 (Isaac Gym's spelling)
        torqueTensor: Tensor | None = None,  # noqa: N803
        space: CoordinateSpace = ENV_SPACE,
    ) -> bool:
        """Forces at the centres of mass and torques on all bodies.

        Args:
            sim: prepared.
            forceTensor: [N], three numbers for each body in body-row order; None: none.
            torqueTensor: [N m], likewise.
            space: axes of both.
        """
        call = "apply_rigid_body_force_tensors"
        apply(sim, call, forceTensor, torqueTensor, None, space)
        return True

    def apply_rigid_body_force_at_pos_tensors(
        self,
        sim: Sim,
        forceTensor: Tensor | None = None,  # noqa: N803
        posTensor: Tensor | None = None,  # noqa: N803
        space: CoordinateSpace = ENV_SPACE,
    ) -> bool:
        """Forces on all bodies at given points.

        Args:
            sim: prepared.
            forceTensor: [N], three numbers for each body in body-row order; None: none.
            posTensor: points [m], likewise; None: the centres of mass.
            space: axes of both, and origin of the points.
        """
        call = "apply_rigid_body_force_at_pos_tensors"
        apply(sim, call, forceTensor, None, posTensor, space)
        return True

    def apply_body_forces(
        self,
        env: Env,
        rigidHandle: int,  # noqa: N803
        force: Vector | None = None,
        torque: Vector | None = None,
        space: CoordinateSpace = ENV_SPACE,
    ) -> None:
        """Force [N] at the centre of mass of one body, and torque [N m] on it.

        Raises:
            IndexError: the environment has no such body.
        """
        apply_one(env, "apply_body_forces", rigidHandle, force, torque, None, space)

    def apply_body_force_at_pos(
        self,
        env: Env,
        rigidHandle: int,  # noqa: N803
        force: Vector | None = None,
        pos: Vector | None = None,
        space: CoordinateSpace = ENV_SPACE,
    ) -> None:
        """Force [N] on one body at a point [m], at its centre of mass without one.

        Raises:
            IndexError: the environment has no such body.
        """
        apply_one(env, "apply_body_force_at_pos", rigidHandle, force, None, pos, space)

    def apply_dof_effort(self, env: Env, dof: int, effort: float) -> bool:
        """Effort [N m or N] on one DOF in mode EFFORT, on top of its actuation force.

        Args:
            env: environment.
            dof: handle of the DOF.
            effort: for the next simulate; several calls add up.

        Raises:
            IndexError: the environment has no such DOF.
        """
        call = "apply_dof_effort"
        simulation = sim_of(env, call).started(call)
        dof_of(env, dof, call)
        rows = slice(int(dof), int(dof) + 1)
        efforts = torch.tensor([float(effort)], dtype=torch.float64)
        simulation.efforts.add(simulation.drives, env.index, rows, efforts)
        return True

    def apply_actor_dof_efforts(self, env: Env, handle: int, efforts: np.ndarray) -> bool:
        """Efforts on all DOFs of an actor; see `apply_dof_effort`.

        Raises:
            IndexError: no such actor.
            ValueError: another number of efforts than DOFs.
        """
        call = "apply_actor_dof_efforts"
        simulation = sim_of(env, call).started(call)
        owner = actor_of(env, handle, call)
        count = len(owner.dof_properties)
        values = torch.as_tensor(np.asarray(efforts, dtype=np.float64)).reshape(-1)
        if len(values) != count:
            raise ValueError(
                f"{call}: actor {handle} ({owner.name!r}) has {count} DOFs, got {len(values)} "
                "efforts"
            )
        rows = slice(owner.first_dof, owner.first_dof + count)
        simulation.efforts.add(simulation.drives, env.index, rows, values)
        return True

    def get_actor_dof_forces(self, env: Env, handle: int) -> np.ndarray:
        """Force of each DOF [N m or N], float32, shape (num_dofs,).

        Zero unless `enable_actor_dof_force_sensors` was called for the actor.
        """
        call = "get_actor_dof_forces"
        sim = sim_of(env, call)
        simulation = sim.running(call)
        owner = actor_of(env, handle, call)
        rows = slice(owner.first_dof, owner.first_dof + len(owner.dof_properties))
        forces = sim.tensors.current(Kind.DOF_FORCE, simulation)
        return forces[env.index, rows, 0].numpy(force=True).copy()

    def get_actor_force_sensor_count(self, env: Env, handle: int) -> int:
        """Number of force sensors of an actor."""
        return len(actor_of(env, handle, "get_actor_force_sensor_count").asset.force_sensors)

    def get_actor_force_sensor(self, env: Env, handle: int, index: int) -> ForceSensor:
        """Force [N] and torque [N m] of an actor's index-th force sensor in the last simulate.

        Raises:
            IndexError: the actor has no such sensor.
        """
        call = "get_actor_force_sensor"
        sim = sim_of(env, call)
        owner = actor_of(env, handle, call)
        count = len(owner.asset.force_sensors)
        check(index, count, f"{call}: sensor", f"actor {owner.name!r}", "force sensors")
        sim.tensors.acquire(Kind.FORCE_SENSOR, sim.pipeline_device)
        simulation = sim.running(call)
        earlier = sum(len(other.asset.force_sensors) for other in env.actors[:handle])
        row = earlier + int(index)
        readings = sim.tensors.current(Kind.FORCE_SENSOR, simulation)
        values = readings[env.index, row].tolist()
        reading = SpatialForce(Vec3(*values[:3]), Vec3(*values[3:]))
        return ForceSensor(env.index * readings.shape[1] + row, reading)

    def get_sensor(self, env: Env, index: int) -> ForceSensor:
        """Reading of the environment's index-th force sensor; see `get_actor_force_sensor`."""
        sensors = ("get_sensor", "force sensor", "force sensors")
        handle, own = part_of(env, index, *sensors, lambda owner: len(owner.asset.force_sensors))
        return self.get_actor_force_sensor(env, handle, own)


def apply(
    sim: Sim,
    call: str,
    force: Tensor | None,
    torque: Tensor | None,
    position: Tensor | None,
    space: CoordinateSpace,
) -> None:
    """Add forces from clients' tensors."""
    space = CoordinateSpace(space)
    simulation = ready(sim, call, space, located=position is not None)
    shape = (simulation.num_envs, simulation.layout.num_bodies, 3)

    def values(tensor: Tensor | None) -> torch.Tensor | None:
        if tensor is None:
            return None
        return checks.buffer(call, tensor, shape, sim.pipeline_device).to(simulation.device)

    simulation.body_forces.add(values(force), values(torque), values(position), space)


def apply_one(
    env: Env,
    call: str,
    body: int,
    force: Vector | None,
    torque: Vector | None,
    position: Vector | None,
    space: CoordinateSpace,
) -> None:
    """Add a force on one body."""
    space = CoordinateSpace(space)
    body_of(env, body, call)
    sim = sim_of(env, call)
    sim.started(call)
    simulation = ready(sim, call, space, located=position is not None)

    def values(vector: Vector | None) -> torch.Tensor | None:
        return None if vector is None else torch.tensor(numbers(vector), device=simulation.device)

    forces = simulation.body_forces
    forces.add_one(env.index, int(body), values(force), values(torque), values(position), space)


def ready(sim: Sim, call: str, space: CoordinateSpace, *, located: bool) -> Simulation:
    """The simulation, with the bodies' present poses if a force depends on them."""
    if located or space == CoordinateSpace.LOCAL_SPACE:
        sim.poses_needed = True
        simulation = sim.running(call)
        simulation.update_poses()
        return simulation
    return sim.running(call)


def numbers(vector: Vector) -> np.ndarray:
    """A vector's components, shape (3,), float64."""
    if isinstance(vector, Vec3):
        return np.array([vector.x, vector.y, vector.z])
    return np.asarray(vector, dtype=np.float64).reshape(3)
