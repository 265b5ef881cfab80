"""Actor and critic over observations, in any of the configured forms."""

from typing import List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from humanoid_gym.config import ConfigError
from humanoid_gym.rl.networks.config import ActorCriticConfig
from humanoid_gym.rl.networks.gaussian import ActionStd, Gaussian, gaussian_log_prob
from humanoid_gym.rl.networks.memory import AnyMemory, Memory, NoMemory
from humanoid_gym.rl.networks.trunk import hidden_layers, linear
from humanoid_gym.rl.normalizer import Normalizer
from humanoid_gym.rl.slices import by_slices


class PolicyStep(NamedTuple):
    """One sampled action per environment, with what PPO must remember of it."""

    actions: Tensor
    """Shape (N, num_actions)."""
    log_probs: Tensor
    """Log density of the actions. Shape (N,)."""
    mean: Tensor
    """Mean of the policy. Shape (N, num_actions)."""
    log_std: Tensor
    """Its log standard deviation. Shape (num_actions,); (N, num_actions) if state-dependent."""
    memory: Tensor
    """The actor's memory after the step; width 0 without one. Shape (N, actor_memory.width)."""


class Evaluation(NamedTuple):
    """What the networks say of samples, differentiable."""

    mean: Tensor
    """Mean of the policy. Shape (..., num_actions)."""
    log_std: Tensor
    """Its log standard deviation. Shape (num_actions,); (..., num_actions) if state-dependent."""
    values: Tensor
    """Normalized values. Shape (...,)."""


