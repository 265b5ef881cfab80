"""The engine's `capture` played on the CPU, to test what happens around CUDA graphs without a GPU.

The first call runs the function and records PyTorch's operators and the calls of `simulate`; from
then on they are repeated on the very tensors of the recording, without the function's Python. While
recording, whatever would make a host wait for a GPU is an error.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from operator_recorder import OperatorRecorder
from sync_guard import SyncGuard


class PretendingGpu:
    """Mix-in of a task on the CPU that steps as on a GPU: every shortcut of the CPU is closed."""

    def _use_device(self, device: torch.device) -> None:
        super()._use_device(device)
        self.on_gpu = True


class PlayedCapture:
    """Stands in for `extensions`; everything but `capture` is the engine's own."""

    def __init__(self, task: Any) -> None:
        self.recordings = self.replays = 0
        self._task, self._own = task, task.extensions
        self._recorder: OperatorRecorder | None = None
        self._guard = SyncGuard()
        self._simulate = task.gym.simulate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def capture(
        self, sim: Any, function: Callable[[], None], generators: Sequence[torch.Generator] = ()
    ) -> Callable[[], None]:
        assert sim is self._task.sim
        assert list(generators) == [self._task.generator]
        recorders: list[OperatorRecorder] = []

        def call() -> None:
            if recorders:
                self.replays += 1
                recorders[0].replay()
                sim.simulation._everything_changed()
                return
            recorder = OperatorRecorder()
            self._record(recorder, function)
            recorders.append(recorder)
            self.recordings += 1

        return call

    def _record(self, recorder: OperatorRecorder, function: Callable[[], None]) -> None:
        def simulate(sim: Any) -> None:
            self._leave(recorder)
            self._simulate(sim)
            recorder.calls.append((self._simulate, (sim,), {}, [None]))
            self._enter(recorder)

        self._task.gym.simulate = simulate
        self._enter(recorder)
        try:
            function()
        finally:
            self._leave(recorder)
            del self._task.gym.simulate

    def _enter(self, recorder: OperatorRecorder) -> None:
        recorder.__enter__()
        self._guard.__enter__()

    def _leave(self, recorder: OperatorRecorder) -> None:
        self._guard.__exit__(None, None, None)
        recorder.__exit__(None, None, None)
