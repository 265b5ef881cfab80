"""Reading the plain dictionaries that legacy Isaac Gym tasks are configured with."""

import copy
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Tuple

import torch

from humanoid_gym.config import ConfigError, build
from humanoid_gym.tasks.task_config import TaskConfig

_INFINITY = float("inf")
DECIDED: Dict[Tuple[str, ...], str] = {
    ("env", "numEnvs"): "num_envs",
    ("env", "seed"): "seed",
    ("sim", "use_gpu_pipeline"): "device",
    ("sim", "physx", "use_gpu"): "device",
}
"""Keys of a legacy dictionary that the commands set -> their setting that decides."""


@dataclass(frozen=True)
class LegacyConfig:
    """What the base class needs of a legacy configuration."""

    task: TaskConfig
    """The settings that legacy and typed configurations share."""
    num_obs: int
    """Columns of the observation."""
    num_states: int
    """Columns of the privileged observation; 0: none."""
    num_actions: int
    """Columns of the action."""
    sim: Mapping[str, Any]
    """The `sim` section, as it came."""
    has_episode_length: bool
    """The dictionary states an episode length; else the task's class has to."""


class DeviceName(str):
    """The device of a legacy task: a text such as "cuda:0", as there, and what torch.device tells.

    Legacy tasks compare it with "cpu" and hand it to TorchScript functions that want a text.
    """

    @property
    def type(self) -> str:
        """Kind of device."""
        return torch.device(str(self)).type

    @property
    def index(self) -> Optional[int]:
        """Which one of its kind."""
        return torch.device(str(self)).index

    def __eq__(self, other: object) -> bool:
        """Compare with a text or with a torch.device."""
        if isinstance(other, torch.device):
            return torch.device(str(self)) == other
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        """Compare with a text or with a torch.device."""
        return not self == other

    __hash__ = str.__hash__


def read_legacy_config(config: Mapping[str, Any]) -> LegacyConfig:
    """Read a legacy configuration without writing into it.

    Args:
        config: nested mapping with the groups `env` (numEnvs, numObservations, numActions and
            optionally numStates, episodeLength, controlFrequencyInv, clipObservations, clipActions,
            seed) and `sim`. Other keys belong to the task's own class.

    Raises:
        ConfigError: a group or a key is missing, or a value has the wrong type or range.
    """
    env = _group(config, "env")
    sim = _group(config, "sim")
    engine = str(config.get("physics_engine", "physx"))
    if engine != "physx":
        raise ConfigError(f"physics_engine: only 'physx' is supported, got {engine!r}")
    names = {
        "num_envs": "numEnvs",
        "seed": "seed",
        "episode_length": "episodeLength",
        "control_frequency_inv": "controlFrequencyInv",
        "clip_observations": "clipObservations",
        "clip_actions": "clipActions",
    }
    settings = {name: env[key] for name, key in names.items() if key in env}
    settings.setdefault("clip_actions", _INFINITY)
    _require(env, "numEnvs")
    return LegacyConfig(
        task=build(TaskConfig, settings, "env"),
        num_obs=_require(env, "numObservations"),
        num_states=int(env.get("numStates", 0)),
        num_actions=_require(env, "numActions"),
        sim=sim,
        has_episode_length="episodeLength" in env,
    )


def decided(
    settings: Mapping[str, Any], config: TaskConfig, device: str, headless: bool
) -> Dict[str, Any]:
    """Return a copy of a legacy dictionary with what the commands decide.

    Args:
        settings: the dictionary of a task's files, resolved.
        config: number of environments and seed.
        device: of simulation and learner.
        headless: do not open a viewer window.

    Raises:
        ConfigError: it lacks the groups `env` and `sim`.
    """
    result = copy.deepcopy(dict(settings))
    on_gpu = device.startswith("cuda")
    env, sim = _group(result, "env"), _group(result, "sim")
    env.update(numEnvs=config.num_envs, seed=config.seed)
    sim["use_gpu_pipeline"] = on_gpu
    if isinstance(sim.get("physx"), dict):
        sim["physx"]["use_gpu"] = on_gpu
    top = {"rl_device": device, "sim_device": device, "headless": headless, "seed": config.seed}
    result.update((key, value) for key, value in top.items() if key in result)
    return result


def _group(config: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - a caller's mapping
    group = config.get(name)
    if not isinstance(group, Mapping):
        raise ConfigError(f"legacy configuration: expected a group '{name}', got {group!r}")
    return group


def _require(env: Mapping[str, Any], key: str) -> int:
    value = env.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"env.{key}: expected a positive int, got {value!r}")
    return value
