"""The plots of a report, by matplotlib: small as SVG, and made without a network or a display."""

import io
import math
import re
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from humanoid_gym.evaluation.history import Curve
from humanoid_gym.evaluation.intervals import Interval
from humanoid_gym.evaluation.metrics import RETURN, SURVIVAL, metric
from humanoid_gym.evaluation.report.run import ReportedRun
from humanoid_gym.evaluation.results import CellResult, ScenarioResult
from humanoid_gym.evaluation.tables import label, title
from humanoid_gym.extras import require

Figure = Any  # matplotlib's; an optional package

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's, which the colour-blind can tell apart."""
MOST_POINTS = 400
"""Of a curve as drawn."""
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "humanoid_gym",  # the same figure gives the same file
    "font.family": "sans-serif",
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
}
ARC_PIECES = 24
"""Straight lines that a sector of a robustness map is bounded by."""
DIRECTION, STRENGTH = "direction [deg]", "speed [m/s]"
"""Coordinates of the cells that a robustness map shows."""


class Plot(NamedTuple):
    """A figure on the page."""

    name: str
    """Of its file."""
    title: str
    """What it shows, for those who do not see it."""
    svg: str
    """The file's content."""
    png: bytes
    """The same; empty unless asked for."""


class Plotter:
    """Makes plots of runs, each run in a colour of its own."""

    def __init__(self, runs: Sequence[ReportedRun], smoothing: float, png: bool = False) -> None:
        """Prepare to plot.

        Args:
            runs: to compare.
            smoothing: weight of the past in the moving average of curves, as in TensorBoard.
            png: render a PNG of each plot, too.

        Raises:
            ConfigError: matplotlib is not installed.
        """
        require("matplotlib", "report")
        require("matplotlib.backends.backend_agg", "report")
        self._figure = require("matplotlib.figure", "report").Figure
        self._style = require("matplotlib.style", "report").context
        self._runs, self._smoothing, self._png = runs, smoothing, png
        self._color = {run.name: COLORS[i % len(COLORS)] for i, run in enumerate(runs)}

    def curve(self, name: str) -> Plot:
        """Plot one logged quantity of all runs over environment steps, raw and smoothed."""
        with self._style(STYLE):
            figure = self._figure(figsize=(3.5, 2.2), layout="constrained")
            axes = figure.subplots()
            for run in self._runs:
                if name in run.history:
                    steps, values = thinned(run.history[name])
                    line = smoothed(values, self._smoothing)
                    color = self._color[run.name]
                    axes.plot(steps / 1e6, values, color=color, alpha=0.25, linewidth=0.8)
                    axes.plot(steps / 1e6, line, color=color, linewidth=1.5, label=run.name)
            axes.set_title(label(name.split("/", 1)[1]), fontsize=9)
            axes.set_xlabel("million env steps")
            if len(self._runs) > 1:
                axes.legend(fontsize=6, frameon=False)
            return self._plot(figure, name, f"{name} over environment steps")

    def intervals(self, names: Sequence[str]) -> Optional[Plot]:
        """Plot means with their confidence intervals: a row for each cell, a column per metric.

        Returns:
            None if no run was evaluated.
        """
        rows = self._rows()
        if not rows:
            return None
        height = 0.6 + 0.21 * len(rows)
        with self._style({**STYLE, "axes.grid.axis": "x"}):
            figure = self._figure(figsize=(2.2 + 1.3 * len(names), height), layout="constrained")
            columns = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
            for axes, name in zip(columns, names):
                self._interval_column(axes, name, rows)
            columns[0].set_yticks(range(len(rows)), rows)
            columns[0].set_ylim(len(rows) - 0.4, -0.6)
            if len(self._runs) > 1:
                columns[0].legend(fontsize=6, loc="best")
            return self._plot(figure, "intervals", "means and 95 % confidence intervals by cell")

    def maps(self) -> List[Plot]:
        """Plot survival and return over push direction and strength, for each evaluated run."""
        found = []
        for run in self._runs:
            for scenario in run.evaluation.scenarios if run.evaluation else ():
                known = [{DIRECTION, STRENGTH} <= set(cell.parameters) for cell in scenario.cells]
                if known and all(known):
                    found.append(self._map(run, scenario))
        return found

    def _rows(self) -> List[str]:
        """Titles of all cells that any run has, in their order."""
        titles = [
            title(scenario, cell)
            for run in self._runs
            for scenario in (run.evaluation.scenarios if run.evaluation else ())
            for cell in scenario.cells
        ]
        return list(dict.fromkeys(titles))

    def _interval_column(self, axes: Any, name: str, rows: Sequence[str]) -> None:  # noqa: ANN401
        evaluated = [run for run in self._runs if run.evaluation]
        for i, run in enumerate(evaluated):
            shift = 0.5 * (i - 0.5 * (len(evaluated) - 1)) / len(evaluated)
            places, found = _cells(run, name, rows)
            if not found:
                continue
            mean, low, high = np.array(found).T
            axes.errorbar(
                *(mean, np.array(places) + shift),
                xerr=np.maximum([mean - low, high - mean], 0.0),
                fmt="o",
                markersize=3,
                linewidth=1,
                color=self._color[run.name],
                label=run.name,
            )
        unit = metric(name).unit
        axes.set_title(label(name) + (f" [{unit}]" if unit not in ("", "1") else ""), fontsize=8)
        if name == SURVIVAL:
            axes.set_xlim(-0.04, 1.04)

    def _map(self, run: ReportedRun, scenario: ScenarioResult) -> Plot:
        with self._style({**STYLE, "axes.grid": False}):
            figure = self._figure(figsize=(7.2, 3.4), layout="constrained")
            shown = (SURVIVAL, RETURN)
            for axes, name in zip(figure.subplots(1, 2, subplot_kw={"polar": True}), shown):
                _polar(figure, axes, scenario.cells, name)
            figure.suptitle(f"{run.name}: {scenario.description}", fontsize=9)
            return self._plot(
                figure,
                f"map {scenario.name} {run.name}",
                f"robustness of {run.name} over the direction and strength of pushes",
            )

    def _plot(self, figure: Figure, name: str, text: str) -> Plot:
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
        if self._png:
            figure.savefig(png, format="png", dpi=150)
        return Plot(re.sub(r"[^\w.-]+", "_", name), text, svg.getvalue(), png.getvalue())


