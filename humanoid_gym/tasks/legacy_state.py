"""What a legacy task keeps from step to step, wherever it keeps it: for exact continuation.

Tasks of our own keep their state in tensor attributes. Legacy ones also count in Python's numbers,
and keep tensors in dictionaries, lists and objects of their own. All of that is saved where a step
changed it; what cannot be (a function, a file, a simulator's object) is named when it is missed.
"""

import logging
import random
from collections import deque
from typing import Any, Collection, Dict, Iterator, List, Mapping, Tuple

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.tasks.held_tensors import MOST_ENTRIES
from humanoid_gym.tasks.snapshot import TensorState, tensor_attributes

logger = logging.getLogger(__name__)

Encoded = Dict[str, Any]
OF_VEC_TASK = ("control_steps", "generator", "kept", "_seconds", "_viewing")
"""Attributes of VecTask that are saved by themselves, or only show."""
NUMBERS = (bool, int, float, str, type(None))
NEWLY_MADE = ("extras", "obs_dict", "viewer", "last_frame_time")
"""Attributes that each step fills before it reads them, or that only show."""
_OTHERS = ("humanoid_gym", "isaacgym", "torch", "numpy", "builtins", "hydra", "omegaconf")
"""Packages whose objects are not looked into."""
_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


class LegacyState:
    """The state of a task: saved as what its steps changed since it was constructed.

    What they did not change belongs to the settings, which may be others when a run continues.

    Args:
        owner: the task, constructed to the end.
        ignored: attributes without state.
    """

    def __init__(self, owner: object, ignored: Collection[str] = NEWLY_MADE) -> None:
        self._owner, self._ignored = owner, frozenset(ignored)
        self._shapes = {name: _kind(value) for name, value in tensor_attributes(owner).items()}
        self._before = self._encoded()

    def saved(self) -> Dict[str, Any]:
        """Return the state: tensors, numbers, strings, lists and dictionaries of them."""
        tensors = tensor_attributes(self._owner)
        now = self._encoded()
        changed = {k: v for k, v in now.items() if not _same(v, self._before.get(k))}
        return {
            **TensorState(self._owner).saved(),
            "resized": [k for k, v in tensors.items() if self._shapes.get(k) != _kind(v)],
            "values": changed,
            "lost": [k for k, v in changed.items() if _lost(v, self._before.get(k))],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Write a state back, in place; one line names what it lacks for an exact continuation.

        Args:
            state: from `saved`; of tasks saved as others are, the tensors only.
        """
        missed = list(state.get("lost", ()))
        resized = state.get("resized", ())
        missed += self._load_tensors(state["tensors"], resized)
        for name, value in state.get("values", {}).items():
            setattr(self._owner, name, _decoded(value, getattr(self._owner, name, None)))
        if missed:
            logger.warning(
                "task %s: %s cannot be restored from the checkpoint, so it goes on, but not bit "
                "for bit as it would have",
                *(type(self._owner).__name__, ", ".join(sorted(set(missed)))),
            )

    def _load_tensors(self, saved: Mapping[str, Tensor], resized: Collection[str]) -> List[str]:
        """Write tensors back; return the names of those that do not fit."""
        live = tensor_attributes(self._owner)
        missed = [name for name in live if name not in saved and name not in resized]
        for name, value in saved.items():
            mine = live.get(name)
            if mine is None or (name in resized and _kind(mine) != _kind(value)):
                setattr(self._owner, name, value.to(self._device(mine), copy=True))
            elif _kind(mine) != _kind(value):
                missed.append(name)
            elif not mine.equal(value.to(mine.device)):
                mine.copy_(value)
        return missed

    def _device(self, live: Any) -> Any:  # noqa: ANN401
        return live.device if live is not None else getattr(self._owner, "device", "cpu")

    def _encoded(self) -> Dict[str, Encoded]:
        return {
            name: _encode(value, {id(self._owner)})
            for name, value in vars(self._owner).items()
            if name not in self._ignored and not isinstance(value, Tensor)
        }


def of_vec_task(task: object) -> LegacyState:
    """Return the state of a legacy task that is derived from VecTask."""
    return LegacyState(task, (*NEWLY_MADE, *OF_VEC_TASK))


def _kind(tensor: Tensor) -> Tuple[Any, ...]:
    return (tuple(tensor.shape), tensor.dtype)


def _encode(value: Any, above: Collection[int]) -> Encoded:  # noqa: ANN401
    """Return a value as plain data; `above`: the objects that it lies in."""
    if type(value) in NUMBERS:  # not numbers of NumPy, nor those of an enumeration
        return {"plain": value}
    if isinstance(value, Tensor):
        return {"tensor": value.detach().to("cpu", copy=True)}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf":
        array = np.array(value)
        array = array.astype(np.int64) if array.dtype.kind == "u" and array.itemsize > 1 else array
        return {"array": torch.from_numpy(array), "dtype": str(value.dtype)}
    if isinstance(value, torch.Generator):
        return {"generator": value.get_state()}
    inside = _inside(value)
    if inside is None or len(inside) > MOST_ENTRIES or id(value) in above:
        return _other(value)
    above = {*above, id(value)}
    return {"group": {key: _encode(part, above) for key, part in inside.items()}}


def _inside(value: Any) -> Any:  # noqa: ANN401
    """Return the parts of a container or of somebody's object by key; None of anything else."""
    if isinstance(value, dict):
        plain = all(isinstance(key, (str, int)) for key in value)
        return value if plain else None
    if isinstance(value, (list, tuple, deque)):
        return dict(enumerate(value))
    module = type(value).__module__.split(".")[0]
    own = module not in _OTHERS and not isinstance(value, (type, *_GENERATORS))
    return vars(value) if own and hasattr(value, "__dict__") else None


def _other(value: Any) -> Encoded:  # noqa: ANN401
    if isinstance(value, np.random.Generator):
        return {"other": repr(value.bit_generator.state)}
    if isinstance(value, np.random.RandomState):
        return {"other": repr(value.get_state())}
    if isinstance(value, random.Random):
        return {"other": str(hash(value.getstate()))}
    length = len(value) if isinstance(value, (list, tuple, deque, dict, set)) else 0
    return {"other": f"{type(value).__name__} {id(value)} {length}"}


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Return whether two pieces of plain data are equal, NaN to NaN as well."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        equal = (
            (one == other) | ((one != one) & (other != other))
            if _kind(one) == _kind(other)
            else None
        )
        return equal is not None and bool(equal.all())
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other or (one != one and other != other))


