"""Robots on several legs for the walking task, and their settings."""

import sys
from pathlib import Path

from walking_settings import REPOSITORY, SETTINGS, config

from humanoid_gym.tasks.walking.config import WalkConfig

sys.path.insert(0, str(REPOSITORY / "benchmarks"))

from legged_robot import FOOT, ROWS, legged_robot

LEGGED = {
    "motors": {"*": {"peak_torque": 60.0, "peak_speed": 20.0, "reflected_inertia": 0.02}},
    "default_pose": {"*_thigh": 0.6, "*_shank": -1.2},
    "pose_weights": {"*_hip": 1.0},
    "natural_frequencies": {},
    "standing_height": 0.443,  # 2 * 0.25 cos 0.6 + 0.03
    "sole_depth": FOOT,
    "least_height": 0.2,
    "rewards": {**SETTINGS["rewards"], "feet_flat": 0.0, "feet_yaw": 0.0},
}


def feet_of(rows: int) -> list[str]:
    """The left foot, the right foot, from the front to the back."""
    return [f"{side}{row}_foot" for row in ROWS[rows] for side in "LR"]


def legged_asset(folder: Path, rows: int = 2) -> str:
    path = folder / f"legged_{rows}.urdf"
    path.write_text(legged_robot(rows))
    return str(path)


def legged(folder: Path, rows: int = 2, **changes: object) -> WalkConfig:
    settings = {"asset": legged_asset(folder, rows), "feet": feet_of(rows), **LEGGED, **changes}
    return config(**settings)


def gait(*offsets: float, **changes: object) -> dict:
    return {**SETTINGS["gait"], "offsets": list(offsets), **changes}
