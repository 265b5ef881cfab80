"""A task's tensors by attribute name: found for a checkpoint, and written back in place."""

from typing import Any, Collection, Dict, Mapping

import torch
from torch import Tensor


def tensor_attributes(owner: object) -> Dict[str, Tensor]:
    """Return every attribute of `owner` that is a tensor."""
    return {name: value for name, value in vars(owner).items() if isinstance(value, Tensor)}


def restore(owner: object, saved: Mapping[str, Tensor], ignored: Collection[str] = ()) -> None:
    """Write saved tensors back into the attributes of `owner`.

    Storage is kept, since attributes may be views of the simulation's buffers. An attribute that
    does not exist yet (a task may create it in its first step) is created.

    Args:
        owner: object with the attributes and a `device`.
        saved: values by attribute name.
        ignored: attributes that stay as they are.

    Raises:
        ValueError: a tensor is missing or has another shape or type; nothing is written then.
    """
    live = tensor_attributes(owner)
    saved = {name: value for name, value in saved.items() if name not in ignored}
    for name, tensor in live.items():
        if name in ignored or (name not in saved and tensor.numel() == 0):
            continue  # the latter: a later version's buffer, of what this task does not have
        if name not in saved:
            raise ValueError(f"saved environment state has no tensor '{name}'")
        value = saved[name]
        if value.shape != tensor.shape or value.dtype != tensor.dtype:
            raise ValueError(
                f"saved environment state '{name}' is {value.dtype} of shape {tuple(value.shape)}; "
                f"this task needs {tensor.dtype} of shape {tuple(tensor.shape)}"
            )
    for name, value in saved.items():
        if name not in live:
            setattr(owner, name, value.to(getattr(owner, "device", value.device), copy=True))
        elif not live[name].equal(value.to(live[name].device)):
            live[name].copy_(value)


class TensorState:
    """The state of a task that keeps all of it in tensor attributes, as our own do.

    Args:
        owner: the task.
        from_settings: attributes that follow from its settings, see `VecTask`.
    """

    def __init__(self, owner: object, from_settings: Collection[str] = ()) -> None:
        self._owner, self._from_settings = owner, frozenset(from_settings)

    def saved(self) -> Dict[str, Any]:
        """Return a copy of the tensors, on the CPU."""
        tensors = {
            name: value.detach().to("cpu", copy=True)
            for name, value in tensor_attributes(self._owner).items()
            if name not in self._from_settings
        }
        return {"tensors": tensors}

    def load(self, state: Mapping[str, Any]) -> None:
        """Write a state back, see `restore`."""
        restore(self._owner, state["tensors"], self._from_settings)


def moved(value: Any, device: torch.device) -> Any:  # noqa: ANN401 (whatever a step returns)
    """Return tensors, also those in dictionaries, lists and tuples, on another device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: moved(part, device) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(moved(part, device) for part in value)
    return value
