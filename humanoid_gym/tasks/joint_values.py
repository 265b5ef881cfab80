"""Settings by joint: names, or patterns that stand for several joints."""

from fnmatch import fnmatchcase
from typing import List, Mapping, Sequence, TypeVar, Union

from humanoid_gym.config import ConfigError, nearest

T = TypeVar("T")
U = TypeVar("U")


def by_joint(
    names: Sequence[str],
    entries: Mapping[str, T],
    where: str,
    otherwise: U,
    variants: Sequence[str] = (),
) -> List[Union[T, U]]:
    """Return one value per joint: that of its own name, else of the pattern that fits.

    Args:
        names: the robot's joints.
        entries: values by joint or by pattern with `*`, such as {"*_knee": 0.5}.
        where: the entries' key, for messages.
        otherwise: value of joints that no entry fits.
        variants: joints, or patterns of joints, that other robots have which the entries are for.

    Raises:
        ConfigError: several patterns fit a joint, or an entry fits none.
    """
    for key in entries:
        fits = any(fnmatchcase(name, key) for name in [*names, *variants])
        if not fits and not any(fnmatchcase(key, variant) for variant in variants):
            hint = nearest(key, [*names, *variants])
            raise ConfigError(f"{where}: no joint fits '{key}'; nearest: '{hint}'")
    return [_value(name, entries, where, otherwise) for name in names]


def _value(name: str, entries: Mapping[str, T], where: str, otherwise: U) -> Union[T, U]:
    if name in entries:
        return entries[name]
    fitting = [key for key in entries if fnmatchcase(name, key)]
    if len(fitting) > 1:
        raise ConfigError(f"{where}: '{name}' fits several entries: {', '.join(fitting)}")
    return entries[fitting[0]] if fitting else otherwise
