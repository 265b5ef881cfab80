"""Trains several settings one after the other, resumably, and tabulates them at equal env steps.

    python benchmarks/sweep.py benchmarks/sweep_humanoid_cpu.yaml --out sweep_out    # or go on
    python benchmarks/sweep.py benchmarks/sweep_humanoid_cpu.yaml --out sweep_out --table
    python benchmarks/sweep.py benchmarks/sweep_humanoid_cpu.yaml --out sweep_out --speed 12

Each run has its own folder, OUT/<setting>_seed<N>/, with the program's output (log.txt), its run
folders and, once it is finished, its learning curve (curve.csv); a finished run is never repeated.
An interrupted one goes on from its last checkpoint. OUT/table.csv holds every setting at equal
numbers of env steps. Wall-clock time on a shared machine means little: `--speed` measures env
steps/s apart, a few iterations of every setting in turn, for a quiet machine.

The YAML file names the program and the overrides of each setting::

    env_steps: 3.0e+6            # of each run
    table_at: [1.0e+6, 3.0e+6]   # rows of the table
    shown: [return, length]      # columns of the table, of learning_curve.py's; may be left out
    seeds: [42]                  # of every setting without its own `seeds`
    common: [task=humanoid]      # overrides of every setting; first, so that a setting's own win
    settings:
      small: {overrides: [num_envs=256, train.runner.horizon=16], seeds: [1, 2], program: train.py}
      smaller: {like: small, overrides: [num_envs=128]}
"""

import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import yaml
from learning_curve import read_curves, write_csv

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("return", "length", "forward_speed")
"""Columns of the table, unless the file names its own."""


@dataclass(frozen=True)
class Run:
    """One training of one setting."""

    setting: str
    seed: int
    program: str
    overrides: Tuple[str, ...]
    max_iterations: int
    folder: Path

    @property
    def curve(self) -> Path:
        """The learning curve; there once the run is finished."""
        return self.folder / "curve.csv"

    def command(self) -> List[str]:
        """Return the command line that starts the run, or continues it."""
        checkpoint = newest_checkpoint(self.folder)
        return [
            sys.executable,
            str(ROOT / self.program),
            *self.overrides,
            f"seed={self.seed}",
            f"max_iterations={self.max_iterations}",
            *([f"checkpoint={checkpoint}"] if checkpoint else []),
        ]


def read_runs(path: Path, out: Path) -> List[Run]:
    """List the runs of a file, seed by seed, so that every setting has one seed first."""
    sweep = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings: Dict[str, Dict[str, Any]] = sweep["settings"]
    seeds = {name: s.get("seeds", sweep["seeds"]) for name, s in settings.items()}
    rounds = max(len(numbers) for numbers in seeds.values())
    return [
        _run(sweep, name, seeds[name][k], out)
        for k in range(rounds)
        for name in settings
        if k < len(seeds[name])
    ]


def _overrides(settings: Mapping[str, Any], name: str) -> List[str]:
    """Return a setting's overrides, after those of the setting that it is `like`."""
    own = settings[name]
    before = _overrides(settings, own["like"]) if "like" in own else []
    return [*before, *own["overrides"]]


