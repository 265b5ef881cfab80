"""Training with several processes, one per device, that stay alike bit for bit.

Each process steps its own environments. What all of them must agree on (gradients, divergence,
statistics of observations, values and advantages, the decision to stop) is reduced over all
processes; everything else follows, because networks and optimizers start alike. With one process
every function here does nothing. `torchrun` starts the processes and says in the environment which
one is which.
"""

import os
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Iterator, List, Mapping, NamedTuple, Sequence, Tuple, Union

import torch
import torch.distributed as dist
from torch import Tensor

from humanoid_gym.config import ConfigError

_SEED_STEP = 100_003  # far from the small differences between the seeds that people compare


class Launch(NamedTuple):
    """Which of the processes this one is."""

    rank: int = 0
    """Number among all processes; 0 writes and speaks for all."""
    world_size: int = 1
    """Number of all processes."""
    local_rank: int = 0
    """Number among the processes of this machine; that of its GPU."""
    local_world_size: int = 1
    """Number of processes of this machine."""

    @property
    def alone(self) -> bool:
        """Whether this is the only process."""
        return self.world_size == 1

    @property
    def speaks(self) -> bool:
        """Whether this process writes and prints for all."""
        return self.rank == 0


def own_seed(seed: int, rank: int) -> int:
    """Return the seed of a process; that of rank 0 is the one given."""
    return (seed + _SEED_STEP * rank) % 2**32


def own_share(total: int, num_processes: int, name: str) -> int:
    """Return a process's part of something that all processes share.

    Args:
        total: of all processes.
        num_processes: that share it.
        name: of the setting, for the message.

    Raises:
        ConfigError: it cannot be divided evenly.
    """
    if total % num_processes:
        raise ConfigError(
            f"{name} is {total}, which {num_processes} processes cannot share evenly; take a "
            f"multiple of {num_processes}"
        )
    return total // num_processes


def rank_file(path: Path, rank: int) -> Path:
    """Return where a process keeps what is its own: last.rank001.pt beside rank 0's last.pt."""
    return path if rank == 0 else path.with_name(f"{path.stem}.rank{rank:03d}{path.suffix}")


def launch_from(environment: Mapping[str, str]) -> Launch:
    """Read what torchrun says about this process.

    Args:
        environment: as `os.environ`; without torchrun's variables there is one process.

    Raises:
        ConfigError: a variable is missing or not a number.
    """
    if "WORLD_SIZE" not in environment:
        return Launch()
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    try:
        return Launch(*[int(environment[name]) for name in names])
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"{', '.join(names)} must all be set and whole numbers, as torchrun does; got "
            + ", ".join(f"{name}={environment.get(name, '')}" for name in names)
        ) from error


class LostProcessError(RuntimeError):
    """Another process died or no longer answers; one line says so."""


@contextmanager
def connected(launch: Launch, device: torch.device, timeout: float) -> Iterator[None]:
    """Connect all processes: NCCL between GPUs, gloo between CPUs. Alone: do nothing.

    Args:
        launch: which process this is.
        device: of this process.
        timeout: seconds to wait for the others, here and later, before they count as lost.

    Raises:
        LostProcessError: not all came.
    """
    if launch.alone:
        yield
        return
    backend = "nccl" if device.type == "cuda" else "gloo"
    if device.type == "cuda":
        torch.cuda.set_device(device)  # where NCCL works
    with _conversation():
        dist.init_process_group(
            backend,
            timeout=timedelta(seconds=timeout),
            rank=launch.rank,
            world_size=launch.world_size,
        )
    yield
    dist.destroy_process_group()  # not after an error: it would wait for the lost ones


def divide_cores(launch: Launch) -> None:
    """Give this process its share of the machine's cores, for simulation and learning on a CPU."""
    if launch.local_world_size == 1 or not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    own = cores[launch.local_rank :: launch.local_world_size]
    if own:
        os.sched_setaffinity(0, own)
    torch.set_num_threads(max(len(own), 1))


def world_size() -> int:
    """Return the number of connected processes."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process among the connected ones."""
    return dist.get_rank() if world_size() > 1 else 0


def copy_from_first(tensors: Sequence[Tensor]) -> None:
    """Overwrite tensors with those of rank 0."""
    if world_size() > 1:
        with _conversation():
            for tensor in tensors:
                dist.broadcast(tensor.detach(), src=0)


def text_from_first(text: str) -> str:
    """Return rank 0's text."""
    texts = [text]
    if world_size() > 1:
        with _conversation():
            dist.broadcast_object_list(texts, src=0)
    return texts[0]


def average(tensors: Sequence[Tensor]) -> None:
    """Replace float32 tensors by their means over all processes, in one exchange."""
    if world_size() == 1:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    with _conversation():
        dist.all_reduce(flat)
    flat.div_(world_size())
    parts = flat.split([tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts):
        tensor.copy_(part.view_as(tensor))


def average_gradients(parameters: Sequence[torch.nn.Parameter], others: Tensor) -> None:
    """Average gradients, and other numbers with them, over all processes.

    Args:
        parameters: those without a gradient are left out, in every process alike.
        others: overwritten by its mean.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    average([*gradients, others])


class Moments(NamedTuple):
    """Mean, biased variance and number of values."""

    mean: Tensor
    variance: Tensor
    count: Union[int, Tensor]


def merged_moments(mean: Tensor, variance: Tensor, count: int) -> Moments:
    """Return the moments of all processes' values together.

    Args:
        mean: of this process's. Shape (size,), float64.
        variance: of this process's, biased. Shape (size,), float64.
        count: of this process's.
    """
    if world_size() == 1:
        return Moments(mean, variance, count)
    own = torch.cat([mean, variance, mean.new_tensor([float(count)])])
    everyone = [torch.empty_like(own) for _ in range(world_size())]
    with _conversation():
        dist.all_gather(everyone, own)
    table = torch.stack(everyone)  # alike in every process, and so is what follows
    size = mean.numel()
    means, variances, counts = table[:, :size], table[:, size:-1], table[:, -1:]
    total = counts.sum()
    merged = (counts * means).sum(0) / total
    spread = (counts * (variances + (means - merged).square())).sum(0) / total
    return Moments(merged, spread, total)


def std_mean(values: Tensor) -> Tuple[Tensor, Tensor]:
    """Return standard deviation and mean of all processes' values together, as torch.std_mean."""
    if world_size() == 1:
        return torch.std_mean(values)
    variance, mean = torch.var_mean(values.double(), correction=0)
    moments = merged_moments(mean.reshape(1), variance.reshape(1), values.numel())
    unbiased = moments.variance * (moments.count / (moments.count - 1))
    return unbiased.sqrt()[0].to(values.dtype), moments.mean[0].to(values.dtype)


def anywhere(flags: Sequence[bool], device: torch.device) -> List[bool]:
    """Return for each flag whether it is set in any process. Waits for the device."""
    if world_size() == 1:
        return list(flags)
    counts = torch.tensor([float(flag) for flag in flags], device=device)
    with _conversation():
        dist.all_reduce(counts)
    return [count > 0.0 for count in counts.tolist()]


@contextmanager
def _conversation() -> Iterator[None]:
    """Turn the many ways in which an exchange can fail into one line."""
    try:
        yield
    except RuntimeError as error:  # of torch.distributed, and whatever gloo and NCCL raise
        reason = (str(error).strip().splitlines() or [""])[0]
        raise LostProcessError(
            f"process {os.environ.get('RANK', '?')} lost another one, which died or stopped "
            f"answering; continue from the last checkpoint ({type(error).__name__}: {reason})"
        ) from error
