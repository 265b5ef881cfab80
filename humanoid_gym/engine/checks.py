"""Checks of the tensors that clients hand to the engine: one error that says what was wrong."""

from __future__ import annotations

import torch
from torch import Tensor

from humanoid_gym.engine import tensor as descriptor


def buffer(call: str, given: object, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """The client's float32 tensor in the shape that the engine works with.

    Args:
        call: name of the API call, for the message.
        given: what the client passed: a descriptor from `gymtorch.unwrap_tensor`.
        shape: shape to return; any shape with as many elements is accepted.
        device: where the simulation's tensors live.

    Raises:
        TypeError: not a descriptor, or another dtype.
        ValueError: another number of elements, another device, not contiguous.
    """
    tensor = unwrap(call, given)
    if tensor.dtype != torch.float32:
        raise TypeError(f"{call}: a float32 tensor expected, got {tensor.dtype}")
    check_device(call, tensor, device)
    size = 1
    for length in shape:
        size *= length
    if tensor.numel() != size:
        raise ValueError(
            f"{call}: {size} elements expected (shape {shape}), got {tensor.numel()} "
            f"(shape {tuple(tensor.shape)})"
        )
    return tensor.reshape(shape)


def actor_indices(
    call: str, given: object, count: int, num_actors: int, device: torch.device
) -> Tensor:
    """The first `count` actor indices, int64.

    Raises:
        TypeError: not a descriptor, or not int32.
        ValueError: count larger than the tensor, or another device.
        IndexError: an index that is no actor.
    """
    tensor = unwrap(call, given)
    if tensor.dtype != torch.int32:
        raise TypeError(
            f"{call}: actor indices must be int32, got {tensor.dtype}; use .to(torch.int32)"
        )
    check_device(call, tensor, device)
    count = int(count)
    if count < 0 or count > tensor.numel():
        raise ValueError(f"{call}: count {count} does not fit {tensor.numel()} actor indices")
    indices = tensor.reshape(-1)[:count].long()
    wrong = indices[(indices < 0) | (indices >= num_actors)]
    if len(wrong):
        raise IndexError(
            f"{call}: actor index {int(wrong[0])} does not exist; the sim has {num_actors} actors "
            "(indices are actors in DOMAIN_SIM, see get_actor_index)"
        )
    return indices


def unwrap(call: str, given: object) -> Tensor:
    """The torch tensor behind a descriptor."""
    if isinstance(given, descriptor.Tensor):
        return given.tensor
    hint = "; wrap it: gymtorch.unwrap_tensor(t)" if isinstance(given, Tensor) else ""
    raise TypeError(f"{call}: a gymapi.Tensor expected, got {type(given).__name__}{hint}")


def check_device(call: str, tensor: Tensor, device: torch.device) -> None:
    """Raise ValueError unless the tensor lives where the simulation's tensors do."""
    if tensor.device.type != device.type:
        raise ValueError(
            f"{call}: the sim's tensors are on {device}, got one on {tensor.device}; "
            f"use .to({str(device)!r})"
        )
