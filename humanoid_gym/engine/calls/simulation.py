"""Creating, stepping and destroying simulations."""

from __future__ import annotations

import copy
import time

import numpy as np
import torch

from humanoid_gym.engine.enums import SimType
from humanoid_gym.engine.parameters import SimParams
from humanoid_gym.engine.properties import Version
from humanoid_gym.engine.sim import Sim


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
            graphics_device: not used: pictures are rendered off screen.
            type: SIM_PHYSX or SIM_FLEX; rigid bodies behave the same.
            params: copied.

        Raises:
            RuntimeError: the GPU pipeline is asked for and there is no CUDA device.
            NotImplementedError: the GPU pipeline is asked for.
        """
        params = params or SimParams()
        if params.use_gpu_pipeline:
            if not torch.cuda.is_available():
                raise RuntimeError(
                    "SimParams.use_gpu_pipeline is set but PyTorch sees no CUDA device; run with "
                    "sim_device=cpu pipeline=cpu"
                )
            raise NotImplementedError(
                "SimParams.use_gpu_pipeline: GPU physics is not built yet; run with sim_device=cpu "
                "pipeline=cpu"
            )
        return Sim(params)

    def destroy_sim(self, sim: Sim) -> None:
        """Free the simulation; its tensors stay readable."""
        for renderer in sim.renderers.values():
            renderer.close()
        sim.renderers.clear()
        sim.simulation = None

    def prepare_sim(self, sim: Sim) -> bool:
        """Compile the scene: once, after all environments and actors are created."""
        sim.prepare()
        return True

    def simulate(self, sim: Sim) -> None:
        """Advance every environment by dt."""
        sim.running("simulate").simulate()

    def fetch_results(self, sim: Sim, wait: bool) -> None:
        """Wait for the step; here `simulate` returns when it is done."""

    def get_sim_params(self, sim: Sim) -> SimParams:
        """A copy of the parameters."""
        return copy.deepcopy(sim.scene.params)

    def set_sim_params(self, sim: Sim, params: SimParams) -> None:
        """Change parameters: all of them before prepare_sim, gravity afterwards.

        Raises:
            NotImplementedError: dt, substeps or the up axis of a prepared simulation changed.
        """
        before = sim.scene.params
        if sim.simulation is not None:
            for name in ("dt", "substeps", "up_axis"):
                if getattr(before, name) != getattr(params, name):
                    raise NotImplementedError(f"set_sim_params: {name} is fixed by prepare_sim")
            g = params.gravity
            sim.simulation.set_gravity(np.array([g.x, g.y, g.z]))
        sim.scene.params = copy.deepcopy(params)

    def get_frame_count(self, sim: Sim) -> int:
        """Number of `simulate` calls so far."""
        return sim.simulation.num_steps if sim.simulation else 0

    def get_sim_time(self, sim: Sim) -> float:
        """Simulated time [s]."""
        return self.get_frame_count(sim) * sim.scene.params.dt

    def get_elapsed_time(self, sim: Sim) -> float:
        """Wall time since the simulation was created [s]."""
        return time.perf_counter() - sim.created

    def get_version(self) -> Version:
        """Version of the API: that of Isaac Gym Preview 4."""
        return Version(major=1, minor=0)
