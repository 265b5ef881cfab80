"""The border between tensor descriptors and torch tensors; both directions share memory."""

import logging
from collections.abc import Sequence

import torch

from humanoid_gym.engine.values.tensor import Tensor

__all__ = ["unwrap_tensor", "wrap_tensor"]

logger = logging.getLogger(__name__)


def wrap_tensor(
    gym_tensor: Tensor | None,
    offsets: Sequence[int] | None = None,
    counts: Sequence[int] | None = None,
) -> torch.Tensor | None:
    """Torch tensor over a descriptor's memory.

    Args:
        gym_tensor: descriptor from an `acquire_...` call.
        offsets: first index of a sub-block in each dimension; zeros by default.
        counts: size of the sub-block in each dimension; up to the end by default.

    Returns:
        The tensor or a strided view of it; None where there is nothing, for example the DOF state
        of a simulation without DOFs.

    Raises:
        TypeError: gym_tensor is no descriptor.
        ValueError: the sub-block does not lie inside the tensor.
    """
    if gym_tensor is not None and not isinstance(gym_tensor, Tensor):
        raise TypeError(
            f"wrap_tensor: a gymapi.Tensor expected, got {type(gym_tensor).__name__}; "
            "pass what acquire_..._tensor returned"
        )
    if gym_tensor is None or gym_tensor.tensor.numel() == 0:
        logger.info("wrap_tensor: the tensor is empty; None returned")
        return None
    # A new tensor object: a program that resizes its own leaves the engine's alone.
    view = gym_tensor.tensor.detach()
    if offsets is None and counts is None:
        return view
    starts = [0] * view.ndim if offsets is None else [int(offset) for offset in offsets]
    sizes = _sizes(view, starts, counts)
    for dimension, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        view = view.narrow(dimension, start, size)
    return view


def _sizes(view: torch.Tensor, starts: list[int], counts: Sequence[int] | None) -> list[int]:
    """Size of the block per dimension, checked against the tensor."""
    if len(starts) != view.ndim or (counts is not None and len(counts) != view.ndim):
        raise ValueError(
            f"wrap_tensor: offsets {starts} and counts {counts} need one entry for each of the "
            f"{view.ndim} dimensions of shape {tuple(view.shape)}"
        )
    whole = [total - start for total, start in zip(view.shape, starts, strict=True)]
    sizes = whole if counts is None else [int(count) for count in counts]
    inside = zip(starts, sizes, whole, strict=True)
    if any(start < 0 or size < 0 or size > rest for start, size, rest in inside):
        raise ValueError(
            f"wrap_tensor: the block at offsets {starts} of counts {sizes} "
            f"is not inside shape {tuple(view.shape)}"
        )
    return sizes


def unwrap_tensor(torch_tensor: torch.Tensor) -> Tensor:
    """Descriptor over a torch tensor's memory; it keeps the memory alive.

    Args:
        torch_tensor: contiguous, on cpu or cuda, of dtype float32, int64, int32, int16 or uint8.

    Raises:
        TypeError: torch_tensor is no tensor.
        ValueError: its layout, dtype or device has no descriptor.
    """
    if not isinstance(torch_tensor, torch.Tensor):
        raise TypeError(
            f"unwrap_tensor: a torch.Tensor expected, got {type(torch_tensor).__name__}"
        )
    return Tensor(torch_tensor.detach())
