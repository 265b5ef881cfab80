"""A small deterministic environment that satisfies the VecEnv protocol, for the learner's tests."""

import time
from typing import Any, Dict

import torch
from torch import Tensor


class PointMass:
    """Push a mass to the origin; leaving [-2, 2] terminates, 60 steps truncate.

    The best return is near 60; a mass that is not controlled drifts out in about 15 steps.
    Resets draw from torch's global generator, as tasks do.
    """

    num_obs = 2
    num_states = 0
    num_actions = 1
    max_episode_length = 60

    def __init__(self, num_envs: int, device: str = "cpu") -> None:
        self.num_envs = num_envs
        self.device = torch.device(device)
        self.position = torch.zeros(num_envs, device=self.device)
        self.velocity = torch.zeros(num_envs, device=self.device)
        self.age = torch.zeros(num_envs, dtype=torch.int64, device=self.device)
        self.obs = torch.zeros(num_envs, 2, device=self.device)
        self.seconds = 0.0
        self.steps = 0
        self.sabotage = ""  # name of what becomes NaN at step 5

    def reset(self) -> Dict[str, Tensor]:
        self._restart(torch.ones(self.num_envs, dtype=torch.bool, device=self.device))
        return {"obs": self._observe()}

    def _restart(self, done: Tensor) -> None:
        fresh = torch.rand(2, self.num_envs, device=self.device) * 2.0 - 1.0
        self.position = torch.where(done, fresh[0], self.position)
        self.velocity = torch.where(done, fresh[1], self.velocity)
        self.age.masked_fill_(done, 0)

    def _observe(self) -> Tensor:
        self.obs[:, 0], self.obs[:, 1] = self.position, self.velocity
        return self.obs  # one buffer, overwritten at each step

    def step(self, actions: Tensor):
        begin = time.perf_counter()
        force = actions[:, 0].clamp(-1.0, 1.0)
        self.velocity = self.velocity + 0.2 * (force + self.position)  # unstable without control
        self.position = self.position + 0.2 * self.velocity
        self.age += 1
        self.steps += 1
        terms = {"alive": torch.ones_like(force), "effort": -0.1 * force.square()}
        speed = self.velocity.abs()
        if self.sabotage in terms and self.steps == 5:
            terms[self.sabotage][0] = float("nan")
        terminated = self.position.abs() > 2.0
        time_outs = (self.age >= self.max_episode_length) & ~terminated
        final = self._observe().clone()
        self._restart(terminated | time_outs)
        obs = self._observe()
        if self.sabotage == "observation" and self.steps == 5:
            obs[0, 0] = float("inf")
        self.seconds += time.perf_counter() - begin
        extras: Dict[str, Any] = {
            "time_outs": time_outs,
            "final_observation": final,
            "reward_terms": terms,
            "metrics": {"speed": speed},
        }
        return {"obs": obs}, sum(terms.values()), (terminated | time_outs).long(), extras

    def randomize_episode_phase(self) -> None:
        self.age = torch.randint(0, self.max_episode_length, (self.num_envs,), device=self.device)

    def timings(self) -> Dict[str, float]:
        return {"physics": self.seconds, "observation_reward": 0.0}

    def state_dict(self) -> Dict[str, Any]:
        return {"position": self.position, "velocity": self.velocity, "age": self.age}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        self.position = state["position"].clone()
        self.velocity = state["velocity"].clone()
        self.age = state["age"].clone()

    def close(self) -> None:
        pass
