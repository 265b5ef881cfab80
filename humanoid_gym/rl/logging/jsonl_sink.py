"""Reports as JSON lines."""

import json
from pathlib import Path

from humanoid_gym.rl.logging.report import Report
from humanoid_gym.rl.logging.text_file import append_line, drop_unfinished_line

FILE_NAME = "log.jsonl"


class JsonlSink:
    """Appends one JSON object per iteration to log.jsonl.

    Each line is written at once and then flushed, so that a killed training leaves whole lines.
    """

    def __init__(self, directory: Path) -> None:
        """Prepare to write into `directory`; nothing is written yet."""
        self._path = directory / FILE_NAME

    def open(self) -> None:
        """Drop what a failed write left of a line."""
        drop_unfinished_line(self._path)

    def write(self, report: Report) -> None:
        """Append one iteration."""
        append_line(self._path, json.dumps(report))

    def close(self) -> None:
        """Nothing is open between two lines."""
