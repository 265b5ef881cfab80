"""An evaluation as a table on the terminal."""

from typing import List

from rich.console import Group, RenderableType
from rich.table import Table

from humanoid_gym.evaluation.intervals import Interval
from humanoid_gym.evaluation.metrics import FROM_TASK, SURVIVAL, metric
from humanoid_gym.evaluation.results import CellResult, Evaluation, ScenarioResult

SHOWN = (
    "return", "survival", "speed", "tilt", "cost_of_transport", "torque_margin", "joint_margin",
)  # fmt: skip
"""Columns of the table besides tracking errors; files and reports have all metrics."""
WIDTH = 190
"""Of the table where there is no terminal [characters]."""


def shown_metrics(evaluation: Evaluation) -> List[str]:
    """Return the metrics that fit on a terminal, those that were measured."""
    cells = [cell for scenario in evaluation.scenarios for cell in scenario.cells]
    measured = list(cells[0].metrics) if cells else []
    errors = [name for name in measured if name.startswith(FROM_TASK) and "error" in name]
    own = [name for name in SHOWN if name in measured]
    return own[:3] + errors + own[3:]


def formatted(name: str, interval: Interval) -> str:
    """Return a mean with its interval as text: half its width, or its ends where it is a rate."""
    if interval.mean != interval.mean:  # NaN
        return "-"
    if name == SURVIVAL:
        mean, low, high = (100.0 * value for value in interval)
        return f"{mean:.3g} % ({low:.0f}-{high:.0f})"
    half = 0.5 * (interval.high - interval.low)
    return f"{number(interval.mean)} ± {number(half, 2)}"


def number(value: float, digits: int = 3) -> str:
    """Return a number as text with so many significant digits, without an exponent if large."""
    return f"{value:,.0f}" if abs(value) >= 10.0**digits else f"{value:.{digits}g}"


def label(name: str) -> str:
    """Return a metric's name as a heading."""
    plain = name[len(FROM_TASK) :] if name.startswith(FROM_TASK) else name
    return plain.replace("_", " ")


def heading(name: str) -> str:
    """Return a metric's name with its unit, if it has one."""
    unit = metric(name).unit
    return label(name) if unit in ("", "1") else rf"{label(name)} \[{unit}]"  # rich's escape


def title(scenario: ScenarioResult, cell: CellResult) -> str:
    """Return a cell's name with its scenario's, unless they are the same."""
    return cell.name if cell.name.startswith(scenario.name) else f"{scenario.name} {cell.name}"


def table(evaluation: Evaluation) -> RenderableType:
    """Return the whole evaluation, a row for each cell."""
    names = shown_metrics(evaluation)
    grid = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column("scenario", no_wrap=True)
    for name in names:
        grid.add_column(heading(name), justify="right")
    for scenario in evaluation.scenarios:
        for cell in scenario.cells:
            texts = (formatted(name, cell.metrics[name]) for name in names)
            grid.add_row(title(scenario, cell), *texts)
    notes = [f"{s.name}: not played, {s.reason}" for s in evaluation.scenarios if s.reason]
    faults = sum(cell.faults for s in evaluation.scenarios for cell in s.cells)
    if faults:
        notes.append(f"{faults} times a simulation became unstable and was reset")
    return Group(grid, *notes)
