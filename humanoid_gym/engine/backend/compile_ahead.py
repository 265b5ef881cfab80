"""Compiling Warp's kernels for GPUs that this machine does not have.

The first run of a program on a new GPU machine waits minutes for its kernels. A few steps of the
same program on Warp's CPU device, with `HUMANOID_GYM_COMPILE_FOR=90`, leave in Warp's cache what a
GPU of compute capability 9.0 will look for there: for container images, clusters and machines that
are paid by the minute.

Only what a program launches is known: kernels exist for the sizes and options of its model. So each
launch on the CPU compiles its kernel's module for the GPU as well, in the same state, on which the
name in the cache depends. So does what MuJoCo Warp only does on a GPU: it asks how many blocks of a
kernel fit there, which loads the kernel once more in blocks of the module's own size, and it takes
other blocks than the CPU's of one thread.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import warp as wp
from mujoco_warp._src import collision_convex, solver, types

from humanoid_gym.engine.backend.choice import COMPILE_FOR

logger = logging.getLogger(__name__)

GPU_BLOCK = 256
"""Threads of a block of a launch that asks for no number (Warp's default on a GPU)."""
ONE_THREAD = {1: types.BlockDim().solve_LD_sparse_fused}
"""Blocks on a GPU of what MuJoCo Warp launches in blocks of one thread on the CPU."""


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
    arch = int(capability)
    wp.launch = _compiling(wp.launch, arch)
    wp.launch_tiled = _compiling(wp.launch_tiled, arch)
    wp.get_suggested_block_size = _loading(wp.get_suggested_block_size, arch)
    collision_convex._ccd_grid_size = _loading(collision_convex._ccd_grid_size, arch)
    solver._JTDACJ_sparse = _in_warps(solver._JTDACJ_sparse, arch)


def _compiling(launch: Callable[..., Any], arch: int) -> Callable[..., Any]:
    """A launch that compiles its kernel's module ahead."""

    @functools.wraps(launch)
    def compiling(kernel: wp.Kernel, *args: Any, **keywords: Any) -> Any:  # noqa: ANN401
        done = launch(kernel, *args, **keywords)  # first: it adds the overload for the arguments
        block_dim = keywords.get("block_dim") or GPU_BLOCK
        _compile(kernel.module, ONE_THREAD.get(block_dim, block_dim), arch)
        return done

    return compiling


def _loading(question: Callable[..., Any], arch: int) -> Callable[..., Any]:
    """A question about a kernel that loads its module on a GPU, and compiles it ahead here."""

    @functools.wraps(question)
    def loading(kernel: wp.Kernel, *args: Any, **keywords: Any) -> Any:  # noqa: ANN401
        _compile(kernel.module, kernel.module.options["block_dim"], arch)
        return question(kernel, *args, **keywords)

    return loading


def _in_warps(make: Callable[..., Any], arch: int) -> Callable[..., Any]:
    """What makes a solver's kernel of one thread a block, and compiles that of a GPU ahead."""
    threads = solver._JTDAJ_THREADS_PER_GROUP

    @functools.wraps(make)
    def made(
        compact: bool,
        cone: int,
        dim: int,
        block_dim: int,
        *more: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        if block_dim == 1:
            _compile(make(compact, cone, dim, threads, *more).module, threads, arch)
        return make(compact, cone, dim, block_dim, *more)

    return made


def _compile(module: wp.Module, block_dim: int, arch: int) -> None:
    """Compile a module for blocks of a size, unless the cache has it."""
    default = module.options["block_dim"]
    module.options["block_dim"] = block_dim
    try:
        wp.compile_aot_module(module, arch=arch, use_ptx=False)
    finally:
        module.options["block_dim"] = default
