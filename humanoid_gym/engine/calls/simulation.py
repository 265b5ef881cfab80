"""Creating, stepping and destroying simulations."""

from __future__ import annotations

import copy

from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim
from humanoid_gym.engine.values.enums import SimType
from humanoid_gym.engine.values.parameters import SimParams
from humanoid_gym.engine.values.properties import PerformanceTimers, Version


class SimulationCalls:
    """Methods of Gym about simulations as a whole."""

    def create_sim(
        self,
        compute_device: int = 0,
        graphics_device: int = 0,
        type: SimType = SimType.SIM_FLEX,
        params: SimParams | None = None,
    ) -> Sim:
        """Create a simulation.

        Args:
            compute_device: CUDA device of GPU physics.
            graphics_device: negative: no viewer windows; pictures are rendered off screen always.
            type: SIM_PHYSX or SIM_FLEX; rigid bodies behave the same, but with SIM_FLEX stiffness
                and damping of DOFs act in the modes POS and VEL only.
            params: copied.

        Raises:
            RuntimeError: the GPU pipeline is asked for where it cannot be.
            ValueError: a parameter that cannot be, or no such device.
        """
        sim = Sim(params or SimParams(), int(compute_device))
        sim.graphics_device = int(graphics_device)
        sim.scene.as_flex = SimType(type) == SimType.SIM_FLEX
        return sim

    def destroy_sim(self, sim: Sim) -> None:
        """Free the simulation; its tensors stay readable, every other use of it is an error."""
        sim.destroy()

    def prepare_sim(self, sim: Sim) -> bool:
        """Compile the scene: once, after all environments and actors are created."""
        sim.prepare()
        return True

    def simulate(self, sim: Sim) -> None:
        """Advance every environment by dt."""
        sim.started("simulate").simulate()

    def fetch_results(self, sim: Sim, wait: bool) -> None:
        """Wait for the step; here `simulate` returns when it is done."""

    def set_sim_device(self, sim: Sim) -> None:
        """Isaac Gym makes the simulation's GPU the current CUDA device; nothing to do here."""

    def get_sim_params(self, sim: Sim) -> SimParams:
        """A copy of the parameters."""
        return copy.deepcopy(sim.scene.params)

    def set_sim_params(self, sim: Sim, params: SimParams) -> None:
        """Change parameters: all of them before prepare_sim.

        Afterwards gravity, dt, substeps and the contact collection act from the next step on, and
        what has no effect here is stored.

        Raises:
            TypeError: something else than SimParams.
            ValueError: a parameter that cannot be.
            NotImplementedError: the up axis or the number of threads of a prepared simulation
                changed.
        """
        if not isinstance(params, SimParams):
            raise TypeError(f"set_sim_params: SimParams expected, got {type(params).__name__}")
        sim.change_params(params)

    def get_frame_count(self, sim: Sim) -> int:
        """Number of `simulate` calls so far."""
        return sim.simulation.num_steps if sim.simulation else 0

    def get_sim_time(self, sim: Sim) -> float:
        """Simulated time [s]."""
        return sim.simulation.time if sim.simulation else 0.0

    def get_elapsed_time(self, sim: Sim) -> float:
        """Wall time since the simulation was created [s]."""
        return sim.clock.elapsed

    def sync_frame_time(self, sim: Sim) -> None:
        """Wait until as much wall time as simulated time has passed since the last call.

        While nobody watches the viewers (no page is open in a browser), there is no wait.
        """
        viewers = [viewer for viewer in sim.viewers if not viewer.destroyed]
        if not viewers or any(viewer.watched() for viewer in viewers):
            sim.clock.sync(self.get_sim_time(sim))

    def create_performance_timers(self, sim: Sim) -> None:
        """Start timing what a frame spends on what."""
        sim.clock.start_timers(seconds_in_physics(sim))

    def get_performance_timers(self, sim: Sim) -> PerformanceTimers:
        """Seconds spent since the timers were created or last read: physics, idling, in all."""
        return sim.clock.timers(seconds_in_physics(sim))

    def destroy_performance_timers(self, sim: Sim) -> None:
        """See `create_performance_timers`; there is nothing to free."""

    def destroy_env(self, env: Env) -> None:
        """Nothing: an environment lives as long as its simulation, see `destroy_sim`."""

    def get_version(self) -> Version:
        """Version of the API: that of Isaac Gym Preview 4."""
        return Version(major=1, minor=0)


def seconds_in_physics(sim: Sim) -> float:
    """Wall time spent in simulate so far [s]."""
    return sim.simulation.seconds_in_physics if sim.simulation else 0.0
