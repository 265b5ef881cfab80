"""Joint trajectories of a robot, as CSV: what it was told and what it did."""

import csv
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Union

import numpy as np

from humanoid_gym.config import ConfigError, nearest

TIME, COMMAND, POSITION = "time", "command", "position"
"""The column of times [s], and beginnings of the columns `command_knee`, `position_knee` …"""


class JointRecording(NamedTuple):
    """T samples at the control rate."""

    time: np.ndarray
    """[s], shape (T,)."""
    command: np.ndarray
    """What actuators were told: position targets [rad] or torques [N m], shape (T, A)."""
    position: np.ndarray
    """Of all joints [rad], shape (T, J)."""

    def save(self, path: Union[str, Path], joints: Sequence[str], driven: Sequence[str]) -> None:
        """Write a CSV file that `read_recording` reads.

        Args:
            path: of the file.
            joints: names of all joints.
            driven: names of those with an actuator.
        """
        header = [TIME, *(f"{COMMAND}_{n}" for n in driven), *(f"{POSITION}_{n}" for n in joints)]
        table = np.column_stack([self.time, self.command, self.position])
        np.savetxt(path, table, fmt="%.9g", delimiter=",", header=",".join(header), comments="")


def read_recording(
    path: Union[str, Path], joints: Sequence[str], driven: Sequence[str], period: float
) -> JointRecording:
    """Read a recording and bring it to the control rate.

    Args:
        path: CSV file with a header; columns in any order, others are ignored.
        joints: names of all joints.
        driven: names of those with an actuator.
        period: of control [s].

    Raises:
        ConfigError: it is no CSV file, a column is missing, a number is none, or time does not
            increase.
        FileNotFoundError: there is no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"recording '{path}' not found")
    columns = _columns(Path(path))
    names = [TIME, *(f"{COMMAND}_{n}" for n in driven), *(f"{POSITION}_{n}" for n in joints)]
    for name in names:
        if name not in columns:
            close = nearest(name, columns)
            raise ConfigError(f"{path}: no column '{name}'; nearest: '{close}'")
    table = np.array([columns[name] for name in names]).T
    if len(table) < 2 or not np.isfinite(table).all() or (np.diff(table[:, 0]) <= 0.0).any():
        raise ConfigError(f"{path}: expected two or more rows of finite numbers, time increasing")
    time = np.arange(table[0, 0], table[-1, 0] + 0.5 * period, period)
    time = time[time <= table[-1, 0] + 1e-9]
    even = np.column_stack([np.interp(time, table[:, 0], c) for c in table[:, 1:].T])
    return JointRecording(time - time[0], even[:, : len(driven)], even[:, len(driven) :])


def _columns(path: Path) -> Dict[str, List[float]]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:  # spreadsheets write a mark
            rows = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: not readable as CSV: {error}") from error
    if not rows:
        raise ConfigError(f"{path}: the file is empty")
    header, body = [name.strip() for name in rows[0]], [row for row in rows[1:] if row]
    try:
        numbers = np.array(body, dtype=float).reshape(len(body), len(header))
    except ValueError as error:
        raise ConfigError(
            f"{path}: expected {len(header)} numbers in each row, as the header says: {error}"
        ) from error
    return dict(zip(header, numbers.T.tolist()))
