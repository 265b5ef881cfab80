"""Fixed tendons: springs and limits on a weighted sum of joint positions.

The length of a tendon is the sum of coefficient x position over its joints, plus its offset. Its
force pulls the length towards the rest length (stiffness), back between the limits
(limit_stiffness) and against its change (damping), and acts on each joint times the joint's
coefficient. MuJoCo has one spring per tendon, with a dead band; so each of ours is two of MuJoCo's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from humanoid_gym.engine.assets.model import AssetModel, TendonModel
from humanoid_gym.engine.model_fields.fields import FieldWrite
from humanoid_gym.engine.values.enums import TendonType
from humanoid_gym.engine.values.properties import TendonProperties

SETTINGS = np.dtype(
    [
        ("stiffness", np.float64),
        ("damping", np.float64),
        ("limit_stiffness", np.float64),
        ("fixed_spring_rest_length", np.float64),
        ("fixed_lower_limit", np.float64),
        ("fixed_upper_limit", np.float64),
        ("is_fixed_limited", np.bool_),
        ("offset", np.float64),
    ]
)
"""What a client can set of a tendon, named as in TendonProperties."""
EDITABLE = [name for name in SETTINGS.names or () if name != "offset"]
UNSET_LENGTH = -1.0
"""MuJoCo takes this rest length for 'the length at the start'."""


@dataclass(frozen=True)
class Tendons:
    """Settings of an actor's tendons; replaced, never changed in place."""

    settings: np.ndarray
    """Structured array of `SETTINGS`, shape (num_tendons,)."""
    coefficients: tuple[np.ndarray, ...]
    """Of each tendon's joints, shape (num_joints,); empty for a spatial tendon."""


def tendons_of(model: AssetModel) -> Tendons:
    """The tendons as the file describes them."""
    settings = np.zeros(len(model.tendons), dtype=SETTINGS)
    for row, tendon in zip(settings, model.tendons, strict=True):
        row["stiffness"], row["damping"] = tendon.stiffness, tendon.damping
        row["limit_stiffness"] = tendon.limit_stiffness
        row["fixed_spring_rest_length"] = tendon.rest_length
        row["fixed_lower_limit"], row["fixed_upper_limit"] = tendon.lower, tendon.upper
        row["is_fixed_limited"] = tendon.limited
    return Tendons(settings, tuple(np.array(t.coefficients) for t in model.tendons))


def as_properties(models: Sequence[TendonModel], tendons: Tendons) -> list[TendonProperties]:
    """The settings as a client reads them."""
    return [
        TendonProperties(
            TendonType.TENDON_SPATIAL if model.is_spatial else TendonType.TENDON_FIXED,
            model.num_sites,
            len(model.joints),
            *(row[name] for name in EDITABLE),
        )
        for model, row in zip(models, tendons.settings, strict=True)
    ]


def edited(tendons: Tendons, properties: Sequence[TendonProperties], call: str) -> Tendons:
    """The tendons with a client's properties.

    Raises:
        TypeError: something else than TendonProperties.
        ValueError: another number of them; a negative gain or a number that is not finite.
    """
    settings = tendons.settings.copy()
    if len(properties) != len(settings):
        raise ValueError(
            f"{call}: {len(settings)} tendon properties expected, got {len(properties)}"
        )
    for row, entry in zip(settings, properties, strict=True):
        if not isinstance(entry, TendonProperties):
            raise TypeError(
                f"{call}: a list of TendonProperties expected; it holds {type(entry).__name__}"
            )
        for name in EDITABLE:
            value = getattr(entry, name)
            row[name] = value
            is_gain = "stiffness" in name or name == "damping"
            if not np.isfinite(value) or (is_gain and value < 0):
                raise ValueError(
                    f"{call}: {name} = {value}; a finite number"
                    + (" from 0 on expected" if is_gain else " expected")
                )
    return Tendons(settings, tendons.coefficients)


def with_coefficients(tendons: Tendons, index: int, values: Sequence[float], call: str) -> Tendons:
    """The tendons, one of them with other coefficients.

    Raises:
        ValueError: another number of them, or not finite.
    """
    new = np.asarray(values, dtype=np.float64).ravel()
    expected = len(tendons.coefficients[index])
    if len(new) != expected or not np.isfinite(new).all():
        raise ValueError(
            f"{call}: {expected} finite coefficients expected for tendon {index}, got {values}"
        )
    coefficients = list(tendons.coefficients)
    coefficients[index] = new
    return Tendons(tendons.settings, tuple(coefficients))


