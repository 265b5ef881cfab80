"""Reports as TensorBoard events."""

from pathlib import Path
from typing import Optional

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
        if self._writer is None:
            raise RuntimeError("open the sink first")
        for name, value in report.items():
            self._writer.add_scalar(name, value, int(report[ENV_STEPS]))

    def close(self) -> None:
        """Flush and close the event file."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
