"""What a rollout was worth: values, advantages and returns, normalized and flattened."""

from typing import Any, Dict, Optional

import torch
from torch import Tensor

from humanoid_gym.rl import distributed
from humanoid_gym.rl.advantages import AdvantageEstimate, gae
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.normalizer import Normalizer
from humanoid_gym.rl.ppo.config import PPOConfig
from humanoid_gym.rl.ppo.minibatches import Batch
from humanoid_gym.rl.ppo.state_values import evaluate_states
from humanoid_gym.rl.ppo.symmetry import Mirror
from humanoid_gym.rl.rollout_storage import Memories, RolloutStorage


class ReturnScale:
    """Running standard deviation of the discounted return, by which rewards may be divided.

    As Gymnasium's `NormalizeReward`, but once per rollout, so that its rewards share one scale.
    """

    def __init__(self, gamma: float, device: torch.device) -> None:
        """Start with nothing seen, and a scale of one.

        Args:
            gamma: discount per step.
            device: where the rewards are.
        """
        self._gamma = gamma
        self._returns = torch.zeros(1, device=device)  # of each episode so far; (N,) once known
        self._statistics = Normalizer(1).to(device)

    def scaled(self, storage: RolloutStorage) -> Tensor:
        """Learn from a rollout's rewards and return them divided by the scale. Shape (T, N)."""
        under_way = ~(storage.terminated | storage.truncated)
        returns = storage.rewards.clone()
        for t in range(len(returns)):
            returns[t].add_(self._returns, alpha=self._gamma)
            self._returns = returns[t] * under_way[t]
        self._statistics.update(returns.unsqueeze(-1))
        return storage.rewards / self._statistics.scale

    def state_dict(self) -> Dict[str, Any]:
        """Return everything."""
        return {"returns": self._returns, "statistics": self._statistics.state_dict()}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self._returns = state["returns"].to(self._returns.device)
        self._statistics.load_state_dict(state["statistics"])


@torch.no_grad()
def evaluate_rollout(
    networks: ActorCritic,
    storage: RolloutStorage,
    config: PPOConfig,
    mirror: Optional[Mirror] = None,
    return_scale: Optional[ReturnScale] = None,
) -> Batch:
    """Turn a rollout into samples to learn from.

    Updates the running statistics of values and, for the next rollout, of observations.

    Args:
        networks: whose critic evaluates; only their running statistics change.
        storage: complete but for the values, which are written here.
        config: discount and lambda.
        mirror: reflections of the task; None: no mirror images are wanted.
        return_scale: by which rewards are divided; None: by nothing.
    """
    evaluate_states(networks, storage)
    rewards = storage.rewards if return_scale is None else return_scale.scaled(storage)
    estimate = gae(
        rewards,
        storage.values,
        storage.final_values,
        storage.terminated,
        storage.truncated,
        config.gamma,
        config.lam,
    )
    networks.update_value_statistics(estimate.returns)
    if config.advantage_normalization == "rollout":
        estimate = estimate._replace(advantages=standardized(estimate.advantages))
    batch = _arranged_batch(networks, storage, estimate, mirror)
    networks.update_observation_statistics(storage.observations[:-1], storage.states[:-1])
    return batch


def _arranged_batch(
    networks: ActorCritic,
    storage: RolloutStorage,
    estimate: AdvantageEstimate,
    mirror: Optional[Mirror],
) -> Batch:
    arranged = _environment_by_environment if networks.recurrent else _sample_by_sample
    observations, states = arranged(storage.observations[:-1]), arranged(storage.states[:-1])
    images, state_images = observations[..., :0], states[..., :0]
    if mirror is not None:
        images = networks.observation_normalizer(mirror.observations(observations))
        state_images = networks.normalized_states(mirror.states(states))
    memories = _memories(networks, storage)
    return Batch(
        observations=networks.observation_normalizer(observations),
        states=networks.normalized_states(states),
        actions=arranged(storage.actions),
        means=arranged(storage.means),
        log_probs=arranged(storage.log_probs),
        advantages=arranged(estimate.advantages),
        values=_normalized(networks, arranged(storage.values[:-1])),
        returns=_normalized(networks, arranged(estimate.returns)),
        starts=arranged(storage.starts()[:-1]),
        actor_memory=memories.actor,
        critic_memory=memories.critic,
        log_std=storage.log_std if storage.log_std.dim() == 1 else arranged(storage.log_std),
        mirrored_observations=images,
        mirrored_states=state_images,
    )


def _sample_by_sample(values: Tensor) -> Tensor:
    """Put the steps of all environments in a row: (T, N, ...) to (T * N, ...)."""
    return values.flatten(0, 1)


def _environment_by_environment(values: Tensor) -> Tensor:
    """Keep each environment's steps together: (T, N, ...) to (N, T, ...)."""
    return values.transpose(0, 1).contiguous()


def _memories(networks: ActorCritic, storage: RolloutStorage) -> Memories:
    """Return what was remembered before the first step of each thing in a batch."""
    if networks.recurrent:
        return storage.first_memory
    nothing = storage.rewards.new_zeros(storage.rewards.numel(), 0)
    return Memories(nothing, nothing)


def _normalized(networks: ActorCritic, values: Tensor) -> Tensor:
    return networks.value_normalizer(values.unsqueeze(-1)).squeeze(-1)


def standardized(values: Tensor) -> Tensor:
    """Return values of mean 0 and standard deviation 1, in the shape given."""
    std, mean = distributed.std_mean(values)
    return (values - mean) / (std + 1e-8)
