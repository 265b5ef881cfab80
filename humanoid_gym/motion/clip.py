"""A motion of a robot as it was recorded or retargeted: frames with times, checked once."""

from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from humanoid_gym.config import ConfigError

BASE_COLUMNS = ("base_x", "base_y", "base_z", "base_qx", "base_qy", "base_qz", "base_qw")
"""Names of the base's numbers, in messages and in files."""
_LENGTH_TOLERANCE = 0.1
"""Quaternions whose length differs more from 1 are something else."""
_TIME_TOLERANCE = 1e-6
"""[s] around the ends of a cut: times in files are rounded."""


class MotionClip(NamedTuple):
    """T frames of a robot with J joints; `make_clip` makes one that holds what this promises."""

    name: str
    """Of the motion: the file's, without folder and ending."""
    time: np.ndarray
    """[s], from 0, strictly increasing, shape (T,)."""
    joint_names: Tuple[str, ...]
    """The columns of `joint_position`, J of them."""
    base_position: np.ndarray
    """Origin of the base link in the world [m], shape (T, 3)."""
    base_orientation: np.ndarray
    """Quaternion x y z w from the base's axes to the world's, of unit length; neighbouring frames
    are on one hemisphere. Shape (T, 4)."""
    joint_position: np.ndarray
    """[rad], of sliding joints [m], shape (T, J)."""

    @property
    def duration(self) -> float:
        """From the first frame to the last [s]."""
        return float(self.time[-1])

    def between(self, start: float = 0.0, end: Optional[float] = None) -> "MotionClip":
        """Return the frames from `start` to `end` [s], both included; None: to the last one.

        Raises:
            ConfigError: fewer than two frames are left.
        """
        last = self.duration if end is None else end
        kept = (self.time >= start - _TIME_TOLERANCE) & (self.time <= last + _TIME_TOLERANCE)
        if kept.sum() < 2:
            raise ConfigError(
                f"clip '{self.name}': expected two or more frames from {start:g} s to {last:g} s, "
                f"got {kept.sum()}; the clip lasts {self.duration:g} s"
            )
        time = self.time[kept]
        return self._replace(
            time=time - time[0],
            base_position=self.base_position[kept],
            base_orientation=self.base_orientation[kept],
            joint_position=self.joint_position[kept],
        )


def make_clip(
    where: Union[str, Path],
    time: np.ndarray,
    joint_names: Sequence[str],
    base_position: np.ndarray,
    base_orientation: np.ndarray,
    joint_position: np.ndarray,
) -> MotionClip:
    """Check a motion; quaternions are normalised and brought to one hemisphere.

    Args:
        where: it comes from, a path, for messages; its last part without ending names the clip.
        time: of the frames [s], shape (T,); need not begin at 0.
        joint_names: of the J joints.
        base_position: of the base link's origin [m], shape (T, 3).
        base_orientation: quaternions x y z w of about unit length, shape (T, 4).
        joint_position: [rad], shape (T, J).

    Raises:
        ConfigError: shapes that disagree, fewer than two frames, a number that is not finite, time
            that does not increase, something that is no unit quaternion, or joints whose names are
            none or repeated.
    """
    names = tuple(str(name) for name in joint_names)
    unfit = [name for name in names if not name.isprintable() or name != name.strip() or not name]
    if unfit:
        raise ConfigError(f"{where}: {unfit[0]!r} is no name of a joint; give each a word")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigError(f"{where}: joint '{twice[0]}' appears twice; name each column once")
    given = (time, base_position, base_orientation, joint_position)
    try:
        with np.errstate(invalid="ignore"):  # of what is not finite
            parts = [np.asarray(part, np.float64) for part in given]
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: expected arrays of numbers: {error}") from error
    _check_shapes(where, parts, len(names))
    _check_finite(where, parts, names)
    time, position, orientation, joints = parts
    stops = np.flatnonzero(np.diff(time) <= 0.0)
    if len(stops):
        k = int(stops[0])
        raise ConfigError(
            f"{where}: time must increase, but frame {k + 1} is at {time[k + 1]:g} s after "
            f"{time[k]:g} s; remove repeated frames"
        )
    orientation = same_hemisphere(_unit(where, orientation))
    return MotionClip(Path(where).stem, time - time[0], names, position, orientation, joints)


def same_hemisphere(quaternions: np.ndarray) -> np.ndarray:
    """Return the same rotations with signs such that no neighbours are more than 180 degrees apart.

    Args:
        quaternions: along the first dimension in the order of time, shape (T, ..., 4).
    """
    turned = (quaternions[1:] * quaternions[:-1]).sum(-1) < 0.0
    signs = np.where(np.cumsum(turned, axis=0) % 2 == 1, -1.0, 1.0)
    return np.concatenate((quaternions[:1], quaternions[1:] * signs[..., None]))


def _check_shapes(where: Union[str, Path], parts: List[np.ndarray], joints: int) -> None:
    frames = parts[0].shape[0] if parts[0].ndim else 0
    expected = ((frames,), (frames, 3), (frames, 4), (frames, joints))
    fields = ("time", "base_position", "base_orientation", "joint_position")
    for name, part, shape in zip(fields, parts, expected):
        if part.shape != shape:
            raise ConfigError(
                f"{where}: expected {name} of shape {shape}, for {frames} times and {joints} "
                f"joints, got {part.shape}"
            )
    if frames < 2:
        raise ConfigError(f"{where}: expected two or more frames, got {frames}")


def _check_finite(
    where: Union[str, Path], parts: List[np.ndarray], joint_names: Tuple[str, ...]
) -> None:
    table = np.column_stack(parts)
    rows, columns = np.nonzero(~np.isfinite(table))
    if len(rows):
        row, column = int(rows[0]), int(columns[0])
        what = ("time", *BASE_COLUMNS, *joint_names)[column]
        raise ConfigError(
            f"{where}: frame {row}: '{what}' is {table[row, column]}, expected a finite number; "
            "cut the frame out or fill it in"
        )


def _unit(where: Union[str, Path], quaternions: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # of numbers that are refused here
        length = np.linalg.norm(quaternions, axis=-1, keepdims=True)
    far = np.abs(length[:, 0] - 1.0) > _LENGTH_TOLERANCE
    if far.any():
        k = int(np.argmax(far))
        numbers = " ".join(f"{number:.4g}" for number in quaternions[k])
        raise ConfigError(
            f"{where}: frame {k}: expected a unit quaternion x y z w, got {numbers}, of length "
            f"{length[k, 0]:.4g}; look at the order of the columns"
        )
    return quaternions / length
