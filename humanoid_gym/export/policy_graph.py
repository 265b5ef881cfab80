"""The policy alone, as one graph from the task's observation to what the motors are asked for."""

import copy
from typing import Dict, List, Optional, Tuple, Union

import torch
from torch import Tensor, nn

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.description import Deployment
from humanoid_gym.deployment.policy_file import ACTION, COMMAND, MEMORY, NEXT_MEMORY, OBSERVATION
from humanoid_gym.deployment.policy_interface import Description
from humanoid_gym.rl.networks import ActorCritic


class PolicyGraph(nn.Module):
    """Normalization, policy, clipping and scaling: all that lies between observation and command.

    A policy with a memory is given it and returns it; one without has neither input nor output for
    it. Commands are an output where the task describes its robot. The policy's mean is what acts:
    nothing is sampled.
    """

    def __init__(
        self,
        networks: ActorCritic,
        description: Description,
        precision: torch.dtype = torch.float32,
    ) -> None:
        """Copy what the graph needs, to the CPU.

        Args:
            networks: trained; they stay as they are.
            description: clipping, and of a robot scaling.
            precision: of the layers. Normalization, inputs and outputs are float32.

        Raises:
            ConfigError: the networks are not of this task.
        """
        super().__init__()
        found = (networks.num_obs, networks.num_actions)
        expected = (description.num_obs, description.num_actions)
        if found != expected:
            raise ConfigError(
                f"the policy has {found[0]} observations and {found[1]} actions, task "
                f"{description.task} describes {expected[0]} and {expected[1]}"
            )
        networks = copy.deepcopy(networks).cpu().eval().requires_grad_(False)
        self.normalizer = networks.observation_normalizer
        self.shared = networks.shared.to(precision)
        self.actor_memory = networks.actor_memory.to(precision)
        self.actor = networks.actor.to(precision)
        self.precision = precision
        self.num_obs, self.num_actions = found
        self.memory_width = networks.actor_memory.width
        self.clip_actions = description.clip_actions
        self.clip_observations = description.clip_observations
        actuators = description.actuators if isinstance(description, Deployment) else ()
        self.num_commands = len(actuators)
        self.followed = slice(0, 0)
        self.followed_scale = 1.0
        if isinstance(description, Deployment) and description.followed is not None:
            columns, self.followed_scale = description.followed_columns
            self.followed = slice(columns.start, columns.stop)
        self.scale: Tensor
        self.offset: Tensor
        self.register_buffer("scale", torch.tensor([a.scale for a in actuators]))
        self.register_buffer("offset", torch.tensor([a.offset for a in actuators]))

    @property
    def inputs(self) -> List[str]:
        """Names of what the graph is given, in their order."""
        return [OBSERVATION, MEMORY] if self.memory_width else [OBSERVATION]

    @property
    def outputs(self) -> List[str]:
        """Names of what the graph returns, in their order."""
        widths = {
            ACTION: self.num_actions,
            COMMAND: self.num_commands,
            NEXT_MEMORY: self.memory_width,
        }
        return [name for name, width in widths.items() if width]

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
            Clipped actions (N, num_actions), commands (N, num_commands), and the memory after the
            step.
        """
        seen = limited(observation, self.clip_observations)
        features = self.shared(self.normalizer(seen).to(self.precision))
        features, after = self.actor_memory.step(features, memory.to(self.precision))
        mean = self.actor(features)[:, : self.num_actions].float()  # before it, deviations follow
        action = limited(mean, self.clip_actions)
        return action, self.commands(observation, action), after.float()

    def commands(self, observation: Tensor, action: Tensor) -> Tensor:
        """Return what clipped actions ask of the motors.

        Args:
            observation: as the task makes it, shape (N, num_obs).
            action: shape (N, num_actions).
        """
        command = self.offset + self.scale * action[:, : self.num_commands]
        followed = observation[:, self.followed]
        return command + followed / self.followed_scale if followed.shape[1] else command


Outputs = Union[Tensor, Tuple[Tensor, ...]]
"""What a graph's file returns: a tensor, or several in the order of `PolicyGraph.outputs`."""


class WithoutMemory(nn.Module):
    """A policy's graph with the observation as its only input."""

    def __init__(self, graph: PolicyGraph) -> None:
        super().__init__()
        self.policy = graph  # fx keeps its own `graph` under that name

    def forward(self, observation: Tensor) -> Outputs:
        """Return what the graph has to say of observations (N, num_obs)."""
        return _outputs(self.policy, self.policy.respond(observation, observation[:, :0]))


class WithMemory(nn.Module):
    """A policy's graph with the memory as an input and an output of its own."""

    def __init__(self, graph: PolicyGraph) -> None:
        super().__init__()
        self.policy = graph  # fx keeps its own `graph` under that name

    def forward(self, observation: Tensor, memory: Tensor) -> Outputs:
        """Return what the graph has to say of observations and memory (N, width)."""
        return _outputs(self.policy, self.policy.respond(observation, memory))


def _outputs(graph: PolicyGraph, answer: Tuple[Tensor, Tensor, Tensor]) -> Outputs:
    named: Dict[str, Tensor] = dict(zip((ACTION, COMMAND, NEXT_MEMORY), answer))
    found = [named[name] for name in graph.outputs]
    return tuple(found) if len(found) > 1 else found[0]


def limited(values: Tensor, limit: Optional[float]) -> Tensor:
    """Return values within plus or minus a limit; None: as they are."""
    return values if limit is None else values.clamp(-limit, limit)


def signature(graph: PolicyGraph) -> nn.Module:
    """Return the graph with the inputs and outputs that its file has."""
    return WithMemory(graph) if graph.memory_width else WithoutMemory(graph)
