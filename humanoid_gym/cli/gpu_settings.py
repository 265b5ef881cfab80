"""Settings of the learner that suit a GPU: the group `train.gpu` of a file in cfg/train/.

It holds settings of `train` under the same names. On a GPU they take the place of the others,
except of what the command line sets.
"""

from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

from humanoid_gym.config import ConfigError

GROUP = "gpu"


def yield_to(overridden: Sequence[str], settings: Dict[str, Any]) -> None:
    """Drop GPU settings where the command line says what counts.

    Args:
        overridden: dotted keys that it sets, such as train.algorithm.num_epochs.
        settings: of a run; changed in place.
    """
    train = settings.get("train")
    if not isinstance(train, dict) or not isinstance(train.get(GROUP), dict):
        return
    by_hand = [tuple(key.split(".")[1:]) for key in overridden if key.startswith("train.")]
    kept: Dict[str, Any] = {}
    for path, value in leaves(train[GROUP]):
        if not any(path[: len(key)] == key for key in by_hand):
            place = kept
            for key in path[:-1]:
                place = place.setdefault(key, {})
            place[path[-1]] = value
    train[GROUP] = kept


def with_gpu_settings(train: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the settings of `train` with those for a GPU in their places.

    Raises:
        ConfigError: `train.gpu` is no group.
    """
    group = train.get(GROUP) or {}
    if not isinstance(group, Mapping):
        raise ConfigError(f"train.{GROUP}: expected a group of settings, got {group!r}")
    return merged({key: value for key, value in train.items() if key != GROUP}, group)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Dict[str, Any]:
    """Return nested settings with others laid over them."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = value
    return result


def leaves(group: Mapping[str, Any], path: Tuple[str, ...] = ()) -> Iterator[Tuple[Any, Any]]:
    """Yield path and value of every single setting inside nested groups."""
    for key, value in group.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, str(key)))
        else:
            yield (*path, str(key)), value


def described(group: Mapping[str, Any]) -> str:
    """Return nested settings on one line."""
    return ", ".join(f"{'.'.join(path)}={value}" for path, value in leaves(group))
