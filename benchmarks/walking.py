"""What a step of the walking task spends its time on, in CPU time of one thread.

python benchmarks/walking.py [--num-envs 512] [--steps 100] [task=humanoid_walk randomization=full]

Actions are random, so that robots fall and resets have work to do, as at the start of a training.
Each part counts what it does itself: an observation of a new episode is part of the observation.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import humanoid_gym  # isort: skip  # noqa: F401 (sets up `isaacgym` and OpenMP before torch loads)

import torch
from cases import versions

from humanoid_gym.cli.composing import compose
from humanoid_gym.cli.run_config import run_config
from humanoid_gym.tasks.registry import task_class
from humanoid_gym.tasks.vec_task import VecTask

PARTS = {
    "physics": ("_simulate",),
    "commands and targets": ("pre_physics_step",),
    "state": ("refresh_tensors",),
    "observation": ("compute_observations",),
    "reward": ("_compute_rewards", "compute_termination", "compute_termination_causes"),
    "reset": ("_begin_episodes",),
}
"""Methods of the task by what they do."""
RANDOMIZATION = ("between_steps", "before_step", "before_simulate", "reset", "observed", "draws")
"""Methods of the task's `randomization`."""
BAR = ("reward", "reset", "randomization")
"""What shall take less than 15 % of the step together."""


class Stopwatch:
    """Times nested calls, each without what it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._last = time.process_time()

    def watch(self, owner: object, method: str, part: str) -> None:
        """Count the time of a method for a part."""
        function: Callable[..., Any] = getattr(owner, method)

        def timed(*args: Any, **keywords: Any) -> Any:  # noqa: ANN401 (any method)
            self._lap()
            self._running.append(part)
            try:
                return function(*args, **keywords)
            finally:
                self._lap()
                self._running.pop()

        setattr(owner, method, timed)

    def _lap(self) -> None:
        now = time.process_time()
        if self._running:
            self.seconds[self._running[-1]] += now - self._last
        self._last = now


def make(overrides: list[str], num_envs: int) -> VecTask:
    """The task as the command line composes it, on one thread."""
    fixed = [f"num_envs={num_envs}", "device=cpu", "task.sim.num_threads=1"]
    composed = compose(["task=humanoid_legs", *overrides, *fixed])
    config = run_config(composed.task_name, composed.settings, "")
    return task_class(composed.task_name)(config.task)


def measure(task: VecTask, steps: int) -> tuple[dict[str, float], float]:
    """CPU seconds of each part over so many steps, and how many robots fell in each step."""
    generator = torch.Generator().manual_seed(0)
    shape = (task.num_envs, task.num_actions)
    task.reset()
    for _ in range(50):
        task.step(0.5 * torch.randn(shape, generator=generator))
    watch = Stopwatch()
    watch.watch(task, "_advance", "else")
    for part, methods in PARTS.items():
        for method in methods:
            watch.watch(task, method, part)
    randomization = getattr(task, "randomization", None)
    for method in RANDOMIZATION if randomization is not None else ():
        watch.watch(randomization, method, "randomization")
    fallen = 0
    for _ in range(steps):
        fallen += int(task.step(0.5 * torch.randn(shape, generator=generator))[2].sum())
    return watch.seconds, fallen / steps


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-envs", type=int, default=512)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args()
    torch.set_num_threads(1)
    task = make(options.overrides, options.num_envs)
    seconds, fallen = measure(task, options.steps)
    whole, count = sum(seconds.values()), options.steps * options.num_envs
    print(versions())
    print(f"{options.num_envs} robots, {task.num_actions} joints, {fallen:.1f} resets per step")
    print("| part | µs per env step | share |\n|---|--:|--:|")
    for part, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"| {part} | {1e6 * spent / count:.1f} | {100.0 * spent / whole:.1f} % |")
    bar = sum(seconds.get(part, 0.0) for part in BAR)
    print(f"| all | {1e6 * whole / count:.1f} | |")
    print(f"reward, reset and randomization together: {100.0 * bar / whole:.1f} %")


if __name__ == "__main__":
    main()
