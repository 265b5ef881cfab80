"""Policy and value function: trunks, memories, the distribution of actions.

Start reading at `actor_critic.py: ActorCritic.evaluate`. Layers are built in trunk.py, LSTM and GRU
are in memory.py, the Gaussian and its standard deviation in gaussian.py. Every setting is in
config.py.
"""

from humanoid_gym.rl.networks.actor_critic import ActorCritic, Evaluation, PolicyStep
from humanoid_gym.rl.networks.agent import Agent
from humanoid_gym.rl.networks.config import ActorCriticConfig
from humanoid_gym.rl.networks.gaussian import (
    Gaussian,
    gaussian_entropy,
    gaussian_kl,
    gaussian_log_prob,
)

__all__ = [
    "ActorCritic",
    "ActorCriticConfig",
    "Agent",
    "Evaluation",
    "Gaussian",
    "PolicyStep",
    "gaussian_entropy",
    "gaussian_kl",
    "gaussian_log_prob",
]