class ActorCritic(nn.Module):
    """Policy and value function.

    Both read the normalized observation, through layers that they share if there are any; the
    value function may read the task's states beside or instead of it. Each has a memory of its own
    (possibly none) and then its own layers: `shared`, `actor_memory`, `actor`, and `shared`,
    `critic_memory`, `critic`. The action distribution is a diagonal Gaussian.

    `evaluate` and `policy` take normalized observations, and `evaluate` returns normalized values;
    `act`, `act_greedily`, `respond` and `value` take and return raw ones. What a memory holds is
    given and returned, never kept here.
    """

    actor_memory: AnyMemory
    critic_memory: AnyMemory

    def __init__(
        self, num_obs: int, num_actions: int, config: ActorCriticConfig, num_states: int = 0
    ) -> None:
        """Create freshly initialized networks on the CPU.

        Args:
            num_obs: width of the observation.
            num_actions: width of the action.
            config: architecture.
            num_states: width of the task's states for the critic; 0 if it has none.

        Raises:
            ConfigError: the critic is to read states, and there are none.
        """
        super().__init__()
        if config.reads_states and num_states < 1:
            raise ConfigError(
                f"critic_observation is {config.critic_observation}, but this task has no states "
                "(num_states is 0); set train.policy.critic_observation=obs"
            )
        self.config = config
        self.num_obs = num_obs
        """Width of the observation."""
        self.num_actions = num_actions
        """Width of the action."""
        self.num_states = num_states if config.reads_states else 0
        """Width of the states that the critic reads; 0 if it reads none."""
        self.shared = nn.Sequential(*self._hidden((num_obs, *config.shared_hidden)))
        width = config.shared_hidden[-1] if config.shared_hidden else num_obs
        self._build_actor(width, num_actions)
        self._build_critic(width)
        self.observation_normalizer = self._observation_normalizer(num_obs)
        if self.num_states:
            self.state_normalizer = self._observation_normalizer(num_states)
        self.value_normalizer = Normalizer(1)

    def _build_actor(self, width: int, num_actions: int) -> None:
        config = self.config
        self.actor_memory = self._memory(width, config.memory != "none")
        width = config.memory_size if self.actor_memory.width else width
        self.action_std = ActionStd(
            num_actions,
            config.initial_std,
            config.learn_std,
            config.state_dependent_std,
            config.std_parametrization,
            config.std_bounds,
        )
        sizes = (width, *config.actor_hidden)
        hidden = self._hidden(sizes)  # first, as the random numbers of older versions had it
        num_outputs = num_actions * (2 if config.state_dependent_std else 1)
        output = linear(sizes[-1], num_outputs, 0.01, config.initialization)
        with torch.no_grad():  # of a state-dependent deviation: the same everywhere at the start
            output.weight[num_actions:] = 0.0
            output.bias[num_actions:] = self.action_std.initial_raw
        self.actor = nn.Sequential(*hidden, output)

    def _build_critic(self, width: int) -> None:
        config = self.config
        width = self.num_states + (0 if config.critic_observation == "states" else width)
        self.critic_memory = self._memory(width, config.memory != "none" and config.critic_memory)
        width = config.memory_size if self.critic_memory.width else width
        sizes = (width, *config.critic_hidden)
        hidden = self._hidden(sizes)
        self.critic = nn.Sequential(*hidden, linear(sizes[-1], 1, 1.0, config.initialization))

    def _hidden(self, sizes: Tuple[int, ...]) -> List[nn.Module]:
        config = self.config
        return hidden_layers(sizes, config.activation, config.initialization, config.layer_norm)

    def _memory(self, num_inputs: int, wanted: bool) -> AnyMemory:
        config = self.config
        if not wanted:
            return NoMemory()
        return Memory(num_inputs, config.memory_size, config.memory_layers, config.memory)

    def _observation_normalizer(self, size: int) -> Normalizer:
        config = self.config
        return Normalizer(
            size, clip=config.observation_clip, freeze_after=config.freeze_normalization_after
        )

    @property
    def recurrent(self) -> bool:
        """Whether anything is remembered, so that samples must be learned in their order."""
        return self.actor_memory.width > 0

    @property
    def log_std(self) -> Tensor:
        """Log standard deviation of the policy. Shape (num_actions,).

        Raises:
            RuntimeError: it depends on the state.
        """
        if self.action_std.state_dependent:
            raise RuntimeError("the standard deviation depends on the state; call policy()")
        return self.action_std(self.action_std.raw)

    def policy_parameters(self) -> List[nn.Parameter]:
        """Return what the policy is made of and learned; layers shared with the critic included."""
        parts = (self.shared, self.actor_memory, self.actor, self.action_std)
        return [p for part in parts for p in part.parameters() if p.requires_grad]

    def critic_parameters(self) -> List[nn.Parameter]:
        """Return what only the value function is made of."""
        return [*self.critic_memory.parameters(), *self.critic.parameters()]

    def evaluate(
        self,
        observations: Tensor,
        states: Tensor,
        starts: Tensor,
        actor_memory: Tensor,
        critic_memory: Tensor,
    ) -> Evaluation:
        """Return policy and values, differentiable.

        Without memories every sample stands for itself, S is empty and the last three do not
        matter; with them S is (T,), the steps of a sequence in their order.

        Args:
            observations: normalized. Shape (N, *S, num_obs).
            states: normalized; width 0 if the critic reads none. Shape (N, *S, num_states).
            starts: whether an episode starts with the sample. Shape (N, *S), bool.
            actor_memory: before the first step. Shape (N, actor_memory.width).
            critic_memory: before the first step. Shape (N, critic_memory.width).
        """
        features = self.shared(observations)
        policy = self._gaussian(self.actor(self.actor_memory(features, actor_memory, starts)))
        critic_input = self._critic_input(features, states)
        values = self.critic(self.critic_memory(critic_input, critic_memory, starts))
        return Evaluation(policy.mean, policy.log_std, values.squeeze(-1).float())

    def policy(self, observations: Tensor, starts: Tensor, memory: Tensor) -> Gaussian:
        """Return the policy alone, differentiable.

        Args:
            observations: normalized. Shape (N, *S, num_obs), as for `evaluate`.
            starts: whether an episode starts with the sample. Shape (N, *S), bool.
            memory: the actor's before the first step. Shape (N, actor_memory.width).
        """
        features = self.shared(observations)
        return self._gaussian(self.actor(self.actor_memory(features, memory, starts)))

    def _gaussian(self, outputs: Tensor) -> Gaussian:
        outputs = outputs.float()  # the layers may have worked in bfloat16
        if not self.action_std.state_dependent:
            return Gaussian(outputs, self.log_std)
        mean, raw = outputs.chunk(2, dim=-1)
        return Gaussian(mean, self.action_std(raw))

    def _critic_input(self, features: Tensor, states: Tensor) -> Tensor:
        """Return what the critic reads, from the shared layers' output and normalized states."""
        if not self.num_states:
            return features
        if self.config.critic_observation == "states":
            return states
        return torch.cat([features, states], dim=-1)

    def no_memory(self, num_envs: int) -> Tensor:
        """Return the actor's memory at the start of episodes: zeros, shape (num_envs, width)."""
        return self.observation_normalizer.scale.new_zeros(num_envs, self.actor_memory.width)

    @torch.no_grad()
    def respond(self, obs: Tensor, memory: Tensor) -> Tuple[Gaussian, Tensor]:
        """Return the policy for one step, and the memory after it.

        Args:
            obs: raw observations. Shape (N, num_obs).
            memory: the actor's. Shape (N, actor_memory.width).
        """
        outputs, memory = by_slices(self._respond, obs, memory)
        return self._gaussian(outputs), memory

    def _respond(self, obs: Tensor, memory: Tensor) -> Tuple[Tensor, Tensor]:
        features = self.shared(self.observation_normalizer(obs))
        features, memory = self.actor_memory.step(features, memory)
        return self.actor(features), memory

    @torch.no_grad()
    def act(
        self,
        obs: Tensor,
        generator: Optional[torch.Generator] = None,
        memory: Optional[Tensor] = None,
    ) -> PolicyStep:
        """Sample actions.

        Args:
            obs: raw observations. Shape (N, num_obs).
            generator: source of the noise, on the networks' device.
            memory: the actor's; None: episodes start here. Shape (N, actor_memory.width).
        """
        before = self.no_memory(obs.shape[0]) if memory is None else memory
        (mean, log_std), after = self.respond(obs, before)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        actions = torch.addcmul(mean, noise, log_std.exp())
        log_probs = gaussian_log_prob(actions, mean, log_std)
        return PolicyStep(actions, log_probs, mean, log_std, after)

    @torch.no_grad()
    def act_greedily(self, obs: Tensor) -> Tensor:
        """Return the policy's mean for raw observations (N, num_obs). Shape (N, num_actions).

        Raises:
            RuntimeError: the policy has a memory, which somebody has to keep.
        """
        if self.recurrent:
            raise RuntimeError("this policy has a memory: act with humanoid_gym.rl.Agent instead")
        return self.respond(obs, self.no_memory(obs.shape[0]))[0].mean

    def critic_input(self, obs: Tensor, states: Tensor) -> Tensor:
        """Return what the critic's memory or layers read, of raw observations and states.

        Args:
            obs: shape (..., num_obs).
            states: shape (..., num_states).
        """
        states = self.normalized_states(states)
        if self.config.critic_observation == "states":
            return states
        return self._critic_input(self.shared(self.observation_normalizer(obs)), states)

    def normalized_states(self, states: Tensor) -> Tensor:
        """Return what the critic reads of raw states (..., num_states)."""
        return self.state_normalizer(states) if self.num_states else states

    @torch.no_grad()
    def value(
        self, obs: Tensor, states: Optional[Tensor] = None, memory: Optional[Tensor] = None
    ) -> Tensor:
        """Return expected discounted returns, shape (...,).

        Args:
            obs: raw observations. Shape (..., num_obs).
            states: raw states, if the critic reads them. Shape (..., num_states).
            memory: the critic's; None: episodes start here. Shape (..., critic_memory.width).
        """
        if states is None:
            states = obs[..., :0]
        if memory is None:
            memory = obs.new_zeros(*obs.shape[:-1], self.critic_memory.width)
        count = obs.shape[:-1].numel()
        rows = [tensor.reshape(count, tensor.shape[-1]) for tensor in (obs, states, memory)]
        (values,) = by_slices(self._value, *rows)
        return values.reshape(obs.shape[:-1])

    def _value(self, obs: Tensor, states: Tensor, memory: Tensor) -> Tuple[Tensor]:
        inputs = self.critic_input(obs, states)
        features, _ = self.critic_memory.step(inputs, memory)
        return (self._denormalized_values(features),)

    @torch.no_grad()
    def values_along(
        self, obs: Tensor, states: Tensor, starts: Tensor, memory: Tensor
    ) -> Tuple[Tensor, Tensor]:
        """Return expected discounted returns along sequences, and the critic's memories.

        Args:
            obs: raw observations. Shape (N, T, num_obs).
            states: raw states. Shape (N, T, num_states).
            starts: whether an episode starts with the step. Shape (N, T), bool.
            memory: the critic's before the first step. Shape (N, critic_memory.width).

        Returns:
            Values, shape (N, T), and the memory after each step, shape (N, T, width).
        """
        values, memories = by_slices(self._values_along, obs, states, starts, memory)
        return values, memories

    def _values_along(
        self, obs: Tensor, states: Tensor, starts: Tensor, memory: Tensor
    ) -> Tuple[Tensor, Tensor]:
        inputs = self.critic_input(obs, states)
        recollection = self.critic_memory.recollect(inputs, memory, starts)
        return self._denormalized_values(recollection.features), recollection.memory

    def _denormalized_values(self, critic_features: Tensor) -> Tensor:
        return self.value_normalizer.denormalize(self.critic(critic_features)).squeeze(-1)

    def update_observation_statistics(self, obs: Tensor, states: Optional[Tensor] = None) -> None:
        """Merge raw observations and states into the running statistics, if they are used.

        Args:
            obs: shape (..., num_obs).
            states: if the critic reads them. Shape (..., num_states).
        """
        if not self.config.normalize_observations:
            return
        self.observation_normalizer.update(obs)
        if self.num_states and states is not None:
            self.state_normalizer.update(states)

    def update_value_statistics(self, returns: Tensor) -> None:
        """Merge raw returns (any shape) into the running statistics, if they are used."""
        if self.config.normalize_values:
            self.value_normalizer.update(returns.unsqueeze(-1))
