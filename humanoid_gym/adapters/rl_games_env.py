"""Our tasks under rl_games' `Runner` (rl_games 1.6)."""

import importlib
from typing import Any, Dict, Tuple

from torch import Tensor

from humanoid_gym.adapters.box_spaces import box_spaces
from humanoid_gym.extras import require
from humanoid_gym.rl.vec_env import Observations, VecEnv


def register(name: str, env: VecEnv) -> None:
    """Make an environment known to rl_games as `env_name: NAME`.

    Args:
        name: any.
        env: used by every runner that asks for that name; one at a time.

    Raises:
        ConfigError: rl_games is missing.
    """
    configurations = require("rl_games.common.env_configurations", "rl-games")
    vecenv = require("rl_games.common.vecenv", "rl-games")
    vecenv.register(name, lambda *_, **__: RlGamesVecEnv(env))
    configurations.register(name, {"vecenv_type": name, "env_creator": lambda **_: env})


class RlGamesVecEnv:
    """A `VecEnv` with the interface of `rl_games.common.ivecenv.IVecEnv`."""

    def __init__(self, env: VecEnv) -> None:
        """Wrap an environment; rl_games resets it.

        Raises:
            ConfigError: rl_games is missing.
        """
        self.env = env
        self._spaces = box_spaces(env, _spaces_of_rl_games())

    def reset(self) -> Observations:
        """Begin a new episode everywhere; return {"obs": …} and "states" where there are any."""
        return _copied(self.env.reset())

    def step(self, actions: Tensor) -> Tuple[Observations, Tensor, Tensor, Dict[str, Any]]:
        """Advance every environment by one step.

        Args:
            actions: shape (num_envs, num_actions).
        """
        obs, reward, done, extras = self.env.step(actions)
        infos = {"time_outs": extras["time_outs"].clone()}
        return _copied(obs), reward.clone(), done.clone(), infos

    def get_env_info(self) -> Dict[str, Any]:
        """Return the spaces, which rl_games builds its networks from."""
        info = {
            "observation_space": self._spaces.observation,
            "action_space": self._spaces.action,
            "agents": 1,
            "value_size": 1,
        }
        if self._spaces.state is not None:
            info["state_space"] = self._spaces.state
        return info

    def get_number_of_agents(self) -> int:
        """Return 1: every environment holds one robot that learns."""
        return 1

    def has_action_masks(self) -> bool:
        """Return False: actions are continuous."""
        return False

    def seed(self, seed: int) -> None:
        """Do nothing: tasks are seeded by their configuration."""

    def set_train_info(self, env_frames: int, *args: object, **kwargs: object) -> None:
        """Take note of the progress of the training; the tasks do not use it."""

    def get_env_state(self) -> Dict[str, Any]:
        """Return the environments' complete state, for rl_games' checkpoints."""
        return self.env.state_dict()

    def set_env_state(self, env_state: Dict[str, Any]) -> None:
        """Restore what `get_env_state` returned; None is ignored."""
        if env_state is not None:
            self.env.load_state_dict(env_state)


def _copied(obs: Observations) -> Observations:
    return {name: tensor.clone() for name, tensor in obs.items()}


def _spaces_of_rl_games() -> Any:  # noqa: ANN401 - a module
    """Return the module whose Box this version of rl_games compares with."""
    require("rl_games", "rl-games")
    try:
        return importlib.import_module("rl_games.common.gym_compat").spaces  # since 1.6.2
    except ModuleNotFoundError:
        return require("gym.spaces", "rl-games")
