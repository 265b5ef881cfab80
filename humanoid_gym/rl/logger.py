"""Training progress: TensorBoard events and a live display."""

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Dict, Optional, Type

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from torch.utils.tensorboard import SummaryWriter

from humanoid_gym.rl.episode_statistics import LENGTH, METRIC, RETURN

ITERATION = "progress/iteration"
ENV_STEPS = "progress/env_steps"
SECONDS_LEFT = "progress/seconds_left"
FRACTION = "progress/fraction"
STEPS_PER_SECOND = "speed/env_steps_per_second"

Report = Dict[str, float]
"""What an iteration measured, by the name under which it is logged."""


class ProgressLogger:
    """Writes each iteration's report to TensorBoard and shows its gist.

    On a terminal the display is updated in place; elsewhere a line is printed every
    `line_interval` seconds, so that files do not fill with escape codes. Use it as a context.
    """

    def __init__(
        self, directory: Path, line_interval: float = 10.0, console: Optional[Console] = None
    ) -> None:
        """Prepare to log; nothing is written before the context is entered.

        Args:
            directory: folder of the event file.
            line_interval: seconds between lines where there is no terminal.
            console: where the display goes; standard output by default.
        """
        self._directory = directory
        self._line_interval = line_interval
        self._console = console or Console(file=sys.stdout)
        self._next_line = 0.0
        self._writer: Optional[SummaryWriter] = None
        self._live: Optional[Live] = None
        self._bar = Progress(
            TextColumn("iteration {task.completed:.0f} of {task.total:.0f}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]} left"),
        )
        self._bar_task = self._bar.add_task("", total=1, left="?")

    def __enter__(self) -> "ProgressLogger":
        """Open the event file and the display."""
        self._writer = SummaryWriter(str(self._directory))
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4, transient=False)
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Close both, whatever happened."""
        if self._live is not None:
            self._live.__exit__(kind, error, traceback)
            self._live = None
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def log(self, report: Report, max_iterations: int) -> None:
        """Record one iteration.

        Args:
            report: what it measured.
            max_iterations: where the training ends, for the display.
        """
        if self._writer is not None:
            for name, value in report.items():
                self._writer.add_scalar(name, value, int(report[ENV_STEPS]))
        if self._live is not None:
            self._live.update(self._render(report, max_iterations))
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + self._line_interval
            line = progress_line(report, max_iterations)
            self._console.print(line, soft_wrap=True, highlight=False, markup=False)

    def _render(self, report: Report, max_iterations: int) -> Table:
        self._bar.update(
            self._bar_task,
            completed=report[ITERATION],
            total=max_iterations,
            left=duration(report[SECONDS_LEFT]),
        )
        numbers = Table.grid(padding=(0, 3))
        for label, value in _gist(report).items():
            numbers.add_row(label, value)
        screen = Table.grid()
        screen.add_row(self._bar)
        screen.add_row(numbers)
        return screen


def progress_line(report: Report, max_iterations: int) -> str:
    """Return an iteration's gist as one line of plain text."""
    gist = ", ".join(f"{label} {value}" for label, value in _gist(report).items())
    left = duration(report[SECONDS_LEFT])
    return f"iteration {report[ITERATION]:.0f}/{max_iterations}: {gist}, {left} left"


def duration(seconds: float) -> str:
    """Return a duration as h:mm:ss, for instance "0:29:05"."""
    minutes, second = divmod(max(int(seconds), 0), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"


def _gist(report: Report) -> Dict[str, str]:
    shown = {RETURN: "return", LENGTH: "length"}
    shown.update(
        {name: name[len(METRIC) :].replace("_", " ") for name in report if name.startswith(METRIC)}
    )
    gist = {label: f"{report[name]:.4g}" for name, label in shown.items() if name in report}
    gist["env steps"] = f"{report[ENV_STEPS]:,.0f}"
    gist["env steps/s"] = f"{report[STEPS_PER_SECOND]:,.0f}"
    return gist
