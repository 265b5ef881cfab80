"""Learning rate schedules, on the device: no branch depends on a tensor's value."""

import torch
from torch import Tensor

from humanoid_gym.rl.ppo.config import PPOConfig


class LearningRates:
    """The optimizer's step sizes: tensors that it reads, written in place by the schedule.

    Call `begin_iteration`, then `observe` before each gradient step and `end_epoch` after each
    pass over the rollout.
    """

    def __init__(self, config: PPOConfig, device: torch.device) -> None:
        """Create the rates of the first step.

        Args:
            config: settings.
            device: where the networks live.
        """
        self._config = config
        self._adaptive = config.learning_rate_schedule == "adaptive"
        self._epoch_kl = torch.zeros((), device=device)
        self.policy = torch.tensor(config.learning_rate, device=device)
        """Of the policy, and of the critic unless it has its own; 0-d."""
        self.critic = self.policy
        """Of the critic; 0-d."""
        if config.critic_learning_rate is not None:
            self.critic = torch.tensor(config.critic_learning_rate, device=device)

    def begin_iteration(self, progress: float) -> None:
        """Follow the linear schedule; `progress` is the part of the training that is over."""
        if self._config.learning_rate_schedule == "linear":
            self.policy.fill_(self._config.learning_rate * max(1.0 - progress, 0.0))

    def observe(self, kl: Tensor, share: float) -> None:
        """Take note of a minibatch's divergence before its gradient step.

        Args:
            kl: mean over the minibatch [nats], the same in every process; 0-d.
            share: part of the epoch's samples that the minibatch holds.
        """
        if self._adaptive and self._config.adapt_every == "gradient_step":
            self.policy.copy_(adapted_learning_rate(self.policy, kl, self._config))
        elif self._adaptive:
            self._epoch_kl.add_(kl, alpha=share)

    def end_epoch(self, is_last: bool) -> None:
        """Adapt to the epoch's mean divergence, where that is configured."""
        interval = self._config.adapt_every
        if self._adaptive and (interval == "epoch" or (interval == "iteration" and is_last)):
            self.policy.copy_(adapted_learning_rate(self.policy, self._epoch_kl, self._config))
        self._epoch_kl.zero_()


def adapted_learning_rate(rate: Tensor, kl: Tensor, config: PPOConfig) -> Tensor:
    """Return the next learning rate, so that the KL divergence stays near its target.

    Args:
        rate: current learning rate, 0-d.
        kl: divergence of the current policy from the one that acted, 0-d.
        config: target and bounds.
    """
    too_far = kl > 2.0 * config.kl_target
    too_near = kl < 0.5 * config.kl_target
    wanted = torch.where(too_far, rate / 1.5, torch.where(too_near, rate * 1.5, rate))
    return wanted.clamp(*config.learning_rate_range)
