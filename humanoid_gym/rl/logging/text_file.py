"""Lines appended to a text file so that a crash or a full disk cannot garble earlier ones."""

import os
from pathlib import Path


def append_line(path: Path, line: str) -> None:
    """Append one line and hand it to the operating system.

    Args:
        path: file; created if missing.
        line: without its newline.

    Raises:
        OSError: it cannot be written; `drop_unfinished_line` removes what was.
    """
    with path.open("ab") as file:
        file.write(line.encode("utf-8") + b"\n")


def drop_unfinished_line(path: Path) -> None:
    """Cut a file after its last newline; a missing file stays missing."""
    if not path.is_file():
        return
    whole = path.read_bytes().rfind(b"\n") + 1
    if whole < path.stat().st_size:
        os.truncate(path, whole)