def _lost(value: Encoded, before: Any) -> bool:  # noqa: ANN401
    """Return whether something changed that is not plain data."""
    earlier = dict(_others(before)) if before is not None else {}
    return any(earlier.get(path) != other for path, other in _others(value))


def _others(value: Encoded, path: Tuple[Any, ...] = ()) -> Iterator[Tuple[Any, str]]:
    if "other" in value:
        yield path, value["other"]
    for key, part in value.get("group", {}).items():
        yield from _others(part, (*path, key))


def _decoded(saved: Encoded, live: Any) -> Any:  # noqa: ANN401
    """Return what was saved, written into the live value where that can be."""
    kind, value = next(iter(saved.items()))
    if kind == "plain":
        return value
    if kind == "tensor":
        return _into_tensor(value, live)
    if kind == "array":
        return _into_array(value.numpy().astype(saved["dtype"]), live)
    if kind == "generator" and isinstance(live, torch.Generator):
        live.set_state(value)
        return live
    return _into_group(value, live) if kind == "group" else live


def _into_tensor(value: Tensor, live: Any) -> Any:  # noqa: ANN401
    if isinstance(live, Tensor) and _kind(live) == _kind(value):
        return live.copy_(value)
    return value.clone()


def _into_array(value: np.ndarray, live: Any) -> Any:  # noqa: ANN401
    if isinstance(live, np.ndarray) and live.shape == value.shape and live.flags.writeable:
        live[...] = value
        return live
    return value[()] if value.ndim == 0 else value


def _into_group(saved: Dict[Any, Encoded], live: Any) -> Any:  # noqa: ANN401
    mine = _inside(live) or {}
    values = {key: _decoded(part, mine.get(key)) for key, part in saved.items()}
    if isinstance(live, tuple):
        fields = getattr(type(live), "_fields", None)
        return type(live)(*values.values()) if fields else tuple(values.values())
    if isinstance(live, (list, deque)):
        live.clear()
        live.extend(values.values())
    elif isinstance(live, dict):
        live.clear()
        live.update(values)
    elif live is not None and not isinstance(live, NUMBERS):
        vars(live).update(values)
    else:  # it was nothing yet: what kind it had is not known, a dictionary or a list is likeliest
        return values if not _counts(saved) else list(values.values())
    return live


def _counts(saved: Mapping[Any, Any]) -> bool:
    return list(saved) == list(range(len(saved)))
