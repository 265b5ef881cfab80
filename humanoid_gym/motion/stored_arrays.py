"""What NPZ files and pickles of motions have in common: arrays by name."""

from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

import numpy as np

from humanoid_gym.config import ConfigError

JOINT_NAMES = "joint_names"
"""Key of the joints' names where a file has them."""
_NUMBERS = "fiu"
"""Kinds of dtype."""


def array_of(content: Mapping[str, Any], key: str, width: int, path: Path) -> np.ndarray:
    """Return an array of numbers.

    Args:
        content: of the file.
        key: of the array.
        width: of its last dimension; 0: any.
        path: of the file, for messages.

    Returns:
        Shape (T, ..., width), float64.

    Raises:
        ConfigError: there is none, it is not of numbers, or of another width.
    """
    if key not in content:
        found = printable(", ".join(map(str, content))) or "nothing"
        raise ConfigError(f"{path}: no '{key}'; found: {found}")
    array = _as_array(content[key], key, path)
    if array.dtype.kind not in _NUMBERS or array.ndim < 2:
        raise ConfigError(
            f"{path}: '{key}' must be numbers with a row for each frame, got {array.dtype} of "
            f"shape {array.shape}"
        )
    if width and array.shape[-1] != width:
        raise ConfigError(f"{path}: '{key}' must have {width} columns, got shape {array.shape}")
    with np.errstate(invalid="ignore"):  # of what is not finite
        return array.astype(np.float64)


def frame_rate(content: Mapping[str, Any], fps: Optional[float], path: Path) -> float:
    """Return frames per second: the file's, else those given.

    Raises:
        ConfigError: neither is there, or it is not above 0.
    """
    found = _as_array(content.get("fps", fps), "fps", path)
    if found.dtype.kind not in _NUMBERS or found.size != 1:
        raise ConfigError(f"{path}: the file does not say its rate ('fps'); give it")
    rate = float(found.reshape(()))
    if not (np.isfinite(rate) and rate > 0.0):
        raise ConfigError(f"{path}: expected a rate above 0 frames per second, got {rate:g}")
    return rate


def joints_of(
    content: Mapping[str, Any], joint_names: Optional[Sequence[str]], columns: int, path: Path
) -> Sequence[str]:
    """Return names of joints: the file's, else those given.

    Args:
        content: of the file.
        joint_names: given ones.
        columns: of the file's joint positions.
        path: of the file, for messages.

    Raises:
        ConfigError: neither is there, or their number is another.
    """
    own = content.get(JOINT_NAMES)
    if own is not None:
        joint_names = [str(name) for name in _as_array(own, JOINT_NAMES, path).reshape(-1)]
    if joint_names is None:
        raise ConfigError(
            f"{path}: the file does not name its joints, {columns} of them; give their names"
        )
    if len(joint_names) != columns:
        raise ConfigError(
            f"{path}: expected positions of {len(joint_names)} joints, as they are named, got "
            f"{columns} columns; give the names of the file's joints in its order"
        )
    return joint_names


def reason(error: Exception) -> str:
    """Return in one line why a file cannot be read."""
    return f"{type(error).__name__}: {printable(str(error))}"


def printable(text: str) -> str:
    """Return a file's text with what would not print, line breaks among them, as its codes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _as_array(value: Any, key: str, path: Path) -> np.ndarray:  # noqa: ANN401 - what a file holds
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ConfigError(
            f"{path}: '{key}' must be an array, got rows unlike each other"
        ) from error
