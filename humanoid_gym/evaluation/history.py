"""What a run has logged so far, from its TensorBoard events or its JSON lines."""

import json
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.rl.logging import jsonl_sink
from humanoid_gym.rl.logging.report import ENV_STEPS

EVENTS = "events.out.tfevents.*"


class Curve(NamedTuple):
    """One logged quantity, an entry for each iteration that logged it."""

    steps: np.ndarray
    """Environment steps."""
    values: np.ndarray
    """Its values; NaN and infinity as they were logged."""


History = Dict[str, Curve]
"""Curves by the names under which they are logged."""


def log_files(run: Path) -> List[Path]:
    """Return the files of a run that its curves can be read from, none if there are none."""
    lines = run / jsonl_sink.FILE_NAME
    return [lines] if lines.is_file() else sorted(run.glob(EVENTS))


class HistoryReader:
    """Reads a run's curves, and what has been added since when asked again."""

    def __init__(self, run: Path) -> None:
        """Find the logs; nothing is read yet.

        Args:
            run: folder of the run.

        Raises:
            ConfigError: it is no folder, or there is nothing to read in it.
        """
        if not run.is_dir():
            raise ConfigError(f"run {run}: no such folder")
        if not log_files(run):
            raise ConfigError(
                f"run {run}: neither {EVENTS} nor {jsonl_sink.FILE_NAME} in it; expected a folder "
                "such as runs/<task>/<time>, logged with the sink tensorboard or jsonl"
            )
        self._run = run
        self._events = None

    def read(self) -> History:
        """Return all that was logged so far.

        Raises:
            ConfigError: a file of the log is damaged.
        """
        path = self._run / jsonl_sink.FILE_NAME
        points = _json_lines(path) if path.is_file() else self._event_points()
        collected: Dict[str, Dict[float, float]] = {}
        for name, step, value in points:
            # of a step that was logged twice, before and after a continuation, the last counts
            collected.setdefault(name, {})[step] = value
        return {name: _curve(values) for name, values in collected.items()}

    def last_change(self) -> float:
        """Return when the newest of the files was written to [s since the epoch]."""
        return max(path.stat().st_mtime for path in log_files(self._run))

    def _event_points(self) -> Iterator[Tuple[str, float, float]]:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        if self._events is None:
            self._events = EventAccumulator(str(self._run), size_guidance={"scalars": 0})
        self._events.Reload()
        for name in self._events.Tags()["scalars"]:
            for event in self._events.Scalars(name):
                yield name, event.step, event.value


def _json_lines(path: Path) -> Iterator[Tuple[str, float, float]]:
    with path.open(encoding="utf-8", errors="replace") as file:  # what is no text is no JSON
        for number, line in enumerate(file, 1):
            if not line.endswith("\n"):
                return  # it is being written
            try:
                report = {name: float(value) for name, value in json.loads(line).items()}
                step = report[ENV_STEPS]
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ConfigError(f"{path}: line {number} is not a report of ours") from error
            for name, value in report.items():
                yield name, step, value


def _curve(values: Dict[float, float]) -> Curve:
    steps = sorted(values)
    return Curve(np.array(steps), np.array([values[step] for step in steps]))
