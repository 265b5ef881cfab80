"""Work of the CPU in slices of fixed size, so that no result depends on the number of threads.

PyTorch splits an operation among its threads, and where it cuts decides how sums are rounded and
which elements pass through vectorized functions: with three threads a network's output differs from
that with one in the last bit, and a training soon differs altogether. Here each operation runs on
one thread, and threads share out the samples instead. How many slices there are depends on nothing
but their number; results are put together in the order of the slices.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Dict, List, Sequence, Tuple, TypeVar

import torch
from torch import Tensor

from humanoid_gym.threads import allowed_threads, single_threaded

Result = TypeVar("Result")


_pools: Dict[int, ThreadPoolExecutor] = {}


def num_slices(num_samples: int) -> int:
    """Return into how many slices samples are split for differentiation on a CPU.

    Smaller ones cost more than they gain: 4096 samples of the humanoid take as much of the
    processors in four slices as in one, and 7 % more in eight.
    """
    return max(1, min(4, num_samples // 512), min(8, num_samples // 2048))


def in_parallel(jobs: Sequence[Callable[[], Result]]) -> List[Result]:
    """Do independent jobs on as many threads as PyTorch is allowed.

    Args:
        jobs: each with operations of its own; gradient mode is enabled in it.

    Returns:
        Their results, in the order of the jobs.
    """

    def enabled(job: Callable[[], Result]) -> Result:
        with torch.enable_grad():
            return job()

    with single_threaded():
        threads = min(allowed_threads(), len(jobs))
        if threads < 2:
            return [enabled(job) for job in jobs]
        return list(_pool(threads).map(enabled, jobs))


def by_slices(function: Callable[..., Tuple[Tensor, ...]], *inputs: Tensor) -> Tuple[Tensor, ...]:
    """Apply a function that treats each row by itself, on a CPU slice by slice.

    Args:
        function: takes and returns tensors whose first dimension counts rows; not differentiated.
        inputs: its arguments, with as many rows each.
    """
    if inputs[0].device.type != "cpu":
        return function(*inputs)
    count = max(1, min(8, inputs[0].shape[0] // 256))

    def job(*rows: Tensor) -> Callable[[], Tuple[Tensor, ...]]:
        def apply() -> Tuple[Tensor, ...]:
            with torch.no_grad():
                return function(*rows)

        return apply

    slices = zip(*(tensor.tensor_split(count) for tensor in inputs))
    results = in_parallel([job(*rows) for rows in slices])
    return results[0] if count == 1 else tuple(torch.cat(parts) for parts in zip(*results))


def _pool(threads: int) -> ThreadPoolExecutor:
    if threads not in _pools:
        _pools[threads] = ThreadPoolExecutor(
            threads, "learner", initializer=torch.set_num_threads, initargs=(1,)
        )
    return _pools[threads]
