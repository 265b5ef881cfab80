"""Files that are whole at any time: the previous one or the new."""

import contextlib
import os
from pathlib import Path
from typing import Union

PARTIAL = ".partial"
"""How names of files end that are being written: .NAME.PROCESS.partial."""


def write_atomically(path: Path, content: Union[bytes, memoryview]) -> None:
    """Write a file so that `path` always holds a whole one, the previous or the new.

    Args:
        path: file to write or replace; its folder is created.
        content: of the file.

    Raises:
        OSError: it cannot be written; a previous one is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