def thinned(curve: Curve) -> Tuple[np.ndarray, np.ndarray]:
    """Return a curve with means in place of neighbouring points where it has too many."""
    parts = min(MOST_POINTS, len(curve.values))
    steps, values = (np.array_split(part, parts) for part in (curve.steps, curve.values))
    return np.array([part[-1] for part in steps]), np.array([_mean(part) for part in values])


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Return the exponential moving average, without a bias towards its beginning.

    Args:
        values: NaN leaves the average as it is.
        weight: of the past, in [0, 1).
    """
    out, total, norm = np.empty(len(values)), 0.0, 0.0
    for i, value in enumerate(values):
        if math.isfinite(value):
            total, norm = weight * total + (1.0 - weight) * value, weight * norm + 1.0 - weight
        out[i] = total / norm if norm > 0.0 else math.nan
    return out


def grid(cells: Sequence[CellResult], name: str) -> Tuple[List[float], List[float], np.ndarray]:
    """Return the means of cells by direction and strength.

    Returns:
        Directions [deg], strengths [m/s], both ascending, and means of shape (strengths,
        directions); NaN where there is no cell.
    """
    directions = sorted({cell.parameters[DIRECTION] % 360.0 for cell in cells})
    strengths = sorted({cell.parameters[STRENGTH] for cell in cells})
    means = np.full((len(strengths), len(directions)), math.nan)
    for cell in cells:
        row = strengths.index(cell.parameters[STRENGTH])
        column = directions.index(cell.parameters[DIRECTION] % 360.0)
        means[row, column] = cell.metrics[name].mean
    return directions, strengths, means


def write_png(plots: Sequence[Plot], folder: Path) -> None:
    """Write the plots' PNG files; the folder is created."""
    folder.mkdir(parents=True, exist_ok=True)
    for plot in plots:
        (folder / f"{plot.name}.png").write_bytes(plot.png)


def _polar(figure: Figure, axes: Any, cells: Sequence[CellResult], name: str) -> None:  # noqa: ANN401
    """Draw a sector for each cell: the push's direction around, its strength outwards."""
    directions, strengths, means = grid(cells, name)
    width = 2.0 * math.pi / len(directions)
    edges = np.radians(directions[0]) - 0.5 * width + width * np.arange(len(directions) + 1)
    rings = np.arange(len(strengths) + 1) + 0.5
    top = 1.0 if name == SURVIVAL else max(float(np.nanmax(means)), 1e-9)
    arcs = np.linspace(edges[0], edges[-1], ARC_PIECES * len(directions) + 1)
    fine = np.repeat(means, ARC_PIECES, axis=1)  # a sector's edge is drawn straight, so many do
    mesh = axes.pcolormesh(
        *(arcs, rings, fine), cmap="viridis", vmin=0.0, vmax=top, edgecolors="face", linewidth=0.3
    )
    figure.colorbar(mesh, ax=axes, shrink=0.7, pad=0.12)
    for (row, column), mean in np.ndenumerate(means):
        text = f"{100 * mean:.0f} %" if name == SURVIVAL else f"{mean:,.0f}"
        dark = mean < 0.6 * top
        place = (edges[column] + 0.5 * width, row + 1.0)
        axes.text(*place, text, ha="center", va="center", color="w" if dark else "k", fontsize=6)
    axes.set_theta_zero_location("N")  # the robot looks up the page, its left is left
    axes.set_xticks(np.radians(directions), [_heading(direction) for direction in directions])
    axes.set_yticks(np.arange(1, len(strengths) + 1), [f"{s:g} m/s" for s in strengths], fontsize=6)
    axes.set_rlabel_position(0.5 * math.degrees(width))  # between the numbers
    axes.set_ylim(0.0, len(strengths) + 0.5)
    axes.set_title(name, fontsize=9)


def _heading(direction: float) -> str:
    names: Dict[float, str] = {0.0: "forward", 90.0: "left", 180.0: "back", 270.0: "right"}
    return names.get(direction, f"{direction:g}°")


def _cells(run: ReportedRun, name: str, rows: Sequence[str]) -> Tuple[List[int], List[Interval]]:
    """Places and intervals of a run's cells that have this metric."""
    places, found = [], []
    for scenario in run.evaluation.scenarios if run.evaluation else ():
        for cell in scenario.cells:
            interval = cell.metrics.get(name)
            if interval is not None and math.isfinite(interval.mean):
                places.append(rows.index(title(scenario, cell)))
                found.append(interval)
    return places, found


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan
