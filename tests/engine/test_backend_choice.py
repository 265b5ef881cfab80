"""Which backend simulates, on which device, and where the clients' tensors are."""

import importlib.util

import pytest
import torch

from humanoid_gym.engine import gymapi
from humanoid_gym.engine.backend import choice
from humanoid_gym.engine.backend.choice import choose_backend, what_gpu_physics_lacks

CPU = torch.device("cpu")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Pretend a machine with so many GPUs, with or without MuJoCo Warp."""
    find = importlib.util.find_spec

    def pretend(
        gpus: int,
        warp: bool = True,
        build: str | None = "13.0",
        variable: str = "auto",
        driver: tuple[int, int] | None = None,  # too old for Warp; None: new enough
    ):
        if driver is None:
            monkeypatch.setattr(choice, "what_warp_lacks", lambda: None)
        else:
            wp = pytest.importorskip("warp")
            monkeypatch.setattr(wp, "is_cuda_available", lambda: False)
            monkeypatch.setattr(wp, "get_cuda_driver_version", lambda: driver)

        def find_spec(name: str, package: str | None = None):
            return None if name == "mujoco_warp" and not warp else find(name, package)

        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.version, "cuda", build)
        monkeypatch.setattr(importlib.util, "find_spec", find_spec)
        monkeypatch.setenv("HUMANOID_GYM_BACKEND", variable)

    return pretend


def params(use_gpu: bool, pipeline: bool) -> gymapi.SimParams:
    made = gymapi.SimParams()
    made.physx.use_gpu, made.use_gpu_pipeline = use_gpu, pipeline
    return made


@pytest.mark.parametrize(
    ("use_gpu", "pipeline", "index", "expected"),
    [
        (True, True, 0, (True, "cuda:0", "cuda:0")),
        (True, True, 1, (True, "cuda:1", "cuda:1")),
        (False, True, 1, (True, "cuda:1", "cuda:1")),  # the pipeline needs physics there
        (True, False, 1, (True, "cuda:1", "cpu")),  # tensors on the host
        (False, False, 0, (False, "cpu", "cpu")),
    ],
)
def test_where_a_gpu_is(machine, use_gpu, pipeline, index, expected):
    machine(gpus=2)
    choice = choose_backend(params(use_gpu, pipeline), index)
    assert (choice.warp, str(choice.device), str(choice.pipeline_device)) == expected


def test_a_device_that_does_not_exist_is_named(machine):
    machine(gpus=2)
    with pytest.raises(ValueError, match="CUDA device 2 does not exist; there are 2"):
        choose_backend(params(True, True), 2)


@pytest.mark.parametrize(
    ("pretended", "reason"),
    [
        ({"gpus": 0}, "PyTorch sees no CUDA device: install or update the NVIDIA driver"),
        ({"gpus": 0, "build": None}, "is a build without CUDA; install one for CUDA"),
        ({"gpus": 1, "warp": False}, 'not installed: pip install "humanoid-gym[gpu]"'),
        ({"gpus": 1, "variable": "mujoco"}, "HUMANOID_GYM_BACKEND=mujoco keeps physics on the"),
        ({"gpus": 1, "driver": (12, 8)}, "(CUDA 12.8), which is older than it needs: update the"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(machine, caplog, pretended, reason):
    machine(**pretended)
    assert reason in what_gpu_physics_lacks()
    if pretended.get("variable") == "mujoco":
        return
    with pytest.raises(RuntimeError, match="pipeline=cpu") as error:
        choose_backend(params(True, True), 0)
    assert reason in str(error.value)
    choice = choose_backend(params(True, False), 0)
    assert (choice.warp, choice.device, choice.pipeline_device) == (False, CPU, CPU)
    assert reason in caplog.text


def test_nothing_is_missing_where_all_is_there(machine):
    machine(gpus=1)
    assert what_gpu_physics_lacks() is None
