"""CPU time of the walking task on a plane and on terrains, alternately in this process.

python benchmarks/walking_on_terrain.py [--task humanoid_walk] [--num-envs 256] [--rounds 3]
"""

import argparse
import statistics
import time

import humanoid_gym  # isort: skip (sets up `isaacgym` and OpenMP before torch loads)

import torch
from cases import versions

from humanoid_gym.cli.composing import compose
from humanoid_gym.config import build
from humanoid_gym.tasks.registry import task_class
from humanoid_gym.tasks.vec_task import VecTask

GROUNDS = {
    "plane": ["terrain=flat"],
    "level height field": ["task.terrain.proportions.flat=1"],
    "rough": ["terrain=rough"],
    "mixed": ["terrain=mixed"],
    "mixed, no height scan": ["terrain=mixed", "task.terrain.height_scan.observer=nobody"],
}
"""What is compared, and its settings."""


def make(task: str, overrides: list[str], num_envs: int) -> VecTask:
    """Environments on one thread, so that CPU time is what the work takes."""
    settings = compose([f"task={task}", "+task.sim.num_threads=1", *overrides]).settings["task"]
    cls = task_class(task)
    made = cls(build(cls.config_class, {**settings, "num_envs": num_envs}, "task"))
    made.reset()
    return made


def main() -> None:
    """Construct, step, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default="humanoid_walk")
    parser.add_argument("--num-envs", type=int, default=256)
    parser.add_argument("--steps", type=int, default=30, help="control steps per alternation")
    parser.add_argument("--rounds", type=int, default=3, help="alternations")
    args = parser.parse_args()
    torch.set_num_threads(1)
    tasks = {name: make(args.task, list(keys), args.num_envs) for name, keys in GROUNDS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(args.rounds + 1):
        for name, task in tasks.items():
            start = time.process_time()
            for _ in range(args.steps):
                task.step(0.2 * torch.randn(args.num_envs, task.num_actions))
            seconds[name].append((time.process_time() - start) / args.steps / args.num_envs)
    print(f"humanoid_gym {humanoid_gym.__version__}, {versions()}")
    print(f"{args.task}, {args.num_envs} environments: CPU time per control step of 20 ms [us]")
    for name, values in seconds.items():
        print(f"  {name:24} {1e6 * statistics.median(values[1:]):6.0f}")


if __name__ == "__main__":
    main()
