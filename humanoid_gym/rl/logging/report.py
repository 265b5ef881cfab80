"""What an iteration measured, and the names under which it is logged."""

from typing import Dict

ITERATION = "progress/iteration"
ENV_STEPS = "progress/env_steps"
SECONDS_LEFT = "progress/seconds_left"
FRACTION = "progress/fraction"
STEPS_PER_SECOND = "speed/env_steps_per_second"
RETURN = "episode/return"
LENGTH = "episode/length"
FINISHED = "episode/finished"
REWARD_TERM = "reward_term/"
METRIC = "metric/"
TERMINATION = "termination/"
LEARNING = "learning/"

Report = Dict[str, float]
"""What an iteration measured, by the name under which it is logged."""
