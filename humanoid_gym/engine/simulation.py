"""A prepared scene in motion: stepping, state tensors, drives, faults."""

from __future__ import annotations

import logging
import time

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.backend.choice import make_backend
from humanoid_gym.engine.backend.cpu import quiet_warnings
from humanoid_gym.engine.compilation import collision
from humanoid_gym.engine.compilation.compiled_scene import CompiledScene, Served, compile_scene
from humanoid_gym.engine.compilation.env_spec import as_array
from humanoid_gym.engine.forces.attractors import Attractors
from humanoid_gym.engine.forces.body_forces import BodyForces, DofEfforts
from humanoid_gym.engine.forces.contacts import LastSubstep
from humanoid_gym.engine.forces.force_sensors import ForceSensors
from humanoid_gym.engine.model_fields.body_damping import report_ineffective_damping
from humanoid_gym.engine.model_fields.drives import Drives
from humanoid_gym.engine.model_fields.property_fields import PropertyFields, PropertyTables
from humanoid_gym.engine.scene.placement import initial_poses, origins, place_ground
from humanoid_gym.engine.scene.scene import Layout, Scene
from humanoid_gym.engine.state.speed_limits import SpeedLimits
from humanoid_gym.engine.state.state import (
    BodyStates,
    DofStates,
    RootStates,
    Rows,
    changed_envs,
    index,
)
from humanoid_gym.engine.values.enums import ContactCollection
from humanoid_gym.engine.values.parameters import time_step_of

logger = logging.getLogger(__name__)

CARRIED_OVER = (
    "qpos",
    "qvel",
    "qacc_warmstart",
    "qfrc_applied",
    "xfrc_applied",
    "mocap_pos",
    "mocap_quat",
)
"""State that another compiled model of the scene continues from."""


