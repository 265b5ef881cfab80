"""How many threads PyTorch may use while the simulation needs them."""

from contextlib import contextmanager
from typing import Iterator

import torch


@contextmanager
def single_threaded() -> Iterator[None]:
    """Run PyTorch's CPU operations on the calling thread alone.

    A step's tensors are small, and OpenMP's threads go on spinning after each operation: with two
    threads on two busy cores, 1024 humanoids took 226 ms for what one thread does in 12 ms, and
    slowed physics down too. Switching costs less than a microsecond.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