def _run(sweep: Mapping[str, Any], name: str, seed: int, out: Path) -> Run:
    setting = sweep["settings"][name]
    overrides = [*sweep.get("common", []), *_overrides(sweep["settings"], name)]
    chosen = dict(override.split("=", 1) for override in overrides)
    samples = int(chosen["num_envs"]) * int(chosen["train.runner.horizon"])
    return Run(
        setting=name,
        seed=seed,
        program=setting.get("program", "train.py"),
        overrides=tuple(f"{key}={value}" for key, value in chosen.items()),
        max_iterations=-(-int(float(setting.get("env_steps", sweep["env_steps"]))) // samples),
        folder=out / f"{name}_seed{seed}",
    )


def newest_checkpoint(folder: Path) -> Optional[Path]:
    """Return the last checkpoint of an interrupted run, if it wrote any."""
    found = folder.glob("runs/*/*/checkpoints/last.pt")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def execute(run: Run) -> bool:
    """Run to the end in a subprocess and write the learning curve; return whether it got there."""
    run.folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    path = run.folder / "log.txt"
    if not path.is_file() or "finished after" not in path.read_text(encoding="utf-8"):
        with path.open("a", encoding="utf-8") as log:
            code = subprocess.call(
                run.command(), cwd=run.folder, env=environment, stdout=log, stderr=log
            )
        if code != 0:
            print(f"{run.folder.name}: exit code {code}, see {path}", flush=True)
            return False
    if not run.curve.is_file():  # programs other than train.py may write their own
        write_csv(read_curves(sorted(run.folder.glob("runs/*/*/"))), run.curve)
    return True


def at_steps(
    curve: Path, env_steps: float, shown: Sequence[str] = SHOWN
) -> Optional[Dict[str, float]]:
    """Return the curve's row at `env_steps`, or None if it ends before.

    Values are means over the ten rows that end there: one row is the mean of 100 episodes.
    """
    with curve.open(newline="") as file:
        rows = [{k: float(v) for k, v in row.items() if v != "nan"} for row in csv.DictReader(file)]
    reached = [i for i, row in enumerate(rows) if row["env_steps"] >= env_steps]
    if not reached:
        return None
    near = rows[max(reached[0] - 9, 0) : reached[0] + 1]
    return {
        name: statistics.fmean(row[name] for row in near if name in row)
        for name in shown
        if any(name in row for row in near)
    }


def table(
    runs: Sequence[Run], points: Sequence[float], shown: Sequence[str] = SHOWN
) -> Iterator[List[str]]:
    """Yield a heading and one row per finished run and number of env steps."""
    yield ["setting", "seed", "env_steps", *shown]
    for run in runs:
        for point in points if run.curve.is_file() else ():
            row = at_steps(run.curve, point, shown)
            if row is not None:
                values = [f"{row[name]:.4g}" if name in row else "" for name in shown]
                yield [run.setting, str(run.seed), f"{point:.0f}", *values]


def show_table(
    runs: Sequence[Run], points: Sequence[float], out: Path, shown: Sequence[str] = SHOWN
) -> None:
    """Print the table and write it to OUT/table.csv."""
    rows = list(table(runs, points, shown))
    out.mkdir(parents=True, exist_ok=True)
    with (out / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    for row in rows:
        print("  ".join(cell.rjust(14) for cell in row), flush=True)


def measure_speed(runs: Sequence[Run], iterations: int, out: Path) -> None:
    """Print env steps/s of each setting: the median iteration of a short run, twice in turn."""
    first = {run.setting: run for run in reversed(runs) if run.program == "train.py"}
    for _ in range(2):
        for name, run in sorted(first.items()):
            short = Run(
                name,
                run.seed,
                run.program,
                tuple(o for o in run.overrides if "num_threads" not in o),
                iterations,
                out / "speed" / name,
            )
            shutil.rmtree(short.folder, ignore_errors=True)
            if execute(short):
                newest = max(short.folder.glob("runs/*/*/"), key=lambda path: path.name)
                rates = read_curves([newest])["env_steps_per_second"][1:]
                print(f"{name:>20} {statistics.median(rates):8.0f} env steps/s", flush=True)


def main() -> None:
    """Run what is not finished, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sweep", type=Path, help="YAML file of settings")
    parser.add_argument("--out", type=Path, required=True, help="folder of all results")
    parser.add_argument("--only", nargs="*", default=[], help="names of settings to run")
    parser.add_argument("--table", action="store_true", help="print the table and stop")
    parser.add_argument("--speed", type=int, default=0, metavar="ITERATIONS")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    runs = read_runs(arguments.sweep, out)
    wanted = [run for run in runs if not arguments.only or run.setting in arguments.only]
    sweep = yaml.safe_load(arguments.sweep.read_text(encoding="utf-8"))
    if arguments.speed:
        measure_speed(wanted, arguments.speed, out)
        return
    for run in wanted if not arguments.table else []:
        if not run.curve.is_file():
            print(f"{run.folder.name}: {' '.join(run.command()[1:])}", flush=True)
            execute(run)
    points = [float(point) for point in sweep["table_at"]]
    show_table(runs, points, out, sweep.get("shown", SHOWN))


if __name__ == "__main__":
    main()
