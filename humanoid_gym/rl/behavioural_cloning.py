"""Warm start: a policy learns to do what was recorded, before it learns from rewards."""

import logging
from dataclasses import dataclass, field
from typing import List, NamedTuple, Optional

import torch

from humanoid_gym.config import ConfigError
from humanoid_gym.rl.demonstrations import Demonstrations, load_demonstrations
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.vec_env import VecEnv

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BehaviouralCloningConfig:
    """Settings of `clone`."""

    file: Optional[str] = None
    """Recorded observations and actions, from play.py --record; None: no warm start."""
    num_epochs: int = field(default=20, metadata={"min": 1})
    """Passes over the recorded pairs."""
    minibatch_size: int = field(default=512, metadata={"min": 1})
    """Pairs per gradient step."""
    learning_rate: float = field(default=1e-3, metadata={"above": 0.0})
    """Adam's step size; falls to zero linearly."""


class CloningResult(NamedTuple):
    """What came of it."""

    first_error: float
    """Mean squared error of an action entry during the first epoch."""
    last_error: float
    """The same during the last epoch."""


class WarmStart:
    """The warm start that is configured, possibly none: read and checked before anything starts."""

    def __init__(
        self, config: BehaviouralCloningConfig, networks: ActorCritic, env: VecEnv, task: str = ""
    ) -> None:
        """Read the file.

        Args:
            config: settings.
            networks: to train, on their device.
            env: the environments that they act in.
            task: name of the task; '' if there is none.

        Raises:
            ConfigError: the policy has a memory; single pairs do not say what came before.
            DemonstrationError: the file cannot be used.
        """
        self._config = config
        self._networks = networks
        self._demonstrations: Optional[Demonstrations] = None
        if config.file is None:
            return
        if networks.recurrent:
            raise ConfigError(
                "behavioural_cloning.file holds single observations, which a policy with memory "
                "cannot learn from; leave it out or set train.policy.memory=none"
            )
        self._demonstrations = load_demonstrations(config.file, env.num_obs, env.num_actions, task)

    def run(self) -> Optional[CloningResult]:
        """Clone what the file holds, and say so; None without a file."""
        if self._demonstrations is None:
            return None
        result = clone(self._networks, self._demonstrations, self._config)
        count, config = len(self._demonstrations.actions), self._config
        _log.warning(
            f"cloned    {count} actions of {config.file} in {config.num_epochs} epochs: mean "
            f"squared error {result.first_error:.4g} -> {result.last_error:.4g}"
        )
        self._demonstrations = None  # nobody needs it again
        return result


def clone(
    networks: ActorCritic,
    demonstrations: Demonstrations,
    config: BehaviouralCloningConfig,
) -> CloningResult:
    """Fit the policy's mean to recorded actions by least squares.

    The running statistics of observations are taken from the recorded ones first, if they are
    used. Standard deviation and critic stay as they are.

    Args:
        networks: to train, on their device; without memory.
        demonstrations: pairs of the networks' sizes.
        config: settings.
    """
    device = networks.observation_normalizer.scale.device
    networks.update_observation_statistics(demonstrations.observations.to(device))
    observations = networks.observation_normalizer(demonstrations.observations.to(device))
    actions = demonstrations.actions.to(device)
    rate = torch.tensor(config.learning_rate, device=device)
    optimizer = torch.optim.Adam(networks.policy_parameters(), lr=rate, fused=True)
    # Its own, with one seed: every process of a distributed training comes to the same policy.
    generator = torch.Generator(device).manual_seed(0)
    errors: List[torch.Tensor] = []
    for epoch in range(config.num_epochs):
        rate.fill_(config.learning_rate * (1.0 - epoch / config.num_epochs))
        total = torch.zeros((), device=device)
        order = torch.randperm(len(actions), generator=generator, device=device)
        for indices in order.split(config.minibatch_size):
            error = _error(networks, observations[indices], actions[indices])
            optimizer.zero_grad(set_to_none=True)
            error.backward()
            optimizer.step()
            total.add_(error.detach(), alpha=len(indices) / len(actions))
        errors.append(total)
    return CloningResult(float(errors[0]), float(errors[-1]))


def _error(
    networks: ActorCritic, observations: torch.Tensor, actions: torch.Tensor
) -> torch.Tensor:
    """Return the mean squared error of the policy's mean for normalized observations; 0-d."""
    starts = torch.ones_like(actions[:, 0], dtype=torch.bool)
    policy = networks.policy(observations, starts, networks.no_memory(len(actions)))
    return (policy.mean - actions).square().mean()
