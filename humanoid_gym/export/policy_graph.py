"""The policy alone, as one graph from the task's observation to what the motors are asked for."""

import copy
from typing import Tuple

import torch
from torch import Tensor, nn

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.description import Deployment
from humanoid_gym.rl.networks import ActorCritic


class PolicyGraph(nn.Module):
    """Normalization, policy, clipping and scaling: all that lies between observation and command.

    A policy with a memory is given it and returns it; one without has neither input nor output for
    it. The policy's mean is what acts: nothing is sampled.
    """

    def __init__(
        self,
        networks: ActorCritic,
        deployment: Deployment,
        precision: torch.dtype = torch.float32,
    ) -> None:
        """Copy what the graph needs, to the CPU.

        Args:
            networks: trained; they stay as they are.
            deployment: clipping and scaling.
            precision: of the layers. Normalization, inputs and outputs are float32.

        Raises:
            ConfigError: the networks are not of this task.
        """
        super().__init__()
        found = (networks.num_obs, networks.num_actions)
        expected = (deployment.num_obs, len(deployment.actuators))
        if found != expected:
            raise ConfigError(
                f"the policy has {found[0]} observations and {found[1]} actions, task "
                f"{deployment.task} describes {expected[0]} and {expected[1]}"
            )
        networks = copy.deepcopy(networks).cpu().eval().requires_grad_(False)
        self.normalizer = networks.observation_normalizer
        self.shared = networks.shared.to(precision)
        self.actor_memory = networks.actor_memory.to(precision)
        self.actor = networks.actor.to(precision)
        self.precision = precision
        self.num_obs, self.num_actions = found
        self.memory_width = networks.actor_memory.width
        self.clip_actions = deployment.clip_actions
        self.clip_observations = deployment.clip_observations
        self.scale: Tensor
        self.offset: Tensor
        self.register_buffer("scale", torch.tensor([a.scale for a in deployment.actuators]))
        self.register_buffer("offset", torch.tensor([a.offset for a in deployment.actuators]))

    def example(self, count: int) -> Tuple[Tensor, ...]:
        """Return inputs of zeros, for `count` robots."""
        inputs = (torch.zeros(count, self.num_obs), torch.zeros(count, self.memory_width))
        return inputs if self.memory_width else inputs[:1]

    def respond(self, observation: Tensor, memory: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Act.

        Args:
            observation: as the task makes it, shape (N, num_obs).
            memory: shape (N, memory_width).

        Returns:
            Clipped actions and commands (N, num_actions), and the memory after the step.
        """
        if self.clip_observations is not None:
            observation = observation.clamp(-self.clip_observations, self.clip_observations)
        features = self.shared(self.normalizer(observation).to(self.precision))
        features, after = self.actor_memory.step(features, memory.to(self.precision))
        mean = self.actor(features)[:, : self.num_actions].float()  # before it, deviations follow
        action = mean.clamp(-self.clip_actions, self.clip_actions)
        return action, self.offset + self.scale * action, after.float()


class WithoutMemory(nn.Module):
    """A policy's graph with the observation as its only input."""

    def __init__(self, graph: PolicyGraph) -> None:
        super().__init__()
        self.policy = graph  # fx keeps its own `graph` under that name

    def forward(self, observation: Tensor) -> Tuple[Tensor, Tensor]:
        """Return actions and commands (N, num_actions) for observations (N, num_obs)."""
        action, command, _ = self.policy.respond(observation, observation[:, :0])
        return action, command


class WithMemory(nn.Module):
    """A policy's graph with the memory as an input and an output of its own."""

    def __init__(self, graph: PolicyGraph) -> None:
        super().__init__()
        self.policy = graph  # fx keeps its own `graph` under that name

    def forward(self, observation: Tensor, memory: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Return actions, commands and next memory for observations and memory (N, width)."""
        return self.policy.respond(observation, memory)


def signature(graph: PolicyGraph) -> nn.Module:
    """Return the graph with the inputs and outputs that its file has."""
    return WithMemory(graph) if graph.memory_width else WithoutMemory(graph)
