"""Everything a report is written to, kept apart from the training: no sink can end it."""

import logging
import time
from types import TracebackType
from typing import Any, Callable, Dict, Mapping, Optional, Type

from humanoid_gym.rl.logging.report import Report
from humanoid_gym.rl.logging.sink import Sink

RETRY_SECONDS = 30.0
"""Time after which a sink that failed is tried again."""

_log = logging.getLogger(__name__)


class TrainingLog:
    """Writes each report to every sink; use it as a context.

    A sink that fails (full disk, network, a bug of its package) costs a warning, not the training.
    Reports are lost to it until it is opened again, `RETRY_SECONDS` later.
    """

    def __init__(self, sinks: Mapping[str, Sink]) -> None:
        """Take over sinks by name; none is opened yet."""
        self._sinks = {name: _GuardedSink(name, sink) for name, sink in sinks.items()}

    def __enter__(self) -> "TrainingLog":
        """Open every sink."""
        for sink in self._sinks.values():
            sink.open()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Close every sink, whatever happened."""
        for sink in self._sinks.values():
            sink.close()

    def write(self, report: Report) -> None:
        """Record one iteration everywhere."""
        for sink in self._sinks.values():
            sink.write(report)

    @property
    def failures(self) -> Dict[str, int]:
        """How often each sink failed, by name; those that never did are left out."""
        return {name: sink.failures for name, sink in self._sinks.items() if sink.failures}


class _GuardedSink:
    """One sink whose exceptions become counted warnings."""

    def __init__(self, name: str, sink: Sink) -> None:
        self.failures = 0
        self._name = name
        self._sink = sink
        self._usable = False
        self._next_try = 0.0

    def open(self) -> None:
        self._usable = self._attempt(self._sink.open)

    def write(self, report: Report) -> None:
        if not self._usable and time.monotonic() >= self._next_try:
            self.open()
        if self._usable and not self._attempt(lambda: self._sink.write(report)):
            self._usable = False
            self._attempt(self._sink.close, counts=False)

    def close(self) -> None:
        if self._usable:
            self._attempt(self._sink.close)
        self._usable = False

    def _attempt(self, action: Callable[[], Any], counts: bool = True) -> bool:
        """Do something with the sink; return whether it succeeded."""
        try:
            action()
        except Exception as error:  # whatever another package raises
            if counts:
                self.failures += 1
                self._next_try = time.monotonic() + RETRY_SECONDS
                text = f"{type(error).__name__}: {' '.join(str(error).split())}"
                _log.warning(
                    "log %s failed (%d so far): %s; training goes on, next try in %.0f s",
                    *(self._name, self.failures, text, RETRY_SECONDS),
                )
            return False
        return True
