"""When checkpoints are written, and what happens where they cannot be."""

import logging
import math
import time
from pathlib import Path
from typing import Callable

from humanoid_gym.rl import distributed
from humanoid_gym.rl.checkpoint import Checkpoint, remove_leftovers, save_checkpoint
from humanoid_gym.rl.logging.report import FINISHED, ITERATION, RETURN, Report
from humanoid_gym.rl.train_config import RunnerConfig

FOLDER = "checkpoints"
"""Subfolder of a run that holds them."""
LAST = "last.pt"
BEST = "best.pt"
RETRY_SECONDS = 30.0
"""Time after which a write that failed is tried again."""

_log = logging.getLogger(__name__)


class SavingError(OSError):
    """A checkpoint could not be written, and the training may not go on without it."""


class Saver:
    """Keeps last.pt, best.pt and iteration_000123.pt of a run.

    Every file is whole at any time (see `save_checkpoint`). A write that fails leaves the earlier
    file as it was, is counted and warned about, and is tried again later.
    """

    def __init__(
        self,
        directory: Path,
        config: RunnerConfig,
        content: Callable[[], Checkpoint],
        window: int,
        writes: bool = True,
    ) -> None:
        """Prepare to save; nothing is written yet.

        Args:
            directory: folder of the run.
            config: intervals, and what to do about failures.
            content: returns what a checkpoint holds.
            window: finished episodes that a mean return must come from to be the best.
            writes: False: count and compare, but leave the disk alone, apart from the file in
                which a process other than the first keeps its own environments.
        """
        self.folder = directory / FOLDER
        self.best_return = -math.inf
        """Mean return of the episodes before best.pt was written."""
        self.failures = 0
        """Writes that failed."""
        self._config = config
        self._content = content
        self._window = window
        self._writes = writes
        self._overdue = False
        self._next_try = 0.0

    def begin(self) -> None:
        """Remove what a killed process left half written."""
        if self._writes:
            remove_leftovers(self.folder)

    def save_due(self, report: Report) -> None:
        """Write what the iteration just finished makes due.

        Args:
            report: of that iteration.

        Raises:
            SavingError: writing failed, and the configuration says to stop then.
        """
        iteration = int(report[ITERATION])
        if iteration % self._config.save_interval == 0:
            self._overdue = not self._attempt(LAST)  # first: the last free space is for this
            self._attempt(f"iteration_{iteration:06d}.pt")
        elif self._overdue and time.monotonic() >= self._next_try:
            self._overdue = not self._attempt(LAST)
        self._save_best(iteration, report)

    def _save_best(self, iteration: int, report: Report) -> None:
        interval = self._config.best_interval
        due = interval > 0 and iteration % interval == 0
        enough = report[FINISHED] >= self._window
        if due and enough and report[RETURN] > self.best_return:
            before, self.best_return = self.best_return, report[RETURN]
            if not self._attempt(BEST):
                self.best_return = before

    def forget_best(self) -> None:
        """Let the best begin anew, since what returns count is not what it was."""
        self.best_return = -math.inf

    def save(self, name: str) -> Path:
        """Write a checkpoint.

        Args:
            name: of the file.

        Returns:
            The file's path.

        Raises:
            SavingError: it cannot be written.
        """
        rank = distributed.rank()
        path = distributed.rank_file(self.folder / name, rank)
        if self._writes or (rank > 0 and name == LAST):
            try:
                save_checkpoint(path, self._content())
            except OSError as error:
                self.failures += 1
                raise SavingError(f"cannot write {path}: {_reason(error)}") from error
        return path

    def _attempt(self, name: str) -> bool:
        """Write a checkpoint if that is possible; return whether it was."""
        try:
            self.save(name)
        except SavingError as error:
            if self._config.on_write_error == "stop":
                raise
            self._next_try = time.monotonic() + RETRY_SECONDS
            _log.warning(
                "%s (%d failed so far); training goes on, next try in %.0f s",
                *(error, self.failures, RETRY_SECONDS),
            )
            return False
        return True


def _reason(error: OSError) -> str:
    return error.strerror or " ".join(str(error).split()) or type(error).__name__
