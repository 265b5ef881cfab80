"""Settings of the walking task for tests, as cfg/task/humanoid_walk.yaml has them."""

from pathlib import Path

import yaml

from humanoid_gym.config import build
from humanoid_gym.tasks.walking.config import WalkConfig

REPOSITORY = Path(__file__).resolve().parents[1]


def settings(name: str) -> dict:
    """A file of cfg/."""
    return yaml.safe_load((REPOSITORY / f"cfg/{name}.yaml").read_text())


SETTINGS = settings("task/humanoid_walk")
LEGS = "resources/urdf/humanoid24/humanoid24_legs.urdf"
N = 8
"""Environments."""


def config(**changes: object) -> WalkConfig:
    return build(WalkConfig, {**SETTINGS, "num_envs": N, "seed": 1, **changes}, "task")


def commands(**changes: object) -> dict:
    return {**SETTINGS["commands"], **changes}
