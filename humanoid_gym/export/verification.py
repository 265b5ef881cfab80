"""Runs an exported policy on recorded observations beside the one that was trained."""

import time
from typing import Callable, NamedTuple

import numpy as np

from humanoid_gym.deployment.policy_file import PolicyAnswer
from humanoid_gym.export.policy_graph import PolicyGraph, limited
from humanoid_gym.export.recording import Recording
from humanoid_gym.rl.networks import ActorCritic

Run = Callable[[np.ndarray, np.ndarray], PolicyAnswer]
"""An exported policy: observations (N, num_obs) and memory (N, width) to its answer."""

_TIMED_CALLS = 300
_WARMING_CALLS = 30


class ExportError(ValueError):
    """A policy could not be exported, or what was made of it acts otherwise."""


class Comparison(NamedTuple):
    """How an exported policy differs from the trained one."""

    largest_difference: float
    """Of clipped actions, and of commands as parts of what an action of 1 asks for."""
    samples: int
    """Observations that were compared."""
    latency: float
    """Median time for one robot [s]."""


def compare(
    run: Run, networks: ActorCritic, graph: PolicyGraph, recording: Recording
) -> Comparison:
    """Let both policies act on the recording, each with a memory of its own.

    Args:
        run: the exported policy.
        networks: the trained policy.
        graph: what was exported; says how actions are clipped and scaled.
        recording: observations.
    """
    steps, count = recording.starts.shape
    memory = np.zeros((count, graph.memory_width), np.float32)
    trained_memory = networks.no_memory(count)
    largest = 0.0
    scale = graph.scale.abs().clamp(min=1e-12).numpy()
    for observation, starts in zip(recording.observations, recording.starts):
        memory[starts.numpy()] = 0.0
        trained_memory = trained_memory.masked_fill(starts.unsqueeze(-1), 0.0)
        policy, trained_memory = networks.respond(observation, trained_memory)
        expected = limited(policy.mean, graph.clip_actions)
        command = graph.commands(observation, expected).numpy()
        given = run(np.ascontiguousarray(observation.numpy()), memory)
        memory = np.array(given.memory)
        parts = [given.action - expected.numpy(), (given.command - command) / scale]
        differences = np.abs(np.concatenate(parts, axis=1))
        # a NaN is no small difference
        largest = max(largest, float(np.nan_to_num(differences, nan=np.inf).max()))
    return Comparison(largest, steps * count, _latency(run, recording, graph.memory_width))


def check(what: str, comparison: Comparison, tolerance: float) -> None:
    """Refuse an exported policy that differs too much.

    Args:
        what: it is, for the message.
        comparison: with the trained one.
        tolerance: largest difference of actions that is allowed.

    Raises:
        ExportError: it does.
    """
    if not comparison.largest_difference <= tolerance:
        raise ExportError(
            f"{what} differs from the trained policy by {comparison.largest_difference:.3g} in an "
            f"action, more than the tolerance of {tolerance:g}; it was not written"
        )


def _latency(run: Run, recording: Recording, width: int) -> float:
    observation = np.ascontiguousarray(recording.observations[0, :1].numpy())
    memory = np.zeros((1, width), np.float32)
    times = []
    for _ in range(_WARMING_CALLS + _TIMED_CALLS):
        start = time.perf_counter()
        run(observation, memory)
        times.append(time.perf_counter() - start)
    return float(np.median(times[_WARMING_CALLS:]))
