"""Mass properties of bodies: the table an actor keeps and the objects a program edits.

A table has one row of numbers per body. An actor shares its asset's until a program sets other
properties, and a table is never changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from humanoid_gym.engine.assets.model import AssetModel
from humanoid_gym.engine.values.enums import (
    RIGID_BODY_DISABLE_GRAVITY,
    RIGID_BODY_DISABLE_SIMULATION,
    RIGID_BODY_NONE,
)
from humanoid_gym.engine.values.fields import record_of, values_of
from humanoid_gym.engine.values.properties import RigidBodyProperties

MASS = 0
"""Column of the mass [kg]."""
COM = slice(1, 4)
"""Columns of the centre of mass [m], body frame."""
INERTIA = slice(4, 13)
"""Columns of the inertia [kg m^2] about the centre of mass, body axes, row by row."""
FLAGS = 13
"""Column of the RIGID_BODY_... bit mask."""
NUM_COLUMNS = 14


def mass_table(model: AssetModel, disable_gravity: bool) -> np.ndarray:
    """The bodies' mass properties as the importer found them, shape (num_bodies, 14)."""
    table = np.zeros((len(model.bodies), NUM_COLUMNS))
    for row, body in zip(table, model.bodies, strict=True):
        row[MASS], row[COM], row[INERTIA] = body.mass, body.com, np.ravel(body.inertia)
    table[:, FLAGS] = RIGID_BODY_DISABLE_GRAVITY if disable_gravity else RIGID_BODY_NONE
    table.flags.writeable = False
    return table


def inertia_matrices(table: np.ndarray) -> np.ndarray:
    """Inertia of each row, shape (..., 3, 3)."""
    return table[..., INERTIA].reshape(*table.shape[:-1], 3, 3)


def ignores_gravity(table: np.ndarray) -> np.ndarray:
    """Whether each row's flags switch gravity off, shape (...), bool."""
    return (table[..., FLAGS].astype(np.int64) & RIGID_BODY_DISABLE_GRAVITY) != 0


def scaled_table(table: np.ndarray, factor: float) -> np.ndarray:
    """The table of a body enlarged uniformly: lengths s, masses s^3, inertias s^5."""
    table = table.copy()
    table[:, MASS] *= factor**3
    table[:, COM] *= factor
    table[:, INERTIA] *= factor**5
    return table


def as_records(table: np.ndarray) -> list[RigidBodyProperties]:
    """New objects with the table's values, one per body."""
    inertia = inertia_matrices(table)
    try:
        inverse = np.linalg.inv(inertia)
    except np.linalg.LinAlgError:  # a file may give a welded link no inertia
        inverse = np.linalg.pinv(inertia)
    columns = (table[:, MASS], table[:, COM], inertia, inverse, table[:, FLAGS].astype(int))
    return [
        record_of(RigidBodyProperties, (m, 1.0 / m if m else 0.0, com, i, inverse_i, flags))
        for m, com, i, inverse_i, flags in zip(*(c.tolist() for c in columns), strict=True)
    ]


def edited_table(
    current: np.ndarray,
    properties: Sequence[RigidBodyProperties],
    recompute_inertia: bool,
    names: list[str],
) -> np.ndarray:
    """A table with what a program set.

    Args:
        current: the actor's table so far.
        properties: one object per body; `invMass` and `invInertia` are not looked at.
        recompute_inertia: scale the current inertia with the mass instead of taking the objects'.
        names: of the bodies, for messages.

    Raises:
        TypeError: something else than RigidBodyProperties.
        ValueError: a mass or an inertia that no body has.
    """
    rows = [numbers(record) for record in properties]
    table = np.empty_like(current)
    mass, _, com, inertia, _, flags = zip(*rows, strict=True)
    table[:, MASS], table[:, COM], table[:, FLAGS] = mass, com, flags
    if recompute_inertia:
        ratio = table[:, MASS] / current[:, MASS]
        table[:, INERTIA] = current[:, INERTIA] * ratio[:, None]
    else:
        table[:, INERTIA] = np.array(inertia).reshape(-1, 9)
    check_table(table, names)
    table.flags.writeable = False
    return table


def numbers(record: RigidBodyProperties) -> list[Any]:
    """A body's values, nested ones as lists."""
    if not isinstance(record, RigidBodyProperties):
        raise TypeError(
            "set_actor_rigid_body_properties: a list of RigidBodyProperties expected, as "
            f"get_actor_rigid_body_properties returns it; it holds {type(record).__name__}"
        )
    return values_of(record)


def check_table(table: np.ndarray, names: list[str]) -> None:
    """Raise for numbers that no body can have.

    Raises:
        ValueError: a mass that is not positive, an inertia that is not positive definite, a number
            that is not finite.
        NotImplementedError: RIGID_BODY_DISABLE_SIMULATION.
    """
    finite = np.isfinite(table).all(axis=1)
    good = finite & (table[:, MASS] > 0)
    checked = np.where(good[:, None, None], inertia_matrices(table), np.eye(3))
    good &= np.linalg.eigvalsh(0.5 * (checked + checked.transpose(0, 2, 1)))[:, 0] > 0
    if not good.all():
        body = int(np.argmin(good))
        raise ValueError(
            f"set_actor_rigid_body_properties: body {body} ({names[body]!r}) needs a positive mass "
            f"and a positive definite inertia, got mass {table[body, MASS]:g} kg, inertia "
            f"{np.array2string(inertia_matrices(table)[body], precision=3)} kg m^2"
        )
    if (table[:, FLAGS].astype(np.int64) & RIGID_BODY_DISABLE_SIMULATION).any():
        raise NotImplementedError(
            "set_actor_rigid_body_properties: RIGID_BODY_DISABLE_SIMULATION is not built; fix the "
            "asset's base or disable its gravity instead"
        )
