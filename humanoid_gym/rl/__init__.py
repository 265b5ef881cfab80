"""Reinforcement learning: PPO on any vectorized environment that satisfies `VecEnv`.

This package never sees a simulator; it meets a task only through the `VecEnv` protocol.
"""

from humanoid_gym.rl.checkpoint import CheckpointError, load_checkpoint
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig, Agent
from humanoid_gym.rl.ppo import PPO, PPOConfig
from humanoid_gym.rl.runner import NonFiniteError, Runner, RunnerConfig, TrainConfig
from humanoid_gym.rl.vec_env import VecEnv

__all__ = [
    "PPO",
    "ActorCritic",
    "ActorCriticConfig",
    "Agent",
    "CheckpointError",
    "NonFiniteError",
    "PPOConfig",
    "Runner",
    "RunnerConfig",
    "TrainConfig",
    "VecEnv",
    "load_checkpoint",
]
