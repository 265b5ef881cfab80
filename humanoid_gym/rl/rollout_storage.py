"""What one iteration collects, and advantage estimation over it."""

from typing import Dict, NamedTuple

import torch
from torch import Tensor


class RolloutStorage:
    """Plain tensors for `horizon` steps of `num_envs` environments; T and N below.

    `observations[T]` is the observation after the last step. Values are filled in after the
    rollout, in one batched call of the critic.
    """

    def __init__(
        self, horizon: int, num_envs: int, num_obs: int, num_actions: int, device: torch.device
    ) -> None:
        """Allocate everything on `device`."""
        self.horizon = horizon
        self.num_envs = num_envs

        def allocate(*shape: int) -> Tensor:
            return torch.zeros(shape, device=device)

        self.observations = allocate(horizon + 1, num_envs, num_obs)
        """Raw observations. Shape (T + 1, N, num_obs)."""
        self.final_observations = allocate(horizon, num_envs, num_obs)
        """Observations that each step led to, before any reset. Shape (T, N, num_obs)."""
        self.actions = allocate(horizon, num_envs, num_actions)
        """Sampled actions. Shape (T, N, num_actions)."""
        self.log_probs = allocate(horizon, num_envs)
        """Log density of the actions when sampled. Shape (T, N)."""
        self.means = allocate(horizon, num_envs, num_actions)
        """Mean of the policy when sampled. Shape (T, N, num_actions)."""
        self.log_std = allocate(num_actions)
        """Log standard deviation of the policy during the rollout. Shape (num_actions,)."""
        self.rewards = allocate(horizon, num_envs)
        """Scaled rewards. Shape (T, N)."""
        self.terminated = torch.zeros(horizon, num_envs, dtype=torch.bool, device=device)
        """The episode ended in a state without a future. Shape (T, N)."""
        self.truncated = torch.zeros(horizon, num_envs, dtype=torch.bool, device=device)
        """The episode was cut off by its time limit. Shape (T, N)."""
        self.values = allocate(horizon + 1, num_envs)
        """Critic's values of `observations`. Shape (T + 1, N)."""
        self.final_values = allocate(horizon, num_envs)
        """Critic's values of `final_observations`; read only where truncated. Shape (T, N)."""

    def state_dict(self, steps: int) -> Dict[str, Tensor]:
        """Return the first `steps` steps of an unfinished rollout, without values.

        Args:
            steps: number of steps stored so far.
        """
        return {
            "log_std": self.log_std,
            **{name: getattr(self, name)[:steps] for name in _COLLECTED},
        }

    def load_state_dict(self, state: Dict[str, Tensor]) -> None:
        """Restore what `state_dict` returned."""
        self.log_std.copy_(state["log_std"])
        for name in _COLLECTED:
            getattr(self, name)[: len(state[name])] = state[name]


_COLLECTED = (
    "observations",
    "final_observations",
    "actions",
    "log_probs",
    "means",
    "rewards",
    "terminated",
    "truncated",
)
"""What each step writes, by attribute of `RolloutStorage`."""


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
    advantages = torch.add(rewards, next_values, alpha=gamma).sub_(values[:-1])  # TD errors
    decay = (~(terminated | truncated)).to(rewards.dtype).mul_(gamma * lam)
    for t in range(rewards.shape[0] - 2, -1, -1):
        advantages[t].addcmul_(decay[t], advantages[t + 1])
    return AdvantageEstimate(advantages, advantages + values[:-1])
