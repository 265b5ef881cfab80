"""A CUDA graph played on the CPU: records PyTorch's operators and runs them again.

Like a CUDA graph it forgets Python: branches and numbers are frozen, and what a replay reads and
writes are the very tensors of the recording. So a test without a GPU finds inputs that are not
copied into place, results that are not written there, and state that is replaced instead of
changed. Hand it to `CapturedStep(..., graph=RecordedGraph())`.
"""

from collections.abc import Callable
from typing import Any

from operator_recorder import OperatorRecorder


class RecordedGraph:
    """Stands in for `humanoid_gym.rl.capture.CudaGraph`.

    Args:
        complaint: what the rehearsal should find, empty for nothing.
        error: what the capture should raise, if anything.
    """

    within_another = False

    def __init__(self, complaint: str = "", error: Exception | None = None) -> None:
        self.replays = 0
        self._complaint = complaint
        self._error = error
        self._recorder = OperatorRecorder()

    def run(self, function: Callable[[], Any]) -> Any:
        return function()

    def rehearse(self, function: Callable[[], Any]) -> tuple[Any, str]:
        return function(), self._complaint

    def capture(self, function: Callable[[], Any]) -> Any:
        if self._error is not None:
            raise self._error
        with self._recorder:
            return function()

    def replay(self) -> None:
        # A capture runs nothing, but this recording did: the first replay has already happened.
        if self.replays:
            self._recorder.replay()
        self.replays += 1
