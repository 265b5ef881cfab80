"""Wall-clock time of a simulation: keeping pace with real time, and where the time went."""

from __future__ import annotations

import time
from collections.abc import Callable

from humanoid_gym.engine.values.properties import PerformanceTimers

LONGEST_FRAME = 1.0
"""Simulated time between two calls of a program that keeps pace [s], at most."""


class FrameClock:
    """Holds simulated time back to wall time, and adds up what a frame spends on what.

    Args:
        now: clock [s].
        sleep: waits [s].
    """

    def __init__(
        self,
        now: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._now, self._sleep = now, sleep
        self._pace: tuple[float, float] | None = None
        self.created = now()
        self.seconds_idle = 0.0
        self._marked = (self.created, 0.0, 0.0)

    @property
    def elapsed(self) -> float:
        """Wall time since the simulation was created [s]."""
        return self._now() - self.created

    def sync(self, simulated: float) -> None:
        """Wait until as much wall time as simulated time has passed since the last call.

        A frame that took too long is not made up for by shorter ones. Where more than a second was
        simulated since then, nobody kept pace (drawing was switched off): no wait.

        Args:
            simulated: simulated time so far [s].
        """
        start = self._now()
        if self._pace is not None:
            wall, before = self._pace
            due = wall + (simulated - before)
            if due > start and simulated - before <= LONGEST_FRAME:
                self._sleep(due - start)
                self.seconds_idle += self._now() - start
                self._pace = (due, simulated)
                return
        self._pace = (start, simulated)

    def start_timers(self, seconds_in_physics: float) -> None:
        """Count from now on."""
        self._marked = (self._now(), seconds_in_physics, self.seconds_idle)

    def timers(self, seconds_in_physics: float) -> PerformanceTimers:
        """What was spent since `start_timers` or the last call, and start again.

        Args:
            seconds_in_physics: spent in simulate since the simulation was created.
        """
        start, physics, idle = self._marked
        self.start_timers(seconds_in_physics)
        return PerformanceTimers(
            frame_idling=self.seconds_idle - idle,
            physics_sim=seconds_in_physics - physics,
            total_time=self._marked[0] - start,
        )
