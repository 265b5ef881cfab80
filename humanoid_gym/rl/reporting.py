"""One report per iteration: everything that it measured, read from the device at once."""

import math
import os
from pathlib import Path
from typing import Dict

import torch
from torch import Tensor

from humanoid_gym.rl.episode_statistics import EpisodeStatistics
from humanoid_gym.rl.logging.report import LEARNING, Report

_STATM = Path("/proc/self/statm")


def read_report(losses: Dict[str, Tensor], std: Tensor, statistics: EpisodeStatistics) -> Report:
    """Read an iteration's numbers from the device; the only wait for it after the rollout.

    Args:
        losses: 0-d tensors by name, from the update; none if there was no update.
        std: standard deviation of the policy's actions. Shape (..., num_actions).
        statistics: of the episodes.

    Returns:
        "learning/…" for each loss, "learning/std" with its extremes over the actions, and the
        statistics' own entries.
    """
    per_action = std.reshape(-1, std.shape[-1]).mean(0)
    spread = {"std": per_action.mean(), "std_min": per_action.min(), "std_max": per_action.max()}
    policy = {**losses, **spread}
    scalars = torch.stack([value.reshape(()).float() for value in policy.values()])
    values = torch.cat([scalars, statistics.summary()]).tolist()
    return {
        **statistics.report(values[len(policy) :]),
        **{LEARNING + name: value for name, value in zip(policy, values)},
    }


def explained_variance(values: Tensor, returns: Tensor) -> Tensor:
    """Return 1 - Var(returns - values) / Var(returns), 0-d.

    One for a perfect critic, zero for one that knows the mean only, negative for worse. Its inputs
    may be in any common unit. Shapes alike.
    """
    return 1.0 - torch.var(returns - values) / torch.var(returns).clamp_min(1e-12)


def memory_report(device: torch.device) -> Report:
    """Return the memory in use [MiB] by this process on the host and by PyTorch on a GPU."""
    report = {}
    if _STATM.is_file():  # Linux
        pages = int(_STATM.read_text().split()[1])
        report["memory/host_mib"] = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    if device.type == "cuda":
        report["memory/gpu_mib"] = torch.cuda.memory_allocated(device) / 2**20
        report["memory/gpu_peak_mib"] = torch.cuda.max_memory_reserved(device) / 2**20
    return report


def non_finite(report: Report) -> Dict[str, float]:
    """Return the entries of a report that are NaN or infinite."""
    return {name: value for name, value in report.items() if not math.isfinite(value)}
