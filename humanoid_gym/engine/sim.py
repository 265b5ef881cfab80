"""What `create_sim` returns: a scene, its tensors and, once prepared, its simulation."""

from __future__ import annotations

import copy
import logging
import math

import numpy as np
import torch

from humanoid_gym.engine.backend.choice import choose_backend
from humanoid_gym.engine.compilation.compiled_scene import Served
from humanoid_gym.engine.forces.matrix_tensors import Matrix, MatrixTensors
from humanoid_gym.engine.frame_clock import FrameClock
from humanoid_gym.engine.graphics.cameras import Cameras
from humanoid_gym.engine.graphics.graphics import Graphics
from humanoid_gym.engine.graphics.viewer import Viewer
from humanoid_gym.engine.scene.scene import Env, Scene
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.state.actor_state import apply_start_states
from humanoid_gym.engine.state.tensors import Kind, StateTensors
from humanoid_gym.engine.values.enums import INVALID_HANDLE, UpAxis
from humanoid_gym.engine.values.parameters import (
    SimParams,
    parameters_without_effect,
    time_step_of,
)

logger = logging.getLogger(__name__)


class Sim:
    """One simulation from creation to destruction.

    Args:
        params: copied.
        compute_device: index of the GPU, where physics runs on one.

    Raises:
        ValueError: a parameter that cannot be.
        RuntimeError: the GPU pipeline is asked for where it cannot be.
    """

    def __init__(self, params: SimParams, compute_device: int = 0) -> None:
        check_params(params)
        self.scene = Scene(params, choose_backend(params, compute_device))
        self.scene.sim = self
        self.tensors = StateTensors(self.scene)
        self.matrices = MatrixTensors(self.scene)
        self.simulation: Simulation | None = None
        self._wanted: tuple[int, int, bool] | None = None
        self.poses_needed = False
        """Whether a program gave forces in a body's axes or at a position."""
        self.graphics = Graphics(self.scene, np.array(up_vector(params.up_axis)))
        self.graphics_device = 0
        """Index of the rendering GPU; negative: no windows."""
        self.cameras = Cameras(self.graphics)
        self.viewers: list[Viewer] = []
        self.clock = FrameClock()
        ignored = set(parameters_without_effect(params))
        if self.scene.backend_choice.warp:
            ignored.discard("physx.max_gpu_contact_pairs")
        if ignored:
            logger.info(
                "these simulation parameters have no effect here: %s", ", ".join(sorted(ignored))
            )

    @property
    def pipeline_device(self) -> torch.device:
        """Where the tensors of clients are."""
        return self.scene.backend_choice.pipeline_device

    def prepare(self) -> None:
        """Compile the scene. Afterwards it cannot grow.

        Raises:
            RuntimeError: prepared before, or tensors acquired of an incomplete scene.
            ValueError: the environments differ.
        """
        if self.simulation is not None:
            raise RuntimeError("prepare_sim was called before; create a new sim for another scene")
        self.tensors.check_shapes()
        self.matrices.check_shapes()
        self.simulation = Simulation(self.scene, self._served())
        apply_start_states(self.simulation)
        self.scene.complete = True
        self.scene.changed_envs.clear()
        self.scene.needs_compiling = False
        for kind in self.tensors.acquired:
            self.tensors.refresh(kind, self.simulation)
        for kind in Matrix:
            self.matrices.refresh(kind, self.simulation)

    def change_params(self, params: SimParams) -> None:
        """See `SimulationCalls.set_sim_params`."""
        check_params(params)
        before, self.scene.params = self.scene.params, copy.deepcopy(params)
        if self.simulation is None:
            return
        for name in PREPARED:
            if getattr(before, name) != getattr(params, name):
                self.scene.params = before
                raise NotImplementedError(
                    f"set_sim_params: {name} is fixed by prepare_sim; set it in create_sim"
                )
        dt_before = time_step_of(before)
        if (dt_before, before.substeps) != (time_step_of(params), params.substeps):
            self.simulation.change_time_step(dt_before)
        elif before.gravity != params.gravity:
            self.simulation.change_gravity()

    def destroy(self) -> None:
        """Free the simulation."""
        for viewer in self.viewers:
            viewer.destroy()
        self.graphics.close()
        self.simulation = None
        self.scene.destroyed = True

    def started(self, call: str) -> Simulation:
        """`running`, for the calls of programs that know no tensors.

        Isaac Gym wants prepare_sim of programs with tensors on a GPU only; the others start with
        the first call that steps, pushes, or asks for contacts or tensors.
        """
        if not self.tensors.acquired:
            self._prepare_late(call)
        return self.running(call)

    def _prepare_late(self, call: str) -> None:
        """Prepare a scene with actors that the program did not prepare."""
        waiting = self.simulation is None and not self.scene.destroyed
        if waiting and any(env.actors for env in self.scene.envs):
            logger.info("%s: prepare_sim was not called; the scene is complete from now on", call)
            self.prepare()

    def running(self, call: str) -> Simulation:
        """The simulation, with every acquired tensor served and every changed property in force.

        Raises:
            RuntimeError: there are no actors, or prepare_sim was not called and tensors are on a
                GPU.
        """
        if self.simulation is None and self.pipeline_device.type == "cpu":
            self._prepare_late(call)
        simulation = self.simulation
        if self.scene.destroyed:
            raise RuntimeError(f"{call}: the sim was destroyed by destroy_sim")
        if simulation is None:
            raise RuntimeError(f"{call}: call prepare_sim first, after all actors are created")
        if self.scene.changed_envs:
            simulation.properties_changed()
        self._serve(simulation)
        return simulation

    def _serve(self, simulation: Simulation) -> None:
        """Have everything computed that was asked for; asks itself seldom, being called often."""
        wanted = len(self.tensors.acquired), self.matrices.num_acquired, self.poses_needed
        if wanted == self._wanted:
            return
        served = self._served()
        if served != simulation.served:
            simulation.rebuild(served)
        self._wanted = wanted

    def growing(self, call: str) -> Scene:
        """The scene, while it may still grow.

        Raises:
            RuntimeError: prepare_sim was called.
        """
        if self.simulation is not None:
            raise RuntimeError(
                f"{call}: the scene is complete since prepare_sim; call it before, or create a new "
                "sim"
            )
        return self.scene

    def _served(self) -> Served:
        acquired = self.tensors.acquired
        sensors = [s for actor in self.scene.template.actors for s in actor.asset.force_sensors]
        sensed = Kind.FORCE_SENSOR in acquired and bool(sensors)
        return Served(
            body_states=Kind.BODY in acquired,
            contact_forces=Kind.CONTACT in acquired,
            force_sensors=sensed,
            split_force_sensors=sensed and not all(sensor.reports_net for sensor in sensors),
            poses=self.poses_needed,
            attractors=(
                self.simulation.served.attractors  # fixed by prepare_sim
                if self.simulation
                else any(env.attractors for env in self.scene.envs)
            ),
            jacobians=self.matrices.acquired(Matrix.JACOBIAN),
            mass_matrices=self.matrices.acquired(Matrix.MASS),
        )


