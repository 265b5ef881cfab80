"""What one iteration collects."""

from typing import Any, Dict, List, Mapping, NamedTuple

import torch
from torch import Tensor

from humanoid_gym.rl.networks import ActorCritic, PolicyStep
from humanoid_gym.rl.vec_env import Observations


class Memories(NamedTuple):
    """What the networks remember of each environment's episode; width 0 without memories."""

    actor: Tensor
    """Shape (N, width)."""
    critic: Tensor
    """Shape (N, width)."""


class RolloutStorage:
    """Plain tensors for `horizon` steps of `num_envs` environments; T and N below.

    `observations[T]` is the observation after the last step. Values are filled in after the
    rollout, in one batched call of the critic. What the configured networks have no use for
    (states, memories) has width 0.
    """

    def __init__(
        self,
        horizon: int,
        num_envs: int,
        num_obs: int,
        num_actions: int,
        device: torch.device,
        *,
        num_states: int = 0,
        actor_memory: int = 0,
        critic_memory: int = 0,
        state_dependent_std: bool = False,
    ) -> None:
        """Allocate everything.

        Args:
            horizon: steps T.
            num_envs: environments N.
            num_obs: width of the observation.
            num_actions: width of the action.
            device: where everything lives.
            num_states: width of the states that the critic reads.
            actor_memory: width of what the actor remembers of an environment.
            critic_memory: width of what the critic remembers of an environment.
            state_dependent_std: whether each sample has a standard deviation of its own.
        """
        self.horizon = horizon
        self.num_envs = num_envs

        def allocate(*shape: int) -> Tensor:
            return torch.zeros(shape, device=device)

        self.observations = allocate(horizon + 1, num_envs, num_obs)
        """Raw observations. Shape (T + 1, N, num_obs)."""
        self.final_observations = allocate(horizon, num_envs, num_obs)
        """Observations that each step led to, before any reset. Shape (T, N, num_obs)."""
        self.states = allocate(horizon + 1, num_envs, num_states)
        """Raw states, as far as the critic reads them. Shape (T + 1, N, num_states)."""
        self.final_states = allocate(horizon, num_envs, num_states)
        """States that each step led to, before any reset. Shape (T, N, num_states)."""
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
        self._allocate_policy(num_actions, state_dependent_std)
        self._allocate_memories(actor_memory, critic_memory)

    def _allocate_memories(self, *widths: int) -> None:
        num_envs = self.rewards.shape[1]
        both = [[self.rewards.new_zeros(num_envs, width) for width in widths] for _ in range(2)]
        self.first_memory = Memories(*both[0])
        """What was remembered before `observations[0]`."""
        self.memory = Memories(*both[1])
        """What is remembered before the next observation; the critic's once `values` are there."""

    def _allocate_policy(self, num_actions: int, state_dependent_std: bool) -> None:
        horizon, num_envs = self.rewards.shape

        def allocate(*shape: int) -> Tensor:
            return self.rewards.new_zeros(shape)

        self.actions = allocate(horizon, num_envs, num_actions)
        """Sampled actions. Shape (T, N, num_actions)."""
        self.log_probs = allocate(horizon, num_envs)
        """Log density of the actions when sampled. Shape (T, N)."""
        self.means = allocate(horizon, num_envs, num_actions)
        """Mean of the policy when sampled. Shape (T, N, num_actions)."""
        per_sample = (horizon, num_envs) if state_dependent_std else ()
        self.log_std = allocate(*per_sample, num_actions)
        """Log standard deviation of the policy during the rollout. Shape (num_actions,), or
        (T, N, num_actions) if it depends on the state."""

    @classmethod
    def for_networks(
        cls, networks: ActorCritic, horizon: int, num_envs: int, device: torch.device
    ) -> "RolloutStorage":
        """Allocate what these networks need for `horizon` steps of `num_envs` environments."""
        return cls(
            horizon,
            num_envs,
            networks.num_obs,
            networks.num_actions,
            device,
            num_states=networks.num_states,
            actor_memory=networks.actor_memory.width,
            critic_memory=networks.critic_memory.width,
            state_dependent_std=networks.config.state_dependent_std,
        )

    @property
    def done(self) -> Tensor:
        """Whether a step ended an episode. Shape (T, N), bool."""
        return self.terminated | self.truncated

    def starts(self) -> Tensor:
        """Return whether an observation is the first of an episode that starts in this rollout.

        An episode that starts with the rollout does so with an empty `first_memory`.

        Returns:
            Shape (T + 1, N), bool.
        """
        return torch.cat([torch.zeros_like(self.truncated[:1]), self.done])

    def begin(self) -> None:
        """Start a rollout where the last one ended: hold on to what is remembered now."""
        self.first_memory.actor.copy_(self.memory.actor)
        self.first_memory.critic.copy_(self.memory.critic)

    def store_policy(self, t: int, step: PolicyStep) -> None:
        """Store how the policy acted at step `t`."""
        self.actions[t].copy_(step.actions)
        self.log_probs[t].copy_(step.log_probs)
        self.means[t].copy_(step.mean)
        log_std = self.log_std if self.log_std.dim() == 1 else self.log_std[t]
        log_std.copy_(step.log_std)
        self.memory.actor.copy_(step.memory)

    def store_observations(self, t: int, observations: Observations) -> None:
        """Store what the environments show at step `t`, by name, as far as it is used."""
        self.observations[t].copy_(observations["obs"])
        if self.states.shape[-1]:
            self.states[t].copy_(observations["states"])

    def store_ends(self, t: int, done: Tensor, extras: Mapping[str, Any]) -> None:
        """Store which episodes ended with step `t` and how, and forget what belonged to them.

        Args:
            t: the step.
            done: shape (N,), bool or int64.
            extras: of the environment's step; see `VecEnv.step`.

        Raises:
            ValueError: the critic reads states and the environment does not tell the final ones.
        """
        done, time_outs = done.bool(), extras["time_outs"].bool()
        self.final_observations[t].copy_(extras["final_observation"])
        if self.states.shape[-1]:
            self.final_states[t].copy_(_final_states(extras))
        torch.logical_and(done, ~time_outs, out=self.terminated[t])
        torch.logical_and(done, time_outs, out=self.truncated[t])
        self.memory.actor.masked_fill_(done.unsqueeze(-1), 0.0)

    def replace_environments(self, which: List[int], donors: List[int]) -> None:
        """Put the rollouts of other environments, `donors`, in the place of some, `which`."""
        tensors = [getattr(self, name) for name in _COLLECTED]
        for tensor in (*tensors, *([self.log_std] if self.log_std.dim() > 1 else [])):
            tensor[:, which] = tensor[:, donors]
        for memory in self.first_memory:
            memory[which] = memory[donors]

    def cut_episodes(self, which: Tensor) -> None:
        """End episodes with the last step, without a cause in the task. `which`: (N,) bool."""
        self.truncated[-1] |= which & ~self.terminated[-1]
        for memory in self.memory:
            memory.masked_fill_(which.unsqueeze(-1), 0.0)

    def state_dict(self, steps: int) -> Dict[str, Tensor]:
        """Return the first `steps` steps of an unfinished rollout, without values.

        Args:
            steps: number of steps stored so far.
        """
        return {
            "log_std": self.log_std,
            **{name: getattr(self, name)[:steps] for name in _COLLECTED},
            **{name: tensor for name, tensor in self._memories().items() if tensor.numel()},
        }

    def load_state_dict(self, state: Dict[str, Tensor]) -> None:
        """Restore what `state_dict` returned."""
        self.log_std.copy_(state["log_std"])
        for name in _COLLECTED:
            if name in state:  # earlier versions had no states
                getattr(self, name)[: len(state[name])] = state[name]
        for name, tensor in self._memories().items():
            if tensor.numel():
                tensor.copy_(state[name])

    def _memories(self) -> Dict[str, Tensor]:
        return {
            "first_actor_memory": self.first_memory.actor,
            "first_critic_memory": self.first_memory.critic,
            "actor_memory": self.memory.actor,
            "critic_memory": self.memory.critic,
        }


def _final_states(extras: Mapping[str, Any]) -> Tensor:
    if "final_states" not in extras:
        raise ValueError(
            'the critic reads states, but the environment gives no extras["final_states"], the '
            "states before resets; add them there, or set train.policy.critic_observation=obs"
        )
    return extras["final_states"]


_COLLECTED = (
    "observations",
    "final_observations",
    "states",
    "final_states",
    "actions",
    "log_probs",
    "means",
    "rewards",
    "terminated",
    "truncated",
)
"""What each step writes, by attribute of `RolloutStorage`."""
