"""Observations of a short rollout, to compare exported policies on what they will really see."""

from typing import NamedTuple

import torch
from torch import Tensor

from humanoid_gym.rl.networks import ActorCritic, Agent
from humanoid_gym.rl.vec_env import VecEnv


class Recording(NamedTuple):
    """What policies saw in N environments, over T steps."""

    observations: Tensor
    """Shape (T, N, num_obs)."""
    starts: Tensor
    """Whether an episode starts with the step, shape (T, N) bool."""


def record(env: VecEnv, networks: ActorCritic, steps: int) -> Recording:
    """Let the policy act and keep what it saw.

    Args:
        env: environments of the policy's task; reset first.
        networks: of the policy.
        steps: control steps T.
    """
    agent = Agent(networks, env.num_envs)
    observation = env.reset()["obs"]
    starts = torch.ones(env.num_envs, dtype=torch.bool)
    seen, started = [], []
    for _ in range(steps):
        seen.append(observation.cpu().clone())
        started.append(starts)
        observations, _, done, _ = env.step(agent(observation))
        agent.forget(done)
        observation, starts = observations["obs"], done.bool().cpu().clone()
    return Recording(torch.stack(seen), torch.stack(started))
