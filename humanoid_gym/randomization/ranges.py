"""What a number is drawn from: a range, a distribution, a time, a schedule."""

from dataclasses import dataclass, field
from typing import List, Optional, Tuple

CONSTRUCTION = "construction"
RESET = "reset"
UNIFORM = "uniform"
LOG_UNIFORM = "log_uniform"
GAUSSIAN = "gaussian"


def check_range(name: str, bounds: Tuple[float, float], lowest: float = -float("inf")) -> None:
    """Refuse a range that is empty, endless or begins too low.

    Args:
        name: of the setting, for the message.
        bounds: low and high.
        lowest: smallest value allowed for both.

    Raises:
        ValueError: says which and why.
    """
    low, high = bounds
    shown = f"[{low:g}, {high:g}]"
    if not abs(low) < float("inf") or not abs(high) < float("inf"):
        raise ValueError(f"{name}: expected two finite numbers, got {shown}")
    if low > high:
        raise ValueError(f"{name}: expected [low, high] with low <= high, got {shown}")
    if low < lowest:
        raise ValueError(f"{name}: must be >= {lowest:g}, got {shown}")


@dataclass(frozen=True)
class Schedule:
    """Linear growth of a range, from the value that changes nothing to all of it.

    What was drawn before stays; the schedule counts for what is drawn next.
    """

    steps: int = field(metadata={"min": 1})
    """Control steps after which the whole range is drawn from."""
    start: float = field(default=0.0, metadata={"min": 0.0, "max": 1.0})
    """Part of the range at the first step."""

    @property
    def rate(self) -> float:
        """Growth per step, as a part of the range."""
        return (1.0 - self.start) / self.steps


@dataclass(frozen=True)
class Draw:
    """How the numbers of one parameter are drawn, in every environment."""

    range: Tuple[float, float]
    """Smallest and largest value."""
    distribution: str = field(
        default=UNIFORM, metadata={"choices": (UNIFORM, LOG_UNIFORM, GAUSSIAN)}
    )
    """`uniform`; `log_uniform`, for factors: 1/2 is as likely as 2; `gaussian`: about the middle of
    the range, whose ends are two standard deviations away and where the bell is cut off."""
    when: Optional[str] = field(default=None, metadata={"choices": (CONSTRUCTION, RESET)})
    """`construction`: once; `reset`: at the beginning of each episode; null: the parameter's
    default."""
    shared: Optional[bool] = None
    """Whether all bodies, shapes or joints of an environment get the same number, or each its own;
    null: the parameter's default."""
    only: List[str] = field(default_factory=list)
    """Names of the bodies or joints concerned, `*` stands for any characters; empty: the
    parameter's default."""
    schedule: Optional[Schedule] = None
    """Growth of the range during training; needs `when: reset`."""

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            ValueError: names the setting.
        """
        check_range("range", self.range)
        if self.distribution == LOG_UNIFORM and self.range[0] <= 0.0:
            low, high = self.range
            raise ValueError(
                f"range: log_uniform needs numbers above 0, got [{low:g}, {high:g}]; "
                "choose uniform or gaussian"
            )

    def text(self) -> str:
        """Return the distribution in words."""
        low, high = self.range
        if self.distribution == GAUSSIAN:
            return (
                f"normal {0.5 * (low + high):g} ± {0.25 * (high - low):g}, cut at {low:g}, {high:g}"
            )
        return f"{self.distribution.replace('_', '-')} {low:g} to {high:g}"
