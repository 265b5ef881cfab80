"""The CPU backend: `mujoco.batch`, a thread pool that steps many simulations of one model.

Results are bit-identical at any number of threads. A few MjData serve all environments, which fits
the processor's cache; what describes the state after a step is computed when it is read, by
`kinematics`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import mujoco
import mujoco.batch
import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend.kinematics import FIELDS, Kinematics, shared_tensor
from humanoid_gym.engine.backend.left_out import leave_out

if TYPE_CHECKING:
    from humanoid_gym.engine.state.speed_limits import SpeedLimits

FATAL_WARNINGS = [
    mujoco.mjtWarning.mjWARN_BADQPOS.value,
    mujoco.mjtWarning.mjWARN_BADQVEL.value,
    mujoco.mjtWarning.mjWARN_BADQACC.value,
]
# The same solution from sparse matrices, where MuJoCo takes dense ones below 60 degrees of freedom:
# a step with contacts costs 22 % less with 30 of them, 7 % less with 27, 2 % more with 18.
SPARSE_FROM_DOFS = 24
INPUTS = ("ctrl", "qfrc_applied")
"""Parts of the state that programs set, and that act until they set them again."""
MAX_VALUE = 1e10
"""MuJoCo's mjMAXVAL: what is larger is unstable."""
# Takes a text, does nothing with it, and is compiled C: what MuJoCo asks of a warning handler that
# its worker threads may call.
IGNORE_WARNING = ctypes.CDLL(None).strlen


def usable_cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def quiet_warnings() -> Iterator[None]:
    """Keep MuJoCo from printing and from writing MUJOCO_LOG.TXT: the engine reads the counters."""
    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(IGNORE_WARNING)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(before)


