"""From settings to the simulator's own parameter object."""

import os
from dataclasses import asdict
from typing import Any, Dict, Mapping

from isaacgym import gymapi

from humanoid_gym.config import ConfigError, SimConfig

_UP_AXES = {"y": gymapi.UP_AXIS_Y, "z": gymapi.UP_AXIS_Z}


def sim_params(config: SimConfig, on_gpu: bool) -> gymapi.SimParams:
    """Return simulation parameters for typed settings.

    Args:
        config: the settings.
        on_gpu: keep the simulation's tensors on the GPU.
    """
    params = gymapi.SimParams()
    params.dt = config.dt
    params.substeps = config.substeps
    params.up_axis = _UP_AXES[config.up_axis]
    params.gravity = gymapi.Vec3(*config.gravity)
    params.use_gpu_pipeline = on_gpu
    params.physx.use_gpu = on_gpu
    params.physx.num_threads = config.num_threads or _available_cores()
    for name, value in asdict(config.physx).items():
        setattr(params.physx, name, value)
    return params


def legacy_sim_params(config: Mapping[str, Any], on_gpu: bool) -> gymapi.SimParams:
    """Return simulation parameters for the `sim` section of a legacy configuration.

    Args:
        config: dt, substeps, up_axis ('y' or 'z'), gravity and a `physx` group.
        on_gpu: keep the simulation's tensors on the GPU.

    Raises:
        ConfigError: a key that the simulator does not know, or an up axis other than y and z.
    """
    params = gymapi.SimParams()
    settings: Dict[str, Any] = {k: config[k] for k in ("dt", "substeps") if k in config}
    axis = str(config.get("up_axis", "z"))
    if axis not in _UP_AXES:
        raise ConfigError(f"sim.up_axis: must be 'y' or 'z', got {axis!r}")
    settings["up_axis"] = _UP_AXES[axis]
    settings["gravity"] = gymapi.Vec3(*config.get("gravity", (0.0, 0.0, -9.81)))
    settings["use_gpu_pipeline"] = on_gpu
    settings["num_client_threads"] = config.get("num_client_threads", 0)
    physx = dict(config.get("physx") or {})
    if "contact_collection" in physx:
        physx["contact_collection"] = gymapi.ContactCollection(physx["contact_collection"])
    _assign(params, settings, "sim")
    _assign(params.physx, physx, "sim.physx")
    return params


def _assign(params: object, settings: Mapping[str, Any], where: str) -> None:
    try:
        for name, value in settings.items():
            setattr(params, name, value)
    except AttributeError as error:
        raise ConfigError(f"{where}: {error}") from error


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
