"""Poses, velocities and inertias of all simulations at their current state, computed when read.

A step leaves derived fields at the start of its last substep. Bringing them up to date on the full
model would detect collisions and build constraints that nobody asks for, and keeping each
simulation's data from step to step, so that the next one continues from there, costs more memory
traffic than it saves. So a second batch, whose model is the kinematic tree only, takes over the
state and computes just that: bit for bit what the full model would give. A good part of its time
would go into starting on one simulation after the other; it has several of them side by side in
each of its own.
"""

from __future__ import annotations

import warnings

import mujoco
import mujoco.batch
import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend.tree_model import (
    BODY_STATE_SIZE,
    by_copy,
    compile_trees,
    without_world,
)

BODY_STATE = "body_state"
"""Our own field: pose and velocity of all bodies but the world as Isaac Gym has them, shape
(num_envs, nbody - 1, 13)."""
BODY_FIELDS = ("xpos", "xquat", "xmat", "xipos", "ximat")
SITE_FIELDS = ("site_xpos", "site_xquat", "site_xmat")
FIELDS = frozenset((*BODY_FIELDS, *SITE_FIELDS, "xanchor", "xaxis", "M", BODY_STATE))
"""Derived fields that this module serves."""
STATE = ("qpos", "qvel", "mocap_pos", "mocap_quat")
"""What they depend on."""
MODEL = tuple(
    name
    for name in mujoco.batch.MODEL_FIELDS
    if name.startswith(("body_", "jnt_", "dof_", "site_")) or name == "qpos0"
)
"""Model fields that they may depend on."""
VELOCITY_STAGE = mujoco.mjtStage.mjSTAGE_VEL.value
MAX_BODIES = 128
"""Bodies side by side in a model, more or less: more of them gain no time."""
MIN_CALLS = 8
"""Simulations of such a model that each thread gets at least, so that all of them end together."""


def shared_tensor(array: np.ndarray) -> Tensor:
    """A tensor over the array's memory; outputs of the batch are read-only by agreement."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)


class Kinematics:
    """Follows a batch.

    Args:
        batch: the simulations.
        model: their model.
        num_threads: threads including the caller's.
    """

    def __init__(self, batch: mujoco.batch.Batch, model: mujoco.MjModel, num_threads: int) -> None:
        self._followed, self._model, self._num_threads = batch, model, num_threads
        most = min(MAX_BODIES // model.nbody, batch.nsim // (MIN_CALLS * num_threads))
        self._copies = max(n for n in range(1, max(most, 1) + 1) if batch.nsim % n == 0)
        self._fields: dict[str, np.ndarray] = {}
        self.stale = True
        """Whether fields are to be brought up to date."""
        self._start()

    def _start(self) -> None:
        """Make the batch, which computes what the present fields need."""
        sensed, inertial = BODY_STATE in self._fields, "M" in self._fields
        trees = compile_trees(self._model, self._copies, sensed=sensed, inertial=inertial)
        num_calls = self._followed.nsim // self._copies
        self._batch = mujoco.batch.Batch(trees, num_calls, self._num_threads, persistent=False)
        self._tensors: dict[str, Tensor] = {}
        self.stale = self._model_stale = True
        for name in self._fields:
            self._bind(name)

    def bind(self, name: str) -> Tensor:
        """One of FIELDS, shape (num_envs, ...), filled by the next `update`.

        Left behind when another field is bound for the first time: bind it again for each use.
        """
        if name not in self._fields:
            self._bind(name)
            if name in (BODY_STATE, "M"):
                self._start()
        if name not in self._tensors:
            self._tensors[name] = shared_tensor(self._fields[name])
        return self._tensors[name]

    def _bind(self, name: str) -> None:
        self.stale = True
        num_envs, num_bodies = self._followed.nsim, self._model.nbody - 1
        if name == BODY_STATE:
            values = self._batch.bind("sensordata").reshape(num_envs, -1)
            values = values[:, : num_bodies * BODY_STATE_SIZE]
            self._fields[name] = values.reshape(num_envs, num_bodies, BODY_STATE_SIZE)
        else:
            self._batch.bind(name)
            data = mujoco.MjData(self._model)
            mujoco.mj_kinematics(self._model, data)  # the world's row stays as it is here
            self._fields[name] = np.repeat(getattr(data, name)[None], num_envs, axis=0)

    def state_changed(self) -> None:
        """The followed batch has another state."""
        self.stale = True

    def model_changed(self) -> None:
        """Model fields of the followed batch were or will be written."""
        self._model_stale = self.stale = True

    def update(self, envs: np.ndarray | None = None) -> None:
        """Bring the fields up to date.

        Args:
            envs: simulations that were written to since the last update, ascending; None: none, or
                as many as `state_changed` told.
        """
        if self.stale == (envs is not None):
            return  # nothing changed, or everything did and the next reader will see to it
        for name in STATE:
            if (ours := self._batch.bind(name)).size:
                self._split(name, ours)[:] = self._joined(self._followed.bind(name))
        if self._model_stale:
            self._follow_model()
        calls = None if self.stale or envs is None else np.unique(envs // self._copies)
        self._forward(calls)
        self.stale = False
        for name, field in self._fields.items():
            if name != BODY_STATE:
                values = self._split(name, self._batch.bind(name))
                self._joined(without_world(name, field))[:] = values

    def _forward(self, calls: np.ndarray | None) -> None:
        try:
            self._batch.forward(calls, stage=VELOCITY_STAGE)
        except mujoco.batch.SimulationError as error:
            sims = error.ids[:, None] * self._copies + np.arange(self._copies)
            raise mujoco.batch.SimulationError(sims.ravel(), str(error)) from error

    def _follow_model(self) -> None:
        for name in MODEL:
            theirs = self._followed.expanded(name)
            if theirs is not None:
                ours = self._split(name, self._batch.expand(name))
                ours[:] = self._joined(without_world(name, theirs))
        self._model_stale = False

    def _split(self, name: str, values: np.ndarray) -> np.ndarray:
        """A field of this batch as (calls, simulations in each, ...), without the world's row."""
        return by_copy(name, values, self._copies)

    def _joined(self, values: np.ndarray) -> np.ndarray:
        """A field of the followed batch in that shape."""
        return values.reshape(self._batch.nsim, self._copies, *values.shape[1:])
