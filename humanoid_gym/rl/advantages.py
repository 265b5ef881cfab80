"""Generalized advantage estimation, backwards in time on a CPU and by doubling elsewhere."""

from typing import NamedTuple

import torch
from torch import Tensor


class AdvantageEstimate(NamedTuple):
    """Result of `gae`."""

    advantages: Tensor
    """Shape (T, N)."""
    returns: Tensor
    """Targets of the critic, advantages + values. Shape (T, N)."""


def gae(
    rewards: Tensor,
    values: Tensor,
    final_values: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    gamma: float,
    lam: float,
) -> AdvantageEstimate:
    """Generalized advantage estimation (Schulman et al. 2016, arXiv:1506.02438).

    A terminated step has no future value. A truncated one is bootstrapped with the value of its
    own final observation, since the next stored one belongs to another episode. Where both are
    set, termination wins. Neither passes later advantages back.

    Args:
        rewards: shape (T, N).
        values: of the observations before each step and after the last. Shape (T + 1, N).
        final_values: of the observation that each step led to; may hold anything where not
            truncated. Shape (T, N).
        terminated: bool, shape (T, N).
        truncated: bool, shape (T, N).
        gamma: discount per step.
        lam: exponential weight of longer estimates.
    """
    next_values = torch.where(truncated, final_values, values[1:]).masked_fill_(terminated, 0.0)
    errors = torch.add(rewards, next_values, alpha=gamma).sub_(values[:-1])
    decay = (~(terminated | truncated)).to(rewards.dtype).mul_(gamma * lam)
    on_host = rewards.device.type == "cpu"
    advantages = (sums_by_steps if on_host else sums_by_doubling)(errors, decay)
    return AdvantageEstimate(advantages, advantages + values[:-1])


def sums_by_steps(terms: Tensor, decay: Tensor) -> Tensor:
    """Return s with s[t] = terms[t] + decay[t] * s[t + 1], one operation per step.

    Args:
        terms: overwritten by the result. Shape (T, N).
        decay: shape (T, N).
    """
    for t in range(terms.shape[0] - 2, -1, -1):
        terms[t].addcmul_(decay[t], terms[t + 1])
    return terms


@torch.no_grad()
def sums_by_doubling(terms: Tensor, decay: Tensor) -> Tensor:
    """Return what `sums_by_steps` does with two operations per doubling of the reach.

    Let s hold the sums over the next k steps, and d the product of their decays. Then
    s[t] + d[t] * s[t + k] are those over 2k steps, and d[t] * d[t + k] their decay. For a horizon
    of 32 that is ten kernels instead of 31, each wide enough for a GPU.

    Args:
        terms: shape (T, N).
        decay: shape (T, N).
    """
    steps = terms.shape[0]
    # What is read and what is written take turns. Rows after the end stay zero.
    sums, decays = terms.new_zeros((2, 2, 2 * steps, *terms.shape[1:])).unbind()
    sums[0, :steps].copy_(terms)
    decays[0, :steps].copy_(decay)
    old, reach = 0, 1
    while reach < steps:
        new, now, later = 1 - old, slice(0, steps), slice(reach, reach + steps)
        torch.addcmul(sums[old, now], decays[old, now], sums[old, later], out=sums[new, now])
        torch.mul(decays[old, now], decays[old, later], out=decays[new, now])
        old, reach = new, 2 * reach
    return sums[old, :steps]
