"""rsl_rl's PPO, set up to learn from our samples."""

import rsl_rl.algorithms
import rsl_rl.storage
from ppo_samples import NUM_ACTIONS, OLD_LOG_STD, POLICY
from rsl_rl.models import MLPModel
from tensordict import TensorDict

from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.ppo import Batch


def rsl_rl_ppo(networks: ActorCritic, batch: Batch, **settings):
    """rsl_rl's learner with our weights and samples; not with ours of anything else."""
    size = len(batch.log_probs)
    obs = TensorDict({"policy": batch.observations}, batch_size=[size])
    groups = {"actor": ["policy"], "critic": ["policy"]}
    gaussian = {"class_name": "GaussianDistribution", "init_std": 1.0, "std_type": "log"}
    hidden = list(POLICY.actor_hidden)
    actor = MLPModel(obs, groups, "actor", NUM_ACTIONS, hidden, "elu", False, gaussian)
    critic = MLPModel(obs, groups, "critic", 1, hidden, "elu", False)
    for model, ours in ((actor, networks.actor), (critic, networks.critic)):
        for target, source in zip(model.mlp.parameters(), ours.parameters(), strict=True):
            target.data.copy_(source)
    actor.distribution.log_std_param.data.copy_(networks.log_std)
    storage = rsl_rl.storage.RolloutStorage("rl", size, 1, obs, [NUM_ACTIONS])
    storage.observations[0] = obs
    storage.actions[0] = batch.actions
    storage.values[0, :, 0] = batch.values
    storage.returns[0, :, 0] = batch.returns
    storage.advantages[0, :, 0] = batch.advantages
    storage.actions_log_prob[0, :, 0] = batch.log_probs
    std = OLD_LOG_STD.exp().expand(1, size, -1).clone()
    storage.distribution_params = (batch.means.unsqueeze(0).clone(), std)
    return rsl_rl.algorithms.PPO(actor, critic, storage, **settings)
