"""Reading the plain dictionaries that legacy Isaac Gym tasks are configured with."""

from dataclasses import dataclass
from typing import Any, Mapping

from humanoid_gym.config import ConfigError, build
from humanoid_gym.tasks.task_config import TaskConfig

_INFINITY = float("inf")


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


def _group(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    group = config.get(name)
    if not isinstance(group, Mapping):
        raise ConfigError(f"legacy configuration: expected a group '{name}', got {group!r}")
    return group


def _require(env: Mapping[str, Any], key: str) -> int:
    value = env.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"env.{key}: expected a positive int, got {value!r}")
    return value
