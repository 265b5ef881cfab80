"""Observations out of named sensors, in the order that the policy was trained with. NumPy only."""

import math
from typing import Callable, Dict, List, Mapping, Tuple

import numpy as np

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.deployment.description import Deployment, ObservationEntry

Sensors = Mapping[str, np.ndarray]
"""Readings by name."""

JOINT_SENSORS = ("joint_position", "joint_velocity")
"""What every robot has to measure."""
BASE_SENSORS: Dict[str, int] = {
    "base_position": 3,  # env-local or any frame whose ground is at z = 0 [m]
    "base_orientation": 4,  # x y z w
    "target": 3,  # point to go to, in the frame of base_position [m]
    "command": 3,  # forward and lateral velocity [m/s], yaw rate [rad/s]
}
"""Sensors that sources below read, with their widths."""


class Situation:
    """What an observation is made of: sensors, and what the runner itself remembers."""

    def __init__(self, deployment: Deployment) -> None:
        """Begin an episode."""
        low = [0.0 if joint.lower is None else joint.lower for joint in deployment.joints]
        high = [0.0 if joint.upper is None else joint.upper for joint in deployment.joints]
        self.joint_middle = 0.5 * (np.array(high) + np.array(low))
        self.joint_half_range = 0.5 * (np.array(high) - np.array(low))
        self.default_position = np.array([joint.default_position for joint in deployment.joints])
        self.scale = np.repeat(
            [entry.scale for entry in deployment.observation],
            [entry.width for entry in deployment.observation],
        )
        self.clock_pauses = deployment.clock_pauses
        tilt = deployment.clock_recovery_tilt
        self.least_upright = -1.0 if tilt is None else math.cos(tilt)
        """Cosine of the base's lean below which the clock goes on."""
        self.sensors: Dict[str, np.ndarray] = {}
        """Readings of this step; set by `observe`."""
        self.leaned = False
        """Whether the base leaned so a step ago."""
        self.up_b = np.zeros(3)
        """The vertical in the base's frame."""
        self.forward = np.zeros(3)
        """The base's x axis in the world's frame."""
        self.previous_action = np.zeros(len(deployment.actuators))
        """What the policy answered a step ago."""
        self.phase = 0.0
        """Of the gait, in [0, 1)."""

    def observe(self, sensors: Dict[str, np.ndarray]) -> None:
        """Take over the readings of a step, all of the right length."""
        self.sensors = sensors
        self.leaned = self.leaning
        if "base_orientation" in sensors:
            self.up_b, self.forward = axes(sensors["base_orientation"])

    @property
    def leaning(self) -> bool:
        """Whether the base leans so that the gait goes on."""
        return bool(self.up_b[2] < self.least_upright)

    @property
    def stepping(self) -> bool:
        """Whether the gait goes on at this step."""
        return self._goes_on(self.leaning)

    def advance(self, part: float) -> None:
        """Let the gait go on by a part of its cycle, from how the base leaned a step ago."""
        if self._goes_on(self.leaned):
            self.phase = (self.phase + part) % 1.0

    def _goes_on(self, leaning: bool) -> bool:
        """Where the robot is told to go somewhere, may have to catch itself, or is in a step."""
        moving = bool(np.any(self.sensors["command"] != 0.0))
        pauses = self.clock_pauses
        may_wait = any((self.phase - start) % 1.0 < length for start, length in pauses)
        return moving or leaning or not may_wait


