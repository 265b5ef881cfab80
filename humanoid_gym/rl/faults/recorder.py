"""Writes down what went wrong, and decides whether the training goes on."""

import logging
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from humanoid_gym.rl.checkpoint import Checkpoint, save_checkpoint

FOLDER = "faults"
"""Subfolder of a run that holds the files."""
MAX_FILES = 5
"""Files that one session writes at most."""
MAX_CONSECUTIVE = 10
"""Iterations in a row with a fault, after which training ends even if it may continue."""
ROLLOUT, UPDATE = "rollout", "update"

_log = logging.getLogger(__name__)


class NonFiniteError(ArithmeticError):
    """The environment or the losses produced a NaN or infinite value; one line says which.

    `path` is the file that replays it, or None if it could not be written.
    """

    def __init__(self, message: str, path: Optional[Path]) -> None:
        super().__init__(message)
        self.path = path


class FaultRecorder:
    """Counts the iterations that held a NaN and keeps the first few of them as files."""

    def __init__(
        self,
        directory: Path,
        settings: Mapping[str, Any],
        goes_on: bool,
        writes: bool = True,
    ) -> None:
        """Prepare to record; nothing is written yet.

        Args:
            directory: folder of the run.
            settings: the run's whole configuration, kept in the files.
            goes_on: whether training continues after a fault.
            writes: False: leave the disk alone.
        """
        self.count = 0
        """Iterations with a fault in this session."""
        self._folder = directory / FOLDER
        self._settings = dict(settings)
        self._goes_on = goes_on
        self._writes = writes
        self._files = 0
        self._last = -MAX_CONSECUTIVE
        self._consecutive = 0

    def record(self, kind: str, iteration: int, what: str, content: Dict[str, Any]) -> None:
        """Write a fault down; return if training goes on.

        Args:
            kind: ROLLOUT or UPDATE.
            iteration: that it happened in, from 1.
            what: where the value arose, for the message.
            content: what `replay` needs.

        Raises:
            NonFiniteError: training must stop.
        """
        if iteration != self._last:  # a rollout and its update may both have one
            self.count += 1
            self._consecutive = self._consecutive + 1 if iteration == self._last + 1 else 1
            self._last = iteration
        head = {"kind": kind, "iteration": iteration, "what": what, "config": self._settings}
        path = self._write(f"iteration_{iteration:06d}_{kind}.pt", {**head, **content})
        message = f"iteration {iteration}: NaN or infinite {what}"
        if path is not None:
            message += f"; {path} replays it"
        if not self._goes_on:
            raise NonFiniteError(message, path)
        if self._consecutive >= MAX_CONSECUTIVE:
            raise NonFiniteError(f"{message}; the last {MAX_CONSECUTIVE} all had one", path)
        _log.warning("%s; training goes on without it (%d so far)", message, self.count)

    def _write(self, name: str, content: Checkpoint) -> Optional[Path]:
        if not self._writes or self._files >= MAX_FILES:
            return None
        self._files += 1
        try:
            return save_checkpoint(self._folder / name, content)
        except OSError as error:
            _log.warning("cannot write %s: %s", self._folder / name, error.strerror or error)
            return None
