"""Settings of the tracking task for tests, as cfg/task/humanoid_tracking.yaml has them."""

from walking_settings import LEGS, settings

from humanoid_gym.config import build
from humanoid_gym.tasks.tracking.config import TrackingConfig

SETTINGS = settings("task/humanoid_tracking")
N = 6
"""Environments."""
LEG_BODIES = ["pelvis", "left_shin", "left_foot", "right_shin", "right_foot"]
ON_LEGS = {"asset": LEGS, "bodies": LEG_BODIES, "limb_ends": ["left_foot", "right_foot"]}
"""The robot without arms."""
GREET = "resources/motions/humanoid24/greet.csv"
STILL = {"reset_position_noise": 0.0, "reset_velocity_noise": 0.0}


def motion(**changes: object) -> dict:
    """Settings of what is tracked: one motion unless they say otherwise."""
    return {**SETTINGS["motion"], "files": [GREET], **changes}


def config(**changes: object) -> TrackingConfig:
    return build(TrackingConfig, {**SETTINGS, "num_envs": N, "seed": 1, **changes}, "task")
