"""Our tasks under rsl_rl's `OnPolicyRunner` (rsl-rl-lib 5)."""

from typing import Any, Dict, Tuple

import torch
from torch import Tensor

from humanoid_gym.extras import require
from humanoid_gym.rl.vec_env import Observations, VecEnv


class RslRlVecEnv:
    """A `VecEnv` with the interface of `rsl_rl.env.VecEnv`.

    Observation groups: "policy" (num_obs) and, where the task has states, "critic" (num_states).
    rsl_rl bootstraps a truncated episode with the value of the state before the last step, not of
    the final observation.
    """

    def __init__(self, env: VecEnv) -> None:
        """Wrap and reset an environment.

        Raises:
            ConfigError: tensordict, which rsl_rl needs, is missing.
        """
        self._tensor_dict = require("tensordict", "rsl-rl").TensorDict
        self.env = env
        self.num_envs = env.num_envs
        self.num_actions = env.num_actions
        self.max_episode_length = env.max_episode_length
        self.device = env.device
        self.cfg: Dict[str, Any] = {}
        """What rsl_rl writes into its logs about the environment."""
        self._ages = torch.zeros(env.num_envs, dtype=torch.long, device=env.device)
        self._observations = self._grouped(env.reset())

    @property
    def episode_length_buf(self) -> Tensor:
        """Steps since each episode began, counted here. Shape (num_envs,), int64."""
        return self._ages

    @episode_length_buf.setter
    def episode_length_buf(self, ages: Tensor) -> None:
        """Draw random ages: rsl_rl's runner assigns this for `init_at_random_ep_len` only."""
        self._ages.copy_(ages)
        self.env.randomize_episode_phase()

    @property
    def obs_groups(self) -> Dict[str, Any]:
        """The runner's setting of the same name: what actor and critic see."""
        critic = "critic" if self.env.num_states > 0 else "policy"
        return {"actor": ["policy"], "critic": [critic]}

    def get_observations(self) -> Any:  # noqa: ANN401 - tensordict.TensorDict
        """Return the present observations by group."""
        return self._observations

    @torch.inference_mode(False)  # the runner steps in inference mode, which taints our buffers
    @torch.no_grad()
    def step(self, actions: Tensor) -> Tuple[Any, Tensor, Tensor, Dict[str, Any]]:
        """Advance every environment by one step.

        Args:
            actions: shape (num_envs, num_actions).

        Returns:
            Observations by group, rewards and dones (num_envs,), and extras: "time_outs" and, for
            the log, the means of this step's reward terms and metrics.
        """
        obs, reward, done, extras = self.env.step(actions.clone())
        self._ages = (self._ages + 1).masked_fill_(done.bool(), 0)
        self._observations = self._grouped(obs)
        log = {f"/reward_term/{name}": term.mean() for name, term in extras["reward_terms"].items()}
        log.update({f"/metric/{name}": v.mean() for name, v in extras["metrics"].items()})
        result = {"time_outs": extras["time_outs"].clone(), "log": log}
        return self._observations, reward.clone(), done.clone(), result

    def _grouped(self, obs: Observations) -> Any:  # noqa: ANN401 - tensordict.TensorDict
        """Copy observations, which the next step overwrites, into rsl_rl's groups."""
        groups = {"policy": obs["obs"].clone()}
        if self.env.num_states > 0:
            groups["critic"] = obs["states"].clone()
        return self._tensor_dict(groups, batch_size=[self.num_envs], device=self.device)
