"""The learner's GPU path without a GPU: what would be a CUDA graph is recorded and replayed."""

import torch
from recorded_graph import RecordedGraph

from humanoid_gym.rl.capture import CapturedStep
from humanoid_gym.rl.execution import Execution, ExecutionConfig


class RecordingExecution(Execution):
    """Captures in `RecordedGraph`s, which it keeps in `graphs` by what they are."""

    def __init__(
        self, config: ExecutionConfig | None = None, device: torch.device | None = None
    ) -> None:
        super().__init__(config or ExecutionConfig(), torch.device("cpu"))
        self.graphs: dict[str, list[RecordedGraph]] = {}

    @property
    def captures(self) -> bool:
        return self.config.capture != "off" and not self._uncaptured

    captures_gradient_steps = captures

    @property
    def captures_rollouts(self) -> bool:
        return self.config.capture == "horizon"

    def captured(self, function, name, generators=()):
        graph = RecordedGraph()
        self.graphs.setdefault(name, []).append(graph)
        return CapturedStep(function, self.device, name, graph=graph)
