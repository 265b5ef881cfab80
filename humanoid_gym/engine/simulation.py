"""A prepared scene in motion: stepping, state tensors, drives, faults."""

from __future__ import annotations

import logging
import time

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.backend.cpu import CpuBackend
from humanoid_gym.engine.body_damping import report_ineffective_damping, write_body_damping
from humanoid_gym.engine.compilation import GROUND, CompiledScene, Served, compile_scene
from humanoid_gym.engine.drives import Drives, write_backend
from humanoid_gym.engine.enums import ContactCollection
from humanoid_gym.engine.scene import Layout, Scene
from humanoid_gym.engine.speed_limits import SpeedLimits
from humanoid_gym.engine.state import (
    BodyStates,
    DofStates,
    ForceSensors,
    RootStates,
    Rows,
    changed_envs,
)

logger = logging.getLogger(__name__)


class Simulation:
    """The scene's environments as running simulations.

    Args:
        scene: complete; its environments are alike.
        served: what the tensors acquired so far need.
    """

    def __init__(self, scene: Scene, served: Served) -> None:
        scene.check_alike()
        self.scene = scene
        self.layout = Layout(scene.template)
        self.num_envs = len(scene.envs)
        self.drives = Drives(self._gather_dof_properties(), scene.params.dt / scene.params.substeps)
        self.num_steps = 0
        self.seconds_in_physics = 0.0
        self.fault_counts = torch.zeros(self.num_envs, dtype=torch.int64)
        self.root_version = self.dof_version = self.forces_version = 0
        self._targets_changed = self.drives.any_has_target
        report_ineffective_damping(self.layout.actors)
        self.build(served)
        self._place_actors()
        self._initial = self.backend.save()

    def build(self, served: Served) -> None:
        """Compile the scene and make a simulation of each environment at its default state."""
        self.served = served
        self.forces_known = False  # sensors have measured nothing before the first step
        self.compiled: CompiledScene = compile_scene(self.scene, self.drives.driven, served)
        for root, actor in zip(self.compiled.roots, self.layout.actors, strict=True):
            write_body_damping(self.compiled.model, root, actor)
        different = self.drives.write_model(self.compiled)
        threads = self.scene.params.num_client_threads
        self.backend: Backend = CpuBackend(
            self.compiled.model, self.num_envs, threads, current_bodies=served.body_states
        )
        for name in served.outputs:
            self.backend.output(name)  # from now on, so that the first call fills it
        write_backend(self.backend, different)
        self.write_frictions(always=False)
        self._place_ground()
        self.roots = RootStates(self.backend, self.compiled)
        self.dofs = DofStates(self.backend, self.compiled)
        self.bodies = BodyStates(self.backend, self.compiled)
        self.force_sensors = self._make_force_sensors()
        self.speed_limits = SpeedLimits(self.compiled, self.layout, self.drives)

    def rebuild(self, served: Served) -> None:
        """Compile again (another sensor, another drive) and continue from the same state."""
        names = ("qpos", "qvel", "qacc_warmstart", "qfrc_applied", "mocap_pos", "mocap_quat")
        before = {name: self.backend.state(name).clone() for name in names}
        initial = self._initial
        old = self.backend
        self.build(served)
        for name, value in before.items():
            self.backend.state(name).copy_(value)
        now = self.backend.save()
        old.load(initial)
        for name in names:
            self.backend.state(name).copy_(old.state(name))
        self._initial = self.backend.save()
        self.backend.load(now)
        self._targets_changed = self.drives.any_has_target

    @property
    def device(self) -> torch.device:
        """Where the state tensors live."""
        return self.backend.device

    def simulate(self) -> None:
        """Advance every environment by dt."""
        start = time.perf_counter()
        self._write_inputs()
        self.backend.step(self.scene.params.substeps)
        self.forces_known = True
        self._reset_unstable()
        self._limit_speeds()
        self.num_steps += 1
        self._everything_changed()
        self.seconds_in_physics += time.perf_counter() - start

    def set_targets(self, position: Tensor | None, velocity: Tensor | None, mask: Tensor) -> None:
        """Set drive targets of the DOFs in mask, shapes (num_envs, num_dofs)."""
        drives = self.drives
        if position is not None:
            drives.position_target = torch.where(mask, position.double(), drives.position_target)
        if velocity is not None:
            drives.velocity_target = torch.where(mask, velocity.double(), drives.velocity_target)
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
        self.drives.position_target = position_target.clone()
        self.drives.velocity_target = velocity_target.clone()
        self.fault_counts.copy_(fault_counts)
        self.num_steps = int(num_steps)
        self._everything_changed()
        self._targets_changed = self.drives.any_has_target

    def dof_properties_changed(self) -> None:
        """Take over the actors' DOF properties."""
        driven = self.drives.driven
        self.drives.properties = self._gather_dof_properties()
        self.drives.update()
        if (self.drives.driven & ~driven).any():
            self.rebuild(self.served)
        else:
            write_backend(self.backend, self.drives.changed_fields(self.compiled))
            self.speed_limits = SpeedLimits(self.compiled, self.layout, self.drives)
        self._targets_changed = self.drives.any_has_target
        self.set_actuation(self.dofs.applied(), None)

    def set_gravity(self, gravity: np.ndarray) -> None:
        """Change gravity [m/s^2] in all environments, shape (3,)."""
        self.backend.model_field("opt.gravity")[:] = torch.from_numpy(gravity)
        self.compiled.model.opt.gravity = gravity
        self.force_sensors = self._make_force_sensors()

    def contact_forces(self) -> Tensor:
        """Net contact force on each body [N], world axes, shape (num_envs, num_bodies, 3)."""
        shape = (self.num_envs, self.layout.num_bodies, 3)
        if self.scene.params.physx.contact_collection == ContactCollection.CC_NEVER:
            return torch.zeros(shape, device=self.device)
        first = self.compiled.contact_sensor
        sensed = self.backend.output("sensordata")[:, first : first + 3 * shape[1]]
        return sensed.reshape(shape)

    def dof_forces(self) -> Tensor:
        """Force of each DOF whose actor has DOF force sensors, else 0, (num_envs, num_dofs)."""
        force = self._drive_forces()
        sensed = [actor.dof_force_sensors for actor in self.layout.actors]
        if all(sensed):
            return force
        return force * torch.tensor(sensed)[torch.from_numpy(self.layout.dof_actor)]

    def _write_inputs(self) -> None:
        if self._targets_changed:
            driven = np.flatnonzero(self.compiled.actuators >= 0)
            controls = self.drives.target_forces() / self.drives.control_unit
            self.backend.state("ctrl")[:] = controls[:, torch.from_numpy(driven)]
            self._targets_changed = False
        if self.drives.any_friction:
            loss = self.drives.friction * self._drive_forces().abs()
            rows = torch.from_numpy(self.compiled.dof_qvel.astype(np.int64))
            self.backend.model_field("dof_frictionloss")[:, rows] = loss

    def _drive_forces(self) -> Tensor:
        """Force that Isaac Gym's friction coefficient multiplies, shape (num_envs, num_dofs)."""
        return self.drives.forces(self.dofs.position(), self.dofs.velocity(), self.dofs.applied())

    def _reset_unstable(self) -> None:
        """Put failed environments back to their own initial state and count the fault."""
        mask = self.backend.unstable()
        if mask is None:
            return
        state = self.backend.save()
        state[mask] = self._initial[mask]
        self.backend.load(state)
        self.fault_counts += mask.to(torch.int64)
        logger.warning(
            "%d environments became unstable at step %d (first: environment %d) and were reset to "
            "their initial state",
            int(mask.sum()),
            self.num_steps,
            int(mask.nonzero()[0]),
        )

    def _limit_speeds(self) -> None:
        qvel = self.backend.state("qvel")
        limited = self.speed_limits.clamp(qvel)
        if limited is not None:
            envs, values = limited
            qvel[envs] = values
            self.backend.forward(envs.to(torch.int32))

    def _forget_solution(self, mask: Tensor, envs: Rows) -> None:
        """Environments with a new state start the solver afresh, independent of their past."""
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

    def _gather_dof_properties(self) -> np.ndarray:
        """DOF properties of all actors, structured array (num_envs, num_dofs)."""
        rows = [[actor.dof_properties for actor in env.actors] for env in self.scene.envs]
        return np.stack([np.concatenate(row) for row in rows])

    def _place_actors(self) -> None:
        """Give each environment's actors their own initial pose."""
        poses = np.zeros((self.num_envs, self.layout.num_actors, 13))
        for env in self.scene.envs:
            for handle, actor in enumerate(env.actors):
                p, r = actor.pose.p, actor.pose.r
                poses[env.index, handle, :7] = (p.x, p.y, p.z, r.x, r.y, r.z, r.w)
        everywhere = torch.ones(poses.shape[:2], dtype=torch.bool)
        self.roots.write(torch.from_numpy(poses), everywhere, changed_envs(everywhere))
        self.backend.forward(torch.arange(self.num_envs, dtype=torch.int32))

    def write_frictions(self, *, always: bool = True) -> None:
        """Write the friction of the actors' shapes per environment.

        Args:
            always: False: only if environments differ from the one that was compiled.
        """
        friction = np.array(
            [
                [shape.friction for actor in env.actors for shape in actor.shape_properties]
                for env in self.scene.envs
            ]
        )
        if friction.size and (always or (friction != friction[0]).any()):
            if self.scene.ground:
                friction = 0.5 * (friction + self.scene.ground.static_friction)
            rows = torch.from_numpy(self.compiled.geoms)
            self.backend.model_field("geom_friction")[:, rows, 0] = torch.from_numpy(friction)

    def _place_ground(self) -> None:
        """A tilted plane lies at another height under each environment's own origin."""
        ground = self.scene.ground
        if ground is None:
            return
        normal = np.array([ground.normal.x, ground.normal.y, ground.normal.z])
        origins = np.array([[e.origin.x, e.origin.y, e.origin.z] for e in self.scene.envs])
        depth = origins @ (normal / np.linalg.norm(normal))
        if np.abs(depth).max() > 0:
            geom = self.compiled.model.geom(GROUND).id
            shift = depth[:, None] * (normal / np.linalg.norm(normal))
            self.backend.model_field("geom_pos")[:, geom] -= torch.from_numpy(shift)

    def _make_force_sensors(self) -> ForceSensors | None:
        if self.compiled.force_sensor < 0:
            return None
        bodies, poses, world = [], [], []
        for handle, sensor in self.layout.force_sensors:
            actor = self.layout.actors[handle]
            placed = actor.asset.force_sensors[sensor]
            bodies.append(actor.first_body + placed.body)
            p, r = placed.pose.p, placed.pose.r
            poses.append((np.array([p.x, p.y, p.z]), np.array([r.x, r.y, r.z, r.w])))
            world.append(placed.properties.use_world_frame)
        return ForceSensors(self.backend, self.compiled, bodies, poses, world)
