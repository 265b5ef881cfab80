"""Device and number of environments where the machine decides, each with its reason."""

import pytest
import torch

from humanoid_gym.cli.hardware import choose_device, choose_num_envs
from humanoid_gym.config import ConfigError
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig

MISSING = 'MuJoCo Warp is not installed: pip install "humanoid-gym[gpu]"'


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch):
    """Pretend so many GPUs."""

    def pretend(count: int):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")

    return pretend


def test_auto_takes_the_gpu_where_physics_can_run_on_it(gpus):
    gpus(1)
    assert choose_device("auto", gpu_lacks="") == ("cuda:0", "GPU 0")
    assert choose_num_envs("auto", "cuda:0").value == "4096"


def test_auto_without_mujoco_warp_takes_the_cpu_and_names_what_to_install(gpus):
    gpus(1)
    value, reason = choose_device("auto", gpu_lacks=MISSING)
    assert (value, reason) == ("cpu", f"a GPU is here, but {MISSING}")


def test_auto_without_cuda_takes_the_cpu(gpus):
    gpus(0)
    assert choose_device("auto", gpu_lacks="no GPU") == ("cpu", "PyTorch sees no CUDA device")
    assert choose_num_envs("auto", "cpu").value == "512"


def test_a_gpu_is_chosen_by_its_index(gpus):
    gpus(2)
    assert choose_device("cuda:1", gpu_lacks="").value == "cuda:1"
    assert choose_device("cuda", gpu_lacks="").value == "cuda:0"
    with pytest.raises(ConfigError, match="device=cuda:2: this machine has cuda:0 to cuda:1"):
        choose_device("cuda:2", gpu_lacks="")
    with pytest.raises(ConfigError, match="device: this machine has cuda:0 to cuda:1, got 'cuda:2"):
        Cartpole(CartpoleConfig(num_envs=1), "cuda:2")


def test_a_gpu_that_physics_cannot_run_on_is_refused_with_the_reason(gpus):
    gpus(1)
    with pytest.raises(ConfigError) as error:
        choose_device("cuda", gpu_lacks=MISSING)
    assert str(error.value) == f"device=cuda: {MISSING}; or use device=cpu"
