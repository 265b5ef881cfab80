"""A policy as a task meets it: step after step, with a memory that ends with the episode."""

from typing import Optional

import torch
from torch import Tensor

from humanoid_gym.rl.networks.actor_critic import ActorCritic


class Agent:
    """Acts in a batch of environments and remembers each one's episode, if the policy can."""

    def __init__(
        self,
        networks: ActorCritic,
        num_envs: int,
        greedy: bool = True,
        generator: Optional[torch.Generator] = None,
    ) -> None:
        """Start an episode everywhere.

        Args:
            networks: whose policy acts; they are not changed.
            num_envs: number of environments N.
            greedy: take the policy's mean instead of a sample.
            generator: source of the samples, on the networks' device.
        """
        self.networks = networks
        self.greedy = greedy
        self.generator = generator
        self.memory = networks.no_memory(num_envs)
        """What the policy remembers. Shape (N, width)."""

    def __call__(self, obs: Tensor) -> Tensor:
        """Return actions for raw observations (N, num_obs). Shape (N, num_actions)."""
        if self.greedy:
            policy, self.memory = self.networks.respond(obs, self.memory)
            return policy.mean
        step = self.networks.act(obs, self.generator, self.memory)
        self.memory = step.memory
        return step.actions

    def forget(self, done: Tensor) -> None:
        """Start new episodes where `done`, shape (N,), is set; call it after each step."""
        self.memory = self.memory.masked_fill(done.bool().unsqueeze(-1), 0.0)
