"""What a graph of a task's step goes on working with: the tensors that its attributes hold.

A graph reads and writes the memory that it was recorded with, and knows Python's numbers as they
were then. So a step may replace an attribute (`self.last = self.actions.clone()`) only if the new
values are copied into the tensor that the graph reads, and what else changes has to be noticed.
"""

from typing import Any, Collection, Dict, List, Tuple

import numpy as np
from torch import Tensor

from humanoid_gym.tasks.snapshot import tensor_attributes

NUMBERS = (bool, int, float, str, np.generic, type(None))
MOST_ENTRIES = 256
"""Longer lists and dictionaries hold handles of environments, not settings; nobody looks inside."""
NOTHING = object()
"""Stands for an attribute whose inside nobody looks at."""


class HeldTensors:
    """The tensor attributes of a task at one moment.

    Args:
        owner: the task.
        ignored: attributes that no step reads before it has written them.
    """

    def __init__(self, owner: object, ignored: Collection[str]) -> None:
        self._ignored = frozenset(ignored)
        self._tensors = self._tensors_of(owner)
        self._others = {name: _outline(value) for name, value in self._others_of(owner).items()}
        self._size = len(vars(owner))

    def objection(self, owner: object) -> str:
        """Return why the step that ran since cannot be repeated by a graph; empty if it can."""
        now = self._tensors_of(owner)
        new = sorted(set(now) - set(self._tensors))
        if new:
            return f"attribute '{new[0]}' appeared; create it in acquire_tensors"
        for name, tensor in self._replaced(owner).items():
            before = self._tensors[name]
            if not _fits(tensor, before):
                return (
                    f"attribute '{name}' was {_described(before)} and is {_described(tensor)} now"
                )
            sharing = [k for k, v in self._tensors.items() if k != name and _share(v, before)]
            if any(now.get(other) is not tensor for other in sharing):
                return f"attribute '{name}' is replaced, and '{sharing[0]}' shares its memory"
        return self.changed(owner)

    def changed(self, owner: object) -> str:
        """Return which number, or tensor inside a container, is another now; empty if none is."""
        now = vars(owner)
        for name, before in self._others.items():
            value = now.get(name)
            if value is before or before is NOTHING:
                continue
            found = _difference(before, value, name)
            if found:
                return found
        if len(now) > self._size:
            new = sorted(set(self._others_of(owner)) - set(self._others))
            if new:
                return f"attribute '{new[0]}' appeared; create it in acquire_tensors"
        return ""

    def write_back(self, owner: object) -> None:
        """Copy what attributes have been replaced by into the tensors held, and put those back.

        Raises:
            ValueError: a tensor of another shape, type or device took an attribute's place.
        """
        replaced = self._replaced(owner)
        for name, tensor in replaced.items():
            if not _fits(tensor, self._tensors[name]):
                raise ValueError(
                    f"attribute '{name}' was {_described(self._tensors[name])} and is "
                    f"{_described(tensor)} now: write into it in place"
                )
        # two attributes may have exchanged their tensors: nothing is written before all is read
        values = {
            name: tensor.clone() if self._is_held(tensor) else tensor
            for name, tensor in replaced.items()
        }
        for name, value in values.items():
            self._tensors[name].copy_(value)
        self.put_back(owner)

    def put_back(self, owner: object) -> None:
        """Let the attributes be the tensors held, whatever they became, without copying."""
        vars(owner).update(self._tensors)

    def _tensors_of(self, owner: object) -> Dict[str, Tensor]:
        tensors = tensor_attributes(owner)
        return {name: tensors[name] for name in tensors if name not in self._ignored}

    def _others_of(self, owner: object) -> Dict[str, Any]:
        return {
            name: value
            for name, value in vars(owner).items()
            if name not in self._ignored and not isinstance(value, Tensor)
        }

    def _replaced(self, owner: object) -> Dict[str, Tensor]:
        """Attributes that are other tensors now, in other memory."""
        now = vars(owner)
        pairs: List[Tuple[str, Tensor, Any]] = [
            (name, tensor, now.get(name))
            for name, tensor in self._tensors.items()
            if now.get(name) is not tensor
        ]
        return {name: new for name, old, new in pairs if not _same_memory(old, new)}

    def _is_held(self, tensor: Tensor) -> bool:
        return any(_share(tensor, held) for held in self._tensors.values())


def _outline(value: Any) -> Any:  # noqa: ANN401 (an attribute may be anything)
    """Numbers, settings and tensors as they are, copies of containers, NOTHING for the rest."""
    if isinstance(value, (*NUMBERS, Tensor)) or _are_settings(value):
        return value
    if isinstance(value, (dict, list, tuple)) and len(value) <= MOST_ENTRIES:
        if isinstance(value, dict):
            return {key: _outline(part) for key, part in value.items()}
        return [_outline(part) for part in value]
    return NOTHING


def _are_settings(value: Any) -> bool:  # noqa: ANN401
    """Whether a value is an object of a configuration: a dataclass that never changes itself."""
    parameters = getattr(type(value), "__dataclass_params__", None)
    return parameters is not None and parameters.frozen


def _difference(before: Any, now: Any, place: str) -> str:  # noqa: ANN401
    """Return where a value differs from an earlier outline of it; empty if nowhere."""
    if isinstance(before, (dict, list)):
        return _difference_inside(before, now, place)
    if isinstance(before, Tensor) or isinstance(now, Tensor):
        return (
            f"'{place}' is another tensor now; write into it with copy_, or name "
            f"'{place.split('[')[0]}' in `recomputed` if each step computes it before it reads it"
        )
    if _are_settings(before):
        return "" if now is before else f"'{place}' has other settings now"
    if type(now) is not type(before) or now != before:
        return f"'{place}' changed from {before!r} to {now!r}; keep it in a tensor"
    return ""


def _difference_inside(before: Any, now: Any, place: str) -> str:  # noqa: ANN401
    if not isinstance(now, (dict, list, tuple)) or len(now) != len(before):
        return f"'{place}' has other entries now; keep what changes in tensors"
    for key in before if isinstance(before, dict) else range(len(before)):
        if isinstance(before, dict) and (not isinstance(now, dict) or key not in now):
            return f"'{place}[{key!r}]' is gone"
        part, part_now = before[key], now[key]
        if part is not part_now and part is not NOTHING:
            found = _difference(part, part_now, f"{place}[{key!r}]")
            if found:
                return found
    return ""


def _fits(new: Any, old: Tensor) -> bool:  # noqa: ANN401 (an attribute may become anything)
    if not isinstance(new, Tensor):
        return False
    return (new.shape, new.dtype, new.device) == (old.shape, old.dtype, old.device)


def _same_memory(old: Tensor, new: Any) -> bool:  # noqa: ANN401
    return _fits(new, old) and new.data_ptr() == old.data_ptr() and new.stride() == old.stride()


def _share(one: Tensor, other: Tensor) -> bool:
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def _described(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, Tensor):
        return f"{value.dtype} of shape {tuple(value.shape)} on {value.device}"
    return repr(value)