class Simulation:
    """The scene's environments as running simulations.

    Args:
        scene: complete; its environments are alike.
        served: what the tensors acquired so far need.
    """

    def __init__(self, scene: Scene, served: Served) -> None:
        scene.check_alike()
        self.scene = scene
        self.layout = Layout(scene.envs)
        collision.check_alike(scene.envs, self.layout)
        self.num_envs = len(scene.envs)
        self.tables = PropertyTables(scene.envs, self.layout)
        self.device = scene.backend_choice.device
        substep = time_step_of(scene.params) / scene.params.substeps
        passive = not scene.as_flex
        self.drives = Drives(self.tables.dofs, substep, self.device, passive_gains=passive)
        self.num_steps = 0
        self._earlier = 0.0
        """What simulated time [s] has over num_steps steps of the present length."""
        self.seconds_in_physics = 0.0
        self.fault_counts = torch.zeros(self.num_envs, dtype=torch.int64, device=self.device)
        self.root_version = self.dof_version = self.forces_version = 0
        self._targets_changed = self.drives.any_has_target
        self.efforts = DofEfforts()
        self.last_substep = LastSubstep()
        self._moved: list[Rows] = []
        report_ineffective_damping(self.layout.actors)
        self.build(served)
        self._place_actors()
        self.backend.start_from(self.backend.save())

    @quiet_warnings()
    def build(self, served: Served) -> None:
        """Compile the scene and make a simulation of each environment at its default state."""
        self.served = served
        self.last_substep.forget()
        self.forces_known = False  # sensors have measured nothing before the first step
        self.compiled: CompiledScene = compile_scene(self.scene, self.drives.driven, served)
        self.fields = PropertyFields(
            self.scene, self.layout, self.compiled, self.tables, self.drives
        )
        self.fields.write_model()
        self.backend: Backend = make_backend(
            self.scene, self.compiled.model, current_bodies=served.current
        )
        for name in served.outputs:
            self.backend.output(name)  # from now on, so that the first call fills it
        if served.contact_forces and self.backend.measures_contacts:
            self.backend.output("contact_force")
        self.fields.write_backend(self.backend)
        place_ground(self.scene, self.backend)
        self._index()
        self.dofs = DofStates(self.backend, self.compiled)
        self.bodies = BodyStates(self.backend, self.compiled)
        self.body_forces = BodyForces(
            self.backend, self.compiled, origins(self.scene).to(self.device)
        )
        self.attractors = Attractors(self.scene, self.backend, self.compiled.model.opt.timestep)
        self._read_properties()

    def _index(self) -> None:
        """Rows that are needed in every step, on the device."""
        compiled, device = self.compiled, self.device
        self.dof_owners = torch.from_numpy(self.layout.dof_actor).to(device)
        """Actor of each DOF, shape (num_dofs,)."""
        self._driven = index(np.flatnonzero(compiled.actuators >= 0), device)
        self._num_driven = int((compiled.actuators >= 0).sum())
        self._velocities = index(compiled.dof_qvel, device)
        self._bodies = index(compiled.bodies, device)
        sensed = [actor.dof_force_sensors for actor in self.layout.actors]
        self._dof_force_sensed = None if all(sensed) else torch.tensor(sensed, device=device)

    def rebuild(self, served: Served) -> None:
        """Compile again (another sensor, another drive) and continue from the same state."""
        before = {name: self.backend.state(name).clone() for name in CARRIED_OVER}
        old = self.backend
        self.build(served)
        for name, value in before.items():
            self.backend.state(name).copy_(value)
        now = self.backend.save()
        old.load(old.initial)
        for name in CARRIED_OVER:
            self.backend.state(name).copy_(old.state(name))
        self.backend.start_from(self.backend.save())
        self.backend.load(now)
        self._moved.clear()
        self.body_forces.pending = True
        self._targets_changed = self.drives.any_has_target

    def simulate(self) -> None:
        """Advance every environment by dt."""
        start = time.perf_counter()
        self.efforts.join(self.dofs)
        self._write_inputs()
        self.last_substep.step(self.backend, self.scene.params.substeps)
        self.efforts.withdraw(self.dofs)
        self.body_forces.clear()
        self.forces_known = True
        self._moved.clear()
        self._settle()
        self.num_steps += 1
        self._everything_changed()
        self.seconds_in_physics += time.perf_counter() - start

    @property
    def has_passing_input(self) -> bool:
        """Whether a program gave forces for the next simulate only."""
        return self.body_forces.pending or self.efforts.pending

    def before_replay(self) -> None:
        """Write what was set since the last step, which a recorded step does not look for."""
        self._write_targets()

    def after_replay(self, num_steps: int) -> None:
        """Nothing that was known of the state holds any more: the device went on by itself.

        Args:
            num_steps: simulates that were replayed.
        """
        self.num_steps += num_steps
        self.forces_known = True
        self.efforts.last = None
        self._moved = [slice(None)]
        self._everything_changed()
        if self.backend.graphs is not None:
            self.backend.graphs.after_replay()

    def set_targets(self, position: Tensor | None, velocity: Tensor | None, mask: Tensor) -> None:
        """Set drive targets of the DOFs in mask, shapes (num_envs, num_dofs)."""
        drives = self.drives
        given = (drives.position_target, position), (drives.velocity_target, velocity)
        for target, values in given:
            if values is not None:
                # In place: a recorded step goes on reading the same tensor.
                target.copy_(torch.where(mask, values.double(), target))
        self._targets_changed = drives.any_has_target

    def set_actuation(self, force: Tensor, mask: Tensor | None) -> None:
        """Set actuation forces, kept until overwritten; only DOFs in mode EFFORT take them.

        Args:
            force: [N m or N], shape (num_envs, num_dofs).
            mask: DOFs to write, of the same shape; None: all.
        """
        if not self.drives.all_take_effort:
            force = torch.where(self.drives.takes_effort, force, 0.0)
        if mask is not None:
            force = torch.where(mask, force.double(), self.dofs.applied())
        self.dofs.apply(force)

    def set_roots(self, values: Tensor, mask: Tensor) -> None:
        """Write root states of the actors in mask, shape (num_envs, num_actors)."""
        envs = changed_envs(mask)
        self.roots.write(values, mask, envs)
        self._forget_solution(mask, envs)
        self.root_version += 1

    def set_dofs(self, values: Tensor, mask: Tensor) -> None:
        """Write DOF states where mask is true, both shaped (num_envs, num_dofs, 2)."""
        envs = changed_envs(mask)
        self.dofs.write(values, mask, envs)
        self._forget_solution(mask, envs)
        self.dof_version += 1

    def state_written(self, env: int) -> None:
        """One environment's qpos, qvel or mocap poses were written from outside."""
        self.backend.state("qacc_warmstart")[env] = 0.0
        self.root_version += 1
        self.dof_version += 1
        self._moved.append(torch.tensor([env]))

    def targets_written(self) -> None:
        """Drive targets were written from outside."""
        self._targets_changed = self.drives.any_has_target

    def start_here(self) -> None:
        """Take the current state as the one that unstable environments return to."""
        self.backend.start_from(self.backend.save())

    def restore(
        self,
        state: Tensor,
        position_target: Tensor,
        velocity_target: Tensor,
        fault_counts: Tensor,
        num_steps: int,
    ) -> None:
        """Continue from values that this or another simulation of the scene had."""
        self.backend.load(state)
        self.last_substep.forget()
        self.body_forces.pending = True
        self.drives.position_target.copy_(position_target)
        self.drives.velocity_target.copy_(velocity_target)
        self.fault_counts.copy_(fault_counts)
        self.num_steps = int(num_steps)
        self._everything_changed()
        self._targets_changed = self.drives.any_has_target

    def properties_changed(self) -> None:
        """Take over the properties of the actors in the scene's changed environments."""
        scene, driven = self.scene, self.drives.driven
        if scene.needs_compiling:
            collision.check_alike(scene.envs, self.layout)
        envs, compile_again = np.array(sorted(scene.changed_envs)), scene.needs_compiling
        scene.changed_envs, scene.needs_compiling = set(), False
        self.tables.gather(scene.envs[index] for index in envs)
        self.drives.update()
        if compile_again or (self.drives.driven & ~driven).any():
            self.rebuild(self.served)
        else:
            self.fields.update(self.backend, envs)
            self._read_properties()
        self.root_version += 1  # the velocity of another centre of mass
        self._targets_changed = self.drives.any_has_target
        self.set_actuation(self.dofs.applied(), None)

    def _read_properties(self) -> None:
        """Make anew what reads properties when it is made."""
        self.roots = RootStates(self.backend, self.compiled, measured=self.served.body_states)
        sensed = self.compiled.force_sensor >= 0
        self.force_sensors = (
            ForceSensors(self.backend, self.compiled, self.layout) if sensed else None
        )
        self.backend.limit_speeds(SpeedLimits(self.compiled, self.layout, self.drives))

    def change_gravity(self) -> None:
        """Take over the gravity of the scene's parameters."""
        gravity = as_array(self.scene.params.gravity)
        self.backend.model_field("opt.gravity")[:] = torch.from_numpy(gravity).to(self.device)
        self.compiled.model.opt.gravity = gravity
        if self.force_sensors is not None:
            self.force_sensors.change_gravity(gravity)

    def change_time_step(self, before: float) -> None:
        """Take over the time step and gravity of the scene's parameters.

        Args:
            before: dt so far [s].
        """
        params = self.scene.params
        self._earlier += self.num_steps * (before - time_step_of(params))
        self.drives.substep = time_step_of(params) / params.substeps
        self.rebuild(self.served)

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return self._earlier + self.num_steps * time_step_of(self.scene.params)

    def update_poses(self) -> None:
        """Bring the bodies' poses up to date where states were set since the last simulate."""
        listed = [envs for envs in self._moved if isinstance(envs, Tensor)]
        if len(listed) < len(self._moved):  # all of them
            self.backend.forward(None)
        elif any(len(envs) for envs in listed):
            self.backend.forward(torch.cat(listed).unique().to(torch.int32))
        self._moved.clear()

    def root_states(self) -> Tensor:
        """Root states as Isaac Gym reads them, shape (num_envs, num_actors, 13)."""
        if self.roots.measured:
            self.update_poses()
        return self.roots.read()

    def contact_forces(self) -> Tensor:
        """Net contact force on each body [N], world axes, shape (num_envs, num_bodies, 3)."""
        shape = (self.num_envs, self.layout.num_bodies, 3)
        if self.scene.params.physx.contact_collection == ContactCollection.CC_NEVER:
            return torch.zeros(shape, device=self.device)
        if self.backend.measures_contacts:
            return self.backend.output("contact_force")[:, self._bodies]
        first = self.compiled.contact_sensor
        sensed = self.backend.output("sensordata")[:, first : first + 3 * shape[1]]
        return sensed.reshape(shape)

    def dof_forces(self) -> Tensor:
        """Force of each DOF whose actor has DOF force sensors, else 0, (num_envs, num_dofs)."""
        force = self._drive_forces()
        if self.efforts.last is not None:
            force = force + self.efforts.last
        if self._dof_force_sensed is None:
            return force
        return force * self._dof_force_sensed[self.dof_owners]

    def _write_inputs(self) -> None:
        if self.attractors.count:
            self.update_poses()
            self.attractors.follow()
        self._write_targets()
        if self.drives.any_friction:
            loss = self.drives.friction * self._drive_forces().abs()
            field = self.backend.model_field("dof_frictionloss")
            field[:, self._velocities] = loss.to(field.dtype)

    def _write_targets(self) -> None:
        if self._targets_changed:
            controls = self.drives.target_forces() / self.drives.control_unit
            controls = controls[:, self._driven].to(self.backend.state("ctrl").dtype)
            self.backend.state("ctrl")[:, : self._num_driven] = controls
            self._targets_changed = False

    def _drive_forces(self) -> Tensor:
        """Force that Isaac Gym's friction coefficient multiplies, shape (num_envs, num_dofs)."""
        return self.drives.forces(self.dofs.position(), self.dofs.velocity(), self.dofs.applied())

    def _settle(self) -> None:
        """Count failed environments, which are back at their own initial state."""
        failed = self.backend.settle()
        if failed is None:
            return
        self.fault_counts += failed
        if failed.device.type == "cpu":  # a GPU's host does not wait to know
            logger.warning(
                "%d environments became unstable at step %d (first: environment %d) and were reset "
                "to their initial state",
                int(failed.sum()),
                self.num_steps,
                int(failed.nonzero()[0]),
            )

    def _forget_solution(self, mask: Tensor, envs: Rows) -> None:
        """Environments with a new state start the solver afresh, independent of their past."""
        self._moved.append(envs)
        warmstart = self.backend.state("qacc_warmstart")
        if isinstance(envs, Tensor):
            warmstart[envs] = 0.0
        else:
            warmstart.masked_fill_(mask.flatten(1).any(dim=1)[:, None], 0.0)

    def _everything_changed(self) -> None:
        """What was published of the state and the forces is no longer current."""
        self.root_version += 1
        self.dof_version += 1
        self.forces_version += 1

    def _place_actors(self) -> None:
        """Give each environment's actors their own initial pose."""
        poses = initial_poses(self.scene).to(self.device)
        everywhere = torch.ones(poses.shape[:2], dtype=torch.bool, device=self.device)
        self.roots.write(poses, everywhere, changed_envs(everywhere))
        self.backend.forward(None)