def axes(orientation: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the vertical in the frame of a body, and its x axis in the world's frame.

    Args:
        orientation: quaternion x y z w, of any length.
    """
    x, y, z, w = orientation.tolist()
    part = 2.0 / max(x * x + y * y + z * z + w * w, 1e-12)
    low = part * (x * z - w * y)
    up = np.array([low, part * (y * z + w * x), 1.0 - part * (x * x + y * y)])
    forward = np.array([1.0 - part * (y * y + z * z), part * (x * y + w * z), low])
    return up, forward


def _yaw(situation: Situation) -> float:
    return math.atan2(situation.forward[1], situation.forward[0])


def _roll(situation: Situation) -> float:
    return math.atan2(situation.up_b[1], situation.up_b[2])


def _to_target(situation: Situation) -> np.ndarray:
    return situation.sensors["target"][:2] - situation.sensors["base_position"][:2]


def _angle_to_target(situation: Situation) -> float:
    x, y = _to_target(situation)
    angle = math.atan2(y, x) - _yaw(situation)
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


def _heading_cosine(situation: Situation) -> float:
    x, y = _to_target(situation)
    return (situation.forward[0] * x + situation.forward[1] * y) / max(math.hypot(x, y), 1e-9)


def _position_in_range(situation: Situation) -> np.ndarray:
    position = situation.sensors["joint_position"] - situation.joint_middle
    return position / situation.joint_half_range


def _joint_state(situation: Situation) -> np.ndarray:
    both = [situation.sensors[name] for name in JOINT_SENSORS]
    return np.stack(both, axis=1).reshape(-1)


def _clock(situation: Situation) -> np.ndarray:
    angle = 2.0 * np.pi * situation.phase
    return np.array([np.sin(angle), np.cos(angle)]) * situation.stepping


IN_RANGE = "joint_position_in_range"
"""Source that joints without a range cannot have."""
SOURCES: Dict[str, Callable[[Situation], "np.ndarray | float"]] = {
    "base_height": lambda s: s.sensors["base_position"][2],
    "yaw": _yaw,
    "roll": _roll,
    "angle_to_target": _angle_to_target,
    "up_cosine": lambda s: s.up_b[2],
    "heading_cosine": _heading_cosine,
    "gravity_b": lambda s: -s.up_b,
    IN_RANGE: _position_in_range,  # -1 at the lower limit, 1 at the upper
    "joint_offset": lambda s: s.sensors["joint_position"] - s.default_position,
    "joint_state": _joint_state,  # position and velocity of the first joint, of the second …
    "previous_action": lambda s: s.previous_action,
    "clock": _clock,
}
"""Quantities that are computed from sensors, by the name of their source."""

_NEEDS: Dict[str, List[str]] = {
    "base_height": ["base_position"],
    "yaw": ["base_orientation"],
    "roll": ["base_orientation"],
    "angle_to_target": ["base_position", "base_orientation", "target"],
    "up_cosine": ["base_orientation"],
    "heading_cosine": ["base_position", "base_orientation", "target"],
    "gravity_b": ["base_orientation"],
    "clock": ["command"],
}

SENSOR = "sensor"
"""Source of what is a sensor's reading itself."""


def sensor_widths(deployment: Deployment) -> Dict[str, int]:
    """Return the sensors that a robot has to have, with the number of their readings.

    Raises:
        ConfigError: the description names a source that there is not, or contradicts itself.
    """
    widths = {name: len(deployment.joints) for name in JOINT_SENSORS}
    for entry in deployment.observation:
        if entry.source == SENSOR:
            _add(widths, entry.name, entry.width)
            continue
        if entry.source not in SOURCES:
            close = nearest(entry.source, (*SOURCES, SENSOR))
            raise ConfigError(
                f"observation '{entry.name}': unknown source '{entry.source}'; nearest: '{close}'"
            )
        if entry.source == IN_RANGE:
            _check_ranges(entry, deployment)
        for name in _NEEDS.get(entry.source, ()):
            _add(widths, name, BASE_SENSORS[name])
    if deployment.clock_frequency > 0.0:
        _add(widths, "command", BASE_SENSORS["command"])
    checks_stability = deployment.safety.stability_margin is not None
    if checks_stability or deployment.clock_recovery_tilt is not None:
        _add(widths, "base_orientation", BASE_SENSORS["base_orientation"])
    if checks_stability:
        _add(widths, "angular_velocity_b", 3)
    return widths


def assemble(entries: "tuple[ObservationEntry, ...]", situation: Situation) -> np.ndarray:
    """Return the observation, shape (num_obs,) float32.

    Raises:
        ConfigError: a quantity has another width than the policy was trained with.
    """
    columns = [_quantity(entry, situation) for entry in entries]
    return (np.concatenate(columns) * situation.scale).astype(np.float32)


def _quantity(entry: ObservationEntry, situation: Situation) -> np.ndarray:
    if entry.source == SENSOR:
        value = situation.sensors[entry.name]
    else:
        value = np.atleast_1d(SOURCES[entry.source](situation))
    if value.shape != (entry.width,):
        raise ConfigError(
            f"observation '{entry.name}': expected {entry.width} values, got {value.size}"
        )
    return value


def _check_ranges(entry: ObservationEntry, deployment: Deployment) -> None:
    for joint in deployment.joints:
        if joint.lower is None or joint.upper is None or joint.lower == joint.upper:
            raise ConfigError(
                f"observation '{entry.name}': joint '{joint.name}' has no range for {IN_RANGE}; "
                "joint_offset needs none"
            )


def _add(widths: Dict[str, int], name: str, width: int) -> None:
    if widths.setdefault(name, width) != width:
        raise ConfigError(f"observation '{name}': {width} values, but {widths[name]} elsewhere")
