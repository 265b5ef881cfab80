"""Files of recorded (observation, action) pairs, to warm-start a policy from."""

import contextlib
import os
import zipfile
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Union

import numpy as np
import torch
from torch import Tensor

FORMAT_VERSION = 1
"""Raised whenever an older program could not read what is written."""
SUFFIX = ".npz"

Act = Callable[[Tensor], Tensor]
"""From observations (N, num_obs) to actions (N, num_actions)."""


class DemonstrationError(ValueError):
    """A file of demonstrations that cannot be used; the message is one line that says why."""


class Demonstrations(NamedTuple):
    """What a policy did, M times."""

    observations: Tensor
    """As the task gave them, not normalized. Shape (M, num_obs), float32, on the CPU."""
    actions: Tensor
    """As the task was given them, not clipped. Shape (M, num_actions), float32, on the CPU."""
    task: str
    """Name of the task; '' if the file does not say."""


class Recorder:
    """Writes down what a policy sees and does."""

    def __init__(self, path: Path, task: str) -> None:
        """Look whether the file can be written; nothing is, yet.

        Args:
            path: file to write or replace in the end, `.npz`.
            task: name of the task.

        Raises:
            DemonstrationError: another suffix, or a folder that does not exist.
        """
        if path.suffix != SUFFIX:
            raise DemonstrationError(f"recording {path}: expected a name ending in {SUFFIX}")
        if not path.parent.is_dir():
            raise DemonstrationError(f"recording {path}: there is no folder {path.parent}")
        self.path = path
        self._task = task
        self._observations: List[Tensor] = []
        self._actions: List[Tensor] = []

    def watching(self, act: Act) -> Act:
        """Return a policy that acts like `act` and is written down."""

        def watched(obs: Tensor) -> Tensor:
            actions = act(obs)
            self._observations.append(obs.detach().to("cpu", copy=True))
            self._actions.append(actions.detach().to("cpu", copy=True))
            return actions

        return watched

    def save(self) -> int:
        """Write the file, so that it is whole or as it was, and return the number of pairs.

        Raises:
            OSError: the file cannot be written.
        """
        observations = torch.cat(self._observations).float().numpy()
        actions = torch.cat(self._actions).float().numpy()
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        try:
            with open(partial, "wb") as file:
                np.savez(
                    file,
                    observations=observations,
                    actions=actions,
                    task=np.array(self._task),
                    format_version=np.array(FORMAT_VERSION),
                )
            os.replace(partial, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise
        return len(observations)


def load_demonstrations(
    path: Union[str, Path], num_obs: int, num_actions: int, task: Optional[str] = None
) -> Demonstrations:
    """Read a file of demonstrations, without executing anything, and check it.

    Args:
        path: of `Recorder`, or any .npz with arrays "observations" and "actions" of equal length.
        num_obs: width of the observation that is expected.
        num_actions: width of the action that is expected.
        task: name of the task that is expected, unless the file names none; None: any.

    Raises:
        DemonstrationError: the file is missing, unreadable, of other sizes or another task, or
            holds NaN or infinite numbers.
    """
    arrays = _read(Path(path))
    recorded = str(arrays["task"]) if "task" in arrays else ""
    if task and recorded and recorded != task:
        raise DemonstrationError(
            f"demonstrations {path} are of task={recorded}, this run has task={task}"
        )
    found = Demonstrations(
        _matrix(arrays, "observations", num_obs, path),
        _matrix(arrays, "actions", num_actions, path),
        recorded,
    )
    if len(found.observations) != len(found.actions):
        raise DemonstrationError(
            f"demonstrations {path}: {len(found.observations)} observations, but "
            f"{len(found.actions)} actions"
        )
    return found


def _read(path: Path) -> Dict[str, np.ndarray]:
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise DemonstrationError(f"demonstrations {path}: the file {what}")
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("one array, not an archive of arrays")
            arrays = {str(name): archive[name] for name in archive}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise DemonstrationError(
            f"demonstrations {path} cannot be read: damaged, or not a {SUFFIX} file of plain "
            f"arrays ({path.stat().st_size} bytes); make one with play.py --record"
        ) from error
    version = int(arrays.get("format_version", np.array(FORMAT_VERSION)))
    if version > FORMAT_VERSION:
        raise DemonstrationError(
            f"demonstrations {path} have format version {version}, this program reads up to "
            f"{FORMAT_VERSION}; update humanoid_gym"
        )
    return arrays


def _matrix(arrays: Dict[str, np.ndarray], name: str, width: int, path: Union[str, Path]) -> Tensor:
    if name not in arrays:
        raise DemonstrationError(
            f"demonstrations {path}: no array '{name}' (found: {', '.join(arrays) or 'nothing'})"
        )
    array = arrays[name]
    if array.ndim != 2 or array.shape[1] != width or not len(array):
        raise DemonstrationError(
            f"demonstrations {path}: '{name}' has shape {array.shape}, this task needs "
            f"(number of pairs, {width})"
        )
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise DemonstrationError(
            f"demonstrations {path}: '{name}' ({array.dtype}) must be finite numbers"
        )
    return torch.from_numpy(array.astype(np.float32))
