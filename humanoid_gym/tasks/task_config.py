"""Settings that every task has, and where a task's asset file lies."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from humanoid_gym.config import SimConfig
from humanoid_gym.shipped import SHIPPED


@dataclass(frozen=True)
class PlaneConfig:
    """Material of the ground."""

    static_friction: float = field(default=1.0, metadata={"min": 0.0})
    """Coulomb friction coefficient at rest."""
    dynamic_friction: float = field(default=1.0, metadata={"min": 0.0})
    """Coulomb friction coefficient in motion."""
    restitution: float = field(default=0.0, metadata={"min": 0.0, "max": 1.0})
    """Rebound speed over impact speed."""


@dataclass(frozen=True)
class TaskConfig:
    """Settings of the vectorized environment itself; tasks add theirs in a subclass."""

    num_envs: int = field(default=512, metadata={"min": 1})
    """Number of environments that step in lockstep."""
    seed: int = field(default=0, metadata={"min": 0})
    """Seed of the task's random numbers: resets and episode phases."""
    episode_length: int = field(default=1000, metadata={"min": 1})
    """Control steps after which an episode is truncated."""
    control_frequency_inv: int = field(default=1, metadata={"min": 1})
    """Simulation steps per control step."""
    clip_observations: float = field(
        default=float("inf"), metadata={"above": 0.0, "infinite": True}
    )
    """Observations are limited to plus or minus this value."""
    clip_actions: float = field(default=1.0, metadata={"above": 0.0, "infinite": True})
    """Actions are limited to plus or minus this value."""
    capture: bool = True
    """On a GPU, replay each step from CUDA graphs where the task allows it; a CPU has none."""
    env_spacing: float = field(default=5.0, metadata={"min": 0.0})
    """Half the edge of an environment's cell in the grid [m]."""
    asset: str = ""
    """Robot description: an absolute path, or one relative to the working directory or to what
    comes with the package."""
    plane: PlaneConfig = field(default_factory=PlaneConfig)
    """The ground."""
    sim: SimConfig = field(default_factory=SimConfig)
    """The simulation."""


def check_z_up(sim: SimConfig) -> None:
    """Refuse another up axis, for tasks that measure heights and headings along z.

    Raises:
        ValueError: it is not z.
    """
    if sim.up_axis != "z":
        raise ValueError(f"sim.up_axis: this task's robot stands along z, got '{sim.up_axis}'")


def find_asset(path: str) -> Path:
    """Find a robot description.

    Args:
        path: absolute, or relative to the working directory or else to where `resources/` is that
            comes with the package.

    Returns:
        Absolute path of the file.

    Raises:
        FileNotFoundError: there is no such file; the message names the folders searched.
    """
    folders = [Path(os.sep)] if os.path.isabs(path) else [Path.cwd(), SHIPPED]
    for folder in folders:
        if (folder / path).is_file():
            return folder / path
    searched = " and ".join(str(folder) for folder in dict.fromkeys(folders))
    raise FileNotFoundError(f"asset '{path}' not found; searched in {searched}")
