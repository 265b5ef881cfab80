"""Small networks, and samples for them to learn from."""

import torch

from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig
from humanoid_gym.rl.ppo import Batch
from humanoid_gym.rl.rollout_storage import RolloutStorage

NUM_OBS, NUM_ACTIONS = 7, 3
OLD_LOG_STD = torch.tensor([-0.1, 0.2, -0.4])
POLICY = ActorCriticConfig(actor_hidden=(32, 16), critic_hidden=(32, 16), initial_std=0.7)


def make_batch(size: int) -> Batch:
    """Samples as of a policy some way off the current one, so that clipping is at work."""
    g = torch.Generator().manual_seed(5)
    return Batch(
        observations=torch.randn(size, NUM_OBS, generator=g),
        states=torch.zeros(size, 0),
        actions=torch.randn(size, NUM_ACTIONS, generator=g),
        means=0.3 * torch.randn(size, NUM_ACTIONS, generator=g),
        log_probs=torch.randn(size, generator=g) - 4.0,
        advantages=torch.randn(size, generator=g),
        values=torch.randn(size, generator=g),
        returns=torch.randn(size, generator=g),
        starts=torch.zeros(size, dtype=torch.bool),
        actor_memory=torch.zeros(size, 0),
        critic_memory=torch.zeros(size, 0),
        log_std=OLD_LOG_STD,
        mirrored_observations=torch.zeros(size, 0),
        mirrored_states=torch.zeros(size, 0),
    )


def small_networks() -> ActorCritic:
    torch.manual_seed(0)
    return ActorCritic(NUM_OBS, NUM_ACTIONS, POLICY)


def fill_rollout(networks, horizon=8, num_envs=6) -> RolloutStorage:
    """A rollout of the networks' own actions on observations that go nowhere."""
    g = torch.Generator().manual_seed(3)
    storage = RolloutStorage(horizon, num_envs, NUM_OBS, NUM_ACTIONS, torch.device("cpu"))
    storage.observations.copy_(torch.randn(storage.observations.shape, generator=g) * 3.0 + 1.0)
    storage.final_observations.copy_(torch.randn((*storage.actions.shape[:2], NUM_OBS)))
    storage.rewards.copy_(torch.rand(storage.rewards.shape, generator=g))
    storage.truncated[3, 2] = True
    storage.terminated[5, 1] = True
    storage.log_std.copy_(networks.log_std.detach())
    for t in range(horizon):
        step = networks.act(storage.observations[t], g)
        storage.actions[t] = step.actions
        storage.means[t] = step.mean
        storage.log_probs[t] = step.log_probs
    return storage
