"""An environment in which only who remembers, or who reads the states, knows what is going on."""

from typing import Any, Dict

import torch
from torch import Tensor


class CueRecall:
    """The first observation of an episode shows -1 or 1; every later action has to repeat it.

    Later observations show nothing. The reward of a step is 1 - (action - cue)^2, bounded by -1,
    so an episode of 8 steps is worth at most about 8, and 0 to a policy that does not remember.
    Every second episode of an environment is truncated instead of terminated. The state is the cue.
    """

    num_obs, num_states, num_actions = 2, 1, 1
    max_episode_length = 8

    def __init__(self, num_envs: int, seed: int = 0) -> None:
        self.num_envs = num_envs
        self.device = torch.device("cpu")
        self.generator = torch.Generator().manual_seed(seed)
        self.cue = torch.zeros(num_envs)
        self.age = torch.zeros(num_envs, dtype=torch.int64)
        self.truncates = torch.arange(num_envs) % 2 == 0

    def reset(self) -> Dict[str, Tensor]:
        self._restart(torch.ones(self.num_envs, dtype=torch.bool))
        return self._observe()

    def _restart(self, done: Tensor) -> None:
        coin = torch.rand(self.num_envs, generator=self.generator) < 0.5
        self.cue = torch.where(done, coin.float() * 2.0 - 1.0, self.cue)
        self.truncates = self.truncates ^ done
        self.age.masked_fill_(done, 0)

    def _observe(self) -> Dict[str, Tensor]:
        first = (self.age == 0).float()
        return {
            "obs": torch.stack([self.cue * first, first], dim=1),
            "states": self.cue.unsqueeze(1).clone(),
        }

    def step(self, actions: Tensor):
        reward = 1.0 - (actions[:, 0] - self.cue).square().clamp_max(2.0)
        self.age += 1
        done = self.age >= self.max_episode_length
        time_outs = done & self.truncates
        final = self._observe()
        self._restart(done)
        extras: Dict[str, Any] = {
            "time_outs": time_outs,
            "final_observation": final["obs"],
            "final_states": final["states"],
            "reward_terms": {"recall": reward},
            "metrics": {},
        }
        return self._observe(), reward, done, extras

    def randomize_episode_phase(self) -> None:
        self.age = torch.randint(0, 8, (self.num_envs,), generator=self.generator)

    def timings(self) -> Dict[str, float]:
        return {"physics": 0.0, "observation_reward": 0.0}

    def state_dict(self) -> Dict[str, Any]:
        return {
            "cue": self.cue.clone(),
            "age": self.age.clone(),
            "truncates": self.truncates.clone(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        self.cue, self.age = state["cue"].clone(), state["age"].clone()
        self.truncates = state["truncates"].clone()
        self.generator.set_state(state["generator"])

    def close(self) -> None:
        pass
