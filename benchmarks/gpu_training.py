"""Training on a GPU: steps per second with milliseconds by part, or time to a goal.

    python benchmarks/gpu_training.py --iterations 30 num_envs=4096 train.runner.horizon=32
    python benchmarks/gpu_training.py --until "return>=5000" --seconds 120
    python benchmarks/gpu_training.py task=humanoid_legs --until "velocity_error<=0.25" "fall<=0.1"

Overrides are those of train.py; without them its defaults count. Everything that train.py does in
an iteration is in the time: collection, update, statistics, TensorBoard, checkpoints. The clock
starts with the first reset; construction and the first iterations, which compile and capture, are
told as well.
"""

import argparse
import itertools
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import humanoid_gym  # isort: skip  # noqa: F401 (sets up `isaacgym` before torch loads)

import torch
from gpu_timing import chosen_device, finish, parser, synchronize, used_mib

from humanoid_gym.cli.making import configuration
from humanoid_gym.cli.training import make_env
from humanoid_gym.rl.interruption import Interruption
from humanoid_gym.rl.logging.report import LENGTH, RETURN
from humanoid_gym.rl.runner import Runner

WARM_UP = 3
"""Iterations that compile and capture."""
METRICS = ("forward_speed", "velocity_error", "fall")
"""Of the tasks, told along with return and length; means over the last episodes."""


class Goal(NamedTuple):
    """A bound that the mean of the last episodes is to reach."""

    name: str
    at_least: bool
    bound: float

    def reached(self, point: dict[str, float]) -> bool:
        """Whether this point of the curve is there; not before an episode has ended."""
        value = point.get(self.name)
        if value is None:
            return False
        return value >= self.bound if self.at_least else value <= self.bound


def goal(text: str) -> Goal:
    """Read `name>=value` or `name<=value`."""
    names = ("return", "length", *METRICS)
    found = re.fullmatch(r"(\w+)(>=|<=)(-?\d+\.?\d*(?:e[-+]?\d+)?)", text)
    if not found or found[1] not in names:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected NAME>=VALUE or NAME<=VALUE, NAME one of {', '.join(names)}"
        )
    return Goal(found[1], found[2] == ">=", float(found[3]))


class Training:
    """A run of train.py, iteration by iteration.

    Args:
        overrides: of its command line.
        device: of everything.
        folder: for its files.
    """

    def __init__(self, overrides: list[str], device: torch.device, folder: str) -> None:
        start = time.perf_counter()
        self.device = device
        config = configuration(*overrides, f"device={device}")
        self.env = make_env(config)
        mapping = config.to_mapping()
        self.runner = Runner(self.env, config.train, folder, config.launch.seed, mapping)
        self.samples = self.env.num_envs * config.train.runner.horizon
        self.settings = {
            "envs": self.env.num_envs,
            "horizon": config.train.runner.horizon,
            "epochs": config.train.algorithm.num_epochs,
            "minibatches": config.train.algorithm.num_minibatches,
        }
        self.construction = time.perf_counter() - start

    def iteration(self, interruption: Interruption) -> tuple[dict[str, float], dict[str, float]]:
        """One iteration; seconds by part, and the report."""
        runner, times = self.runner, [time.perf_counter()]

        def lap() -> None:
            synchronize(self.device)
            times.append(time.perf_counter())

        runner.collect(interruption)
        lap()
        losses = runner.update() if runner.accept_rollout() else {}
        lap()
        report = runner.finish_iteration(losses)
        runner.log.write(report)
        runner.saver.save_due(report)
        lap()
        parts = ("collection", "update", "report")
        taken = [later - earlier for earlier, later in itertools.pairwise(times)]
        return dict(zip(parts, taken, strict=True)), report


def rate(training: Training, iterations: int) -> dict[str, Any]:
    """Medians over iterations; over those that were done, if it is told to stop before.

    Raises:
        SystemExit: none was measured by then.
    """
    laps: list[dict[str, float]] = []
    with Interruption() as interruption, training.runner.log:
        training.runner.begin()
        start, warm_up = time.perf_counter(), 0.0
        for index in range(WARM_UP + iterations):
            lap = training.iteration(interruption)[0]
            if interruption.requested:
                break  # the rollout may have ended early
            if index < WARM_UP:
                warm_up = time.perf_counter() - start
            else:
                laps.append(lap)
    if not laps:
        raise SystemExit("stopped before the first iteration that counts")
    medians = {f"{part}_ms": 1e3 * statistics.median(lap[part] for lap in laps) for part in laps[0]}
    total = statistics.median(sum(lap.values()) for lap in laps)
    return {
        **training.settings,
        "iterations": len(laps),
        "env_steps_per_s": training.samples / total,
        "collection_env_steps_per_s": 1e3 * training.samples / medians["collection_ms"],
        **medians,
        "first_iterations_s": warm_up,
        "construction_s": training.construction,
        "gpu_memory_mib": used_mib(training.device),
    }


def until(training: Training, goals: list[Goal], cap: float) -> dict[str, Any]:
    """Train until every goal is reached at once, or the time is over.

    Raises:
        SystemExit: it was told to stop before the first iteration was done.
    """
    curve: list[dict[str, float]] = []
    names = {"return": RETURN, "length": LENGTH, **{name: f"metric/{name}" for name in METRICS}}
    reached = None
    with Interruption() as interruption, training.runner.log:
        start = time.perf_counter()
        training.runner.begin()
        while reached is None:
            report = training.iteration(interruption)[1]
            if interruption.requested:
                break  # the rollout may have ended early
            now = time.perf_counter() - start
            steps = training.runner.iteration * training.samples
            point = {"seconds": now, "env_steps": steps}
            curve.append(point | {k: report[v] for k, v in names.items() if v in report})
            if all(goal.reached(curve[-1]) for goal in goals):
                reached = curve[-1]
            if now > cap:
                break
    if not curve:
        raise SystemExit("stopped before the first iteration was done")
    best = max(curve, key=lambda point: point.get("return", 0.0))
    last = curve[-1]
    return {
        **training.settings,
        "wanted": {g.name: f"{'>=' if g.at_least else '<='} {g.bound:g}" for g in goals},
        "reached": reached,
        "best": best,
        "last": last,
        "env_steps_per_s": last["env_steps"] / last["seconds"],
        "first_iteration_s": curve[0]["seconds"],
        "construction_s": training.construction,
        "curve": curve[:: max(1, len(curve) // 60)],
    }


def command_line(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; the task is the humanoid, unless the overrides name one."""
    arguments = parser(Path(__file__).stem + ": training on a GPU")
    arguments.add_argument("--iterations", type=int, default=30, help="that are measured")
    arguments.add_argument(
        "--until", type=goal, nargs="+", metavar="NAME>=VALUE", help="train until all of them hold"
    )
    arguments.add_argument("--seconds", type=float, default=120.0, help="that this may take")
    arguments.add_argument("overrides", nargs="*", metavar="key=value")
    args = arguments.parse_intermixed_args(given)
    if not any(override.startswith("task=") for override in args.overrides):
        args.overrides.insert(0, "task=humanoid")
    return args


def main() -> None:
    """Measure what the command line asks for."""
    args = command_line()
    device = chosen_device(args.device)
    with tempfile.TemporaryDirectory() as folder:
        training = Training(args.overrides, device, folder)
        if args.until is None:
            result = rate(training, args.iterations)
        else:
            result = until(training, args.until, args.seconds)
        training.env.close()
    finish(result, args.out)


if __name__ == "__main__":
    main()
