"""What a command line does with unusable input: one line, exit code 2, nothing written."""

from pathlib import Path

import pytest


def refusal(command, arguments: list[str], capsys: pytest.CaptureFixture[str], empty: Path) -> str:
    """Run a command that must refuse; return its one line."""
    with pytest.raises(SystemExit) as exit_:
        command(arguments)
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("error: "), error
    assert list(empty.iterdir()) == [], "something was written"
    return error
