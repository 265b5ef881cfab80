"""rsl_rl's PPO on one of our tasks, with the settings that train.py would use, as a learning curve.

    pip install 'humanoid-gym[rsl-rl]'
    python benchmarks/rsl_rl_learning.py task=humanoid seed=1 max_iterations=184

Takes the overrides of train.py and writes curve.csv into the working directory. What rsl_rl has no
setting for is left at its own: it normalizes no values, its critic has the policy's learning rate,
truncated episodes are bootstrapped by the state before. Rewards are scaled as for our learner; the
curve holds unscaled returns, means over the last 100 episodes.
"""

import collections
import csv
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Deque, Dict, List

import torch
from rsl_rl.runners import OnPolicyRunner
from torch import Tensor

from humanoid_gym.adapters.rsl_rl_env import RslRlVecEnv
from humanoid_gym.cli.making import configuration
from humanoid_gym.cli.training import make_env
from humanoid_gym.rl.runner import TrainConfig
from humanoid_gym.rl.vec_env import StepResult, VecEnv


def settings(train: TrainConfig, groups: Dict[str, Any]) -> Dict[str, Any]:
    """Translate the learner's configuration into rsl_rl's."""
    policy, ppo = train.policy, train.algorithm
    network = {
        "class_name": "MLPModel",
        "activation": policy.activation,
        "obs_normalization": policy.normalize_observations,
    }
    noise = {
        "class_name": "GaussianDistribution",
        "init_std": policy.initial_std,
        "std_type": "log",
    }
    return {
        "num_steps_per_env": train.runner.horizon,
        "save_interval": 10**9,
        "obs_groups": groups,
        "actor": {**network, "hidden_dims": list(policy.actor_hidden), "distribution_cfg": noise},
        "critic": {**network, "hidden_dims": list(policy.critic_hidden)},
        "algorithm": {
            "class_name": "PPO",
            "num_learning_epochs": ppo.num_epochs,
            "num_mini_batches": ppo.num_minibatches,
            "clip_param": ppo.clip_range,
            "gamma": ppo.gamma,
            "lam": ppo.lam,
            "value_loss_coef": ppo.value_loss_coef,
            "entropy_coef": ppo.entropy_coef,
            "learning_rate": ppo.learning_rate,
            "max_grad_norm": ppo.max_grad_norm,
            "use_clipped_value_loss": ppo.clip_value_loss,
            "schedule": "adaptive" if ppo.learning_rate_schedule == "adaptive" else "fixed",
            "desired_kl": ppo.kl_target,
        },
    }


class Recorder:
    """The environment, with scaled rewards and a row of the learning curve every iteration."""

    def __init__(self, env: VecEnv, horizon: int, reward_scale: float, path: Path) -> None:
        self._env = env
        self._horizon, self._scale = horizon, reward_scale
        self._steps, self._begin = 0, time.perf_counter()
        self._episodes: Deque[List[float]] = collections.deque(maxlen=100)
        self._running = torch.zeros(3, env.num_envs)  # return, length, distance
        self._path, self._partial = path, path.with_suffix(".part")
        self._file = self._partial.open("w", newline="", buffering=1)
        self._rows = csv.writer(self._file)
        self._rows.writerow(["minutes", "env_steps", "return", "length", "forward_speed"])

    def __getattr__(self, name: str) -> object:
        return getattr(self._env, name)

    def step(self, actions: Tensor) -> StepResult:
        """Step, and follow the episodes."""
        obs, reward, done, extras = self._env.step(actions)
        speed = extras["metrics"].get("forward_speed", torch.zeros_like(reward))
        self._running += torch.stack([reward, torch.ones_like(reward), speed]).cpu()
        ended = done.bool().cpu()
        for total, length, distance in self._running[:, ended].T.tolist():
            self._episodes.append([total, length, distance / length])
        self._running[:, ended] = 0.0
        self._steps += 1
        if self._steps % self._horizon == 0:
            self._write_row()
        return obs, reward * self._scale, done, extras

    def _write_row(self) -> None:
        columns = zip(*self._episodes, strict=True)
        means = [f"{statistics.fmean(column):.6g}" for column in columns] or ["nan"] * 3
        minutes = (time.perf_counter() - self._begin) / 60
        self._rows.writerow([f"{minutes:.6g}", self._steps * self._env.num_envs, *means])

    def finish(self) -> None:
        """Give the complete curve its name."""
        self._file.close()
        self._partial.rename(self._path)


def main() -> None:
    """Train to the end."""
    config = configuration(*sys.argv[1:])
    env = make_env(config)
    horizon, scale = config.train.runner.horizon, config.train.algorithm.reward_scale
    recorder = Recorder(env, horizon, scale, Path("curve.csv"))
    adapter = RslRlVecEnv(recorder)
    torch.manual_seed(config.launch.seed)
    runner = OnPolicyRunner(
        adapter, settings(config.train, adapter.obs_groups), log_dir=None, device=str(env.device)
    )
    runner.learn(config.train.runner.max_iterations, config.train.runner.randomize_episode_phase)
    recorder.finish()


if __name__ == "__main__":
    main()
