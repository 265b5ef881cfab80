"""Returns, lengths, reward terms, metrics and ends of episodes, accumulated on the device."""

from typing import Any, Dict, List, Mapping, Optional, Sequence

import torch
from torch import Tensor

from humanoid_gym.rl.logging.report import (
    FINISHED,
    LENGTH,
    METRIC,
    RETURN,
    REWARD_TERM,
    TERMINATION,
)

NOTHING: Mapping[str, Tensor] = {}


class EpisodeStatistics:
    """Follows every running episode and keeps the last `window` finished ones.

    Nothing here waits for the device: finished episodes go into a ring of fixed size by masked
    writes, and `summary` is a tensor, which the caller reads once per iteration. Columns are
    return, length [steps], each reward term's sum, each metric's mean over the episode, each
    quantity of the whole episode and, for each cause of an end, whether the episode had it. An
    episode with a NaN in it is not counted.
    """

    def __init__(
        self, num_envs: int, device: torch.device, window: int = 100, horizon: int = 1
    ) -> None:
        """Start with no episodes.

        Args:
            num_envs: number of environments N.
            device: where the environments' tensors live.
            window: number of finished episodes to average over.
            horizon: number of last steps T whose single values `steps` keeps.
        """
        self.window = window
        self.num_envs = num_envs
        self.horizon = horizon
        self.device = device
        self.reward_terms: List[str] = []
        self.metrics: List[str] = []
        self.episode_metrics: List[str] = []
        self.terminations: List[str] = []
        self.steps = torch.zeros(horizon, num_envs, 2, device=device)
        """What each step of the rollout added to each column. Shape (T, N, len(columns))."""
        self._step = 0  # where the next step's values go
        self._running = torch.zeros(num_envs, 2, device=device)
        # The last row receives whatever must not be kept.
        self._finished = torch.zeros(window + 1, 2, device=device)
        self._num_finished = torch.zeros((), dtype=torch.int64, device=device)

    @property
    def columns(self) -> List[str]:
        """Names of the columns, as they are logged."""
        return [
            *(RETURN, LENGTH),
            *(REWARD_TERM + name for name in self.reward_terms),
            *(METRIC + name for name in self.metrics),
            *(METRIC + name for name in self.episode_metrics),
            *(TERMINATION + name for name in self.terminations),
        ]

    def update(
        self,
        reward: Tensor,
        done: Tensor,
        reward_terms: Mapping[str, Tensor],
        metrics: Mapping[str, Tensor],
        terminations: Mapping[str, Tensor] = NOTHING,
        episode_metrics: Mapping[str, Tensor] = NOTHING,
    ) -> None:
        """Add one step of every environment.

        Args:
            reward: shape (N,).
            done: the step ended an episode. Shape (N,), bool.
            reward_terms: {name: (N,)}; the same names at every call.
            metrics: {name: (N,)}; the same names at every call.
            terminations: {cause: (N,) bool}, read where done; the same names at every call.
            episode_metrics: {name: (N,)}, read where done; the same names at every call.
        """
        self._name_columns(reward_terms, metrics, episode_metrics, terminations)
        row = [reward, torch.ones_like(reward)]
        row += [reward_terms[name] for name in self.reward_terms]
        row += [metrics[name] for name in self.metrics]
        row += [episode_metrics[name] * done for name in self.episode_metrics]
        row += [(terminations[name] & done).to(reward.dtype) for name in self.terminations]
        step = torch.stack(row, dim=-1, out=self.steps[self._step])
        self._step = (self._step + 1) % self.horizon
        self._running.add_(step)
        self._keep(done)
        self._running.masked_fill_(done.unsqueeze(-1), 0.0)

    def _name_columns(self, *columns: Mapping[str, Tensor]) -> None:
        """Learn the names at the first step; others than those restored begin anew."""
        groups = [self.reward_terms, self.metrics, self.episode_metrics, self.terminations]
        if all(given.keys() == set(known) for given, known in zip(columns, groups)):
            return
        before = self.columns
        self.reward_terms, self.metrics, self.episode_metrics, self.terminations = (
            known if given.keys() == set(known) else list(given)
            for given, known in zip(columns, groups)
        )
        if self.columns[: len(before)] != before:  # else the new ones come after those known
            self._forget_columns()
        self._widen(len(self.columns))

    def _forget_columns(self) -> None:
        """Drop what the task does not report in this run, as the columns have other names now."""
        self.forget_finished()
        self.steps.zero_()
        self._running.zero_()
        self.steps, self._running, self._finished = (
            tensor[..., :2] for tensor in (self.steps, self._running, self._finished)
        )

    def _widen(self, width: int) -> None:
        """Append columns of zeros."""
        more = width - self._running.shape[-1]
        self.steps, self._running, self._finished = (
            torch.nn.functional.pad(tensor, (0, more))
            for tensor in (self.steps, self._running, self._finished)
        )

    def _keep(self, done: Tensor) -> None:
        """Write the episodes that just ended into the ring, oldest first out."""
        first_metric = 2 + len(self.reward_terms)
        episodes = self._running.clone()
        episodes[:, first_metric : first_metric + len(self.metrics)] /= self._running[:, 1:2]
        ends = done & ((episodes * 0.0).sum(-1) == 0.0)  # NaN and infinity times zero are NaN
        rank = ends.to(torch.int64).cumsum(0)  # 1 for the first environment that is done
        ended = rank[-1]
        kept = ends & (rank > ended - self.window)
        slot = torch.where(kept, (self._num_finished + rank - 1) % self.window, self.window)
        self._finished.index_copy_(0, slot, episodes)
        self._num_finished.add_(ended)

    def forget(self, which: Tensor) -> None:
        """Drop running episodes that were cut off without an end. `which`: (N,) bool."""
        self._running.masked_fill_(which.unsqueeze(-1), 0.0)

    def forget_finished(self) -> None:
        """Drop the finished episodes, which were of other settings than those to come."""
        self._finished.zero_()
        self._num_finished.zero_()

    def forget_rollout(self) -> None:
        """Drop every running episode and the values of the unfinished rollout."""
        self._running.zero_()
        self._step = 0

    def summary(self) -> Tensor:
        """Return what an iteration reports, to be read once and given to `report`.

        Returns:
            Number of finished episodes since the start and each column's mean over the window.
            Shape (1 + len(columns),), on the device.
        """
        available = self._num_finished.clamp(1, self.window)
        # Rows not written yet are zero.
        means = self._finished[:-1].sum(0) / available
        return torch.cat([self._num_finished.reshape(1).float(), means])

    def report(self, summary: Sequence[float]) -> Dict[str, float]:
        """Name the values of a summary that was read from the device.

        Args:
            summary: values of `summary()`.

        Returns:
            "episode/finished" and, once an episode has ended, each column's mean over the window.
        """
        report = {FINISHED: summary[0]}
        if summary[0]:
            report.update(zip(self.columns, summary[1:]))
        return report

    def state_dict(self) -> Dict[str, Any]:
        """Return everything needed to continue."""
        return {
            "reward_terms": self.reward_terms,
            "metrics": self.metrics,
            "episode_metrics": self.episode_metrics,
            "terminations": self.terminations,
            "steps": self.steps[: self._step],
            "running": self._running,
            "finished": self._finished,
            "num_finished": self._num_finished,
        }

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Restore what `state_dict` returned; of an older version, as far as it goes."""
        self.reward_terms, self.metrics = list(state["reward_terms"]), list(state["metrics"])
        self.episode_metrics = list(state.get("episode_metrics", ()))
        self.terminations = list(state.get("terminations", ()))
        self._widen(len(self.columns))
        self._running.copy_(state["running"])
        self._finished.copy_(state["finished"])
        self._num_finished.copy_(state["num_finished"])
        steps: Optional[Tensor] = state.get("steps")
        self._step = 0 if steps is None else len(steps)
        if steps is not None:
            self.steps[: self._step] = steps
