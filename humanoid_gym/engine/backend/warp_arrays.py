"""Starting Warp, its streams, and what its arrays hold."""

from __future__ import annotations

import functools
import logging

import torch
import warp as wp
from torch import Tensor

logger = logging.getLogger(__name__)

_STREAMS: dict[tuple[torch.device, int], wp.Stream] = {}


def init_warp() -> None:
    """Initialize Warp, without its banner and its line for each kernel."""
    wp.config.log_level = wp.LOG_WARNING
    # Finished code in the cache, whatever the driver; it would compile PTX once more by itself.
    wp.config.cuda_output = wp.config.cuda_output or "cubin"
    wp.init()


@functools.cache
def start_warp() -> None:
    """Initialize Warp to simulate with it."""
    init_warp()
    logger.info("Warp compiles its kernels at the first steps of a new scene: once, in minutes")


def shared_stream(stream: torch.cuda.Stream) -> wp.Stream:
    """A stream of PyTorch's as Warp knows it, the same object each time.

    Warp forgets a stream when an object for it is collected, whoever else has another one.
    """
    key = stream.device, stream.cuda_stream
    if key not in _STREAMS:
        _STREAMS[key] = wp.stream_from_torch(stream)
    return _STREAMS[key]


def quaternions(matrices: Tensor) -> Tensor:
    """Unit quaternions wxyz of rotation matrices, shape (..., 9) to (..., 4)."""
    m = matrices
    trace_like = torch.stack(
        (
            m[..., 0] + m[..., 4] + m[..., 8],
            m[..., 0] - m[..., 4] - m[..., 8],
            m[..., 4] - m[..., 0] - m[..., 8],
            m[..., 8] - m[..., 0] - m[..., 4],
        ),
        dim=-1,
    )
    # Each row of 4 q q^T is the quaternion times one of its components: take the largest.
    a, b, c = m[..., 7] - m[..., 5], m[..., 2] - m[..., 6], m[..., 3] - m[..., 1]
    d, e, f = m[..., 1] + m[..., 3], m[..., 2] + m[..., 6], m[..., 5] + m[..., 7]
    w, x, y, z = (1.0 + trace_like).unbind(-1)
    outer = torch.stack((w, a, b, c, a, x, d, e, b, d, y, f, c, e, f, z), dim=-1)
    outer = outer.unflatten(-1, (4, 4))
    best = trace_like.argmax(dim=-1)[..., None, None].expand(*trace_like.shape[:-1], 1, 4)
    return torch.nn.functional.normalize(outer.gather(-2, best)[..., 0, :], dim=-1)


def array_bytes(owner: object) -> int:
    """Memory of the Warp arrays of a dataclass and those inside it [bytes]."""
    total = 0
    for value in vars(owner).values():
        if isinstance(value, wp.array):
            total += value.capacity
        elif hasattr(value, "__dataclass_fields__"):
            total += array_bytes(value)
    return total
