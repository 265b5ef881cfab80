"""Isaac Gym's `gymapi` on MuJoCo: every name a program finds there, and class Gym.

Class Gym is a table of contents: its methods live in `calls/`, one module per topic.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cached_property
from typing import NoReturn

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.calls.appearance import AppearanceCalls
from humanoid_gym.engine.calls.argument_checks import checked
from humanoid_gym.engine.calls.assets import AssetCalls
from humanoid_gym.engine.calls.attractors import AttractorCalls
from humanoid_gym.engine.calls.cameras import CameraCalls
from humanoid_gym.engine.calls.classic import ClassicStateCalls
from humanoid_gym.engine.calls.classic_joints import ClassicJointCalls
from humanoid_gym.engine.calls.contacts import ContactCalls
from humanoid_gym.engine.calls.forces import ForceCalls
from humanoid_gym.engine.calls.handles import HandleCalls
from humanoid_gym.engine.calls.matrices import MatrixCalls
from humanoid_gym.engine.calls.properties import PropertyCalls
from humanoid_gym.engine.calls.scene import SceneCalls
from humanoid_gym.engine.calls.simulation import SimulationCalls
from humanoid_gym.engine.calls.soft import SoftBodyCalls
from humanoid_gym.engine.calls.state import StateCalls
from humanoid_gym.engine.calls.tendons import TendonCalls
from humanoid_gym.engine.calls.terrain import TerrainCalls
from humanoid_gym.engine.calls.viewer import ViewerCalls
from humanoid_gym.engine.extensions import Extensions
from humanoid_gym.engine.forces.contacts import RigidContact
from humanoid_gym.engine.graphics.viewer import Viewer
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim
from humanoid_gym.engine.unsupported import (
    SOFT_BODIES_AND_USD,
    WHY,
    UsdExporter,
    UsdExportOptions,
)
from humanoid_gym.engine.values import array_math, enums, math_types, parameters, properties, tensor
from humanoid_gym.engine.values.array_math import *  # noqa: F403 (the module's own names are these)
from humanoid_gym.engine.values.enums import *  # noqa: F403
from humanoid_gym.engine.values.math_types import *  # noqa: F403
from humanoid_gym.engine.values.parameters import *  # noqa: F403
from humanoid_gym.engine.values.properties import *  # noqa: F403
from humanoid_gym.engine.values.tensor import Tensor

__all__ = [
    *array_math.__all__,
    *enums.__all__,
    *math_types.__all__,
    *parameters.__all__,
    *properties.__all__,
    *tensor.__all__,
    "Asset",
    "Env",
    "Gym",
    "RigidContact",
    "Sim",
    "Tensor",
    "UsdExportOptions",
    "UsdExporter",
    "Viewer",
    "acquire_gym",
    "carb_init",
]


@checked
class Gym(
    AssetCalls,
    TerrainCalls,
    SceneCalls,
    HandleCalls,
    PropertyCalls,
    SimulationCalls,
    StateCalls,
    ForceCalls,
    MatrixCalls,
    AttractorCalls,
    ClassicStateCalls,
    ClassicJointCalls,
    ContactCalls,
    SoftBodyCalls,
    AppearanceCalls,
    CameraCalls,
    ViewerCalls,
    TendonCalls,
):
    """All of Isaac Gym's methods that the engine has.

    | topic | where |
    |---|---|
    | load assets, read them, put sensors on them | `AssetCalls` |
    | ground and terrain | `TerrainCalls` |
    | environments, actors | `SceneCalls` |
    | bodies, DOFs, joints, shapes: counts, names, handles, indices | `HandleCalls` |
    | properties of bodies, shapes, DOFs; scale | `PropertyCalls` |
    | create, prepare, step, parameters, time | `SimulationCalls` |
    | state tensors, targets, actuation forces | `StateCalls` |
    | forces for one simulate, readings of force sensors | `ForceCalls` |
    | Jacobians, mass matrices | `MatrixCalls` |
    | attractors | `AttractorCalls` |
    | states of bodies and DOFs as NumPy arrays and single values | `ClassicStateCalls` |
    | values, targets and frames of single DOFs and joints | `ClassicJointCalls` |
    | contact records and net contact forces | `ContactCalls` |
    | counts of soft bodies (zero) | `SoftBodyCalls` |
    | colours, textures, labels, lights | `AppearanceCalls` |
    | camera sensors | `CameraCalls` |
    | viewer windows, lines, keys | `ViewerCalls` |
    | exact state, faults, timings, pictures (not in Isaac Gym) | `extensions` |

    Methods about soft bodies and USD raise NotImplementedError when called; another name is an
    AttributeError with the nearest one.
    """

    @cached_property
    def extensions(self) -> Extensions:
        """What Isaac Gym's API cannot say."""
        return Extensions()

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        if name in SOFT_BODIES_AND_USD:
            return refusing(name, WHY)
        own = (method for method in dir(type(self)) if not method.startswith("_"))
        known = [*SOFT_BODIES_AND_USD, *own]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"Gym has no method {name!r}{hint}")


def refusing(name: str, why: str) -> Callable[..., NoReturn]:
    """A stand-in for a method that raises NotImplementedError when called."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise NotImplementedError(f"Gym.{name}: {why}")

    return refuse


def carb_init(config: str = "") -> bool:
    """Initialise NVIDIA's framework, of which there is none here.

    Args:
        config: not used.

    Returns:
        True.
    """
    return True


GYM = Gym()


def acquire_gym() -> Gym:
    """The process's Gym object."""
    return GYM
