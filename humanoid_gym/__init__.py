"""Vectorized humanoid environments in the Isaac Gym style, with an open engine of that interface.

Importing the package decides which `isaacgym` answers (see `isaacgym_fallback`) and nothing else:
torch, NumPy and MuJoCo load when they are first needed.
"""

from typing import TYPE_CHECKING, List

from humanoid_gym import isaacgym_fallback

if TYPE_CHECKING:
    from humanoid_gym.tasks.vec_task import VecTask

__version__ = "0.1.0"
__all__ = ["VecTask", "__version__"]

isaacgym_fallback.install()


def __getattr__(name: str) -> object:
    if name == "VecTask":
        from humanoid_gym.tasks.vec_task import VecTask

        return VecTask
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> List[str]:
    return sorted([*globals(), "VecTask"])
