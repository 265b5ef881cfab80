"""Learning curves of runs as CSV and picture, from their TensorBoard events.

    python benchmarks/learning_curve.py runs/humanoid/2026-01-31_12-00-00 docs/curves/humanoid
    python benchmarks/learning_curve.py ours=sweep_out/ours_seed1/curve.csv … docs/curves/compared

writes docs/curves/humanoid.csv and humanoid.png; of several runs docs/curves/compared_1.csv
and so on, and one picture over env steps. A run is a folder or such a CSV file; those with the same
NAME= before them are drawn alike.
"""

import argparse
import csv
import itertools
import math
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

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
    "terrain_level": "metric/terrain_level",
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
    "terrain_level": "level of the terrain",
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


def read_csv(path: Path) -> Dict[str, List[float]]:
    """Columns of a curve that `write_csv` wrote."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0] if name != "iteration"}


def write_plot(
    curves: Sequence[Tuple[str, Dict[str, List[float]]]], path: Path, title: str
) -> None:
    """Draw return, length and speed: of one run over minutes, of several over env steps.

    Args:
        curves: label and columns of each; equal labels get one colour and one entry of the legend.
        path: of the picture.
        title: above it.
    """
    over, unit = ("minutes", 1.0) if len(curves) == 1 else ("env_steps", 1e6)
    names = [name for name in PLOTTED if all(name in curve for _, curve in curves)]
    labels = list(dict.fromkeys(label for label, _ in curves))
    figure, axes = plt.subplots(1, len(names), figsize=(4 * len(names), 3), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        for index, (label, curve) in enumerate(curves):
            repeated = label in [other for other, _ in curves[:index]]
            axis.plot(
                [value / unit for value in curve[over]],
                curve[name],
                linewidth=1.2,
                color=f"C{labels.index(label)}",
                label=None if repeated else label,
            )
        axis.set_xlabel("minutes" if over == "minutes" else "million env steps")
        axis.set_title(PLOTTED[name], fontsize=10)
        axis.grid(alpha=0.3)
    if len(labels) > 1:
        axes[0][0].legend(fontsize=8)
    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="+", metavar="[NAME=]RUN", help="folder or CSV file")
    parser.add_argument("output", type=Path, help="path without extension")
    parser.add_argument("--title", default="")
    args = parser.parse_args()
    args.output.parent.mkdir(parents=True, exist_ok=True)
    curves: List[Tuple[str, Dict[str, List[float]]]] = []
    for number, run in enumerate(args.run, start=1):
        label, _, place = run.rpartition("=")
        curve = read_csv(Path(place)) if place.endswith(".csv") else read_curve(Path(place))
        several = len(args.run) > 1
        name = f"{args.output.name}_{number}.csv" if several else f"{args.output.name}.csv"
        write_csv(curve, args.output.with_name(name))
        curves.append((label or Path(place).name, curve))
        last = {name: f"{values[-1]:.4g}" for name, values in curve.items()}
        print(f"{name}: {len(curve['env_steps'])} iterations, at the end {last}")
    write_plot(curves, args.output.with_suffix(".png"), args.title or curves[0][0])


if __name__ == "__main__":
    main()
