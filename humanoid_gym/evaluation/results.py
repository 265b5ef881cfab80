"""What an evaluation found, as JSON and CSV, and back from JSON."""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

from humanoid_gym.config import ConfigError
from humanoid_gym.evaluation.intervals import LEVEL, RESAMPLES, Interval
from humanoid_gym.evaluation.metrics import metric

FORMAT, VERSION = "humanoid_gym.evaluation", 1
JSON_NAME, CSV_NAME = "evaluation.json", "evaluation.csv"
FOLDER = "evaluation"
"""Folder inside a run's that evaluations go to, each in one of its own named by its time."""
CONFIDENCE = {
    "level": LEVEL,
    "means": f"percentile bootstrap over episodes, {RESAMPLES} resamples",
    "survival": "Wilson's score interval",
}
"""How intervals were made, for the files."""


@dataclass(frozen=True)
class CellResult:
    """What the episodes of one cell came to."""

    name: str
    """Of the cell."""
    parameters: Dict[str, float]
    """Its coordinates in the scenario."""
    episodes: int
    """How many were played."""
    faults: int
    """How often a simulation became unstable and was reset."""
    metrics: Dict[str, Interval]
    """Mean with confidence interval of each metric."""


@dataclass(frozen=True)
class ScenarioResult:
    """What the cells of one scenario came to."""

    name: str
    """Of the scenario."""
    description: str
    """One line."""
    reason: str
    """Why the scenario does not apply to the task; empty if it does."""
    cells: Tuple[CellResult, ...]
    """Empty if it does not apply."""


@dataclass(frozen=True)
class Evaluation:
    """A policy's evaluation, whole."""

    about: Dict[str, Any]
    """Checkpoint, task, seed, versions, time: what it takes to know what was judged, and how."""
    scenarios: Tuple[ScenarioResult, ...]
    """In the order in which they are reported."""


def to_mapping(evaluation: Evaluation) -> Dict[str, Any]:
    """Return plain data for JSON; numbers that do not exist become None."""
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "about": evaluation.about,
        "confidence": CONFIDENCE,
        "scenarios": [
            {
                "name": scenario.name,
                "description": scenario.description,
                "does_not_apply": scenario.reason or None,
                "cells": [_cell_to_mapping(cell) for cell in scenario.cells],
            }
            for scenario in evaluation.scenarios
        ],
    }


def write(evaluation: Evaluation, folder: Path) -> List[Path]:
    """Write JSON and CSV into a folder, which is created.

    Returns:
        The files.

    Raises:
        OSError: they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    as_json, as_csv = folder / JSON_NAME, folder / CSV_NAME
    as_json.write_text(json.dumps(to_mapping(evaluation), indent=1) + "\n", encoding="utf-8")
    with as_csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["scenario", "cell", "parameters", "episodes", "metric", "unit", "mean", "low", "high"]
        )
        writer.writerows(_csv_rows(evaluation))
    return [as_json, as_csv]


def read(path: Path) -> Evaluation:
    """Read what `write` wrote.

    Raises:
        ConfigError: the file is not one of ours, of a newer version, or damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable as JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ConfigError(f"{path}: not an evaluation of humanoid_gym")
    version = content.get("format_version")
    if not isinstance(version, int) or version > VERSION:
        raise ConfigError(
            f"{path}: format version {version!r}, this program reads up to {VERSION}; "
            "update humanoid_gym"
        )
    try:
        return _from_mapping(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path}: damaged, evaluate the policy again: {error!r}") from error


def newest(run: Path) -> Optional[Path]:
    """Return the newest evaluation in a run's folder, None if there is none."""
    found = (run / FOLDER).glob(f"*/{JSON_NAME}")
    return max(found, key=lambda path: path.parent.name, default=None)


def _cell_to_mapping(cell: CellResult) -> Dict[str, Any]:
    return {
        "name": cell.name,
        "parameters": cell.parameters,
        "episodes": cell.episodes,
        "faults": cell.faults,
        "metrics": {
            name: {**{k: _plain(v) for k, v in value._asdict().items()}, "unit": metric(name).unit}
            for name, value in cell.metrics.items()
        },
    }


def _from_mapping(content: Mapping[str, Any]) -> Evaluation:
    scenarios = tuple(
        ScenarioResult(
            name=entry["name"],
            description=entry["description"],
            reason=entry["does_not_apply"] or "",
            cells=tuple(_cell_from_mapping(cell) for cell in entry["cells"]),
        )
        for entry in content["scenarios"]
    )
    return Evaluation(content["about"], scenarios)


def _cell_from_mapping(entry: Mapping[str, Any]) -> CellResult:
    metrics = {
        name: Interval(*(_number(value[part]) for part in Interval._fields))
        for name, value in entry["metrics"].items()
    }
    return CellResult(
        entry["name"], entry["parameters"], entry["episodes"], entry["faults"], metrics
    )


def _csv_rows(evaluation: Evaluation) -> List[List[Any]]:
    return [
        [
            *(scenario.name, cell.name),
            "; ".join(f"{name} = {value:g}" for name, value in cell.parameters.items()),
            *(cell.episodes, name, metric(name).unit),
            *("" if math.isnan(number) else repr(number) for number in interval),
        ]
        for scenario in evaluation.scenarios
        for cell in scenario.cells
        for name, interval in cell.metrics.items()
    ]


def _plain(value: float) -> Optional[float]:
    return value if math.isfinite(value) else None


def _number(value: Optional[float]) -> float:
    return math.nan if value is None else float(value)
