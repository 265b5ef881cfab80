"""Which device and how many environments suit this machine, and why."""

from typing import NamedTuple, Union

import torch

from humanoid_gym.config import ConfigError
from humanoid_gym.rl.distributed import Launch, own_share

ALONE = Launch()
"""The only process."""
AUTO = "auto"
"""Value of a setting that is left to the machine."""
ASKED = "as asked"
"""Reason for a value that the settings name."""

DEFAULT_NUM_ENVS = {"cpu": 512, "cuda": 4096}
"""Environments per device type. On a GPU fewer leave it idle; on a CPU the samples come no faster
with more, and smaller batches learn more from the same number of samples."""


class Choice(NamedTuple):
    """A decided value and the reason for it, printed at start."""

    value: str
    reason: str


def choose_device(requested: str, gpu_lacks: str, process: Launch = ALONE) -> Choice:
    """Choose the torch device that simulation and learning share.

    Args:
        requested: 'auto', 'cpu', 'cuda' or 'cuda:N'.
        gpu_lacks: why physics cannot run on a GPU here; empty if it can.
        process: which of several processes this is; each has the GPU of its local rank.

    Raises:
        ConfigError: another word, or a CUDA device that this machine does not have.
    """
    if requested == AUTO:
        return _automatic_device(gpu_lacks, process)
    try:
        device = torch.device(requested)
    except RuntimeError:
        device = None
    if device is None or device.type not in DEFAULT_NUM_ENVS:
        raise ConfigError(f"device: expected auto, cpu, cuda or cuda:N, got '{requested}'")
    if device.type == "cuda":
        _check_cuda(device, requested, gpu_lacks)
        if not process.alone:
            return _own_gpu(device, requested, process)
        return Choice(f"cuda:{device.index or 0}", ASKED)
    return Choice("cpu", ASKED)


def choose_num_envs(requested: Union[int, str], device: str, process: Launch = ALONE) -> Choice:
    """Choose the number of environments, of all processes together.

    Args:
        requested: a positive number, or 'auto'.
        device: torch device that was chosen.
        process: which of several processes this is.

    Raises:
        ConfigError: not positive, another word, or not a multiple of the number of processes.
    """
    if requested == AUTO:
        kind = torch.device(device).type
        of_all = DEFAULT_NUM_ENVS[kind] * process.world_size
        times = "" if process.alone else f" times {process.world_size} processes"
        return Choice(str(of_all), f"default on {kind}{times}; set num_envs=N to change")
    if isinstance(requested, str):
        raise ConfigError(f"num_envs: expected a positive number or auto, got '{requested}'")
    if requested <= 0:
        raise ConfigError(f"num_envs: must be >= 1, got {requested}")
    own_share(requested, process.world_size, "num_envs")
    return Choice(str(requested), ASKED)


def _automatic_device(gpu_lacks: str, process: Launch) -> Choice:
    if not torch.cuda.is_available():
        return Choice("cpu", "PyTorch sees no CUDA device")
    if gpu_lacks:
        return Choice("cpu", f"a GPU is here, but {gpu_lacks}")
    if not process.alone:
        return _own_gpu(torch.device("cuda"), AUTO, process)
    return Choice("cuda:0", torch.cuda.get_device_name(0))


def _own_gpu(device: torch.device, requested: str, process: Launch) -> Choice:
    """Return the GPU of a process, one of several."""
    count = torch.cuda.device_count()
    if device.index is not None:
        raise ConfigError(
            f"device={requested}: {process.world_size} processes need a GPU each; use device=cuda"
        )
    if process.local_world_size > count:
        raise ConfigError(
            f"{process.local_world_size} processes on this machine, which has {count} GPUs; start "
            f"torchrun with --nproc_per_node={count}"
        )
    name = torch.cuda.get_device_name(process.local_rank)
    return Choice(f"cuda:{process.local_rank}", f"{name}, one for each process")


def _check_cuda(device: torch.device, requested: str, gpu_lacks: str) -> None:
    if not torch.cuda.is_available():
        raise ConfigError(
            f"device={requested}: PyTorch {torch.__version__} sees no CUDA device; use device=cpu, "
            "or install a CUDA build of PyTorch and the NVIDIA driver"
        )
    count = torch.cuda.device_count()
    if (device.index or 0) >= count:
        raise ConfigError(f"device={requested}: this machine has cuda:0 to cuda:{count - 1}")
    if gpu_lacks:
        raise ConfigError(f"device={requested}: {gpu_lacks}; or use device=cpu")
