"""Vectorized humanoid environments in the Isaac Gym style, with an open engine of that interface.

Importing the package decides which `isaacgym` answers (see `isaacgym_fallback`) and how PyTorch's
idle threads wait, and nothing else: torch, NumPy and MuJoCo load when they are first needed.
"""

import os
from typing import TYPE_CHECKING, List

from humanoid_gym import isaacgym_fallback

if TYPE_CHECKING:
    from humanoid_gym.tasks.vec_task import VecTask

__version__ = "0.1.0"
__all__ = ["VecTask", "__version__"]

# OpenMP's threads spin between operations and take the cores that the simulation's threads need:
# on two cores a gradient step beside other work took 570 ms, with sleeping threads 60. OpenMP reads
# this once, when torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

isaacgym_fallback.install()


def __getattr__(name: str) -> object:
    if name == "VecTask":
        from humanoid_gym.tasks.vec_task import VecTask

        return VecTask
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> List[str]:
    return sorted([*globals(), "VecTask"])
