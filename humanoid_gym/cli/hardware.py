"""Which device and how many environments suit this machine, and why."""

from typing import NamedTuple, Union

import torch

from humanoid_gym.config import ConfigError

AUTO = "auto"
"""Value of a setting that is left to the machine."""

DEFAULT_NUM_ENVS = {"cpu": 512, "cuda": 4096}
"""Environments per device type. On a GPU fewer leave it idle; on a CPU the samples come no faster
with more, and smaller batches learn more from the same number of samples."""


class Choice(NamedTuple):
    """A decided value and the reason for it, printed at start."""

    value: str
    reason: str


class Hardware(NamedTuple):
    """What a run uses of the machine."""

    device: Choice
    """Torch device, as 'cpu' or 'cuda:0'."""
    num_envs: Choice
    """Number of environments, in decimal."""


def choose_device(requested: str, engine_on_gpu: bool) -> Choice:
    """Choose the torch device that simulation and learning share.

    Args:
        requested: 'auto', 'cpu', 'cuda' or 'cuda:N'.
        engine_on_gpu: whether the engine that answers can simulate on a GPU.

    Raises:
        ConfigError: another word, or a CUDA device that this machine does not have.
    """
    if requested == AUTO:
        return _automatic_device(engine_on_gpu)
    try:
        device = torch.device(requested)
    except RuntimeError:
        device = None
    if device is None or device.type not in DEFAULT_NUM_ENVS:
        raise ConfigError(f"device: expected auto, cpu, cuda or cuda:N, got '{requested}'")
    if device.type == "cuda":
        _check_cuda(device, requested, engine_on_gpu)
        return Choice(f"cuda:{device.index or 0}", "as asked")
    return Choice("cpu", "as asked")


def choose_num_envs(requested: Union[int, str], device: str) -> Choice:
    """Choose the number of environments.

    Args:
        requested: a positive number, or 'auto'.
        device: torch device that was chosen.

    Raises:
        ConfigError: not positive, or another word.
    """
    if requested == AUTO:
        kind = torch.device(device).type
        return Choice(str(DEFAULT_NUM_ENVS[kind]), f"default on {kind}; set num_envs=N to change")
    if isinstance(requested, str):
        raise ConfigError(f"num_envs: expected a positive number or auto, got '{requested}'")
    if requested <= 0:
        raise ConfigError(f"num_envs: must be >= 1, got {requested}")
    return Choice(str(requested), "as asked")


def _automatic_device(engine_on_gpu: bool) -> Choice:
    if not torch.cuda.is_available():
        return Choice("cpu", "PyTorch sees no CUDA device")
    if not engine_on_gpu:
        return Choice("cpu", "a GPU is here, but the embedded engine simulates on the CPU")
    return Choice("cuda:0", torch.cuda.get_device_name(0))


def _check_cuda(device: torch.device, requested: str, engine_on_gpu: bool) -> None:
    if not torch.cuda.is_available():
        raise ConfigError(
            f"device={requested}: PyTorch {torch.__version__} sees no CUDA device; use device=cpu, "
            "or install a CUDA build of PyTorch and the NVIDIA driver"
        )
    count = torch.cuda.device_count()
    if (device.index or 0) >= count:
        raise ConfigError(f"device={requested}: this machine has cuda:0 to cuda:{count - 1}")
    if not engine_on_gpu:
        raise ConfigError(
            f"device={requested}: the embedded engine simulates on the CPU; use device=cpu"
        )
