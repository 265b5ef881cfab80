"""Whether the environments fit into a GPU's memory, asked before they are made."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import mujoco
import mujoco_warp
import warp as wp

from humanoid_gym.engine.backend.warp_arrays import array_bytes
from humanoid_gym.engine.backend.warp_sizes import Sizes

WORKSPACE = 1.3
"""What a step needs over what the simulations hold: the solver's vectors and matrices."""


def make_data(
    model: mujoco.MjModel, num_envs: int, sizes: Sizes, device: wp.Device
) -> mujoco_warp.Data:
    """The simulations of a model on the current device.

    Raises:
        MemoryError: they do not fit; tells how many would.
    """
    room = {"nconmax": sizes.contacts, "njmax": sizes.constraints}
    free = free_bytes(device)
    if free is not None:
        one = array_bytes(mujoco_warp.make_data(model, 1, **room)) * WORKSPACE + sizes.polytopes
        if one * num_envs > free:
            raise MemoryError(too_many(num_envs, one, free))
    with within_memory(num_envs, device):
        return mujoco_warp.make_data(model, num_envs, **room)


@contextlib.contextmanager
def within_memory(num_envs: int, device: wp.Device) -> Iterator[None]:
    """Around what allocates for so many environments: says what to do where memory ends.

    Raises:
        MemoryError: Warp could not allocate.
    """
    try:
        yield
    except RuntimeError as error:
        if "Failed to allocate" not in str(error):
            raise
        raise MemoryError(
            f"{num_envs} environments do not fit into {device}: {error}; lower num_envs"
        ) from error


def free_bytes(device: wp.Device) -> int | None:
    """Memory of a GPU that can be allocated; None on the CPU, whose memory the system manages."""
    return device.free_memory if device.is_cuda else None


def too_many(num_envs: int, one: float, free: float) -> str:
    """Tells how many environments fit.

    Args:
        num_envs: how many there should be.
        one: what one of them needs [bytes].
        free: what there is [bytes].
    """
    return (
        f"{num_envs} environments need about {one * num_envs / 1e9:.3g} GB of GPU memory, "
        f"{free / 1e9:.3g} GB are free: about {int(free / one)} environments of this kind fit; "
        "lower num_envs, or SimParams.physx.max_gpu_contact_pairs if it was raised"
    )
