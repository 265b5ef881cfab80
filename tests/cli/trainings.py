"""Real trainings through the command line."""

from pathlib import Path

import pytest

from humanoid_gym.cli import training


def new_run(folder: Path, *arguments: str) -> Path:
    """Train in a working directory of its own; return the new run's folder."""
    before = set((folder / "runs").glob("*/*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert training.main(arguments) == 0
    (run,) = set((folder / "runs").glob("*/*")) - before
    return run
