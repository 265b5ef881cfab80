"""What a GPU result belongs to: device, driver, versions, and whether physics can run there."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import humanoid_gym  # isort: skip (sets up `isaacgym` before torch loads)

import torch
from gpu_timing import finish, parser

from humanoid_gym.tasks.simulated_task import what_gpu_physics_lacks

PACKAGES = ("torch", "mujoco", "mujoco-warp", "warp-lang", "numpy")


def package(name: str) -> str:
    """Version of a package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def driver() -> str:
    """Version of the NVIDIA driver."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.split("\n")[0]


def conditional_graphs() -> bool:
    """Whether the solver can stop early inside a CUDA graph."""
    import warp as wp

    from humanoid_gym.engine.backend.warp_arrays import init_warp

    init_warp()
    return bool(wp.is_conditional_graph_supported())


def main() -> None:
    """Write them."""
    args = parser(Path(__file__).stem + ": device and versions").parse_args()
    found: dict[str, object] = {
        "humanoid_gym": humanoid_gym.__version__,
        "python": platform.python_version(),
        "machine": platform.platform(),
        **{name: package(name) for name in PACKAGES},
        "cuda": torch.version.cuda or "none",
        "gpu_physics": what_gpu_physics_lacks() or "ready",
    }
    if args.device != "cpu":
        found["driver"] = driver()
        properties = torch.cuda.get_device_properties(args.device)
        found["gpu"] = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
        found["conditional_graphs"] = conditional_graphs()
    finish(found, args.out)


if __name__ == "__main__":
    main()
