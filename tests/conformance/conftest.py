"""Isaac Gym's contract as tests: one file per topic, run on every backend.

Expected values come from analysis or from MuJoCo's own functions on a hand-built model.
"""

import numpy as np
import pytest
from worlds import World, chain, pendulum


@pytest.fixture(params=["cpu"])
def backend(request):
    """Name of the backend under test."""
    return request.param


@pytest.fixture
def world(tmp_path, backend):
    """Factory of worlds on the backend."""
    return lambda *args, **kwargs: World(tmp_path, *args, **kwargs)


@pytest.fixture
def robots():
    """URDF texts of small robots."""

    class Robots:
        pendulum = staticmethod(pendulum)
        chain = staticmethod(chain)

    return Robots


@pytest.fixture
def rng():
    return np.random.default_rng(0)
