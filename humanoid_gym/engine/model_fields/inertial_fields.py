"""Per-environment masses, centres of mass, inertias and gravity as model fields."""

from __future__ import annotations

import mujoco
import numpy as np

from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.model_fields.fields import FieldWrite
from humanoid_gym.engine.scene.mass_properties import (
    COM,
    MASS,
    ignores_gravity,
    inertia_matrices,
    scaled_table,
)
from humanoid_gym.engine.scene.scene import Layout

SAME_SHAPE = 1e-12
"""Relative difference up to which two inertias are multiples of each other."""


class InertialFields:
    """Turns tables of mass properties into fields of a compiled model.

    A body that a program left as it was keeps what the compiler made of it, to the last bit.

    Args:
        compiled: nothing was written into its model yet.
        layout: actors of the environment it was compiled from.
    """

    def __init__(self, compiled: CompiledScene, layout: Layout) -> None:
        model, self._bodies = compiled.model, compiled.bodies
        tables = [scaled_table(a.asset.mass_table, a.scale) for a in layout.actors]
        self._table = np.concatenate(tables)
        self._mass = model.body_mass[self._bodies]
        self._com = model.body_ipos[self._bodies]
        self._moments = model.body_inertia[self._bodies]
        self._axes = model.body_iquat[self._bodies]
        self._gravcomp = model.body_gravcomp[self._bodies]

    def writes(self, table: np.ndarray) -> list[FieldWrite]:
        """The fields for some environments' tables, shape (n, num_bodies, columns)."""
        custom = (table[..., :-1] != self._table[:, :-1]).any(axis=-1)
        moments = np.broadcast_to(self._moments, (*custom.shape, 3)).copy()
        axes = np.broadcast_to(self._axes, (*custom.shape, 4)).copy()
        if custom.any():
            moments[custom], axes[custom] = self._principal(table, custom)
        com = np.where(custom[..., None], table[..., COM], self._com)
        values = {
            "body_mass": np.where(custom, table[..., MASS], self._mass),
            "body_ipos": com,
            "body_inertia": moments,
            "body_iquat": axes,
            "body_gravcomp": np.where(ignores_gravity(table), 1.0, self._gravcomp),
        }
        return [FieldWrite(name, self._bodies, None, value) for name, value in values.items()]

    def _principal(self, table: np.ndarray, custom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Principal moments and axes (quaternion wxyz) of the bodies in the mask, k of them."""
        inertia = inertia_matrices(table[custom])
        inertia = 0.5 * (inertia + inertia.transpose(0, 2, 1))
        rows = np.broadcast_to(np.arange(custom.shape[1]), custom.shape)[custom]
        before = inertia_matrices(self._table)[rows]
        size = np.maximum(np.trace(before, axis1=1, axis2=2), 1e-300)
        factor = np.trace(inertia, axis1=1, axis2=2) / size
        off = np.abs(inertia - factor[:, None, None] * before).max(axis=(1, 2))
        moments, axes = factor[:, None] * self._moments[rows], self._axes[rows].copy()
        other = off > SAME_SHAPE * np.abs(inertia).max(axis=(1, 2))
        moments[other], axes[other] = principal_axes(inertia[other])
        return moments, axes


def principal_axes(inertia: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal moments and axes of symmetric matrices.

    Args:
        inertia: shape (k, 3, 3).

    Returns:
        Moments, shape (k, 3), and the axes' rotation as quaternions wxyz, shape (k, 4); the
        identity where a matrix is diagonal.
    """
    quaternions = np.zeros((len(inertia), 4))
    quaternions[:, 0] = 1.0
    moments = np.diagonal(inertia, axis1=1, axis2=2).copy()
    off = np.abs(inertia - moments[:, :, None] * np.eye(3)).max(axis=(1, 2))
    turned = np.flatnonzero(off > 0)
    values, vectors = np.linalg.eigh(inertia[turned])
    vectors[np.linalg.det(vectors) < 0, :, 2] *= -1.0  # a rotation, not a reflection
    moments[turned] = values
    for row, axes in zip(turned, vectors, strict=True):
        mujoco.mju_mat2Quat(quaternions[row], np.ascontiguousarray(axes).ravel())
    return moments, quaternions
