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
def tolerance(backend):
    """The tolerance of a comparison on the backend: in float64 as on MuJoCo, in float32 as on Warp.

    Expected values are the same for both. Where a test asks for what float32 cannot resolve, it
    says `tolerance(double, single)`, and why single is as large as it is.
    """
    return lambda double, single: double if backend == "mujoco" else single


@pytest.fixture
def world(tmp_path, backend):
    """Factory of worlds on the backend."""
    return lambda *args, **kwargs: World(tmp_path, *args, **kwargs)
