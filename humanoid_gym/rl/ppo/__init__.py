"""Proximal policy optimization (Schulman et al. 2017, arXiv:1707.06347) without host syncs.

Start reading at `algorithm.py: PPO.update`. A rollout becomes a `Batch` in evaluation.py, is split
in minibatches.py, and each part gives a loss (loss.py), a learning rate (learning_rate.py) and a
step of the optimizer (optimizer.py). Every setting is in config.py.
"""

from humanoid_gym.rl.ppo.algorithm import PPO
from humanoid_gym.rl.ppo.config import PPOConfig
from humanoid_gym.rl.ppo.learning_rate import adapted_learning_rate
from humanoid_gym.rl.ppo.loss import METRICS, LossTerms, ppo_loss
from humanoid_gym.rl.ppo.minibatches import Batch, num_minibatches
from humanoid_gym.rl.ppo.state_values import evaluate_states

__all__ = [
    "METRICS",
    "PPO",
    "Batch",
    "LossTerms",
    "PPOConfig",
    "adapted_learning_rate",
    "evaluate_states",
    "num_minibatches",
    "ppo_loss",
]
