"""What a report can be written to."""

from typing import Protocol

from humanoid_gym.rl.logging.report import Report


class Sink(Protocol):
    """A place where reports go. Any exception out of it is a fault of the place, not ours."""

    def open(self) -> None:
        """Get ready to write; called before the first report, and again after a failure."""
        ...

    def write(self, report: Report) -> None:
        """Record one iteration."""
        ...

    def close(self) -> None:
        """Flush and release everything; it may be opened again."""
        ...
