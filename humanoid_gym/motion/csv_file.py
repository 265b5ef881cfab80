"""Motions as CSV: our files with a header, and those without as retargeted data sets have them."""

import csv
import io
from pathlib import Path
from typing import List, Optional, Sequence

import numpy as np

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.motion.clip import BASE_COLUMNS, MotionClip, make_clip
from humanoid_gym.motion.stored_arrays import reason

TIME = "time"
_OURS = (TIME, *BASE_COLUMNS)
_LAYOUT = "base x y z, quaternion x y z w, joints"
"""Columns of a file without a header."""


def read_csv(
    path: Path, joint_names: Optional[Sequence[str]] = None, fps: Optional[float] = None
) -> MotionClip:
    """Read a CSV file, ours or one without a header.

    Args:
        path: of the file.
        joint_names: of a file without a header, in the order of its columns.
        fps: frames per second of a file without a header.

    Raises:
        ConfigError: it is no CSV file, a column is missing or too many, or `make_clip` refuses it.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")  # spreadsheets write a mark
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not readable as CSV: {error}") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise ConfigError(f"{path}: the file is empty; expected a motion, a frame in each row")
    try:
        header = [name.strip() for name in next(csv.reader(lines[:1]))]
    except csv.Error as error:
        raise ConfigError(f"{path}: not readable as CSV: {error}") from error
    if _is_number(header[0]):
        return _without_header(path, _table(path, lines, len(header)), joint_names, fps)
    return _with_header(path, lines[1:], header)


def csv_content(clip: MotionClip) -> bytes:
    """Return the content of a file that `read_csv` reads, with 6 decimals.

    Raises:
        ConfigError: a joint is named like one of the file's other columns.
    """
    taken = [name for name in clip.joint_names if name in _OURS]
    if taken:
        raise ConfigError(
            f"clip '{clip.name}': a joint is named '{taken[0]}', as a column of the base is; "
            "rename the joint"
        )
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow((*_OURS, *clip.joint_names))
    numbers = np.column_stack((clip.base_position, clip.base_orientation, clip.joint_position))
    numbers = np.round(numbers, 6) + 0.0  # without minus zeros
    body = io.StringIO()
    table = np.column_stack((clip.time, numbers))
    np.savetxt(body, table, fmt=["%.9f", *["%.6f"] * numbers.shape[1]], delimiter=",")
    return (header.getvalue() + body.getvalue()).encode("utf-8")


def _table(path: Path, lines: List[str], columns: int) -> np.ndarray:
    try:
        table = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None)
    except ValueError as error:
        raise ConfigError(
            f"{path}: expected {columns} numbers in each row, as in the first one: {reason(error)}"
        ) from error
    if table.shape[1] != columns:
        raise ConfigError(
            f"{path}: expected {columns} numbers in each row, as the header says, got "
            f"{table.shape[1]}"
        )
    return table


def _with_header(path: Path, lines: List[str], header: List[str]) -> MotionClip:
    for name in _OURS:
        if name not in header:
            raise ConfigError(
                f"{path}: no column '{name}'; nearest: '{nearest(name, header)}'; expected "
                f"{','.join(_OURS)},JOINTS, or no header and {_LAYOUT}"
            )
        if header.count(name) > 1:
            raise ConfigError(f"{path}: column '{name}' appears twice; name each column once")
    if not lines:
        raise ConfigError(f"{path}: expected a frame in each row after the header, got none")
    table = _table(path, lines, len(header))
    place = [header.index(name) for name in _OURS]
    joints = [k for k in range(len(header)) if k not in place]
    base = table[:, place]
    names = [header[k] for k in joints]
    return make_clip(path, base[:, 0], names, base[:, 1:4], base[:, 4:], table[:, joints])


def _without_header(
    path: Path, table: np.ndarray, joint_names: Optional[Sequence[str]], fps: Optional[float]
) -> MotionClip:
    if joint_names is None:
        raise ConfigError(f"{path}: the file does not name its joints; give their names")
    expected = len(BASE_COLUMNS) + len(joint_names)
    if table.shape[1] != expected:
        raise ConfigError(
            f"{path}: expected {expected} columns, {_LAYOUT} ({len(joint_names)}), got "
            f"{table.shape[1]}; give the names of the file's joints in its order"
        )
    if fps is None:
        raise ConfigError(
            f"{path}: the file does not say its rate; give the frames per second "
            "(30 for Unitree's retargeted LAFAN1)"
        )
    time = np.arange(len(table)) / fps
    return make_clip(path, time, joint_names, table[:, :3], table[:, 3:7], table[:, 7:])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
