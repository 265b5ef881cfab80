"""Actions that act some control steps late, as over a real robot's bus."""

from typing import Dict

import torch
from torch import Tensor

from humanoid_gym.randomization.batch import Batch


class ActionDelay:
    """The last actions of all environments.

    Args:
        longest: delay that has to be possible [control steps].
        num_actions: columns.
        batch: the environments.
    """

    def __init__(self, longest: int, num_actions: int, batch: Batch) -> None:
        shape = (longest + 1, batch.num_envs, num_actions)
        self._history = torch.zeros(shape, device=batch.device)

    def state(self) -> Dict[str, Tensor]:
        """Return the tensors that go on from step to step."""
        return {"history": self._history}

    def delayed(self, actions: Tensor, steps: Tensor) -> Tensor:
        """Take in this step's actions and return those that act in it.

        Args:
            actions: shape (num_envs, num_actions).
            steps: delay of each environment [control steps], shape (num_envs, 1).

        Returns:
            Shape (num_envs, num_actions); 0 where the episode is younger than the delay.
        """
        self._history.copy_(torch.cat((actions.unsqueeze(0), self._history[:-1])))
        index = steps.long().view(1, -1, 1).expand(1, *actions.shape)
        return self._history.gather(0, index).squeeze(0)

    def reset(self, mask: Tensor) -> None:
        """Forget the actions of some environments; shape (num_envs,) bool."""
        self._history.masked_fill_(mask.view(1, -1, 1), 0.0)
