"""Reports as TensorBoard events."""

from pathlib import Path
from typing import Optional

from tensorboard.compat.proto.summary_pb2 import (
    Summary,  # pyright: ignore[reportAttributeAccessIssue] - generated, without types
)
from torch.utils.tensorboard import SummaryWriter

from humanoid_gym.rl.logging.report import ENV_STEPS, Report


class TensorboardSink:
    """Writes an event file; the horizontal axis counts environment steps."""

    def __init__(self, directory: Path) -> None:
        """Prepare to write into `directory`; nothing is written yet."""
        self._directory = directory
        self._writer: Optional[SummaryWriter] = None

    def open(self) -> None:
        """Create the event file."""
        self._writer = SummaryWriter(str(self._directory))

    def write(self, report: Report) -> None:
        """Record one iteration."""
        files = None if self._writer is None else self._writer.file_writer
        if files is None:
            raise RuntimeError("open the sink first")
        # One event with all numbers: `add_scalar` for each takes ten times as long, milliseconds in
        # which a GPU has nothing to do.
        values = [Summary.Value(tag=name, simple_value=value) for name, value in report.items()]
        files.add_summary(Summary(value=values), int(report[ENV_STEPS]))

    def close(self) -> None:
        """Flush and close the event file."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
