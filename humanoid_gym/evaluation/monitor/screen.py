"""A training as one screen of text: progress, what a trainer watches, and what is wrong."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from humanoid_gym.evaluation.history import History
from humanoid_gym.evaluation.monitor.rules import DIVERGES, STALLS, Finding, smoothed
from humanoid_gym.evaluation.tables import number
from humanoid_gym.rl.logging.display import duration
from humanoid_gym.rl.logging.report import (
    ENV_STEPS,
    FRACTION,
    ITERATION,
    LEARNING,
    LENGTH,
    METRIC,
    RETURN,
    SECONDS_LEFT,
    STEPS_PER_SECOND,
    TERMINATION,
)

WATCHED: Dict[str, str] = {
    RETURN: "return",
    LENGTH: "episode length [steps]",
    TERMINATION + "time_out": "survival",
    LEARNING + "kl": "KL divergence",
    LEARNING + "std": "action noise",
    LEARNING + "learning_rate": "learning rate",
    LEARNING + "explained_variance": "explained variance",
    "faults/nan_iterations": "NaN iterations",
    STEPS_PER_SECOND: "env steps/s",
}
"""What is shown of every training, by its name in the log; the task's own metrics come after the
survival."""
BARS = "▁▂▃▄▅▆▇█"
_STYLES = {DIVERGES: "bold red", STALLS: "bold yellow"}


class Row(NamedTuple):
    """One quantity of the screen."""

    label: str
    last: float
    average: float
    """Over the last iterations."""
    best: float
    """Largest moving average so far."""
    trend: str
    """The whole curve in a few characters."""


def rows(history: History, window: int) -> List[Row]:
    """Return what is shown of a training's curves.

    Args:
        history: the curves.
        window: iterations of the moving average.
    """
    names = list(WATCHED)
    own = [name for name in history if name.startswith(METRIC)]
    order = names[:3] + own + names[3:]
    labels = {**WATCHED, **{name: name[len(METRIC) :].replace("_", " ") for name in own}}
    return [_row(labels[name], history[name].values, window) for name in order if name in history]


def sparkline(values: np.ndarray, width: int = 30) -> str:
    """Return a curve as bars, the mean of each stretch of it; NaN and infinity leave a gap."""
    text = ""
    means = [_mean(part) for part in np.array_split(values, max(min(width, len(values)), 1))]
    finite = [mean for mean in means if np.isfinite(mean)]
    low, span = (min(finite), max(finite) - min(finite)) if finite else (0.0, 0.0)
    for mean in means:
        level = (mean - low) / span if span > 0.0 else 0.0
        text += BARS[int(level * (len(BARS) - 1) + 0.5)] if np.isfinite(mean) else " "
    return text


def screen(
    run: Path,
    history: History,
    findings: Sequence[Finding],
    window: int,
    max_iterations: Optional[int] = None,
) -> RenderableType:
    """Return the whole screen.

    Args:
        run: folder of the run.
        history: its curves.
        findings: what the rules found.
        window: iterations of the moving average.
        max_iterations: where the training ends, if that is known.
    """
    grid = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 3, 0, 0))
    grid.add_column("")
    for heading in ("last", f"mean of {window}", "best mean"):
        grid.add_column(heading, justify="right")
    grid.add_column("trend")
    for row in rows(history, window):
        numbers = (number(value, 4) for value in (row.last, row.average, row.best))
        grid.add_row(Text(row.label), *numbers, row.trend)
    return Group(_heading(run, history, max_iterations), grid, *_verdict(findings))


def _heading(run: Path, history: History, max_iterations: Optional[int]) -> Text:
    last = {name: float(curve.values[-1]) for name, curve in history.items() if len(curve.values)}
    if ITERATION not in last:
        return Text(f"{run}: no iteration yet")
    total = f" of {max_iterations}" if max_iterations else ""
    return Text(
        f"{run}\niteration {last[ITERATION]:.0f}{total}, "
        f"{last.get(ENV_STEPS, 0.0):,.0f} env steps, {100 * last.get(FRACTION, 0.0):.0f} % done, "
        f"{duration(last.get(SECONDS_LEFT, 0.0))} left",
        style="bold",
    )


def _verdict(findings: Sequence[Finding]) -> List[Text]:
    if not findings:
        return [Text("healthy", style="green")]
    return [
        Text(f"{f.severity}: {f.rule}: {f.reason}", style=_STYLES.get(f.severity, "magenta"))
        for f in findings
    ]


def _row(label: str, values: np.ndarray, window: int) -> Row:
    average = smoothed(values, window)
    best = float(np.fmax.reduce(average))  # NaN only where there is nothing else
    return Row(label, float(values[-1]), float(average[-1]), best, sparkline(values))


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