PREPARED = ("up_axis", "num_client_threads")
"""Parameters that a prepared simulation cannot change."""


def check_params(params: SimParams) -> None:
    """Raise ValueError for parameters that no simulation can have."""
    if params.dt <= 0:
        raise ValueError(f"SimParams.dt must be positive, got {params.dt} s")
    if params.substeps < 1:
        raise ValueError(f"SimParams.substeps must be at least 1, got {params.substeps}")
    g = params.gravity
    if not all(math.isfinite(value) for value in (params.dt, g.x, g.y, g.z)):
        raise ValueError(f"SimParams: dt {params.dt} s, gravity {g}; finite numbers expected")


def up_vector(axis: UpAxis) -> tuple[float, float, float]:
    """Unit vector of an up axis."""
    return (0.0, 0.0, 1.0) if axis == UpAxis.UP_AXIS_Z else (0.0, 1.0, 0.0)


def find(names: list[str], name: str) -> int:
    """Position of a name, or INVALID_HANDLE: look-ups that miss never raise."""
    return names.index(name) if name in names else INVALID_HANDLE


def sim_of(env: Env, call: str) -> Sim:
    """The simulation that an environment belongs to.

    Raises:
        TypeError: not an environment.
    """
    if not isinstance(env, Env) or env.scene.sim is None:
        raise TypeError(f"{call}: an Env from create_env expected, got {type(env).__name__}")
    return env.scene.sim