def with_offset(tendons: Tendons, index: int, offset: float, call: str) -> Tendons:
    """The tendons, one of them with another offset.

    Raises:
        ValueError: it is not finite.
    """
    if not np.isfinite(offset):
        raise ValueError(f"{call}: a finite offset expected, got {offset}")
    settings = tendons.settings.copy()
    settings["offset"][index] = offset
    return Tendons(settings, tendons.coefficients)


def tendon_name(handle: int, tendon: int, part: str) -> str:
    """Name of one of the two MuJoCo tendons ('spring' or 'limit') of an actor's tendon."""
    return f"{handle}/tendon/{tendon}/{part}"


def add_tendons(spec: mujoco.MjSpec, handle: int, model: AssetModel, dofs: Sequence[str]) -> None:
    """Add an actor's fixed tendons; their gains and lengths are written per environment.

    Args:
        spec: holds the joints.
        handle: the actor.
        model: its asset's.
        dofs: name of each DOF in the specification.
    """
    names = [joint.name for joint in model.dof_joints]
    for index, tendon in enumerate(model.tendons):
        for part in ("spring", "limit") if coupled(tendon, names) else ():
            new = spec.add_tendon(name=tendon_name(handle, index, part), springlength=[0.0, 0.0])
            for joint, coefficient in zip(tendon.joints, tendon.coefficients, strict=True):
                new.wrap_joint(dofs[names.index(joint)], coefficient)


def coupled(tendon: TendonModel, dofs: Sequence[str]) -> bool:
    """Whether a tendon does anything: it is fixed, and all its joints move."""
    return (
        not tendon.is_spatial
        and bool(tendon.joints)
        and all(name in dofs for name in tendon.joints)
    )


class TendonFields:
    """Model fields that the tendons' settings decide.

    Args:
        model: compiled.
        actors: tendons of each actor's asset, with the names of its DOFs.
    """

    def __init__(
        self, model: mujoco.MjModel, actors: Sequence[tuple[Sequence[TendonModel], Sequence[str]]]
    ) -> None:
        rows = [
            (handle, index, coupled(tendon, dofs))
            for handle, (tendons, dofs) in enumerate(actors)
            for index, tendon in enumerate(tendons)
        ]
        self._acting = np.array([acts for *_, acts in rows], dtype=bool)
        self._rows = {
            part: np.array(
                [model.tendon(tendon_name(h, i, part)).id for h, i, acts in rows if acts], dtype=int
            )
            for part in ("spring", "limit")
        }
        sizes = [len(tendon.joints) for tendons, _ in actors for tendon in tendons]
        self._entries = np.repeat(self._acting, sizes)
        self._wraps = {
            part: np.concatenate(
                [np.empty(0, dtype=int)]
                + [model.tendon_adr[row] + np.arange(model.tendon_num[row]) for row in ids]
            )
            for part, ids in self._rows.items()
        }

    def writes(self, settings: np.ndarray, coefficients: np.ndarray) -> list[FieldWrite]:
        """Values of the fields.

        Args:
            settings: of all tendons, structured array of shape (n, num_tendons).
            coefficients: of all tendons one after another, shape (n, num_coefficients).
        """
        if not self._acting.any():
            return []
        acting = settings[:, self._acting]
        rest = acting["fixed_spring_rest_length"] - acting["offset"]
        limits = np.stack([acting["fixed_lower_limit"], acting["fixed_upper_limit"]])
        lower, upper = np.sort(limits, axis=0) - acting["offset"]
        hardness = np.where(acting["is_fixed_limited"], acting["limit_stiffness"], 0.0)
        spring, limit = self._rows["spring"], self._rows["limit"]
        writes = [
            FieldWrite("tendon_stiffness", spring, None, acting["stiffness"].copy()),
            FieldWrite("tendon_damping", spring, None, acting["damping"].copy()),
            FieldWrite("tendon_lengthspring", spring, 0, known(rest)),
            FieldWrite("tendon_lengthspring", spring, 1, known(rest)),
            FieldWrite("tendon_stiffness", limit, None, hardness),
            FieldWrite("tendon_lengthspring", limit, 0, known(lower)),
            FieldWrite("tendon_lengthspring", limit, 1, known(upper)),
        ]
        values = coefficients[:, self._entries]
        return writes + [
            FieldWrite("wrap_prm", rows, None, values) for rows in self._wraps.values()
        ]


def known(lengths: np.ndarray) -> np.ndarray:
    """Lengths that MuJoCo does not take for unset."""
    return np.where(lengths == UNSET_LENGTH, np.nextafter(UNSET_LENGTH, 0.0), lengths)
