"""Loaded before any test module: the package comes first, as in every program that uses it."""

import humanoid_gym  # isort: skip  # noqa: F401 (decides how OpenMP waits before torch loads)

import signal

import numpy as np
import pytest
from worlds import World, chain, pendulum


def pytest_addoption(parser):
    parser.addoption(
        "--every-backend",
        action="store_true",
        help="run all of the conformance tests on all backends, those that simulate nothing too",
    )


def pytest_collection_modifyitems(items):
    """On a GPU PyTorch warns of its own affairs, once, in whichever test meets them first."""
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.filterwarnings("default::UserWarning"))


@pytest.fixture
def world(tmp_path):
    """Factory of worlds."""
    return lambda *args, **kwargs: World(tmp_path, *args, **kwargs)


@pytest.fixture
def robots():
    """URDF texts of small robots."""

    class Robots:
        pendulum = staticmethod(pendulum)
        chain = staticmethod(chain)

    return Robots


@pytest.fixture
def handled_interrupts():
    """SIGINT raises here, also where a shell started the tests in the background, ignoring it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """An empty working directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def rng():
    return np.random.default_rng(0)
