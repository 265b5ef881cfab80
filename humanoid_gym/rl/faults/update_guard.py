"""Takes back an update that produced a NaN, and finds the gradient step that did it."""

from typing import Any, Callable, Dict, List, Tuple

import torch
from torch import Tensor

from humanoid_gym.random_numbers import continue_random_numbers
from humanoid_gym.rl.faults.rollout_guard import copied
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.ppo import METRICS, PPO
from humanoid_gym.rl.rollout_storage import RolloutStorage


class UpdateGuard:
    """Remembers networks, normalizers, optimizer and random state; nothing here waits."""

    def __init__(
        self, actor_critic: ActorCritic, algorithm: PPO, generator: torch.Generator
    ) -> None:
        """Watch a learner."""
        self._actor_critic = actor_critic
        self._algorithm = algorithm
        self._generator = generator
        self._before: Dict[str, Any] = {}

    def begin(self) -> None:
        """Remember everything that an update changes."""
        self._before = copied(self._changing())

    def _changing(self) -> Dict[str, Any]:
        return {
            "networks": self._actor_critic.state_dict(),
            "algorithm": self._algorithm.state_dict(),
            "generator": self._generator.get_state(),
        }

    def undo(self) -> None:
        """Put back what `begin` remembered."""
        self.restore(self._before)

    def restore(self, state: Dict[str, Any]) -> None:
        """Put back networks, normalizers, optimizer and random state, from `evidence` too."""
        self._actor_critic.load_state_dict(state["networks"])
        self._algorithm.load_state_dict(copied(state["algorithm"]))
        continue_random_numbers(self._generator, state["generator"].cpu(), "learner")

    def evidence(self, storage: RolloutStorage) -> Dict[str, Any]:
        """Return what a replay needs: the learner before the update, and the rollout."""
        return {
            **self._before,
            "rollout": storage.state_dict(storage.horizon),
            "last_observation": storage.observations[-1],
            "last_state": storage.states[-1],
        }


def first_bad_step(algorithm: PPO, update: Callable[[], object]) -> Tuple[int, List[str]]:
    """Repeat an update and look at every gradient step; the learner ends up as after it.

    Args:
        algorithm: whose gradient steps to look at.
        update: does what was done before, from the same state.

    Returns:
        Index of the first step with a NaN or infinite number, from 0, and the names of those
        numbers among `METRICS`; (-1, []) if there is none.
    """
    found: List[Tuple[int, List[str]]] = []
    plain, count = algorithm.gradient_step, 0

    def watched(*arguments: Any, **named: Any) -> Tensor:  # noqa: ANN401 - passed on as they come
        nonlocal count
        metrics = plain(*arguments, **named)
        if not found and not bool(torch.isfinite(metrics).all()):
            bad = [m for m, ok in zip(METRICS, torch.isfinite(metrics).tolist()) if not ok]
            found.append((count, bad))
        count += 1
        return metrics

    algorithm.gradient_step = watched
    try:
        with algorithm.execution.uncaptured():
            update()
    finally:
        del algorithm.gradient_step
    return found[0] if found else (-1, [])
