"""Reports as a table."""

import csv
import io
import os
from pathlib import Path
from typing import Iterable, List, Mapping

from humanoid_gym.rl.logging.report import Report
from humanoid_gym.rl.logging.text_file import append_line, drop_unfinished_line

FILE_NAME = "log.csv"


class CsvSink:
    """Keeps log.csv: one row per iteration, one column per name, empty where not measured.

    A report with names that are new (the first episode has ended) makes the file be written anew
    with more columns; that happens once or twice in a training.
    """

    def __init__(self, directory: Path) -> None:
        """Prepare to write into `directory`; nothing is written yet."""
        self._path = directory / FILE_NAME
        self._columns: List[str] = []

    def open(self) -> None:
        """Drop what a failed write left of a row."""
        drop_unfinished_line(self._path)

    def write(self, report: Report) -> None:
        """Append one iteration."""
        added = [name for name in report if name not in self._columns]
        if added:
            self._widen([*self._columns, *added])
        append_line(self._path, _row(report, self._columns))

    def close(self) -> None:
        """Nothing is open between two rows."""

    def _widen(self, columns: List[str]) -> None:
        """Write the file anew with these columns."""
        rows: Iterable[Mapping[str, object]] = ()
        if self._columns:
            rows = csv.DictReader(io.StringIO(self._path.read_text(encoding="utf-8")))
        lines = [_row(dict(zip(columns, columns)), columns), *(_row(row, columns) for row in rows)]
        partial = self._path.with_suffix(".partial")
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        os.replace(partial, self._path)
        self._columns = columns


def _row(values: Mapping[str, object], columns: List[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([values.get(name, "") for name in columns])
    return text.getvalue()
