"""What tests of the command lines share."""

import sys
from pathlib import Path

import pytest
from legacy_pole import BASES, write_project


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory for the trainings of a module."""
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(params=BASES)
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A working directory with a legacy task, on our base class and on its own."""
    write_project(tmp_path, request.param)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("own_pole", "own_base"):
        sys.modules.pop(name, None)
