"""Poses, velocities and inertias of all simulations at their current state, computed when read.

A step leaves derived fields at the start of its last substep. Bringing them up to date on the full
model would detect collisions and build constraints that nobody asks for, and keeping each
simulation's data from step to step, so that the next one continues from there, costs more memory
traffic than it saves. So a second batch, whose model has everything but the kinematic tree switched
off, takes over the state and computes just that: bit for bit what the full model would give.
"""

from __future__ import annotations

import copy

import mujoco
import mujoco.batch
import numpy as np

BODY_FIELDS = ("xpos", "xquat", "xmat", "xipos", "ximat", "subtree_com", "cvel")
FIELDS = frozenset((*BODY_FIELDS, "xanchor", "xaxis", "site_xpos", "site_xmat", "site_xquat", "M"))
"""Derived fields that this module serves."""
STATE = ("qpos", "qvel", "mocap_pos", "mocap_quat")
"""What they depend on."""
MODEL = tuple(
    name
    for name in mujoco.batch.MODEL_FIELDS
    if name.startswith(("body_", "jnt_", "dof_", "site_")) or name == "qpos0"
)
"""Model fields that they may depend on."""
SWITCHED_OFF = (
    mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
    | mujoco.mjtDisableBit.mjDSBL_CONTACT
    | mujoco.mjtDisableBit.mjDSBL_SENSOR
    | mujoco.mjtDisableBit.mjDSBL_ACTUATION
    | mujoco.mjtDisableBit.mjDSBL_SPRING
    | mujoco.mjtDisableBit.mjDSBL_DAMPER
)
VELOCITY_STAGE = mujoco.mjtStage.mjSTAGE_VEL.value


class Kinematics:
    """Follows a batch.

    Args:
        batch: the simulations.
        model: their model.
        num_threads: threads including the caller's.
    """

    def __init__(self, batch: mujoco.batch.Batch, model: mujoco.MjModel, num_threads: int) -> None:
        tree = copy.copy(model)
        tree.opt.disableflags |= int(SWITCHED_OFF)
        self._followed = batch
        self._batch = mujoco.batch.Batch(tree, batch.nsim, num_threads, persistent=False)
        self._stale = True
        self._model_stale = True

    def bind(self, name: str) -> np.ndarray:
        """One of FIELDS, (num_envs, ...), filled by the next `update`."""
        self._stale = True
        return self._batch.bind(name)

    def state_changed(self) -> None:
        """The followed batch has another state."""
        self._stale = True

    def model_changed(self) -> None:
        """Model fields of the followed batch were or will be written."""
        self._model_stale = self._stale = True

    def update(self, envs: np.ndarray | None = None) -> None:
        """Bring the fields up to date.

        Args:
            envs: simulations that were written to since the last update, ascending; None: none, or
                as many as `state_changed` told.
        """
        if self._stale == (envs is not None):
            return  # nothing changed, or everything did and the next reader will see to it
        for name in STATE:
            if (ours := self._batch.bind(name)).size:
                ours[:] = self._followed.bind(name)
        if self._model_stale:
            self._follow_model()
        self._batch.forward(None if self._stale else envs, stage=VELOCITY_STAGE)
        self._stale = False

    def _follow_model(self) -> None:
        for name in MODEL:
            theirs = self._followed.expanded(name)
            if theirs is not None:
                self._batch.expand(name)[:] = theirs
        self._model_stale = False
