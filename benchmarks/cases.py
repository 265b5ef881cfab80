"""What the benchmarks share: tasks as the command line builds them, and versions for reports."""

import dataclasses
import platform
from importlib.metadata import version
from pathlib import Path

import yaml

from humanoid_gym.config import build
from humanoid_gym.tasks.registry import task_class
from humanoid_gym.tasks.vec_task import VecTask

ROOT = Path(__file__).resolve().parents[1]


def make_task(
    name: str, num_envs: int, num_threads: int = 0, seed: int = 0, device: str = "cpu"
) -> VecTask:
    """A task with the settings of cfg/task/<name>.yaml."""
    settings = yaml.safe_load((ROOT / f"cfg/task/{name}.yaml").read_text())
    cls = task_class(name)
    config = build(cls.config_class, {**settings, "num_envs": num_envs, "seed": seed}, "task")
    sim = dataclasses.replace(config.sim, num_threads=num_threads)
    return cls(dataclasses.replace(config, sim=sim), device)


def versions() -> str:
    """Versions that a result belongs to."""
    names = ("torch", "mujoco", "numpy")
    listed = ", ".join(f"{name} {version(name)}" for name in names)
    return f"Python {platform.python_version()}, {listed}, {platform.machine()}"
