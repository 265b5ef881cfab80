"""How far a training is, how long it took and takes, and where the time went."""

import math
import time
from typing import Any, Dict, Tuple

import torch

from humanoid_gym.rl import distributed
from humanoid_gym.rl.logging.report import (
    ENV_STEPS,
    FRACTION,
    ITERATION,
    SECONDS_LEFT,
    STEPS_PER_SECOND,
    Report,
)
from humanoid_gym.rl.train_config import RunnerConfig
from humanoid_gym.rl.vec_env import VecEnv


class Progress:
    """Counts iterations and seconds of training, all its sessions together."""

    def __init__(self, config: RunnerConfig, env: VecEnv) -> None:
        """Start at zero.

        Args:
            config: says when the training ends.
            env: its number of environments and its own timings are read.
        """
        self.iteration = 0
        """Finished iterations."""
        self.elapsed = 0.0
        """Seconds of finished iterations."""
        self.clock = Clock(env)
        self._config = config
        self._steps_per_iteration = config.horizon * env.num_envs * distributed.world_size()

    def finished(self) -> bool:
        """Whether the training is at its configured end."""
        config = self._config
        seconds = math.inf if config.max_minutes is None else 60.0 * config.max_minutes
        return self.iteration >= config.max_iterations or self.elapsed >= seconds

    @property
    def fraction(self) -> float:
        """Iterations that are over, as part of all; in [0, 1]."""
        return self.iteration / max(self._config.max_iterations, 1)

    def report(self) -> Report:
        """Count the time since the last call; return counts and time of the iteration between."""
        config = self._config
        seconds = self.clock.take()
        total = sum(seconds.values())
        self.elapsed += total
        fraction = max(self.fraction, 1e-9)
        seconds_left = self.elapsed * (1.0 - fraction) / fraction
        if config.max_minutes is not None:
            fraction = max(fraction, self.elapsed / (60.0 * config.max_minutes))
            seconds_left = min(seconds_left, 60.0 * config.max_minutes - self.elapsed)
        return {
            ITERATION: float(self.iteration),
            ENV_STEPS: float(self.iteration * self._steps_per_iteration),
            FRACTION: min(fraction, 1.0),
            SECONDS_LEFT: max(seconds_left, 0.0),
            STEPS_PER_SECOND: self._steps_per_iteration / max(total, 1e-9),
            **{f"speed/{part}_seconds": value for part, value in seconds.items()},
        }

    def state_dict(self) -> Dict[str, Any]:
        """Return the counts."""
        return {"iteration": self.iteration, "elapsed": self.elapsed}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.iteration, self.elapsed = state["iteration"], state["elapsed"]


PARTS: Tuple[str, ...] = ("inference", "learning", "logging", "saving")
"""Parts of an iteration's time, besides those that the environment tells of."""


class Clock:
    """Splits an iteration's wall time; the environment's own parts are taken out of it.

    What comes after an iteration's report, writing it and checkpoints, counts for the next one.
    """

    def __init__(self, env: VecEnv) -> None:
        """Start now.

        Args:
            env: its own timings are taken out of the time that was spent on something else.
        """
        self._env = env
        self.start()

    def start(self) -> None:
        """Forget everything and start now."""
        self._seconds: Dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self._last = time.perf_counter()
        self._env_before = self._env.timings()

    def lap(self, part: str) -> None:
        """Book the time since the last lap on `part`, less the environment's own."""
        if self._env.device.type == "cuda":
            torch.cuda.synchronize(self._env.device)  # what it was told to do, it still does
        now, of_env = time.perf_counter(), self._env.timings()
        passed, self._last = now - self._last, now
        for name, seconds in of_env.items():
            own = seconds - self._env_before.get(name, 0.0)
            self._seconds[name] = self._seconds.get(name, 0.0) + own
            passed -= own
        self._env_before = of_env
        self._seconds[part] = self._seconds.get(part, 0.0) + max(passed, 0.0)

    def take(self) -> Dict[str, float]:
        """Return seconds by part and start again."""
        self.lap("learning")
        seconds, self._seconds = self._seconds, dict.fromkeys(PARTS, 0.0)
        return seconds
