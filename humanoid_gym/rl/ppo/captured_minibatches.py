"""Gradient steps on chosen samples, on a GPU replayed from CUDA graphs."""

from typing import Callable, Dict, NamedTuple, Optional

from torch import Tensor

from humanoid_gym.rl.capture import CapturedStep
from humanoid_gym.rl.execution import Execution
from humanoid_gym.rl.ppo.minibatches import Batch

GradientStep = Callable[[Batch, float, int], Tensor]
"""`PPO.gradient_step`."""


class _Graph(NamedTuple):
    indices: Tensor
    step: CapturedStep[Tensor]


class CapturedMinibatches:
    """Takes gradient steps on samples that are chosen by index.

    A graph reads what lies in fixed places: the batch is copied there once per iteration (which a
    GPU does in a tenth of a millisecond), the indices before each step. Choosing the samples is
    part of the graph. Minibatches of different sizes, two at most, have a graph each.
    """

    def __init__(self, step: GradientStep, execution: Execution) -> None:
        """Args: step: takes one gradient step. execution: whether it is captured."""
        self._step = step
        self._execution = execution
        self._samples: Optional[Batch] = None  # the batch, in its fixed place
        self._loaded: Optional[Batch] = None  # what was copied there
        self._graphs: Dict[int, _Graph] = {}

    def take(self, batch: Batch, indices: Tensor, weight: float, count: int) -> Tensor:
        """Take one gradient step.

        Args:
            batch: all samples; the same object throughout an iteration.
            indices: of the minibatch's samples. Shape (b,).
            weight: factor of the loss; depends on nothing but b.
            count: minibatches of the epoch.

        Returns:
            What the step returns; overwritten by the next one.
        """
        if not self._execution.captures_gradient_steps:
            return self._step(batch.select(indices), weight, count)
        samples = self._load(batch)
        size = indices.shape[0]
        if size not in self._graphs:
            self._graphs[size] = self._graph(samples, indices, weight, count)
        graph = self._graphs[size]
        graph.indices.copy_(indices)
        return graph.step()

    def forget(self) -> None:
        """Capture anew: tensors of the networks or the optimizer were replaced by others."""
        self._graphs.clear()

    def _load(self, batch: Batch) -> Batch:
        """Copy the batch to its fixed place, unless it is there."""
        samples = self._samples
        if samples is None or any(a.shape != b.shape for a, b in zip(samples, batch)):
            self._graphs.clear()
            samples = self._samples = Batch(*[tensor.clone() for tensor in batch])
        elif batch is not self._loaded:
            for held, tensor in zip(samples, batch):
                held.copy_(tensor)
        self._loaded = batch
        return samples

    def _graph(self, samples: Batch, indices: Tensor, weight: float, count: int) -> _Graph:
        chosen = indices.clone()

        def step() -> Tensor:
            return self._step(samples.select(chosen), weight, count)

        return _Graph(chosen, self._execution.captured(step, "gradient step"))
