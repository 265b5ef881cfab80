"""Geoms that an environment does not have, for MuJoCo: masks that no other geom's meet."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import torch
from torch import Tensor

NEVER = 1e9
"""Depth [m] at which an explicit pair of such a geom becomes a contact."""


def leave_out(model: mujoco.MjModel, field: Callable[[str], Tensor], geoms: Tensor) -> None:
    """Let geoms touch nothing.

    Args:
        model: for the explicit pairs, which heed no masks.
        field: a model field by name, writable, shape (n, ...).
        geoms: shape (n, ngeom), bool.
    """
    for name in ("geom_contype", "geom_conaffinity"):
        field(name)[geoms] = 0
    if model.npair:
        pairs = geoms[:, model.pair_geom1] | geoms[:, model.pair_geom2]
        field("pair_margin")[pairs] = -NEVER
        field("pair_gap")[pairs] = NEVER  # looked for where they overlap as before


def leave_out_of(model: mujoco.MjModel, geoms: Tensor) -> None:
    """Leave geoms, shape (ngeom,), out of the model of one environment."""
    model.geom_pos[geoms.numpy()] = 0.0
    leave_out(model, lambda name: torch.from_numpy(getattr(model, name))[None], geoms[None])
