"""Episodes of legacy tasks: where they end, what was seen last in them, how new ones begin."""

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Tuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from humanoid_gym.tasks.vec_task import VecTask

PUBLISHED = (
    *("time_outs", "final_observation", "final_states", "faults"),
    *("reward_terms", "metrics", "episode_metrics", "terminations"),
)
"""Entries of extras that the learner reads; whatever else a legacy task puts there is measured."""


class LegacyEpisodes:
    """Follows the counters of a task that ends and begins its episodes on its own terms.

    Such a task flags an ended episode in `reset_buf`, a time-out at `max_episode_length - 1`. Most
    reset what is flagged at the start of the next step, so the observation they return is the
    episode's last. Others reset within the step: `progress_buf` is 0 again, and the last
    observation that anybody saw is that of the step before.

    Args:
        task: object with `progress_buf`, `reset_buf` and `max_episode_length`; where it lacks one,
            it has no time-outs but those that it tells of.
        num_envs: number of environments N.
        device: of the tensors that are published.
    """

    def __init__(self, task: Any, num_envs: int, device: torch.device) -> None:  # noqa: ANN401
        self._task, self._num_envs, self._device = task, num_envs, device
        self._progress: Optional[Tensor] = None
        self._flagged: Optional[Tensor] = None
        self._seen: Dict[str, Tensor] = {}
        self._metrics: List[str] = []

    def before_step(self, observations: Mapping[str, Tensor]) -> None:
        """Remember counters, and what was observed, by name.

        Args:
            observations: {"obs": (N, num_obs)} and, where there are states, {"states": …}.
        """
        self._progress, self._flagged = self._counter("progress_buf"), self._counter("reset_buf")
        self._seen = {name: value.clone() for name, value in observations.items()}

    def within_step(self, done: Tensor) -> Tensor:
        """Return which of the ended episodes the step itself put an end to, shape (N,) bool."""
        progress = self._counter("progress_buf")
        if progress is None or self._flagged is None:
            return torch.zeros_like(done)
        return done & (progress == 0) & (self._flagged == 0)

    def time_outs(self, done: Tensor) -> Tensor:
        """Return which of the ended episodes reached their length, shape (N,) bool."""
        length = getattr(self._task, "max_episode_length", 0) or 0
        progress, before = self._counter("progress_buf"), self._progress
        if length <= 0 or progress is None or before is None:
            return torch.zeros_like(done)
        within = self.within_step(done) & (before + 1 >= length - 1)
        return done & ((progress >= length - 1) | within)

    def last_seen(self, name: str, observation: Tensor, within: Tensor) -> Tensor:
        """Return the last observation of the episodes that ended, elsewhere the present one."""
        before = self._seen.get(name)
        if before is None or before.shape != observation.shape:
            return observation
        return torch.where(within.unsqueeze(1), before, observation)

    def metrics(self, extras: Mapping[str, Any]) -> Dict[str, Tensor]:
        """Return the numbers that a task puts into extras, {name: (N,)}.

        The names are those of the first step; what is missing later is zero.
        """
        found = dict(self._measured(extras, ""))
        self._metrics = self._metrics or list(found)
        nothing = torch.zeros(self._num_envs, device=self._device)
        return {name: found.get(name, nothing) for name in self._metrics}

    def _measured(self, group: Mapping[str, Any], prefix: str) -> Iterator[Tuple[str, Tensor]]:
        for name, value in group.items():
            if isinstance(value, Mapping) and not prefix and name not in PUBLISHED:
                yield from self._measured(value, f"{name}.")
            elif isinstance(value, float):
                yield f"{prefix}{name}", torch.full((self._num_envs,), value, device=self._device)
            elif isinstance(value, Tensor) and value.is_floating_point() and name not in PUBLISHED:
                value = value.detach().to(self._device, torch.float32)
                if value.numel() == 1 or value.shape == (self._num_envs,):
                    value = value.reshape(-1).expand(self._num_envs)
                    yield f"{prefix}{name}", value

    def _counter(self, name: str) -> Optional[Tensor]:
        value = getattr(self._task, name, None)
        return value.to(self._device, copy=True) if isinstance(value, Tensor) else None


def followed(task: "VecTask") -> Optional[LegacyEpisodes]:
    """Return what follows the episodes of a task that begins them itself; None of another."""
    if not task.overrides("post_physics_step"):
        return None
    return LegacyEpisodes(task, task.num_envs, task.device)


def publish(task: "VecTask", episodes: LegacyEpisodes, observations: Mapping[str, Tensor]) -> None:
    """Put what the learner reads of a legacy step into a task's extras.

    Args:
        task: after its own `post_physics_step`.
        episodes: of this task, told before the step.
        observations: of the task now, by name.
    """
    task.reset_buf = task.reset_buf.masked_fill(task.fault_buf, 1)
    done = task.reset_buf != 0
    task.timeout_buf = episodes.time_outs(done) & ~task.fault_buf
    within = episodes.within_step(done)
    for name, value in observations.items():
        getattr(task, f"final_{name}_buf").copy_(episodes.last_seen(name, value, within))
    task.publish_terminations({"terminated": done & ~task.timeout_buf & ~task.fault_buf})
    task.extras["reward_terms"] = {"reward": task.rew_buf}
    task.extras["metrics"] = episodes.metrics(task.extras)
    task.extras.setdefault("episode_metrics", {})


def flag(task: Any, mask: Tensor) -> None:  # noqa: ANN401 - a task of any base class
    """Let a task's next step begin episodes.

    Args:
        task: with `reset_buf`.
        mask: which, shape (num_envs,) bool.
    """
    task.reset_buf.masked_fill_(mask.to(task.reset_buf.device), 1)


def without_nan(observations: Mapping[str, Tensor], mask: Tensor) -> Dict[str, Tensor]:
    """Return observations, where `mask` says with 0 in place of what is no number."""
    mask = mask.unsqueeze(1)
    return {
        name: torch.where(mask, torch.nan_to_num(value, 0.0, 0.0, 0.0), value)
        for name, value in observations.items()
    }
