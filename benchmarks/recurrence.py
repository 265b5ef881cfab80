"""Time of learning from sequences with resets: our step loop against split, padded sequences.

    python benchmarks/recurrence.py [--kind gru] [--num-envs 128] [--horizon 32] [--threads 1]

Split and padded is what rsl_rl does: every rollout is cut where an episode starts, the pieces are
filled up to one length, and PyTorch's `nn.LSTM` or `nn.GRU` runs over all of them in one call. The
step loop of `humanoid_gym.rl.networks.memory` sets the memory to zero in between. Both compute the
same outputs and gradients; forward and backward are timed, alternately in one run, and the fastest
of the repetitions is printed, since other programs can only slow one down.
"""

import argparse
import time
from typing import Callable

import torch
from torch import Tensor, nn

from humanoid_gym.rl.networks.memory import Memory

NUM_INPUTS, SIZE = 108, 256


def main() -> None:
    """Print seconds by method and rate of resets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", default="lstm", choices=("lstm", "gru"))
    parser.add_argument("--num-envs", type=int, default=128, help="of a minibatch")
    parser.add_argument("--horizon", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    memory = Memory(NUM_INPUTS, SIZE, 1, arguments.kind)
    module = (nn.LSTM if arguments.kind == "lstm" else nn.GRU)(NUM_INPUTS, SIZE)
    for name, value in memory.cells[0].named_parameters():
        getattr(module, f"{name}_l0").data.copy_(value)
    inputs = torch.randn(arguments.num_envs, arguments.horizon, NUM_INPUTS)
    nothing = torch.zeros(arguments.num_envs, memory.width)
    print(f"{arguments.kind} {SIZE}, {tuple(inputs.shape)}, {arguments.threads} threads")
    for rate in (0.0, 0.01, 0.05):
        starts = torch.rand(inputs.shape[:2]) < rate
        loop, split = fastest(
            lambda s=starts: memory(inputs, nothing, s),
            lambda s=starts: split_and_padded(module, inputs, s),
            arguments.repetitions,
        )
        print(f"resets at {rate:4.0%} of the steps: loop {loop:.4f} s, padded {split:.4f} s")


def split_and_padded(module: nn.Module, inputs: Tensor, starts: Tensor) -> Tensor:
    """Run over sequences (N, T, num_inputs) that begin with no memory; return (N, T, size)."""
    num_envs, horizon = starts.shape
    cuts = starts.clone()
    cuts[:, 0] = True
    first = cuts.flatten().nonzero().flatten()
    lengths = torch.diff(first, append=torch.tensor([num_envs * horizon]))
    pieces = nn.utils.rnn.pad_sequence(inputs.flatten(0, 1).split(lengths.tolist()))
    outputs, _ = module(pieces)
    valid = torch.arange(len(pieces)) < lengths.unsqueeze(1)
    return outputs.transpose(0, 1)[valid].view(num_envs, horizon, -1)


def fastest(
    one: Callable[[], Tensor], other: Callable[[], Tensor], repetitions: int
) -> tuple[float, float]:
    """Return the least seconds of each, forward and backward, measured alternately."""
    torch.testing.assert_close(one(), other(), rtol=1e-4, atol=1e-5)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repetitions):
        for method, samples in zip((one, other), seconds, strict=True):
            begin = time.perf_counter()
            method().square().mean().backward()
            samples.append(time.perf_counter() - begin)
    return min(seconds[0]), min(seconds[1])


if __name__ == "__main__":
    main()
