"""Training progress on the terminal, or as lines where there is none."""

import os
import signal
import sys
import time
from typing import Dict, Optional

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from humanoid_gym.rl.logging.report import (
    ENV_STEPS,
    ITERATION,
    LENGTH,
    METRIC,
    RETURN,
    SECONDS_LEFT,
    STEPS_PER_SECOND,
    Report,
)


class Display:
    """Shows the gist of each iteration.

    On a terminal the display is updated in place; elsewhere a line is printed every
    `line_interval` seconds, so that files do not fill with escape codes.
    """

    def __init__(
        self,
        max_iterations: int,
        line_interval: float = 10.0,
        console: Optional[Console] = None,
    ) -> None:
        """Prepare to show; nothing is shown before it is opened.

        Args:
            max_iterations: where the training ends.
            line_interval: seconds between lines where there is no terminal.
            console: where the display goes; standard output by default.
        """
        self._max_iterations = max_iterations
        self._line_interval = line_interval
        self._console = console or Console(file=sys.stdout)
        self._next_line = 0.0
        self._live: Optional[Live] = None
        self._bar = Progress(
            TextColumn("iteration {task.completed:.0f} of {task.total:.0f}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]} left"),
        )
        self._bar_task = self._bar.add_task("", total=max_iterations, left="?")

    def open(self) -> None:
        """Begin to show."""
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4, transient=False)
            self._live.__enter__()

    def write(self, report: Report) -> None:
        """Show one iteration."""
        if self._live is not None:
            self._live.update(self._render(report))
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + self._line_interval
            line = progress_line(report, self._max_iterations)
            try:
                self._console.print(line, soft_wrap=True, highlight=False, markup=False)
            except (BrokenPipeError, SystemExit):  # rich turns the one into the other
                stop_without_reader()

    def close(self) -> None:
        """Leave the last state on the screen."""
        live, self._live = self._live, None
        if live is not None:
            live.__exit__(None, None, None)

    def _render(self, report: Report) -> Table:
        self._bar.update(
            self._bar_task, completed=report[ITERATION], left=duration(report[SECONDS_LEFT])
        )
        numbers = Table.grid(padding=(0, 3))
        for label, value in _gist(report).items():
            numbers.add_row(label, value)
        screen = Table.grid()
        screen.add_row(self._bar)
        screen.add_row(numbers)
        return screen


def stop_without_reader() -> None:
    """Ask the training to stop and save, as Ctrl-C does, and write nothing more to the output."""
    discard_output()
    signal.raise_signal(signal.SIGINT)


def discard_output() -> None:
    """Let what is written to the output from now on, and what is still buffered, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
