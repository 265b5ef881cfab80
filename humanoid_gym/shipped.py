"""Where the files lie that come with the package: settings (`cfg/`) and robots (`resources/`)."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent

SHIPPED = _PACKAGE if (_PACKAGE / "cfg").is_dir() else _PACKAGE.parent
"""Folder around `cfg/` and `resources/`: the clone, or, where pip made a copy, the package."""
