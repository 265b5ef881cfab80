"""Our tasks under skrl's agents and trainers (skrl 2)."""

from typing import Any, Dict, Optional, Tuple

import torch
from torch import Tensor

from humanoid_gym.adapters.box_spaces import box_spaces
from humanoid_gym.extras import require
from humanoid_gym.rl.vec_env import Observations, VecEnv


class SkrlVecEnv:
    """A `VecEnv` with the interface of `skrl.envs.wrappers.torch.Wrapper`.

    skrl takes the next observation of a done environment, the first of its next episode, for its
    last one; leave `time_limit_bootstrap` off.
    """

    num_agents = 1
    """Every environment holds one robot that learns."""

    def __init__(self, env: VecEnv) -> None:
        """Wrap an environment; skrl's trainer resets it.

        Raises:
            ConfigError: gymnasium, which skrl needs, is missing.
        """
        spaces = box_spaces(env, require("gymnasium.spaces", "skrl"))
        self.env = env
        self.num_envs = env.num_envs
        self.device = env.device
        self.observation_space = spaces.observation
        self.state_space = spaces.state
        self.action_space = spaces.action
        self._states: Optional[Tensor] = None

    def reset(self) -> Tuple[Tensor, Dict[str, Any]]:
        """Begin a new episode everywhere; return observations (num_envs, num_obs) and no info."""
        return self._remembered(self.env.reset()), {}

    def step(self, actions: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor, Dict[str, Any]]:
        """Advance every environment by one step.

        Args:
            actions: shape (num_envs, num_actions).

        Returns:
            Observations (num_envs, num_obs); reward, terminated and truncated, each (num_envs, 1);
            and info: under "episode" the means of this step's reward terms and metrics.
        """
        with torch.no_grad():
            obs, reward, done, extras = self.env.step(actions)
        truncated = extras["time_outs"].bool()
        terminated = done.bool() & ~truncated
        means = {f"Reward / {name}": v.mean() for name, v in extras["reward_terms"].items()}
        means.update({f"Metric / {name}": v.mean() for name, v in extras["metrics"].items()})
        columns = [v.reshape(-1, 1).clone() for v in (reward, terminated, truncated)]
        return self._remembered(obs), columns[0], columns[1], columns[2], {"episode": means}

    def state(self) -> Optional[Tensor]:
        """Return the privileged states (num_envs, num_states) that go with the last observation."""
        return self._states

    def render(self, *args: object, **kwargs: object) -> None:
        """Do nothing: a task with a viewer draws by itself."""

    def close(self) -> None:
        """Release the simulation."""
        self.env.close()

    def _remembered(self, obs: Observations) -> Tensor:
        """Copy what the next step overwrites, and keep the states for `state`."""
        self._states = obs["states"].clone() if self.env.num_states > 0 else None
        return obs["obs"].clone()
