"""The training loop: collect, learn, log, save."""

import math
import platform
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Union

import torch
from torch import Tensor

from humanoid_gym.rl.actor_critic import ActorCritic, ActorCriticConfig
from humanoid_gym.rl.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    load_networks,
    save_checkpoint,
)
from humanoid_gym.rl.episode_statistics import RETURN, EpisodeStatistics
from humanoid_gym.rl.interruption import Interruption
from humanoid_gym.rl.logger import (
    ENV_STEPS,
    FRACTION,
    ITERATION,
    SECONDS_LEFT,
    STEPS_PER_SECOND,
    ProgressLogger,
    Report,
)
from humanoid_gym.rl.ppo import PPO, PPOConfig, num_minibatches
from humanoid_gym.rl.rollout_storage import RolloutStorage
from humanoid_gym.rl.vec_env import VecEnv


@dataclass(frozen=True)
class RunnerConfig:
    """Settings of `Runner`."""

    horizon: int = field(default=32, metadata={"min": 1})
    """Steps of every environment per iteration."""
    max_iterations: int = field(default=500, metadata={"min": 0})
    """Iterations after which the training ends, counted from its very start."""
    max_minutes: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Minutes of training after which it ends, if earlier; earlier sessions count."""
    save_interval: int = field(default=50, metadata={"min": 1})
    """Iterations between checkpoints (last.pt and iteration_000123.pt)."""
    best_interval: int = field(default=10, metadata={"min": 1})
    """Iterations between looks whether best.pt is beaten."""
    randomize_episode_phase: bool = True
    """Whether episodes start at random ages, so that their time-outs do not come together."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that the learner can be told."""

    policy: ActorCriticConfig = field(default_factory=ActorCriticConfig)
    """Networks and normalizers."""
    algorithm: PPOConfig = field(default_factory=PPOConfig)
    """Learning from a rollout."""
    runner: RunnerConfig = field(default_factory=RunnerConfig)
    """The loop around it."""


class NonFiniteError(ArithmeticError):
    """The environment or the losses produced a NaN or infinite value; one line says which."""


