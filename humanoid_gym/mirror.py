"""Mirror maps: how the vectors of a task change when its world is reflected left to right.

A task whose robot and rewards are symmetric declares one (`VecTask.mirror`); the learner uses it to
learn from mirror images. The reflection is that of the plane y = 0: forward and up stay, left and
right change places. Plain numbers only, so that tasks and learner need not know each other.
"""

from dataclasses import dataclass
from typing import Collection, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor

_UNEQUAL = 1e-4
"""Two sides of a robot that differ by more than this are not each other's mirror image."""


@dataclass(frozen=True)
class Reflection:
    """Column i of the mirror image is `sign[i]` times column `source[i]` of the original.

    Raises:
        ValueError: the lengths differ, or the mirror image of the mirror image is not the original.
    """

    source: Tuple[int, ...]
    """Column that each column of the image is taken from."""
    sign: Tuple[float, ...]
    """Factor of each column of the image, 1 or -1."""

    def __post_init__(self) -> None:
        """Check that reflecting twice changes nothing."""
        width = len(self.source)
        if len(self.sign) != width:
            raise ValueError(f"reflection of {width} columns with {len(self.sign)} signs")
        for i, (j, sign) in enumerate(zip(self.source, self.sign)):
            if not 0 <= j < width or self.source[j] != i or sign * self.sign[j] != 1.0:
                raise ValueError(
                    f"reflection: column {i} comes from {j} times {sign:g}, which does not undo "
                    "itself when applied twice"
                )

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.source)

    def apply(self, values: Tensor) -> Tensor:
        """Return the mirror image of values (..., width); for use outside of loops."""
        source = torch.tensor(self.source, dtype=torch.int64, device=values.device)
        sign = torch.tensor(self.sign, dtype=values.dtype, device=values.device)
        return values.index_select(-1, source) * sign


@dataclass(frozen=True)
class MirrorMap:
    """Reflections of everything that the learner sees of a task."""

    obs: Reflection
    """Of the observation."""
    actions: Reflection
    """Of the action."""
    states: Optional[Reflection] = None
    """Of the privileged state, where the task has one."""


def signs(*factors: float) -> Reflection:
    """Return the reflection of columns that keep their places."""
    return Reflection(tuple(range(len(factors))), tuple(float(factor) for factor in factors))


EVEN = signs(1)
"""A height, a forward distance, a cosine to a direction in the mirror plane."""
ODD = signs(-1)
"""A distance to the left, a roll angle, a yaw angle."""
VECTOR = signs(1, -1, 1)
"""A position, velocity or force, x y z."""
PSEUDOVECTOR = signs(-1, 1, -1)
"""An angular velocity or torque, x y z."""


def joined(*reflections: Reflection) -> Reflection:
    """Return the reflection of vectors put side by side."""
    source, sign, start = [], [], 0
    for reflection in reflections:
        source += [start + column for column in reflection.source]
        sign += reflection.sign
        start += reflection.width
    return Reflection(tuple(source), tuple(sign))


def exchanged(side: Reflection) -> Reflection:
    """Return the reflection of (right, left), two vectors that each reflect like `side`."""
    return rearranged(side, (1, 0))


def rearranged(side: Reflection, source: Sequence[int]) -> Reflection:
    """Return the reflection of several vectors side by side that each reflect like `side`.

    Args:
        side: of one of them.
        source: the vector that each one's image is made of.
    """
    columns = [side.width * k + column for k in source for column in side.source]
    return Reflection(tuple(columns), side.sign * len(source))


def by_name(names: Sequence[str], odd: Collection[str]) -> Reflection:
    """Return the reflection of one number per name, such as joint positions.

    `left` in a name changes places with `right`; a name with neither stays.

    Args:
        names: of the columns.
        odd: names whose number changes its sign, such as joints that turn about the vertical in
            the middle of the body.

    Raises:
        ValueError: a name's counterpart is missing, or `odd` holds an unknown name.
    """
    unknown = sorted(set(odd) - set(names))
    if unknown:
        raise ValueError(f"mirror map: there is no '{unknown[0]}' among {', '.join(names)}")
    places = {name: i for i, name in enumerate(names)}
    counterparts = [_counterpart(name) for name in names]
    missing = [name for name in counterparts if name not in places]
    if missing:
        raise ValueError(f"mirror map: '{_counterpart(missing[0])}' has no '{missing[0]}'")
    sign = tuple(-1.0 if name in odd else 1.0 for name in names)
    return Reflection(tuple(places[name] for name in counterparts), sign)


def check_symmetric(
    asset: str, joints: Sequence[str], properties: Mapping[str, Tuple[Tensor, Reflection]]
) -> None:
    """Refuse a robot that is not its own mirror image.

    Args:
        asset: its description's file, for the message.
        joints: names of its joints.
        properties: values of each joint, shape (joints,), and how they change in the mirror, by
            what they are.

    Raises:
        ValueError: a joint is not like its counterpart; the message names both property and joint.
    """
    for what, (values, reflection) in properties.items():
        unequal = ((reflection.apply(values) - values).abs() > _UNEQUAL).tolist()
        for name, differs in zip(joints, unequal):
            if differs:
                raise ValueError(f"'{asset}' is not symmetric: {what} of joint '{name}'")


def _counterpart(name: str) -> str:
    return "right".join(part.replace("right", "left") for part in name.split("left"))
