"""The learning curve of a run as CSV and picture, from its TensorBoard events.

    python benchmarks/learning_curve.py runs/humanoid/2026-01-31_12-00-00 docs/curves/humanoid

writes docs/curves/humanoid.csv and docs/curves/humanoid.png.
"""

import argparse
import csv
import itertools
import math
from pathlib import Path
from typing import Dict, List, Sequence

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

COLUMNS = {
    "env_steps": "progress/env_steps",
    "return": "episode/return",
    "length": "episode/length",
    "forward_speed": "metric/forward_speed",
    "velocity_error": "metric/velocity_error",
    "fall": "metric/fall",
    "env_steps_per_second": "speed/env_steps_per_second",
    "kl": "learning/kl",
    "learning_rate": "learning/learning_rate",
    "std": "learning/std",
    "value_loss": "learning/value",
}
"""Column of the CSV -> tag of the events; a tag that a task does not log is left out."""

PLOTTED = {
    "return": "episode return",
    "length": "episode length",
    "forward_speed": "forward speed [m/s]",
    "velocity_error": "error of the commanded velocity [m/s]",
    "fall": "falls per episode",
}


def read_curve(run: Path) -> Dict[str, List[float]]:
    """Columns of the curve, one row per iteration, with `minutes` of training added."""
    events = EventAccumulator(str(run), size_guidance={"scalars": 0})
    events.Reload()
    tags = set(events.Tags()["scalars"])
    if COLUMNS["env_steps"] not in tags:
        return {name: [] for name in ("minutes", "env_steps")}
    known = {name: tag for name, tag in COLUMNS.items() if tag in tags}
    by_step = {n: {e.step: e.value for e in events.Scalars(t)} for n, t in known.items()}
    # what needs a finished episode may begin later than the rest
    steps = list(by_step["env_steps"])
    curve = {n: [values.get(step, math.nan) for step in steps] for n, values in by_step.items()}
    # every iteration has as many steps as the next; a continued run does not begin at step 0
    rates = curve["env_steps_per_second"]
    per_iteration = steps[1] - steps[0] if len(steps) > 1 else steps[0]
    minutes = list(itertools.accumulate(per_iteration / rate / 60 for rate in rates))
    return {"minutes": minutes, **curve}


def read_curves(runs: Sequence[Path]) -> Dict[str, List[float]]:
    """Join the curves of a run and of those that continued it, oldest first.

    Where two overlap, the later one counts: it began at a checkpoint before the earlier one's end.
    """
    joined: Dict[str, List[float]] = {}
    for run in runs:
        curve = read_curve(run)
        if not curve["env_steps"]:
            continue
        begin = curve["env_steps"][0]
        kept = sum(steps < begin for steps in joined.get("env_steps", []))
        before = joined["minutes"][kept - 1] if kept else 0.0
        curve["minutes"] = [before + minutes for minutes in curve["minutes"]]
        joined = {name: joined.get(name, [])[:kept] + values for name, values in curve.items()}
    return joined


def write_csv(curve: Dict[str, List[float]], path: Path) -> None:
    """One row per iteration."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["iteration", *curve])
        for iteration, row in enumerate(zip(*curve.values(), strict=True), start=1):
            writer.writerow([iteration, *(f"{value:.6g}" for value in row)])


def write_plot(curve: Dict[str, List[float]], path: Path, title: str) -> None:
    """Return, length and speed over minutes of training."""
    names = [name for name in PLOTTED if name in curve]
    figure, axes = plt.subplots(1, len(names), figsize=(4 * len(names), 3), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        axis.plot(curve["minutes"], curve[name], linewidth=1.2)
        axis.set_xlabel("minutes")
        axis.set_title(PLOTTED[name], fontsize=10)
        axis.grid(alpha=0.3)
    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("output", type=Path, help="path without extension")
    parser.add_argument("--title", default="")
    args = parser.parse_args()
    args.output.parent.mkdir(parents=True, exist_ok=True)
    curve = read_curve(args.run)
    write_csv(curve, args.output.with_suffix(".csv"))
    write_plot(curve, args.output.with_suffix(".png"), args.title or args.run.name)
    last = {name: f"{values[-1]:.4g}" for name, values in curve.items()}
    print(f"{len(curve['minutes'])} iterations, at the end {last}")


if __name__ == "__main__":
    main()
