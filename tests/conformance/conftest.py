"""Isaac Gym's contract as tests: one file per topic, run on every backend.

Expected values come from analysis or from MuJoCo's own functions on a hand-built model.
"""

import contextlib
import importlib.util

import pytest
from worlds import World

HOST = {
    "test_appearance",
    "test_browser_viewer",
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
THROUGH_THE_HOST = {"test_classic_state", "test_forces", "test_less_used_calls", "test_sensors"}
"""Topics of calls that read and write a simulation of a GPU from the host: run on one that is not
there, too (`pretend_cuda`); all others, if asked."""
WITHOUT_WARP = pytest.mark.skipif(
    importlib.util.find_spec("mujoco_warp") is None, reason="MuJoCo Warp is not installed"
)


def pytest_generate_tests(metafunc):
    """Each test runs on each backend that its topic concerns."""
    names = ["mujoco", pytest.param("warp", marks=WITHOUT_WARP)]
    every, topic = metafunc.config.getoption("every_backend"), metafunc.module.__name__
    if topic in HOST and not every:
        names = names[:1]
    if topic in THROUGH_THE_HOST or every:
        names.append(pytest.param("pretended", marks=WITHOUT_WARP))
    metafunc.parametrize("backend", names, indirect=True)


@pytest.fixture(autouse=True)
def backend(request, monkeypatch):
    """Name of the backend under test; Warp runs on its CPU device where there is no GPU.

    "pretended" is Warp with the tensors of a GPU that is not there, and clients' on the host.
    """
    name = "mujoco" if request.param == "mujoco" else "warp"
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", name)
    gpu = contextlib.nullcontext()
    if request.param == "pretended":
        from pretend_cuda import pretend_cuda

        gpu = pretend_cuda(monkeypatch)
    with gpu:
        yield name


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
