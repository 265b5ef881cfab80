"""The critic's values of a whole rollout."""

import torch
from torch import Tensor

from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.rollout_storage import RolloutStorage


@torch.no_grad()
def evaluate_states(networks: ActorCritic, storage: RolloutStorage) -> None:
    """Write the critic's values of a rollout into its storage, in one batched call.

    Final observations matter only where an episode was truncated, which is rare. On a CPU just
    those are evaluated. Elsewhere all of them are, since choosing would wait for the device.

    A critic with a memory goes through the rollout step by step, and meets a final observation with
    the memory of its own episode. What it remembers at the end is stored for the next rollout.
    """
    memories = storage.rewards.new_zeros(*storage.rewards.shape, 0)
    if networks.critic_memory.width:
        memories = _evaluate_sequences(networks, storage)
    else:
        storage.values.copy_(networks.value(storage.observations, storage.states))
    final = (storage.final_observations, storage.final_states, memories)
    if storage.truncated.device.type == "cpu":
        rows = storage.truncated
        storage.final_values[rows] = networks.value(*[tensor[rows] for tensor in final])
    else:
        storage.final_values.copy_(networks.value(*final))


def _evaluate_sequences(networks: ActorCritic, storage: RolloutStorage) -> Tensor:
    """Write the values of a critic with a memory; return it after each step, (T, N, width)."""
    observations, states, starts = (
        tensor.transpose(0, 1)
        for tensor in (storage.observations, storage.states, storage.starts())
    )
    memory = storage.first_memory.critic
    values, memories = networks.values_along(observations, states, starts, memory)
    storage.values.copy_(values.t())
    memories = memories.transpose(0, 1)[:-1]  # the last is after the next rollout's first step
    storage.memory.critic.copy_(memories[-1])
    storage.memory.critic.masked_fill_(storage.done[-1].unsqueeze(-1), 0.0)
    return memories
