"""Isaac Gym's `gymapi` on MuJoCo: every name a program finds there, and class Gym.

Class Gym is a table of contents: its methods live in `calls/`, one module per topic.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cached_property
from typing import NoReturn

from humanoid_gym.engine import enums, math_types, parameters, properties, tensor
from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.calls.assets import AssetCalls
from humanoid_gym.engine.calls.scene import SceneCalls
from humanoid_gym.engine.calls.simulation import SimulationCalls
from humanoid_gym.engine.calls.state import StateCalls
from humanoid_gym.engine.enums import *  # noqa: F403 (the module's own names are these)
from humanoid_gym.engine.extensions import Extensions
from humanoid_gym.engine.later import LATER
from humanoid_gym.engine.math_types import *  # noqa: F403
from humanoid_gym.engine.parameters import *  # noqa: F403
from humanoid_gym.engine.properties import *  # noqa: F403
from humanoid_gym.engine.scene import Env
from humanoid_gym.engine.sim import Sim
from humanoid_gym.engine.tensor import Tensor

__all__ = [
    *enums.__all__,
    *math_types.__all__,
    *parameters.__all__,
    *properties.__all__,
    *tensor.__all__,
    "Asset",
    "Env",
    "Gym",
    "Sim",
    "Tensor",
    "acquire_gym",
]


class Gym(AssetCalls, SceneCalls, SimulationCalls, StateCalls):
    """All of Isaac Gym's methods that the engine has.

    | topic | where |
    |---|---|
    | load assets, read them, put sensors on them | `AssetCalls` |
    | ground, environments, actors, properties, indices | `SceneCalls` |
    | create, prepare, step, parameters, time | `SimulationCalls` |
    | state tensors, targets, forces | `StateCalls` |
    | exact state, faults, timings, pictures (not in Isaac Gym) | `extensions` |

    A documented method that is not built yet raises NotImplementedError when called; another name
    is an AttributeError with the nearest one.
    """

    @cached_property
    def extensions(self) -> Extensions:
        """What Isaac Gym's API cannot say."""
        return Extensions()

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        if name in LATER:
            return not_built(name)
        known = [*LATER, *(method for method in dir(type(self)) if not method.startswith("_"))]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"Gym has no method {name!r}{hint}")


def not_built(name: str) -> Callable[..., NoReturn]:
    """A stand-in that raises NotImplementedError when called."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise NotImplementedError(f"Gym.{name} is not built yet in this engine")

    return refuse


GYM = Gym()


def acquire_gym() -> Gym:
    """The process's Gym object."""
    return GYM
