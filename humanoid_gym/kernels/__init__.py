"""TorchScript kernels: pure functions of tensors, without self and without a simulator.

`script` is the one place where TorchScript is applied, since PyTorch 2.13 calls it deprecated. With
the environment variable HUMANOID_GYM_JIT=0 the kernels run as the plain Python functions they are,
which is how to step through one in a debugger.
"""

import os
import warnings
from typing import Any, Callable, TypeVar, cast

import torch

_F = TypeVar("_F", bound=Callable[..., Any])

JIT_ENABLED = os.environ.get("HUMANOID_GYM_JIT", "1") != "0"

# On a GPU, TorchScript would compile CUDA kernels of its own for groups of operations, one after
# another in the first steps, and again for each shape: seconds that training waits, and what comes
# late would fall into the capture of a CUDA graph. Inside a graph, single operations cost little.
torch._C._jit_override_can_fuse_on_gpu(False)


def script(kernel: _F) -> _F:
    """Compile a kernel with TorchScript, or return it unchanged if HUMANOID_GYM_JIT is 0."""
    if not JIT_ENABLED:
        return kernel
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.*is deprecated")
        # called like the function it compiles; PyTorch's own annotation does not say so
        return cast(_F, torch.jit.script(kernel))
