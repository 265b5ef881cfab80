"""Jacobians and mass matrices of actors: acquire, refresh."""

from __future__ import annotations

from humanoid_gym.engine.forces.matrix_tensors import Matrix
from humanoid_gym.engine.sim import Sim
from humanoid_gym.engine.values.tensor import Tensor


class MatrixCalls:
    """Methods of Gym about Jacobians and mass matrices.

    A tensor holds every actor of one name, environment by environment. Both use the same
    generalized velocity: of a floating base the root's linear velocity (of the centre of mass) and
    angular velocity first, in world axes; then the DOFs. They belong to the state after the last
    simulate; before the first one, to what was set.
    """

    def acquire_jacobian_tensor(self, sim: Sim, name: str) -> Tensor:
        """Jacobians, shape (actors, bodies, 6, velocities).

        Three linear rows per body, of its centre of mass, then three angular ones, world axes. A
        fixed base has no rows: (actors, bodies - 1, 6, dofs); a floating one has its own columns
        first: (actors, bodies, 6, 6 + dofs).

        Raises:
            ValueError: no actor has this name.
        """
        return acquire(sim, Matrix.JACOBIAN, name)

    def acquire_mass_matrix_tensor(self, sim: Sim, name: str) -> Tensor:
        """Mass matrices, armature included, shape (actors, velocities, velocities).

        Raises:
            ValueError: no actor has this name.
        """
        return acquire(sim, Matrix.MASS, name)

    def refresh_jacobian_tensors(self, sim: Sim) -> bool:
        """Copy the Jacobians of all acquired names into their buffers."""
        sim.matrices.refresh(Matrix.JACOBIAN, sim.running("refresh_jacobian_tensors"))
        return True

    def refresh_mass_matrix_tensors(self, sim: Sim) -> bool:
        """Copy the mass matrices of all acquired names into their buffers."""
        sim.matrices.refresh(Matrix.MASS, sim.running("refresh_mass_matrix_tensors"))
        return True


def acquire(sim: Sim, kind: Matrix, name: str) -> Tensor:
    """Descriptor of the buffer, holding the current values if the simulation is prepared."""
    buffer, new = sim.matrices.acquire(kind, str(name), sim.pipeline_device)
    if new and sim.simulation is not None:
        sim.matrices.refresh(kind, sim.running(f"acquire_{kind.value}_tensor"))
    return Tensor(buffer, own_data=True)
