"""How many threads PyTorch may use while others are at work: the simulation's, the learner's."""

import threading
from contextlib import contextmanager
from typing import Iterator

import torch


class _Allowance(threading.local):
    """How many threads PyTorch was allowed where `single_threaded` began; 0 outside of it."""

    threads = 0


_allowance = _Allowance()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Run PyTorch's CPU operations on the calling thread alone.

    A step's tensors are small, and OpenMP's threads go on spinning after each operation: with two
    threads on two busy cores, 1024 humanoids took 226 ms for what one thread does in 12 ms, and
    slowed physics down too. Switching costs less than a microsecond.
    """
    threads, allowed = torch.get_num_threads(), _allowance.threads
    _allowance.threads = allowed or threads
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        _allowance.threads = allowed


def allowed_threads() -> int:
    """Return how many threads there were before `single_threaded`; 0 outside of it."""
    return _allowance.threads
