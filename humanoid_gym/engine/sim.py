"""What `create_sim` returns: a scene, its tensors and, once prepared, its simulation."""

from __future__ import annotations

import logging
import time

from humanoid_gym.engine.compilation import Served
from humanoid_gym.engine.enums import INVALID_HANDLE, UpAxis
from humanoid_gym.engine.parameters import SimParams, parameters_without_effect
from humanoid_gym.engine.rendering import SceneRenderer
from humanoid_gym.engine.scene import Scene
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.tensors import Kind, StateTensors

logger = logging.getLogger(__name__)


class Sim:
    """One simulation from creation to destruction.

    Args:
        params: copied.

    Raises:
        ValueError: a parameter that cannot be.
    """

    def __init__(self, params: SimParams) -> None:
        check_params(params)
        self.scene = Scene(params)
        self.tensors = StateTensors(self.scene)
        self.simulation: Simulation | None = None
        self.renderers: dict[tuple[int, int], SceneRenderer] = {}
        self.created = time.perf_counter()
        ignored = parameters_without_effect(params)
        if ignored:
            logger.info("these simulation parameters have no effect here: %s", ", ".join(ignored))

    def prepare(self) -> None:
        """Compile the scene. Afterwards it cannot grow.

        Raises:
            RuntimeError: prepared before, or tensors acquired of an incomplete scene.
            ValueError: the environments differ.
        """
        if self.simulation is not None:
            raise RuntimeError("prepare_sim was called before; create a new sim for another scene")
        self.tensors.check_shapes()
        self.simulation = Simulation(self.scene, self._served())
        self.scene.complete = True
        self.scene.dof_properties_changed = self.scene.shape_properties_changed = False
        for kind in self.tensors.acquired:
            self.tensors.refresh(kind, self.simulation)

    def running(self, call: str) -> Simulation:
        """The simulation, with every acquired tensor served and every changed property in force.

        Raises:
            RuntimeError: prepare_sim was not called yet.
        """
        simulation = self.simulation
        if simulation is None:
            raise RuntimeError(f"{call}: call prepare_sim first, after all actors are created")
        served = self._served()
        if served != simulation.served:
            simulation.rebuild(served)
        if self.scene.dof_properties_changed:
            self.scene.dof_properties_changed = False
            simulation.dof_properties_changed()
        if self.scene.shape_properties_changed:
            self.scene.shape_properties_changed = False
            simulation.write_frictions()
        return simulation

    def growing(self, call: str) -> Scene:
        """The scene, while it may still grow.

        Raises:
            RuntimeError: prepare_sim was called.
        """
        if self.simulation is not None:
            raise RuntimeError(f"{call}: the scene is complete since prepare_sim")
        return self.scene

    def _served(self) -> Served:
        acquired = self.tensors.acquired
        has_sensors = any(a.asset.force_sensors for a in self.scene.template.actors)
        return Served(
            body_states=Kind.BODY in acquired,
            contact_forces=Kind.CONTACT in acquired,
            force_sensors=Kind.FORCE_SENSOR in acquired and has_sensors,
        )


def check_params(params: SimParams) -> None:
    """Raise ValueError for parameters that no simulation can have."""
    if params.dt <= 0:
        raise ValueError(f"SimParams.dt must be positive, got {params.dt} s")
    if params.substeps < 1:
        raise ValueError(f"SimParams.substeps must be at least 1, got {params.substeps}")


def up_vector(axis: UpAxis) -> tuple[float, float, float]:
    """Unit vector of an up axis."""
    return (0.0, 0.0, 1.0) if axis == UpAxis.UP_AXIS_Z else (0.0, 1.0, 0.0)


def find(names: list[str], name: str) -> int:
    """Position of a name, or INVALID_HANDLE: look-ups that miss never raise."""
    return names.index(name) if name in names else INVALID_HANDLE
