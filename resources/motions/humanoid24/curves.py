"""Curves through key values whose speed and acceleration are continuous."""

from typing import Sequence, Tuple

import numpy as np

Key = Tuple[float, float]
"""Time [s] and value."""
State = Tuple[float, float, float]
"""Position, velocity and acceleration at an end of a piece."""


def smooth_step(phase: np.ndarray) -> np.ndarray:
    """Return the quintic from 0 to 1 that starts and ends at rest; constant outside of [0, 1].

    It is the movement between two places of least jerk (Flash & Hogan 1985), as people's hands
    move.
    """
    s = np.clip(phase, 0.0, 1.0)
    return s**3 * (10.0 - 15.0 * s + 6.0 * s**2)


def through(time: np.ndarray, keys: Sequence[Key]) -> np.ndarray:
    """Return a curve (T,) that rests at each key value and moves smoothly between them.

    Args:
        time: [s], shape (T,).
        keys: in the order of time; the first and the last value hold before and after them.
    """
    curve = np.full(len(time), keys[0][1])
    for (start, old), (end, new) in zip(keys[:-1], keys[1:]):
        curve += (new - old) * smooth_step((time - start) / (end - start))
    return curve


def quintic(phase: np.ndarray, duration: float, start: State, end: State) -> np.ndarray:
    """Return the curve (T,) of degree five with the given ends.

    Args:
        phase: from 0 at the start to 1 at the end, shape (T,).
        duration: of the piece [s].
        start: position, velocity and acceleration there.
        end: the same there.
    """
    scale = np.array([1.0, duration, duration**2])
    rows = []
    for s in (0.0, 1.0):
        powers = np.arange(6)
        rows.append(s**powers)
        rows.append(powers * s ** np.clip(powers - 1, 0, None))
        rows.append(powers * (powers - 1) * s ** np.clip(powers - 2, 0, None))
    wanted = np.concatenate([scale * np.array(start), scale * np.array(end)])
    return np.polynomial.polynomial.polyval(phase, np.linalg.solve(np.array(rows), wanted))
