"""Returns, lengths, reward terms and metrics of episodes, accumulated on the device."""

import math
from typing import Any, Dict, List, Sequence

import torch
from torch import Tensor

RETURN = "episode/return"
LENGTH = "episode/length"
REWARD_TERM = "reward_term/"
METRIC = "metric/"


class EpisodeStatistics:
    """Follows every running episode and keeps the last `window` finished ones.

    Nothing here waits for the device: finished episodes go into a ring of fixed size by masked
    writes, and `summary` is a tensor, which the caller reads once per iteration. Columns are
    return, length [steps], each reward term's sum and each metric's mean over the episode.
    """

    def __init__(self, num_envs: int, device: torch.device, window: int = 100) -> None:
        """Start with no episodes.

        Args:
            num_envs: number of environments N.
            device: where the environments' tensors live.
            window: number of finished episodes to average over.
        """
        self.window = window
        self.num_envs = num_envs
        self.device = device
        self.reward_terms: List[str] = []
        self.metrics: List[str] = []
        self._allocate(2)

    def _allocate(self, width: int) -> None:
        self._running = torch.zeros(self.num_envs, width, device=self.device)
        # The last row receives whatever must not be kept.
        self._finished = torch.zeros(self.window + 1, width, device=self.device)
        self._num_finished = torch.zeros((), dtype=torch.int64, device=self.device)
        self._rollout_sums = torch.zeros(width, device=self.device)

    @property
    def columns(self) -> List[str]:
        """Names of the columns, as they are logged."""
        terms = [REWARD_TERM + name for name in self.reward_terms]
        return [RETURN, LENGTH, *terms, *(METRIC + name for name in self.metrics)]

    def update(
        self,
        reward: Tensor,
        done: Tensor,
        reward_terms: Dict[str, Tensor],
        metrics: Dict[str, Tensor],
    ) -> None:
        """Add one step of every environment.

        Args:
            reward: shape (N,).
            done: the step ended an episode. Shape (N,), bool.
            reward_terms: {name: (N,)}; the same names at every call.
            metrics: {name: (N,)}; the same names at every call.
        """
        if len(self.columns) == 2 and (reward_terms or metrics):
            self.reward_terms, self.metrics = list(reward_terms), list(metrics)
            self._allocate(len(self.columns))
        terms = [reward_terms[name] for name in self.reward_terms]
        quantities = [metrics[name] for name in self.metrics]
        row = torch.stack([reward, torch.ones_like(reward), *terms, *quantities], dim=-1)
        self._rollout_sums.add_(row.sum(0))
        self._running.add_(row)
        self._keep(done)
        self._running.masked_fill_(done.unsqueeze(-1), 0.0)

    def _keep(self, done: Tensor) -> None:
        """Write the episodes that just ended into the ring, oldest first out."""
        first_metric = 2 + len(self.reward_terms)
        episodes = self._running.clone()
        episodes[:, first_metric:] /= self._running[:, 1:2]
        rank = done.to(torch.int64).cumsum(0)  # 1 for the first environment that is done
        ended = rank[-1]
        kept = done & (rank > ended - self.window)
        slot = torch.where(kept, (self._num_finished + rank - 1) % self.window, self.window)
        self._finished.index_copy_(0, slot, episodes)
        self._num_finished.add_(ended)

    def begin_rollout(self) -> None:
        """Forget the sums that `summary` reports for the rollout."""
        self._rollout_sums.zero_()

    def summary(self) -> Tensor:
        """Return what an iteration reports, to be read once and given to `report`.

        Returns:
            Number of finished episodes since the start, each column's mean over the window, each
            column's sum over the rollout. Shape (1 + 2 * len(columns),), on the device.
        """
        available = self._num_finished.clamp(1, self.window)
        # Rows not written yet are zero.
        means = self._finished[:-1].sum(0) / available
        return torch.cat([self._num_finished.reshape(1).float(), means, self._rollout_sums])

    def report(self, summary: Sequence[float]) -> Dict[str, float]:
        """Name the values of a summary that was read from the device.

        Args:
            summary: values of `summary()`.

        Returns:
            "episode/finished" and, once an episode has ended, each column's mean over the window.
        """
        finished, means = summary[0], summary[1 : 1 + len(self.columns)]
        report = {"episode/finished": finished}
        if finished:
            report.update(zip(self.columns, means))
        return report

    def non_finite(self, summary: Sequence[float]) -> List[str]:
        """Return the columns that took a NaN or infinite value during the rollout."""
        sums = summary[1 + len(self.columns) :]
        return [name for name, value in zip(self.columns, sums) if not math.isfinite(value)]

    def state_dict(self) -> Dict[str, Any]:
        """Return everything needed to continue."""
        return {
            "reward_terms": self.reward_terms,
            "metrics": self.metrics,
            "running": self._running,
            "finished": self._finished,
            "num_finished": self._num_finished,
            "rollout_sums": self._rollout_sums,
        }

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.reward_terms, self.metrics = list(state["reward_terms"]), list(state["metrics"])
        self._allocate(len(self.columns))
        self._running.copy_(state["running"])
        self._finished.copy_(state["finished"])
        self._num_finished.copy_(state["num_finished"])
        self._rollout_sums.copy_(state["rollout_sums"])
