"""The gait: which foot is to be on the ground at which part of the cycle, and where it may wait."""

from dataclasses import dataclass, field
from typing import NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.tasks.legged.feet import FootLayout

_DIGITS = 6
"""Decimal places to which parts of a cycle are told apart."""


@dataclass(frozen=True)
class GaitConfig:
    """The clock that tells when which foot is on the ground."""

    frequency: float = field(default=1.4, metadata={"above": 0.0})
    """Cycles per second, in each of which every foot takes a step [Hz]."""
    offsets: Tuple[float, ...] = field(default=(), metadata={"min": 0.0, "below": 1.0})
    """Part of the cycle by which each foot is ahead of the clock, in the order of `feet`. None: in
    pairs from the front to the back neighbours take turns, which is a walk on two feet, a trot on
    four and a tripod gait on six."""
    stance_fraction: float = field(default=0.6, metadata={"above": 0.0, "below": 1.0})
    """Part of its cycle that a foot spends on the ground."""
    swing_height: float = field(default=0.08, metadata={"above": 0.0})
    """Height of the sole in the middle of its swing [m]."""
    stop: bool = True
    """Whether the robot stands still at the command to stand; otherwise it steps on the spot, which
    it can be pushed on."""
    recovery_tilt: Optional[float] = field(default=0.1, metadata={"above": 0.0})
    """Lean of the base [rad] beyond which the clock goes on at the command to stand, so that the
    robot may catch itself with a step; null: it waits however the robot leans."""


class Pause(NamedTuple):
    """Part of the cycle in which all feet are to be on the ground."""

    start: float
    """Phase at which the last foot touches down, in [0, 1)."""
    length: float
    """Part of the cycle until the next one lifts off; 0: one has by then."""


class Gait(NamedTuple):
    """The gait as kernels need it; F feet, K pauses."""

    pauses: Tuple[Pause, ...]
    """Where the clock may wait; none where the robot steps on the spot."""
    cycle_offsets: Tuple[float, ...]
    """`offsets` as numbers."""
    offsets: Tensor
    """Part of the cycle by which each foot is ahead of the clock, shape (F,)."""
    pause_start: Tensor
    """Phases from which on the clock may wait, shape (K,)."""
    pause_length: Tensor
    """For how much of the cycle each time, shape (K,)."""
    first_start: Tensor
    """Phases at which a robot may begin that moves to the left, and to the right; shape (2, M)."""
    first_length: Tensor
    """For how much of the cycle from there on, shape (2, M)."""


def foot_offsets(config: GaitConfig, feet: FootLayout) -> Tuple[float, ...]:
    """Return the part of the cycle by which each foot is ahead of the clock.

    Raises:
        ConfigError: their number is not that of the feet, or there is no default for such feet.
    """
    count = len(feet.names)
    if config.offsets:
        if len(config.offsets) != count:
            raise ConfigError(
                f"task.gait.offsets: expected one for each of the {count} feet, "
                f"got {len(config.offsets)}; leave it out for neighbours to take turns"
            )
        return config.offsets
    if not feet.are_pairs:
        alone = feet.names[[side == 0 for side in feet.sides].index(True)]
        raise ConfigError(
            f"task.gait.offsets: foot '{alone}' has no counterpart on the other side, which the "
            f"default needs; set {count} numbers from 0 to below 1, one for each foot"
        )
    offsets = [0.0] * count
    for row, (left, right) in enumerate(feet.pairs):
        offsets[left if row % 2 else right] = 0.5
    return tuple(offsets)


def pauses(offsets: Sequence[float], stance_fraction: float) -> Tuple[Pause, ...]:
    """Return where all feet are to be on the ground, from each touch-down to the next lift-off.

    Args:
        offsets: part of the cycle by which each foot is ahead of the clock.
        stance_fraction: part of its cycle that a foot spends on the ground.

    Returns:
        In the order of the phase; if the feet never are, each touch-down, with length 0.
    """
    touch_downs = sorted({_part(-offset) for offset in offsets})
    lengths = [
        min(stance_fraction - _part(phase + offset) for offset in offsets) for phase in touch_downs
    ]
    found = [Pause(phase, length) for phase, length in zip(touch_downs, lengths) if length > 0.0]
    return tuple(found) or tuple(Pause(phase, 0.0) for phase in touch_downs)


def widened(found: Sequence[Pause], gait_advance: float) -> Tuple[Pause, ...]:
    """Return pauses none of which the clock skips, as it goes on by `gait_advance` in a step."""
    return tuple(Pause(start, max(length, gait_advance)) for start, length in found)


def mirrored_shift(offsets: Sequence[float], counterparts: Sequence[int]) -> Optional[float]:
    """Return by how much the phase of a gait's mirror image is ahead, 0 or 1/2; None: it has none.

    Args:
        offsets: part of the cycle by which each foot is ahead of the clock.
        counterparts: the foot that is each one's mirror image.
    """
    shifts = {_part(offset - offsets[k]) for offset, k in zip(offsets, counterparts)}
    return shifts.pop() if len(shifts) == 1 else None


def make_gait(
    config: GaitConfig, feet: FootLayout, gait_advance: float, device: torch.device
) -> Gait:
    """Return the gait of a robot with such feet.

    Args:
        config: settings.
        feet: of the robot.
        gait_advance: part of the cycle in a control step.
        device: of the tensors.
    """
    offsets = foot_offsets(config, feet)
    found = pauses(offsets, config.stance_fraction)
    wide = widened(found, gait_advance) if config.stop else ()
    to_left, to_right = (_beginnings(found, offsets, feet.sides, side) for side in (-1, 1))
    both = to_left * len(to_right), to_right * len(to_left)  # rows of one length

    def tensor(values: object) -> Tensor:
        return torch.tensor(values, device=device)

    return Gait(
        pauses=wide,
        cycle_offsets=offsets,
        offsets=tensor(offsets),
        pause_start=tensor([pause.start for pause in wide]),
        pause_length=tensor([pause.length for pause in wide]),
        first_start=tensor([[pause.start for pause in row] for row in both]),
        first_length=tensor([[pause.length for pause in row] for row in both]),
    )


def _beginnings(
    found: Sequence[Pause], offsets: Sequence[float], sides: Sequence[int], side: int
) -> Tuple[Pause, ...]:
    """Return the pauses after which feet swing most of which are on a side: 1 left, -1 right."""
    favours = [side * _next_side(pause, offsets, sides) for pause in found]
    most = max(favours)
    return tuple(pause for pause, favour in zip(found, favours) if favour == most)


def _next_side(pause: Pause, offsets: Sequence[float], sides: Sequence[int]) -> int:
    """Return on which side the feet are that swing next after a pause: 1 left, -1 right, 0 both."""
    cycles = [_part(pause.start + offset) for offset in offsets]
    swinging = [side for cycle, side in zip(cycles, sides) if cycle == max(cycles)]
    return (sum(swinging) > 0) - (sum(swinging) < 0)


def _part(cycles: float) -> float:
    """Return the part of a cycle, in [0, 1), without the rounding of sums."""
    return round(cycles % 1.0, _DIGITS) % 1.0
