"""Compiling Warp's kernels for GPUs that this machine does not have.

The first run of a program on a new GPU machine waits minutes for its kernels. A few steps of the
same program on Warp's CPU device, with `HUMANOID_GYM_COMPILE_FOR=90`, leave in Warp's cache what a
GPU of compute capability 9.0 will look for there: for container images, clusters and machines that
are paid by the minute.

Only what a program launches is known: kernels exist for the sizes and options of its model. So each
launch on the CPU compiles its kernel's module for the GPU as well, in the same state, on which the
name in the cache depends. The few kernels that MuJoCo Warp launches on a GPU only, or in blocks of
another size there, stay to be compiled on it.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import warp as wp

from humanoid_gym.engine.backend.choice import COMPILE_FOR

logger = logging.getLogger(__name__)

GPU_BLOCK = 256
"""Threads of a block of a launch that asks for no number (Warp's default on a GPU)."""


@functools.cache
def compile_ahead(capability: str) -> None:
    """From now on have each launch compile its kernel for other GPUs as well.

    Args:
        capability: compute capability of the GPUs, without its dot: 90.

    Raises:
        ValueError: it is none that this Warp can compile for.
    """
    known = wp.get_cuda_supported_archs()
    if capability not in map(str, known):
        raise ValueError(
            f"{COMPILE_FOR}: expected a GPU's compute capability without its dot, one of "
            f"{', '.join(map(str, known))}, got {capability!r}"
        )
    logger.warning(
        "%s: kernels are compiled for GPUs of compute capability %.1f as well, into %s",
        COMPILE_FOR,
        int(capability) / 10,
        wp.config.kernel_cache_dir,
    )
    wp.launch = _compiling(wp.launch, int(capability))
    wp.launch_tiled = _compiling(wp.launch_tiled, int(capability))


def _compiling(launch: Callable[..., Any], arch: int) -> Callable[..., Any]:
    """A launch that compiles its kernel's module ahead."""

    @functools.wraps(launch)
    def compiling(kernel: wp.Kernel, *args: Any, **keywords: Any) -> Any:  # noqa: ANN401
        done = launch(kernel, *args, **keywords)  # first: it adds the overload for the arguments
        _compile(kernel.module, keywords.get("block_dim") or GPU_BLOCK, arch)
        return done

    return compiling


def _compile(module: wp.Module, block_dim: int, arch: int) -> None:
    """Compile a module for blocks of a size, unless the cache has it."""
    default = module.options["block_dim"]
    module.options["block_dim"] = block_dim
    try:
        wp.compile_aot_module(module, arch=arch, use_ptx=False)
    finally:
        module.options["block_dim"] = default