class CpuBackend:
    """`Backend` on `mujoco.batch`.

    Args:
        model: compiled model of one environment.
        num_envs: number of simulations.
        num_threads: threads including the caller's; 0: every usable core.
        current_bodies: position and velocity outputs belong to the present state; else to the last
            substep's start, like forces.
    """

    measures_contacts = False
    measures_bodies = True
    graphs = None

    def __init__(
        self,
        model: mujoco.MjModel,
        num_envs: int,
        num_threads: int = 0,
        *,
        current_bodies: bool = True,
    ) -> None:
        if model.nv >= SPARSE_FROM_DOFS:
            model.opt.jacobian = mujoco.mjtJacobian.mjJAC_SPARSE
        self.model = model
        self.num_envs = num_envs
        self.device = torch.device("cpu")
        threads = min(num_threads or usable_cores(), num_envs)
        self._batch = mujoco.batch.Batch(model, num_envs, threads, persistent=False)
        self._kinematics = Kinematics(self._batch, model, threads) if current_bodies else None
        self._tensors: dict[str, Tensor] = {}
        self._snapshot: tuple[mujoco.MjModel, mujoco.MjData] | None = None
        self._meshes = np.flatnonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_MESH.value)
        self._warnings = self._batch.warning.copy()
        self._failed = np.zeros(num_envs, dtype=bool)
        self._limits: SpeedLimits | None = None
        self._initial = self.save()

    def state(self, name: str) -> Tensor:
        """See `Backend.state`."""
        return self._tensor(name, self._batch.bind)

    def output(self, name: str) -> Tensor:
        """See `Backend.output`."""
        if self._kinematics is None or name not in FIELDS:
            return self._tensor(name, self._batch.bind)
        tensor = self._kinematics.bind(name)
        if self._kinematics.stale:
            with quiet_warnings(), self._failures():
                self._kinematics.update()
        return tensor

    def model_field(self, name: str) -> Tensor:
        """See `Backend.model_field`."""
        if self._kinematics is not None:
            self._kinematics.model_changed()
        return self._tensor("model." + name, lambda _: self._batch.expand(name))

    def shared_field(self, name: str) -> None:
        """See `Backend.shared_field`; there is none."""

    def constants(self, name: str) -> Tensor:
        """See `Backend.constants`."""
        own = self._batch.expanded(name)
        return shared_tensor(getattr(self.model, name)[None] if own is None else own)

    def leave_out(self, geoms: Tensor) -> None:
        """See `Backend.leave_out`."""
        leave_out(self.model, self.model_field, geoms)

    def recompute_constants(self, envs: Tensor) -> None:
        """See `Backend.recompute_constants`."""
        radii = self._batch.expanded("geom_rbound")
        radii = None if radii is None else radii[:, self._meshes].copy()
        with quiet_warnings():
            self._batch.set_const(envs.numpy())
        if radii is not None:  # MuJoCo gave them those of the meshes that the model has there
            self._batch.expand("geom_rbound")[:, self._meshes] = radii
        if self._kinematics is not None:
            self._kinematics.model_changed()

    def step(self, substeps: int, *, last: bool = True) -> None:
        """See `Backend.step`."""
        with quiet_warnings(), self._failures():
            self._batch.step(nstep=substeps)
        if self._kinematics is not None:
            self._kinematics.state_changed()

    def forward(self, envs: Tensor | None) -> None:
        """See `Backend.forward`."""
        if envs is None:
            envs = torch.arange(self.num_envs, dtype=torch.int32)
        if self._kinematics is not None:
            with quiet_warnings(), self._failures():
                self._kinematics.update(envs.numpy())

    def limit_speeds(self, limits: SpeedLimits) -> None:
        """See `Backend.limit_speeds`."""
        self._limits = limits

    def settle(self) -> Tensor | None:
        """See `Backend.settle`."""
        warned = self._failed.any() or not np.array_equal(self._batch.warning, self._warnings)
        speeds = self._batch.bind("qvel")
        if not warned and (self._limits is None or self._limits.kept(speeds)):
            return None
        failed = self._unstable() if warned or not np.isfinite(speeds.sum()) else None
        if failed is not None:
            self._restore(failed)
        qvel = self.state("qvel")
        limited = self._limits.clamp(qvel) if self._limits else None
        if limited is not None:
            envs, values = limited
            qvel[envs] = values
            self.forward(envs.to(torch.int32))
        return failed

    def _restore(self, failed: Tensor) -> None:
        """Put environments back to their initial state; what was set goes on acting."""
        inputs = {name: self.state(name)[failed] for name in INPUTS}
        state = self.save()
        state[failed] = self._initial[failed]
        self.load(state)
        for name, values in inputs.items():
            # but what no simulation can follow ends; comparisons with NaN are false
            self.state(name)[failed] = torch.where(values.abs() < MAX_VALUE, values, 0.0)

    def _unstable(self) -> Tensor | None:
        """Environments that became non-finite or failed since the last call; None: none did."""
        # MuJoCo judges the state before a substep: what the last one did shows in the state only.
        finite = np.isfinite(self._batch.bind("qvel").sum(axis=1))
        warnings = self._batch.warning
        fatal = (warnings != self._warnings)[:, FATAL_WARNINGS].any(axis=(1, 2))
        bad = self._failed | fatal | ~finite
        self._warnings[:] = warnings
        self._failed[:] = False
        return torch.from_numpy(bad) if bad.any() else None

    @property
    def initial(self) -> Tensor:
        """See `Backend.initial`."""
        return self._initial

    def start_from(self, state: Tensor) -> None:
        """See `Backend.start_from`."""
        self._initial = state

    def save(self) -> Tensor:
        """See `Backend.save`."""
        return torch.from_numpy(self._batch.state.copy())

    def load(self, state: Tensor) -> None:
        """See `Backend.load`."""
        self._batch.state[:] = state.numpy()
        if self._kinematics is not None:
            self._kinematics.state_changed()

    def snapshot(self, env: int) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """See `Backend.snapshot`."""
        # Filled again each time: making a model costs a hundred times what copying into one does.
        model, data = self._snapshot or (None, None)
        self._snapshot = self._batch.get_model(env, model), self._batch.get_data(env, data)
        return self._snapshot

    def _tensor(self, key: str, bind: Callable[[str], np.ndarray]) -> Tensor:
        if key not in self._tensors:
            self._tensors[key] = shared_tensor(bind(key))
        return self._tensors[key]

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """Simulations in which MuJoCo raised are unstable like those with non-finite numbers."""
        try:
            yield
        except mujoco.batch.SimulationError as error:
            self._failed[error.ids] = True
