"""The rows of the table of targets: what a randomized number acts on, and how."""

from dataclasses import dataclass
from typing import Dict, List, Optional

from humanoid_gym.config import nearest
from humanoid_gym.randomization.ranges import CONSTRUCTION, LOG_UNIFORM, RESET, Draw

BODY, SHAPE, JOINT, ROBOT, WORLD = "body", "shape", "joint", "robot", "simulation"
"""What has a number of its own: each body, collision shape, joint, environment; or all together."""
SCALE, ADD, SET = "factor", "offset", "value"
"""What happens to the robot's own number: it is multiplied, added to, replaced."""


@dataclass(frozen=True)
class Target:
    """One row: a quantity of the simulation that can be randomized."""

    part: str
    """Which parts of an environment have one."""
    operation: str
    """What the drawn number does to the robot's own."""
    unit: str
    """Of the drawn number; '1' if it has none."""
    width: int = 1
    """Numbers for each part: 3 for vectors."""
    when: str = CONSTRUCTION
    """When it is drawn unless the configuration says otherwise."""
    shared: bool = False
    """Whether all parts have the same number unless the configuration says otherwise."""
    base_only: bool = False
    """Whether the base body alone is concerned unless the configuration names bodies."""
    neutral: Optional[float] = None
    """The value that a schedule starts from; None: 1 for factors, else 0."""
    integer: bool = False
    """Whether it is a whole number."""

    @property
    def origin(self) -> float:
        """The value that a schedule starts from."""
        if self.neutral is not None:
            return self.neutral
        return 1.0 if self.operation == SCALE else 0.0

    def timing(self, draw: Draw) -> str:
        """Return when a parameter is drawn."""
        return draw.when or self.when

    def is_shared(self, draw: Draw) -> bool:
        """Return whether all parts of an environment get the same number."""
        return self.shared if draw.shared is None else draw.shared

    def check(self, draw: Draw) -> None:
        """Refuse a draw that this quantity cannot take.

        Raises:
            ValueError: names the setting and what is expected.
        """
        low, high = draw.range
        shown = f"[{low:g}, {high:g}]"
        if self.operation == SCALE and low <= 0.0:
            raise ValueError(f"range: factors must be above 0, got {shown}")
        if self.operation == SET and low < 0.0:
            raise ValueError(f"range: values must be >= 0, got {shown}")
        if self.integer and (low != int(low) or high != int(high)):
            raise ValueError(f"range: expected whole numbers of {self.unit}, got {shown}")
        if draw.distribution == LOG_UNIFORM and (self.operation != SCALE or self.integer):
            raise ValueError("distribution: log_uniform is for factors; choose uniform or gaussian")
        if draw.schedule is not None and self.timing(draw) != RESET:
            raise ValueError("schedule: what is drawn once cannot grow; add when: reset")
        self._check_parts(draw)

    def _check_parts(self, draw: Draw) -> None:
        if self.part == WORLD and self.timing(draw) == RESET:
            raise ValueError(
                "when: Isaac Gym has one for all environments, which do not reset together; "
                "choose construction"
            )
        if self.part in (ROBOT, WORLD) and (draw.only or draw.shared is not None):
            key = "only" if draw.only else "shared"
            raise ValueError(f"{key}: there is one for each {self.part}; leave it out")


TARGETS: Dict[str, Target] = {
    "link_mass": Target(BODY, SCALE, "1"),
    "payload": Target(BODY, ADD, "kg", shared=True, base_only=True),
    "com_offset": Target(BODY, ADD, "m", width=3, base_only=True),
    "friction": Target(SHAPE, SET, "1", shared=True, neutral=1.0),
    "ground_friction": Target(WORLD, SET, "1", neutral=1.0),
    "gravity": Target(WORLD, ADD, "m/s^2", width=3),
    "motor_strength": Target(JOINT, SCALE, "1"),
    "stiffness": Target(JOINT, SCALE, "1"),
    "damping": Target(JOINT, SCALE, "1"),
    "joint_friction": Target(JOINT, SET, "1"),
    "armature": Target(JOINT, SCALE, "1"),
    "delay": Target(ROBOT, SET, "control steps", when=RESET, integer=True),
    "initial_joint_position": Target(JOINT, ADD, "rad", when=RESET),
    "initial_joint_velocity": Target(JOINT, ADD, "rad/s", when=RESET),
    "initial_position": Target(ROBOT, ADD, "m", width=3, when=RESET),
    "initial_rotation": Target(ROBOT, ADD, "rad", width=3, when=RESET),
    "initial_velocity": Target(ROBOT, ADD, "m/s", width=3, when=RESET),
    "initial_angular_velocity": Target(ROBOT, ADD, "rad/s", width=3, when=RESET),
}
"""By the name of the configuration's field."""

BIAS = Target(ROBOT, ADD, "the observation's", when=RESET)
"""Constant errors of a group of sensors."""
STD = Target(ROBOT, SET, "the observation's", when=RESET)
"""Standard deviation of a group of sensors."""


def check_draw(target: Target, draw: Draw, name: str) -> None:
    """Refuse a draw that a quantity cannot take.

    Raises:
        ValueError: begins with the name and the setting.
    """
    try:
        target.check(draw)
    except ValueError as error:
        raise ValueError(f"{name}.{error}") from error


def unknown(kind: str, name: str, names: List[str]) -> str:
    """Return a message about a name that fits nothing."""
    return f"no {kind} fits '{name}'; nearest: '{nearest(name, names)}' ({', '.join(names)})"
