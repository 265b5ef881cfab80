"""Which backend simulates a scene, and on which device."""

from __future__ import annotations

import importlib.util
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mujoco
import torch

from humanoid_gym.engine.backend.interface import Backend
from humanoid_gym.engine.values.parameters import SimParams

if TYPE_CHECKING:
    from humanoid_gym.engine.scene.scene import Scene

logger = logging.getLogger(__name__)

VARIABLE = "HUMANOID_GYM_BACKEND"
"""Environment variable: auto, mujoco (CPU) or warp (the GPU; without one, Warp on the CPU)."""
INSTALL = 'pip install "humanoid-gym[gpu]"'
COMPILE_FOR = "HUMANOID_GYM_COMPILE_FOR"
"""Environment variable: compute capability, without its dot, of GPUs to compile kernels for."""
DEFAULT_CONTACT_PAIRS = SimParams().physx.max_gpu_contact_pairs
CPU = torch.device("cpu")


@dataclass(frozen=True)
class BackendChoice:
    """Where physics runs, and where clients' tensors are."""

    warp: bool
    """MuJoCo Warp; else MuJoCo's own thread pool."""
    device: torch.device
    """Of the simulation."""
    pipeline_device: torch.device
    """Of the tensors that clients acquire and set."""


def choose_backend(params: SimParams, compute_device: int) -> BackendChoice:
    """Follow `physx.use_gpu` and `use_gpu_pipeline`.

    Physics on the GPU with `use_gpu_pipeline` off gives tensors on the host.

    Args:
        params: of the simulation.
        compute_device: index of the CUDA device.

    Raises:
        RuntimeError: the GPU pipeline is asked for where it cannot be; tells what is missing.
        ValueError: an environment variable is wrong, or there is no such device.
    """
    wanted = wanted_backend()
    missing = what_gpu_physics_lacks()
    if wanted == "mujoco" or (wanted == "auto" and not asks_for_gpu(params)):
        if params.use_gpu_pipeline:
            raise RuntimeError(
                "SimParams.use_gpu_pipeline is set, but physics is on the CPU; set "
                "physx.use_gpu as well, or run with sim_device=cpu pipeline=cpu"
            )
        return BackendChoice(False, CPU, CPU)
    if missing is None:
        gpu = cuda_device(compute_device)
        return BackendChoice(True, gpu, gpu if params.use_gpu_pipeline else CPU)
    if params.use_gpu_pipeline:
        raise RuntimeError(
            f"SimParams.use_gpu_pipeline is set, but {missing}, or run with sim_device=cpu "
            "pipeline=cpu"
        )
    if wanted == "warp":
        return BackendChoice(True, CPU, CPU)
    logger.warning("SimParams.physx.use_gpu is set, but %s; physics runs on the CPU", missing)
    return BackendChoice(False, CPU, CPU)


def wanted_backend() -> str:
    """What the environment variables say.

    Raises:
        ValueError: one has another value, or they contradict each other.
    """
    wanted = os.environ.get(VARIABLE, "auto")
    if wanted not in ("auto", "mujoco", "warp"):
        raise ValueError(f"{VARIABLE}: expected auto, mujoco or warp, got {wanted!r}")
    if not os.environ.get(COMPILE_FOR):
        return wanted
    if wanted == "mujoco":
        raise ValueError(f"{COMPILE_FOR} compiles what Warp launches, but {VARIABLE}=mujoco")
    return "warp"


def asks_for_gpu(params: SimParams) -> bool:
    """Whether a program wants physics on the GPU."""
    return params.use_gpu_pipeline or params.physx.use_gpu


def what_gpu_physics_lacks() -> str | None:
    """The reason why physics cannot run on a GPU here, with its remedy; None if it can."""
    if os.environ.get(VARIABLE) == "mujoco":
        return f"{VARIABLE}=mujoco keeps physics on the CPU"
    if not torch.cuda.is_available():
        build = torch.version.cuda
        return "PyTorch sees no CUDA device: " + (
            f"{torch.__version__} is a build without CUDA; install one for CUDA"
            if build is None
            else f"install or update the NVIDIA driver, for CUDA {build}"
        )
    if importlib.util.find_spec("mujoco_warp") is None or importlib.util.find_spec("warp") is None:
        return f"MuJoCo Warp is not installed: {INSTALL}"
    return what_warp_lacks()


def what_warp_lacks() -> str | None:
    """The reason why Warp cannot use a GPU that PyTorch can, with its remedy; None if it can."""
    import warp as wp

    from humanoid_gym.engine.backend.warp_arrays import init_warp

    init_warp()
    if wp.is_cuda_available():
        return None
    driver = ".".join(str(number) for number in wp.get_cuda_driver_version() or ("unknown",))
    return (
        f"Warp {wp.__version__} cannot use this NVIDIA driver (CUDA {driver}), which is older than "
        "it needs: update the driver"
    )


def cuda_device(index: int) -> torch.device:
    """The CUDA device of an index.

    Raises:
        ValueError: there is none.
    """
    count = torch.cuda.device_count()
    if not 0 <= index < count:
        raise ValueError(f"create_sim: CUDA device {index} does not exist; there are {count}")
    return torch.device("cuda", index)


def make_backend(scene: Scene, model: mujoco.MjModel, *, current_bodies: bool) -> Backend:
    """Simulations of a compiled model, one for each environment of the scene.

    Args:
        scene: decides the backend and the number of environments.
        model: compiled from it.
        current_bodies: poses and velocities of bodies are needed at the present state.
    """
    choice, num_envs = scene.backend_choice, len(scene.envs)
    if not choice.warp:
        from humanoid_gym.engine.backend.cpu import CpuBackend

        threads = scene.params.num_client_threads
        return CpuBackend(model, num_envs, threads, current_bodies=current_bodies)
    if importlib.util.find_spec("mujoco_warp") is None:
        raise ModuleNotFoundError(f"{VARIABLE}=warp, but MuJoCo Warp is not installed: {INSTALL}")
    from humanoid_gym.engine.backend.warp_arrays import start_warp

    start_warp()  # importing MuJoCo Warp would do it, with a banner
    from humanoid_gym.engine.backend.compile_ahead import compile_ahead
    from humanoid_gym.engine.backend.warp import WarpBackend

    if os.environ.get(COMPILE_FOR):
        compile_ahead(os.environ[COMPILE_FOR])
    pairs = scene.params.physx.max_gpu_contact_pairs
    raised = pairs if pairs > DEFAULT_CONTACT_PAIRS else 0
    return WarpBackend(model, num_envs, choice.device, raised)
