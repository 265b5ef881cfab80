"""What the robot is told to do: forward and lateral velocity and yaw rate, renewed now and then."""

from dataclasses import dataclass, field
from typing import Optional, Tuple

Range = Tuple[float, float]

FORWARD_LIMITS = (-1.0, 2.0)
LATERAL_LIMITS = (-1.0, 1.0)
YAW_LIMITS = (-2.0, 2.0)


def check_order(name: str, values: Range) -> None:
    """Refuse a range whose lower end is above its upper one.

    Raises:
        ValueError: it is; the message names the key.
    """
    if values[0] > values[1]:
        raise ValueError(f"{name}: expected [low, high], got [{values[0]:g}, {values[1]:g}]")


@dataclass(frozen=True)
class CommandsConfig:
    """Distribution of the commands."""

    forward: Range = field(
        default=(0.0, 1.0), metadata={"min": FORWARD_LIMITS[0], "max": FORWARD_LIMITS[1]}
    )
    """Least and largest forward velocity [m/s]."""
    lateral: Range = field(
        default=(-0.2, 0.2), metadata={"min": LATERAL_LIMITS[0], "max": LATERAL_LIMITS[1]}
    )
    """Least and largest velocity to the left [m/s]."""
    yaw: Range = field(default=(-0.5, 0.5), metadata={"min": YAW_LIMITS[0], "max": YAW_LIMITS[1]})
    """Least and largest yaw rate, positive to the left [rad/s]."""
    hold: Range = field(default=(4.0, 8.0), metadata={"above": 0.0})
    """Shortest and longest time until a command is renewed [s]."""
    standing_fraction: float = field(default=0.1, metadata={"min": 0.0, "max": 1.0})
    """Part of the commands that are to stand still."""
    deadband: float = field(default=0.1, metadata={"min": 0.0})
    """Commands with less velocity [m/s] and less yaw rate [rad/s] than this are to stand still."""
    fixed: Optional[Tuple[float, float, float]] = None
    """Forward and lateral velocity [m/s] and yaw rate [rad/s] for all environments at all times, in
    place of random ones."""

    def __post_init__(self) -> None:
        """Refuse ranges the wrong way round and a fixed command beyond the limits."""
        for name in ("forward", "lateral", "yaw", "hold"):
            check_order(name, getattr(self, name))
        limits = (FORWARD_LIMITS, LATERAL_LIMITS, YAW_LIMITS)
        names = ("forward velocity", "lateral velocity", "yaw rate")
        for name, value, (low, high) in zip(names, self.fixed or (), limits):
            if not low <= value <= high:
                raise ValueError(f"fixed: {name} must be in [{low:g}, {high:g}], got {value:g}")

    @property
    def lowest(self) -> Tuple[float, float, float]:
        """Least forward and lateral velocity and yaw rate."""
        return self.fixed or (self.forward[0], self.lateral[0], self.yaw[0])

    @property
    def highest(self) -> Tuple[float, float, float]:
        """Largest forward and lateral velocity and yaw rate."""
        return self.fixed or (self.forward[1], self.lateral[1], self.yaw[1])
