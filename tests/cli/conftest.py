"""What tests of the command lines share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory for the trainings of a module."""
    return tmp_path_factory.mktemp("workplace")
