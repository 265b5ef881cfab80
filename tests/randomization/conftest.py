import pytest
from small_tasks import Small


@pytest.fixture
def small(tmp_path):
    """Factory of small tasks, on MuJoCo unless the test asks for `backend`."""
    factory = Small(tmp_path)
    yield factory
    for task in factory.built:
        task.close()


@pytest.fixture(params=["mujoco", "warp"])
def backend(request, monkeypatch):
    """The test runs on both backends; Warp on its CPU device."""
    if request.param == "warp":
        pytest.importorskip("mujoco_warp")
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", request.param)
    return request.param
