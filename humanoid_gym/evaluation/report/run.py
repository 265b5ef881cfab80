"""What a report shows of one run, read from its folder."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

from humanoid_gym.evaluation import results
from humanoid_gym.evaluation.history import Curve, History, HistoryReader
from humanoid_gym.evaluation.results import Evaluation
from humanoid_gym.rl.logging.display import duration
from humanoid_gym.rl.logging.report import (
    ENV_STEPS,
    FINISHED,
    FRACTION,
    ITERATION,
    LEARNING,
    LENGTH,
    METRIC,
    RETURN,
    REWARD_TERM,
    SECONDS_LEFT,
    STEPS_PER_SECOND,
    TERMINATION,
)

SECTIONS = {
    "Episodes": (RETURN, LENGTH, METRIC),
    "Ends of episodes": (TERMINATION,),
    "Reward terms": (REWARD_TERM,),
    "Learning": (LEARNING,),
    "Speed and memory": (STEPS_PER_SECOND, "speed/", "memory/", "faults/"),
}
"""Which curves stand under which heading, by the beginning of their names."""
NOT_SHOWN = (ITERATION, ENV_STEPS, FRACTION, SECONDS_LEFT, FINISHED)


@dataclass(frozen=True)
class Picture:
    """A still of the policy at work."""

    seconds: float
    """Time since the beginning of the episode."""
    jpeg: bytes
    """The file's content."""


@dataclass(frozen=True)
class ReportedRun:
    """One run of a report."""

    name: str
    """Unique in the report."""
    folder: Path
    """Where it was read from."""
    settings: Mapping[str, Any]
    """Its configuration."""
    heading: Sequence[str]
    """Versions and command, the comments in its configuration."""
    history: History
    """Its curves."""
    evaluation: Optional[Evaluation] = None
    """Its newest evaluation, if there is one."""
    pictures: Sequence[Picture] = field(default_factory=list)
    """A frame strip."""

    def last(self, name: str) -> float:
        """Return the last value of a curve, NaN if there is none."""
        curve = self.history.get(name)
        return float(curve.values[-1]) if curve is not None else float("nan")

    def summary(self) -> Dict[str, str]:
        """Return what the page says first about the run."""
        returns = self.history.get(RETURN, Curve(np.zeros(0), np.zeros(0))).values
        best = f"{np.nanmax(returns):,.4g}" if np.isfinite(returns).any() else "-"
        seconds = sum(
            float(np.nansum(curve.values))
            for name, curve in self.history.items()
            if name.startswith("speed/") and name != STEPS_PER_SECOND
        )
        return {
            "task": str(self.settings["task_name"]),
            "seed": str(self.settings.get("seed", "-")),
            "environments": str(self.settings.get("num_envs", "-")),
            "iterations": f"{self.last(ITERATION):.0f}",
            "env steps": f"{self.last(ENV_STEPS):,.0f}",
            "time": duration(seconds),
            "last return": f"{self.last(RETURN):,.4g}",
            "best return": best,
            "last length": f"{self.last(LENGTH):,.4g}",
        }


def read_run(folder: Path, settings: Mapping[str, Any], config: Path, name: str) -> ReportedRun:
    """Read a run's curves and its newest evaluation.

    Args:
        folder: of the run.
        settings: its configuration.
        config: the file that was read from; its comments are the run's versions and command.
        name: what the report calls the run.

    Raises:
        ConfigError: there are no curves, or an evaluation is damaged.
    """
    lines = config.read_text(encoding="utf-8").splitlines()
    newest = results.newest(folder)
    return ReportedRun(
        name=name,
        folder=folder,
        settings=settings,
        heading=[line.lstrip("# ") for line in lines if line.startswith("#")],
        history=HistoryReader(folder).read(),
        evaluation=results.read(newest) if newest else None,
    )


def names_of(folders: Sequence[Path]) -> List[str]:
    """Return short names for runs: what follows the times in their folders' names, made unique."""
    plain = [re.sub(r"^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_?", "", f.name) or f.name for f in folders]
    if len(set(plain)) == len(plain):
        return plain
    return [f"{i}: {name}" for i, name in enumerate(plain, 1)]


def flat(settings: Mapping[str, Any], prefix: str = "") -> Dict[str, str]:
    """Return {"train.algorithm.gamma": "0.99", …}."""
    found: Dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            found.update(flat(value, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = str(value)
    return found


def curves_by_section(runs: Sequence[ReportedRun]) -> Dict[str, List[str]]:
    """Return the names of all curves that any of the runs has, under their headings."""
    names = list(dict.fromkeys(name for run in runs for name in run.history))
    sections: Dict[str, List[str]] = {}
    for heading, prefixes in SECTIONS.items():
        fitting = [name for prefix in prefixes for name in names if name.startswith(prefix)]
        chosen = [n for n in dict.fromkeys(fitting) if n not in NOT_SHOWN]
        if chosen:
            sections[heading] = chosen
    return sections
