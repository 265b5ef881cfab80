"""Which numbers are looked for, in which ranges: those of a task's randomization."""

from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.randomization.configuration import Chosen, RandomizationConfig
from humanoid_gym.randomization.properties import Robot
from humanoid_gym.randomization.targets import BODY, JOINT

DELAY = "delay"
IDENTIFIABLE = (
    "link_mass",
    "payload",
    "motor_strength",
    "stiffness",
    "damping",
    "joint_friction",
    "armature",
    DELAY,
)
"""Fields of `RandomizationConfig` that joint trajectories say something of."""


class Parameter(NamedTuple):
    """One unknown number."""

    name: str
    """Field of the randomization; with the part's name behind a dot where each has its own."""
    low: float
    high: float
    field: str
    """Of the randomization."""
    parts: List[int]
    """Rows of the bodies or joints that it concerns; none for the delay."""


def parameters(config: RandomizationConfig, robot: Robot) -> List[Parameter]:
    """Return the unknowns: one for each thing that is randomized, or one for each of its parts.

    Args:
        config: ranges; a draw with `shared: true` is one unknown, otherwise each body or joint has
            its own.
        robot: names of bodies and joints.

    Raises:
        ConfigError: nothing is randomized that could be identified.
    """
    found: List[Parameter] = []
    for chosen in config.chosen():
        if chosen.name in IDENTIFIABLE:
            found += _of(chosen, robot)
    if not found:
        raise ConfigError(
            f"randomization: nothing to identify; give a range to any of {', '.join(IDENTIFIABLE)}"
        )
    return found


def _of(chosen: Chosen, robot: Robot) -> List[Parameter]:
    low, high = chosen.draw.range
    if chosen.name == DELAY:
        return [Parameter(DELAY, low, high, DELAY, [])]
    parts = robot.parts_of(chosen)
    if chosen.target.is_shared(chosen.draw):
        return [Parameter(chosen.name, low, high, chosen.name, parts)]
    names = robot.names[chosen.target.part]
    return [Parameter(f"{chosen.name}.{names[i]}", low, high, chosen.name, [i]) for i in parts]


def property_values(
    unknown: Sequence[Parameter], values: np.ndarray, robot: Robot
) -> Dict[str, Dict[str, np.ndarray]]:
    """Return what a candidate sets, by kind of part and field, each of shape (parts, 1).

    Args:
        unknown: parameters.
        values: of the candidate, shape (P,).
        robot: names of bodies and joints.
    """
    numbers: Dict[str, Dict[str, np.ndarray]] = {BODY: {}, JOINT: {}}
    for parameter, value in zip(unknown, values):
        if parameter.field == DELAY:
            continue
        kind = BODY if parameter.field in ("link_mass", "payload") else JOINT
        count = len(robot.names[kind])
        untouched = {"payload": 0.0, "joint_friction": np.nan}.get(parameter.field, 1.0)
        column = numbers[kind].setdefault(parameter.field, np.full((count, 1), untouched))
        column[parameter.parts] = value
    return numbers
