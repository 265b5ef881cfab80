"""Settings files in IsaacGymEnvs' manner: their interpolations, and keys without a dataclass.

Such a file (cfg/task/Ant.yaml with the groups env, sim and task) refers to settings at the top and
to four resolvers of IsaacGymEnvs'. A legacy task's class reads a dictionary, so nothing says which
keys there are but the file itself: a single setting on the command line has to be one of its keys,
unless it begins with `+`.
"""

import contextlib
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from omegaconf import DictConfig, OmegaConf

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.tasks.legacy_config import DECIDED
from humanoid_gym.tasks.registry import CLASS, settings_class, task_class

RESOLVERS = {
    "eq": lambda one, other: str(one).lower() == str(other).lower(),
    "contains": lambda part, whole: str(part).lower() in str(whole).lower(),
    "if": lambda condition, yes, no: yes if condition else no,
    "resolve_default": lambda default, value: default if value in ("", None) else value,
}
"""Interpolations of IsaacGymEnvs' files beside Hydra's own, such as ${eq:${...pipeline},"gpu"}."""

UNSET = {"num_envs": "auto", "max_iterations": None, "checkpoint": None}
"""Settings at the top -> the value that stands for none; in those files an empty text does."""


class Change(NamedTuple):
    """One setting of a command line."""

    text: str
    """As typed."""
    key: str
    """Dotted."""
    value: Any


def is_legacy(task_name: str, task: Any) -> bool:  # noqa: ANN401 - whatever YAML holds
    """Return whether a task's settings are a dictionary in the legacy manner.

    Raises:
        ConfigError: the settings have a group `env`, but their class cannot be imported.
    """
    if not isinstance(task, Mapping) or not isinstance(task.get("env"), Mapping):
        return False
    return settings_class(task_class(task_name, task.get(CLASS)), task) is None


def resolved(config: DictConfig, device: str) -> Dict[str, Any]:
    """Resolve a configuration with what IsaacGymEnvs' files expect to find beside the task.

    Args:
        config: composed, without Hydra's own settings.
        device: that was chosen.

    Raises:
        OmegaConfBaseException: an interpolation that leads nowhere.
    """
    whole = OmegaConf.create(_beside(device))
    whole.merge_with(config)
    for key, value in UNSET.items():
        if config.get(key, "") == value:
            whole[key] = ""
    with _resolvers():
        settings = OmegaConf.to_container(whole, resolve=True, throw_on_missing=True)
    assert isinstance(settings, dict)
    return {str(key): config[key] if key in UNSET else settings[key] for key in config}


def check(task_name: str, before: Mapping[str, Any], changes: Sequence[Change]) -> None:
    """Refuse what the command line sets in a dictionary that does not have it.

    Args:
        task_name: name of the task.
        before: its dictionary without the command line.
        changes: the command line.

    Raises:
        ConfigError: an unknown key, with the nearest one; a key that another setting decides; a
            value of another kind than the file's.
    """
    for change in changes:
        path, value = tuple(change.key.split(".")), change.value
        if path[0] in ("randomization", "terrain"):
            raise ConfigError(f"{change.text}: task {task_name} has none; leave it out")
        if path[0] != "task" or len(path) == 1:
            continue
        for below, leaf in _leaves(value, path[1:]):
            if below in DECIDED:
                raise ConfigError(
                    f"{change.text}: decided by {DECIDED[below]}=… at the top level; set that"
                )
            if not change.text.startswith("+"):
                _check_one(task_name, before, below, leaf)


def _check_one(task_name: str, group: Any, path: Tuple[str, ...], value: Any) -> None:  # noqa: ANN401
    """Look for a key in nested groups, and compare the kinds of old and new value."""
    where = "task"
    for key in path:
        if not isinstance(group, Mapping):
            raise ConfigError(f"{where}: no group of settings in task {task_name}")
        if key not in group:
            near = nearest(key, map(str, group))
            raise ConfigError(
                f"{where}: unknown key '{key}'; nearest: '{near}' (the files of task {task_name} "
                f"say which there are; +{where}.{key}=… adds one)"
            )
        group, where = group[key], f"{where}.{key}"
    expected = next((name for kind, name in _KINDS if isinstance(group, kind)), "")
    given = next((name for kind, name in _KINDS if isinstance(value, kind)), "")
    if expected and given and expected != given:
        raise ConfigError(f"{where}: expected {expected} as {group!r}, got {value!r}")


_KINDS = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "a text"),
    ((list, tuple), "a list"),
    (Mapping, "a group of settings"),
)


def _leaves(value: Any, path: Tuple[str, ...]) -> Iterator[Tuple[Tuple[str, ...], Any]]:  # noqa: ANN401
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _leaves(part, (*path, str(key)))
    else:
        yield path, value


def _beside(device: str) -> Dict[str, Any]:
    """Return settings at the top of IsaacGymEnvs' configuration that the commands do not have."""
    return {
        "physics_engine": "physx",
        "pipeline": "gpu" if device.startswith("cuda") else "cpu",
        "sim_device": device,
        "rl_device": device,
        "graphics_device_id": 0,
        "num_threads": 4,
        "solver_type": 1,
        "num_subscenes": 4,
        "test": False,
        "multi_gpu": False,
        "torch_deterministic": False,
        "force_render": False,
        "capture_video": False,
    }


@contextlib.contextmanager
def _resolvers() -> Iterator[None]:
    """Let OmegaConf know the resolvers; programs may register their own before and after."""
    added: List[str] = [name for name in RESOLVERS if not OmegaConf.has_resolver(name)]
    for name in added:
        OmegaConf.register_new_resolver(name, RESOLVERS[name])
    try:
        yield
    finally:
        for name in added:
            OmegaConf.clear_resolver(name)
