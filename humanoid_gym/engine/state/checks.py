"""Checks of the tensors that clients hand to the engine: one error that says what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.values import tensor as descriptor
from humanoid_gym.engine.values.enums import STATE_ALL


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

    An actor may be listed twice: each row of the full tensor is written once.

    Raises:
        TypeError: not a descriptor, or not int32 or int64.
        ValueError: count larger than the tensor, or another device.
        IndexError: an index that is no actor.
    """
    tensor = unwrap(call, given)
    if tensor.dtype not in (torch.int32, torch.int64):
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


def flags(call: str, given: int) -> int:
    """State flags: which of STATE_POS and STATE_VEL are meant.

    Raises:
        ValueError: other bits.
    """
    if not 0 <= int(given) <= STATE_ALL:
        raise ValueError(
            f"{call}: flags must be STATE_POS, STATE_VEL or STATE_ALL (1, 2, 3), got {given!r}"
        )
    return int(given)


def records(call: str, given: object, dtype: np.dtype, count: int) -> np.ndarray:
    """A structured array of float32 records as numbers, shape (count, numbers per record).

    Args:
        call: name of the API call, for the message.
        given: an array of dtype, or plain numbers in the same order.
        dtype: of the records; all of its fields are float32.
        count: number of records.

    Raises:
        TypeError: neither records nor numbers.
        ValueError: another number of records.
    """
    array = np.asarray(given)
    if array.dtype.names is not None:
        if array.dtype != dtype:
            raise TypeError(f"{call}: an array of dtype {dtype} expected, got {array.dtype}")
        array = np.ascontiguousarray(array).view(np.float32)
    elif array.dtype.kind not in "fiu":
        raise TypeError(f"{call}: an array of dtype {dtype} expected, got {array.dtype}")
    size = dtype.itemsize // 4
    if array.size != count * size:
        raise ValueError(
            f"{call}: {count} states expected, got {array.size / size:g} (shape {array.shape})"
        )
    return array.reshape(count, size)


def numbers(call: str, given: object, count: int) -> np.ndarray:
    """A client's list, array or tensor of numbers as float64, shape (count,).

    Raises:
        TypeError: not numbers.
        ValueError: another number of them.
    """
    array = np.asarray(given)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{call}: {count} numbers expected, got dtype {array.dtype}")
    if array.size != count:
        raise ValueError(f"{call}: {count} numbers expected, got {array.size}")
    return array.reshape(count).astype(np.float64)


def pairs(call: str, envs: Sequence[object], handles: Sequence[int]) -> list[tuple[Any, int]]:
    """Environments and the handle in each.

    Raises:
        ValueError: differing numbers of them.
    """
    if len(envs) != len(handles):
        raise ValueError(
            f"{call}: one handle per environment expected, got {len(envs)} environments and "
            f"{len(handles)} handles"
        )
    return list(zip(envs, handles, strict=True))
