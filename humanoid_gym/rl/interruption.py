"""Stopping a training at a safe place when the user or the system asks for it."""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Dict, Optional, Type

from humanoid_gym.rl import distributed

SAME_REQUEST = 0.5
"""Signals within this time of the first one are the same request [s]."""


class Interruption:
    """Context in which the first SIGINT or SIGTERM only sets `requested`.

    A second one acts as it did before, so an impatient user is not locked out, unless it comes at
    once: timeout(1) signals a process and its group, which is one request. One of several processes
    ignores it, since torchrun passes on what a terminal sent to all of them already.
    Outside the main thread, where Python does not allow signal handlers, nothing is changed.
    """

    def __init__(self) -> None:
        """Create the context without touching any handler."""
        self.requested = False
        self._first = 0.0
        self._previous: Dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        """Take over the signals."""
        self.requested = False
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._request)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Give the signals back."""
        self._restore()

    def _request(self, number: int, frame: Optional[FrameType]) -> None:
        now = time.monotonic()
        if not self.requested:
            self.requested, self._first = True, now
        elif distributed.world_size() == 1 and now - self._first > SAME_REQUEST:
            self._restore()
            signal.raise_signal(number)

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()
