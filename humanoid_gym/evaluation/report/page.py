"""The page itself: everything that it shows is inside of it."""

import base64
import math
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from humanoid_gym.evaluation.intervals import NOTHING, over_seeds
from humanoid_gym.evaluation.metrics import SURVIVAL
from humanoid_gym.evaluation.report.figures import Plot, Plotter
from humanoid_gym.evaluation.report.run import ReportedRun, curves_by_section, flat
from humanoid_gym.evaluation.results import CellResult
from humanoid_gym.evaluation.tables import formatted, label, number, shown_metrics, title
from humanoid_gym.extras import require

TEMPLATE = Path(__file__).with_name("page.html.j2")
ABSENT = "-"
NAMING = {"seed", "experiment", "checkpoint"}
"""Settings that do not make another training of a run."""


class Page(NamedTuple):
    """A page and the plots on it."""

    html: str
    plots: List[Plot]


def make_page(
    runs: Sequence[ReportedRun],
    smoothing: float,
    png: bool = False,
    video: Optional[bytes] = None,
) -> Page:
    """Make the page of one or several runs.

    Args:
        runs: in the order in which they are shown.
        smoothing: of the curves, in [0, 1).
        png: render the plots as PNG, too.
        video: content of an .mp4 file to show.

    Raises:
        ConfigError: matplotlib or Jinja2 is not installed.
    """
    plotter = Plotter(runs, smoothing, png)
    sections = {
        heading: [plotter.curve(name) for name in names]
        for heading, names in curves_by_section(runs).items()
    }
    evaluated = [run for run in runs if run.evaluation]
    names = shown_metrics(evaluated[0].evaluation) if evaluated and evaluated[0].evaluation else []
    intervals, maps = plotter.intervals(names) if names else None, plotter.maps()
    environment = require("jinja2", "report").Environment(autoescape=True, trim_blocks=True)
    environment.filters["data_uri"] = data_uri
    html = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        runs=runs,
        summaries=[run.summary() for run in runs],
        sections=sections,
        intervals=intervals,
        maps=maps,
        tables=[_table(run) for run in evaluated],
        differences=differences(runs),
        seeds=_seeds_table(evaluated, names) if differ_by_seed_alone(evaluated) else None,
        settings=[flat(run.settings) for run in runs],
        video=video,
        smoothing=smoothing,
    )
    plots = [plot for group in sections.values() for plot in group]
    return Page(html, [*plots, *([intervals] if intervals else []), *maps])


def differences(runs: Sequence[ReportedRun]) -> Dict[str, List[str]]:
    """Return the settings that are not the same in all runs, by key, a value for each run.

    A setting that says nothing (None, an empty list) is like one that a run does not have.
    """
    settings = [flat(run.settings) for run in runs]
    keys = list(dict.fromkeys(key for entry in settings for key in entry))
    values = {key: [said(entry.get(key, ABSENT)) for entry in settings] for key in keys}
    return {key: row for key, row in values.items() if len(set(row)) > 1}


def said(value: str) -> str:
    """Return a setting's text, or a dash if it says nothing."""
    return ABSENT if value in ("None", "[]", "{}", "") else value


def differ_by_seed_alone(runs: Sequence[ReportedRun]) -> bool:
    """Return whether runs are the same training but for the seed, so that they can be averaged."""
    return len(runs) > 1 and "seed" in differences(runs) and set(differences(runs)) <= NAMING


def data_uri(content: Any, kind: str) -> str:  # noqa: ANN401 (text or bytes)
    """Return a file's content as an address that holds all of it.

    Args:
        content: text or bytes.
        kind: MIME type, for instance "image/svg+xml".
    """
    raw = content.encode("utf-8") if isinstance(content, str) else content
    return f"data:{kind};base64,{base64.b64encode(raw).decode('ascii')}"


def _seeds_table(runs: Sequence[ReportedRun], names: Sequence[str]) -> Dict[str, Any]:
    """Means over runs of each cell that all of them played, as texts: headings and rows."""
    by_run = [
        {
            title(scenario, cell): cell
            for scenario in run.evaluation.scenarios
            for cell in scenario.cells
        }
        for run in runs
        if run.evaluation
    ]
    shared = [name for name in by_run[0] if all(name in cells for cells in by_run)]
    rows = [
        [name, *(_over_seeds([cells[name] for cells in by_run], metric) for metric in names)]
        for name in shared
    ]
    return {"count": len(by_run), "headings": [label(name) for name in names], "rows": rows}


def _over_seeds(cells: Sequence[CellResult], name: str) -> str:
    """A metric's mean over runs and half its interval's width; of survival in percent."""
    factor, unit = (100.0, " %") if name == SURVIVAL else (1.0, "")
    mean, low, high = over_seeds([factor * cell.metrics.get(name, NOTHING).mean for cell in cells])
    if math.isnan(mean):
        return "-"
    return f"{number(mean)}{unit} ± {number(0.5 * (high - low), 2)}"


def _table(run: ReportedRun) -> Dict[str, Any]:
    """A run's evaluation as texts: headings and rows."""
    evaluation = run.evaluation
    assert evaluation is not None, "only evaluated runs have a table"
    names = list(
        dict.fromkeys(n for s in evaluation.scenarios for cell in s.cells for n in cell.metrics)
    )
    rows = [
        [title(scenario, cell), *(formatted(n, cell.metrics.get(n, NOTHING)) for n in names)]
        for scenario in evaluation.scenarios
        for cell in scenario.cells
    ]
    skipped = [f"{s.name}: {s.reason}" for s in evaluation.scenarios if s.reason]
    episodes = {cell.episodes for s in evaluation.scenarios for cell in s.cells}
    return {
        "run": run,
        "about": evaluation.about,
        "episodes": ", ".join(str(count) for count in sorted(episodes)),
        "headings": [label(name) for name in names],
        "rows": rows,
        "skipped": skipped,
    }
