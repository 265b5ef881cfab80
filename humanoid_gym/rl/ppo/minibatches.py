"""A rollout as samples to learn from, and how it is split into minibatches."""

from dataclasses import replace
from typing import Iterator, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.rl import distributed
from humanoid_gym.rl.ppo.config import PPOConfig

_INSTEAD = "leave it out and set train.algorithm.num_minibatches instead"


class Batch(NamedTuple):
    """Samples to learn from; B of them. Observations, values and returns are normalized.

    To networks with memories a sample is an environment's whole rollout: B stands for their number
    and the shapes below go on with the steps T, as in (B, T, num_obs); only memories have no T.
    """

    observations: Tensor
    """Shape (B, num_obs)."""
    states: Tensor
    """What the critic reads of the task's states, possibly nothing. Shape (B, num_states)."""
    actions: Tensor
    """Shape (B, num_actions)."""
    means: Tensor
    """Mean of the policy that acted. Shape (B, num_actions)."""
    log_probs: Tensor
    """Log density of the actions under the policy that acted. Shape (B,)."""
    advantages: Tensor
    """Of mean 0 and standard deviation 1 over the whole rollout, unless the configuration says
    otherwise. Shape (B,)."""
    values: Tensor
    """What the critic predicted. Shape (B,)."""
    returns: Tensor
    """What the critic should have predicted. Shape (B,)."""
    starts: Tensor
    """Whether an episode starts with the sample; matters to memories only. Shape (B,), bool."""
    actor_memory: Tensor
    """What the actor remembered before the first step. Shape (B, width), width 0 without one."""
    critic_memory: Tensor
    """What the critic remembered before the first step. Shape (B, width), width 0 without one."""
    log_std: Tensor
    """Log standard deviation of the policy that acted. Shape (num_actions,), the same for all
    samples, or (B, num_actions)."""
    mirrored_observations: Tensor
    """Of the mirrored world; width 0 where no symmetry is learned from. Shape (B, num_obs)."""
    mirrored_states: Tensor
    """Of the mirrored world; width 0 where they are not used. Shape (B, num_states)."""

    @property
    def inputs(self) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What `ActorCritic.evaluate` takes, in its order."""
        memories = (self.actor_memory, self.critic_memory)
        return (self.observations, self.states, self.starts, *memories)

    def select(self, indices: Tensor) -> "Batch":
        """Return the samples at `indices`, shape (b,)."""
        shared = self.log_std if self.log_std.dim() == 1 else None
        parts = [t if t is shared else t.index_select(0, indices) for t in self]
        return Batch(*parts)

    def split(self, count: int) -> Iterator[Tuple["Batch", float]]:
        """Yield the samples in `count` parts, as equal as possible, each with its share of all.

        There are no more parts than samples, or than environments where those stay whole.
        """
        size = self.log_probs.shape[0]
        count = min(count, size)
        shared = self.log_std if self.log_std.dim() == 1 else None
        for i in range(count):
            first, end = i * size // count, (i + 1) * size // count
            parts = [t if t is shared else t[first:end] for t in self]
            yield Batch(*parts), (end - first) / size


def num_minibatches(config: PPOConfig, num_samples: int, sequence_length: int = 1) -> int:
    """Return how many minibatches this process's rollout is split into.

    Args:
        config: settings.
        num_samples: of the rollout, horizon x num_envs.
        sequence_length: samples that must stay together: the horizon for networks with memories.

    Raises:
        ConfigError: the configured minibatches cannot be.
    """
    if config.minibatch_size is not None:
        processes = distributed.world_size()
        share = distributed.own_share(config.minibatch_size, processes, "minibatch_size")
        config = replace(config, minibatch_size=share)
    if sequence_length > 1:
        _check_sequences(config, num_samples // sequence_length, sequence_length)
    size = config.minibatch_size
    if size is None and config.num_minibatches > num_samples:
        raise ConfigError(
            f"num_minibatches is {config.num_minibatches}, but a rollout (horizon x num_envs) "
            f"has only {num_samples} samples"
        )
    if size is not None and num_samples % size:
        raise ConfigError(
            f"minibatch_size is {size}, which does not divide the {num_samples} samples of a "
            f"rollout (horizon x num_envs); {_INSTEAD}"
        )
    count = config.num_minibatches if size is None else num_samples // size
    smallest = num_samples // sequence_length // count * sequence_length
    _check_deviations(config, num_samples, smallest)
    return count


def _check_deviations(config: PPOConfig, num_samples: int, smallest: int) -> None:
    """Refuse what has no standard deviation: a single sample.

    Args:
        config: settings.
        num_samples: of the rollout.
        smallest: number of samples in the smallest minibatch.
    """
    if num_samples < 2:
        raise ConfigError(
            "a rollout (horizon x num_envs) has only 1 sample, whose advantage compares with "
            "nothing; raise num_envs or train.runner.horizon"
        )
    if config.advantage_normalization == "minibatch" and smallest * distributed.world_size() < 2:
        raise ConfigError(
            "advantage_normalization is minibatch, but a minibatch may have only 1 sample; lower "
            "train.algorithm.num_minibatches or set train.algorithm.advantage_normalization=rollout"
        )


def _check_sequences(config: PPOConfig, num_sequences: int, length: int) -> None:
    """Refuse minibatches that would split the rollout of an environment in time."""
    rule = "a policy with memory learns from whole rollouts of environments"
    size = config.minibatch_size
    if size is None and config.num_minibatches > num_sequences:
        raise ConfigError(
            f"num_minibatches is {config.num_minibatches}, but {rule}, and there are only "
            f"{num_sequences} of them; lower it or raise num_envs"
        )
    if size is not None and (size % length or num_sequences % (size // length)):
        raise ConfigError(
            f"minibatch_size is {size}, but {rule}: it must be the horizon {length} times a "
            f"divisor of the {num_sequences} environments; {_INSTEAD}"
        )


def shuffled_minibatches(
    size: int, count: int, generator: Optional[torch.Generator], device: torch.device
) -> Tuple[Tensor, ...]:
    """Split the samples of a rollout in a random order; call it once for each epoch.

    Args:
        size: samples of the rollout.
        count: minibatches, as equal as possible.
        generator: source of the order, on `device`.
        device: where the indices are wanted.

    Returns:
        Indices of each minibatch's samples; every sample is in one of them.
    """
    return torch.randperm(size, generator=generator, device=device).tensor_split(count)