class Runner:
    """Trains a policy on an environment and keeps its checkpoints.

    A checkpoint holds everything that the next step depends on, an unfinished rollout included:
    a resumed training continues as if it had not been interrupted, bit for bit on a CPU.
    """

    def __init__(
        self,
        env: VecEnv,
        config: TrainConfig,
        directory: Union[str, Path],
        seed: int = 0,
        run_config: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """Build networks and storage; nothing is written yet.

        Args:
            env: environment to train on.
            config: settings.
            directory: folder of the run; checkpoints go to its subfolder "checkpoints".
            seed: of the initial weights, the action noise and the order of minibatches.
            run_config: the run's whole configuration as plain data, kept in checkpoints.

        Raises:
            ConfigError: the configured minibatches cannot be.
        """
        num_minibatches(config.algorithm, config.runner.horizon * env.num_envs)
        self.env = env
        self.config = config
        self.directory = Path(directory)
        self.run_config = dict(run_config or {})
        self.generator = torch.Generator(env.device)
        self.generator.manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            networks = ActorCritic(env.num_obs, env.num_actions, config.policy)
        self.actor_critic = networks.to(env.device)
        self.algorithm = PPO(self.actor_critic, config.algorithm, self.generator)
        self.storage = RolloutStorage(
            config.runner.horizon, env.num_envs, env.num_obs, env.num_actions, env.device
        )
        self.statistics = EpisodeStatistics(env.num_envs, env.device)
        self.iteration = 0
        """Finished iterations."""
        self.best_return = -math.inf
        """Mean return of the episodes before best.pt was written."""
        self._step = 0  # steps of the current rollout that are stored
        self._elapsed = 0.0  # seconds of training, all sessions together
        self._clock = _Clock(env)
        self._obs: Optional[Tensor] = None  # None until the environment was reset or restored

    def learn(self) -> Path:
        """Train until the configured end, or until SIGINT or SIGTERM asks to stop.

        Returns:
            The checkpoint to resume from, last.pt.

        Raises:
            NonFiniteError: a reward, observation or loss is not finite; nothing is saved then.
        """
        with Interruption() as interruption, ProgressLogger(self.directory) as logger:
            self._begin()
            while not self._finished():
                self.collect(interruption)
                if self._step < self.config.runner.horizon:
                    break  # asked to stop: the rest of the rollout is left to the next session
                losses = self.update()
                self.iteration += 1
                report = self._report(losses)
                logger.log(report, self.config.runner.max_iterations)
                self._save_what_is_due(report)
                if interruption.requested:
                    break
        return self.save("last.pt")

    def collect(self, interruption: Interruption) -> None:
        """Step the environments until the storage is full or a stop is requested."""
        storage = self.storage
        storage.log_std.copy_(self.actor_critic.log_std.detach())
        while self._step < storage.horizon and not interruption.requested:
            self._collect_step(self._step)
            self._step += 1
        storage.observations[-1].copy_(self._current_obs())
        self._clock.lap("inference")

    def _collect_step(self, t: int) -> None:
        """Act once everywhere and store what came of it."""
        storage = self.storage
        storage.observations[t].copy_(self._current_obs())
        step = self.actor_critic.act(storage.observations[t], self.generator)
        storage.actions[t].copy_(step.actions)
        storage.log_probs[t].copy_(step.log_probs)
        storage.means[t].copy_(step.mean)

        obs, reward, done, extras = self.env.step(step.actions)
        self._obs = obs["obs"]
        done, time_outs = done.bool(), extras["time_outs"].bool()
        storage.final_observations[t].copy_(extras["final_observation"])
        torch.mul(reward, self.config.algorithm.reward_scale, out=storage.rewards[t])
        torch.logical_and(done, ~time_outs, out=storage.terminated[t])
        torch.logical_and(done, time_outs, out=storage.truncated[t])
        self.statistics.update(reward, done, extras["reward_terms"], extras["metrics"])

    def update(self) -> Dict[str, Tensor]:
        """Learn from the full storage and empty it; return 0-d device tensors by name."""
        batch = self.algorithm.prepare(self.storage)
        progress = self.iteration / max(self.config.runner.max_iterations, 1)
        losses = self.algorithm.update(batch, self.storage.log_std, progress)
        self._step = 0
        return losses

    def _begin(self) -> None:
        """Start the environments, unless a checkpoint did."""
        self._clock.start()
        if self._obs is None:
            self._obs = self.env.reset()["obs"]
            if self.config.runner.randomize_episode_phase:
                self.env.randomize_episode_phase()

    def _finished(self) -> bool:
        config = self.config.runner
        seconds = math.inf if config.max_minutes is None else 60.0 * config.max_minutes
        return self.iteration >= config.max_iterations or self._elapsed >= seconds

    def _current_obs(self) -> Tensor:
        if self._obs is None:
            raise RuntimeError("the environments were not started; call learn()")
        return self._obs

    def _report(self, losses: Dict[str, Tensor]) -> Report:
        """Read everything that an iteration measured from the device, at once."""
        finite = torch.isfinite(self.storage.observations).all()
        std = self.storage.log_std.exp().mean()
        names = [*losses, "std", "observations_finite"]
        scalars = torch.stack([*losses.values(), std, finite.float()])
        values = torch.cat([scalars, self.statistics.summary()]).tolist()
        self.statistics.begin_rollout()
        policy = dict(zip(names, values))
        summary = values[len(names) :]
        self._check_finite(policy, summary)
        del policy["observations_finite"]
        self._clock.lap("learning")
        return {
            **self._progress(),
            **self.statistics.report(summary),
            **{f"learning/{name}": value for name, value in policy.items()},
        }

    def _check_finite(self, policy: Dict[str, float], summary: List[float]) -> None:
        bad = self.statistics.non_finite(summary)
        if not policy["observations_finite"]:
            bad.append("observation")
        if not bad:
            bad = [f"learning/{name}" for name, value in policy.items() if not math.isfinite(value)]
        if bad:
            raise NonFiniteError(
                f"iteration {self.iteration}: NaN or infinite {', '.join(bad)}; "
                f"the checkpoints in {self.directory / 'checkpoints'} are older and sound"
            )

    def _progress(self) -> Report:
        """Count steps and time; start the next iteration's clock."""
        config = self.config.runner
        seconds = self._clock.take()
        total = sum(seconds.values())
        self._elapsed += total
        steps = config.horizon * self.env.num_envs
        fraction = self.iteration / config.max_iterations
        seconds_left = self._elapsed * (1.0 - fraction) / fraction
        if config.max_minutes is not None:
            fraction = max(fraction, self._elapsed / (60.0 * config.max_minutes))
            seconds_left = min(seconds_left, 60.0 * config.max_minutes - self._elapsed)
        return {
            ITERATION: float(self.iteration),
            ENV_STEPS: float(self.iteration * steps),
            FRACTION: min(fraction, 1.0),
            SECONDS_LEFT: max(seconds_left, 0.0),
            STEPS_PER_SECOND: steps / max(total, 1e-9),
            **{f"speed/{part}_seconds": value for part, value in seconds.items()},
        }

    def _save_what_is_due(self, report: Report) -> None:
        config = self.config.runner
        if self.iteration % config.save_interval == 0:
            self.save(f"iteration_{self.iteration:06d}.pt")
            self.save("last.pt")
        due = self.iteration % config.best_interval == 0
        enough = report["episode/finished"] >= self.statistics.window
        if due and enough and report[RETURN] > self.best_return:
            self.best_return = report[RETURN]
            self.save("best.pt")

    def save(self, name: str) -> Path:
        """Write everything needed to continue into the run's folder; return the file's path."""
        return save_checkpoint(self.directory / "checkpoints" / name, self.state_dict())

    def state_dict(self) -> Checkpoint:
        """Return everything that the next step depends on."""
        return {
            "networks": self.actor_critic.state_dict(),
            "algorithm": self.algorithm.state_dict(),
            "env": self.env.state_dict(),
            "statistics": self.statistics.state_dict(),
            "rollout": self.storage.state_dict(self._step),
            "obs": self._obs,
            "rng": self._rng_state(),
            "counters": {
                "iteration": self.iteration,
                "step": self._step,
                "elapsed": self._elapsed,
                "best_return": self.best_return,
            },
            "sizes": self._sizes(),
            "versions": _versions(),
            "config": self.run_config,
        }

    def load(self, path: Union[str, Path]) -> None:
        """Continue from a checkpoint instead of the environments' reset.

        Args:
            path: written by a run of the same task with as many environments.

        Raises:
            CheckpointError: it cannot be used; the message says why.
        """
        state = load_checkpoint(path, self.env.device)
        load_networks(state, self.actor_critic, path)
        if state["sizes"] != self._sizes():
            raise CheckpointError(
                f"checkpoint {path} was written with {_listed(state['sizes'])}, this run has "
                f"{_listed(self._sizes())}; resuming needs the same"
            )
        self.algorithm.load_state_dict(state["algorithm"])
        self.env.load_state_dict(state["env"])
        self.statistics.load_state_dict(state["statistics"])
        self.storage.load_state_dict(state["rollout"])
        self._obs = state["obs"]
        counters = state["counters"]
        self.iteration, self._step = counters["iteration"], counters["step"]
        self._elapsed, self.best_return = counters["elapsed"], counters["best_return"]
        self._restore_rng(state["rng"])

    def _sizes(self) -> Dict[str, int]:
        return {
            "num_envs": self.env.num_envs,
            "horizon": self.config.runner.horizon,
            "trained_tensors": len(self.algorithm.parameters),
        }

    def _rng_state(self) -> Dict[str, Tensor]:
        state = {"cpu": torch.get_rng_state(), "learner": self.generator.get_state()}
        if self.env.device.type == "cuda":
            state["cuda"] = torch.cuda.get_rng_state(self.env.device)
        return state

    def _restore_rng(self, state: Dict[str, Tensor]) -> None:
        torch.set_rng_state(state["cpu"].cpu())
        self.generator.set_state(state["learner"].cpu())
        if self.env.device.type == "cuda" and "cuda" in state:
            torch.cuda.set_rng_state(state["cuda"].cpu(), self.env.device)


class _Clock:
    """Splits an iteration's wall time; the environment's own parts are taken out of it."""

    def __init__(self, env: VecEnv) -> None:
        self._env = env
        self.start()

    def start(self) -> None:
        self._seconds: Dict[str, float] = {}
        self._last = time.perf_counter()
        self._env_before = self._env.timings()

    def lap(self, part: str) -> None:
        """Book the time since the last lap on `part`."""
        now = time.perf_counter()
        self._seconds[part] = self._seconds.get(part, 0.0) + now - self._last
        self._last = now

    def take(self) -> Dict[str, float]:
        """Return seconds by part and start again."""
        self.lap("learning")
        env_seconds = {
            name: seconds - self._env_before.get(name, 0.0)
            for name, seconds in self._env.timings().items()
        }
        seconds = {"inference": 0.0, **self._seconds, **env_seconds}
        seconds["inference"] = max(seconds["inference"] - sum(env_seconds.values()), 0.0)
        self.start()
        return seconds


def _versions() -> Dict[str, str]:
    try:
        own = version("humanoid-gym")
    except PackageNotFoundError:
        own = "not installed"
    return {
        "humanoid_gym": own,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }


def _listed(sizes: Dict[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sizes.items())
