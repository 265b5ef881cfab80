"""Finds NaN and infinity in a rollout, and takes the environments they came from out of it."""

from typing import Any, Dict, List, NamedTuple, Optional

import torch
from torch import Tensor

from humanoid_gym.rl.continuation import rng_state
from humanoid_gym.rl.episode_statistics import EpisodeStatistics
from humanoid_gym.rl.logging.report import RETURN
from humanoid_gym.rl.rollout_storage import RolloutStorage
from humanoid_gym.rl.vec_env import Observations, VecEnv


class Start(NamedTuple):
    """Where a rollout began."""

    step: int
    """Number of steps that were stored already."""
    env: Dict[str, Any]
    """State of the environments."""
    rng: Dict[str, Any]
    """State of the random number generators."""


class Fault(NamedTuple):
    """Where the first NaN or infinite value of an environment arose."""

    env: int
    """Index of the environment."""
    step: int
    """Step of the rollout that returned it, from 0; -1: it was there before the first."""
    source: str
    """What held it, for instance "reward_term/effort" or "observation[17]"."""


class RolloutGuard:
    """Looks at a full storage once per iteration, with one read of the device.

    Nothing is computed during the rollout for it: what it needs is in the storage and in the
    statistics' steps.
    """

    def __init__(
        self,
        env: VecEnv,
        storage: RolloutStorage,
        statistics: EpisodeStatistics,
        generator: torch.Generator,
        records: bool,
    ) -> None:
        """Watch a storage.

        Args:
            env: environments that fill it.
            storage: to look at, after each rollout.
            statistics: their `steps` hold the reward terms and metrics of the rollout.
            generator: the learner's.
            records: whether `begin` remembers the environments' state.
        """
        self._env = env
        self._storage = storage
        self._statistics = statistics
        self._generator = generator
        self._records = records
        self._start: Optional[Start] = None

    def begin(self, step: int) -> None:
        """Remember where a rollout begins or, in a resumed session, goes on.

        Args:
            step: number of steps that are stored already.
        """
        if self._records:
            rng = rng_state(self._generator, self._env.device)
            self._start = Start(step, copied(self._env.state_dict()), rng)

    def find(self) -> List[Fault]:
        """Return the first fault of each environment that has one; waits for the device."""
        sums = [tensor.sum() for tensor in self._sources().values()]
        if bool(torch.isfinite(torch.stack(sums)).all()):
            return []
        return self._locate()

    def _sources(self) -> Dict[str, Tensor]:
        """Name everything to look at, each of shape (T or T + 1, N, columns)."""
        storage = self._storage
        return {
            "": self._statistics.steps,
            "observation": storage.observations,
            "final observation": storage.final_observations,
            "state": storage.states,
            "final state": storage.final_states,
            "action": storage.actions,
        }

    def _locate(self) -> List[Fault]:
        first: Dict[int, Fault] = {}
        for name, tensor in self._sources().items():
            # an observation before step t is what step t - 1 returned
            shift = 1 if name in ("observation", "state") else 0
            for t, env, column in (~torch.isfinite(tensor)).nonzero().tolist():
                source = f"{name}[{column}]" if name else self._statistics.columns[column]
                fault = Fault(env, t - shift, source)
                known = first.get(env)
                # a reward is named only where none of its terms is
                if known is None or (fault.step, source == RETURN) < (
                    known.step,
                    known.source == RETURN,
                ):
                    first[env] = fault
        return [first[env] for env in sorted(first)]

    def evidence(self, faults: List[Fault]) -> Dict[str, Any]:
        """Return what a replay needs: the state that the rollout began in and all its actions."""
        storage, start = self._storage, self._start
        content: Dict[str, Any] = {
            "faults": [{"env": f.env, "step": f.step, "source": f.source} for f in faults],
            "actions": storage.actions,
            "observations": storage.observations,
            "rewards": storage.rewards,
            "columns": self._statistics.columns,
            "steps": self._statistics.steps,
        }
        if start is not None:
            content.update(first_step=start.step, env=start.env, rng=start.rng)
        return content

    def exclude(self, faults: List[Fault]) -> bool:
        """Take the samples of environments with faults out; return whether any are left.

        Each one's rollout is replaced by that of an environment without a fault, which counts twice
        this time, so that the number of samples stays the same.
        """
        bad = [fault.env for fault in faults]
        good = sorted(set(range(self._env.num_envs)) - set(bad))
        donors = [good[i % len(good)] for i in range(len(bad))] if good else bad
        self._storage.replace_environments(bad, donors)
        return bool(good)

    def restart(self, faults: List[Fault]) -> Observations:
        """Begin new episodes where a fault was, or in all environments if some cannot restart.

        Returns:
            The present observations.
        """
        mask = torch.zeros(self._env.num_envs, dtype=torch.bool, device=self._env.device)
        mask[[fault.env for fault in faults]] = True
        restart = getattr(self._env, "restart", None)
        if restart is None:
            mask.fill_(True)
        self._statistics.forget(mask)
        self._storage.cut_episodes(mask)
        return self._env.reset() if restart is None else restart(mask)


def described(faults: List[Fault]) -> str:
    """Name the first fault in words, and how many there are."""
    first = min(faults, key=lambda fault: fault.step)
    when = f"at step {first.step}" if first.step >= 0 else "before the first step"
    others = f", and {len(faults) - 1} more environments" if len(faults) > 1 else ""
    return f"{first.source} of environment {first.env} {when}{others}"


def copied(state: Any) -> Any:  # noqa: ANN401 - nested dicts, lists, tensors, numbers
    """Return a copy of nested dictionaries and lists that shares no tensor with the original."""
    if isinstance(state, dict):
        return {key: copied(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(copied(value) for value in state)
    return state.clone() if isinstance(state, Tensor) else state
