"""The engine's `capture` played on the CPU, to test what happens around CUDA graphs without a GPU.

The first call runs the function and records PyTorch's operators and the calls of `simulate`; from
then on they are repeated on the very tensors of the recording, without the function's Python. While
recording, whatever would make a host wait for a GPU is an error.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from sync_guard import SyncGuard
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class PretendingGpu:
    """Mix-in of a task on the CPU that steps as on a GPU: every shortcut of the CPU is closed."""

    def _use_device(self, device: torch.device) -> None:
        super()._use_device(device)
        self.on_gpu = True


class Recorder(TorchDispatchMode):
    """Operators and calls in their order, with the tensors that they left."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, list[Any]]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if not func.is_view:
            self.calls.append((func, args, kwargs, tree_leaves(result)))
        return result

    @torch.no_grad()
    def replay(self) -> None:
        for func, args, kwargs, recorded in self.calls:
            for old, new in zip(recorded, tree_leaves(func(*args, **kwargs)), strict=True):
                if isinstance(old, Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


class PlayedCapture:
    """Stands in for `extensions`; everything but `capture` is the engine's own."""

    def __init__(self, task: Any) -> None:
        self.recordings = self.replays = 0
        self._task, self._own = task, task.extensions
        self._recorder: Recorder | None = None
        self._guard = SyncGuard()
        self._simulate = task.gym.simulate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def capture(
        self, sim: Any, function: Callable[[], None], generators: Sequence[torch.Generator] = ()
    ) -> Callable[[], None]:
        assert sim is self._task.sim
        assert list(generators) == [self._task.generator]
        recorders: list[Recorder] = []

        def call() -> None:
            if recorders:
                self.replays += 1
                recorders[0].replay()
                sim.simulation._everything_changed()
                return
            recorder = Recorder()
            self._record(recorder, function)
            recorders.append(recorder)
            self.recordings += 1

        return call

    def _record(self, recorder: Recorder, function: Callable[[], None]) -> None:
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

    def _enter(self, recorder: Recorder) -> None:
        recorder.__enter__()
        self._guard.__enter__()

    def _leave(self, recorder: Recorder) -> None:
        self._guard.__exit__(None, None, None)
        recorder.__exit__(None, None, None)
