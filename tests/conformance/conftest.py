"""Isaac Gym's contract as tests: one file per topic, run on every backend.

Expected values come from analysis or from MuJoCo's own functions on a hand-built model.
"""

import pytest
from worlds import World


@pytest.fixture(params=["mujoco", "warp"], autouse=True)
def backend(request, monkeypatch):
    """Name of the backend under test; Warp runs on its CPU device where there is no GPU."""
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", request.param)
    return request.param


@pytest.fixture
def world(tmp_path, backend):
    """Factory of worlds on the backend."""
    return lambda *args, **kwargs: World(tmp_path, *args, **kwargs)
