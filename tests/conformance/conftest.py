"""Isaac Gym's contract as tests: one file per topic, run on every backend.

Expected values come from analysis or from MuJoCo's own functions on a hand-built model.
"""

import importlib.util

import pytest
from worlds import World

HOST = {
    "test_appearance",
    "test_classes",
    "test_gymutil",
    "test_line_geometry",
    "test_math",
    "test_signatures",
    "test_terrain_errors",
    "test_viewer",
}
"""Topics in which nothing is simulated, or only poses are read: run on one backend, unless asked
for the others by `--every-backend`."""
WITHOUT_WARP = pytest.mark.skipif(
    importlib.util.find_spec("mujoco_warp") is None, reason="MuJoCo Warp is not installed"
)


def pytest_generate_tests(metafunc):
    """Each test runs on each backend that its topic concerns."""
    names = ["mujoco", pytest.param("warp", marks=WITHOUT_WARP)]
    every = metafunc.config.getoption("every_backend")
    if metafunc.module.__name__ in HOST and not every:
        names = names[:1]
    metafunc.parametrize("backend", names, indirect=True)


@pytest.fixture(autouse=True)
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
