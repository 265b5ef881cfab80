"""Where settings come from: the package's `cfg/`, and that of the project one works in."""

from pathlib import Path
from typing import List

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.shipped import SHIPPED

CONFIG_DIR = SHIPPED / "cfg"
"""The folder that Hydra composes from."""
PROJECT = "cfg"
"""The folder in the working directory with a project's own files, in the same groups."""


def folders() -> List[Path]:
    """Return the folders with settings: the package's, then the project's if there is one.

    Raises:
        ConfigError: the package has none.
    """
    if not (CONFIG_DIR / "config.yaml").is_file():
        raise ConfigError(
            f"no configuration in {CONFIG_DIR}: this installation is not whole; install again, "
            "from a clone 'pip install -e .'"
        )
    own = Path.cwd() / PROJECT
    return [CONFIG_DIR, own] if own.is_dir() and own.resolve() != CONFIG_DIR else [CONFIG_DIR]


def search_path() -> List[str]:
    """Return what tells Hydra of the project's folder, as an override."""
    own = [str(folder).replace("'", "\\'") for folder in folders()[1:]]
    return [f"hydra.searchpath=['file://{folder}']" for folder in own]


def find(group: str, option: str) -> Path:
    """Return the file of an option of a group, such as `task=humanoid`.

    Raises:
        ConfigError: there is none, with the nearest one; or there are two that differ.
    """
    found = [folder / group / f"{option}.yaml" for folder in folders()]
    found = [path for path in found if path.is_file()]
    if not found:
        names = sorted(
            {path.stem for folder in folders() for path in (folder / group).glob("*.yaml")}
        )
        raise ConfigError(
            f"unknown {group} '{option}'; nearest: '{nearest(option, names)}' "
            f"(available: {', '.join(names)})"
        )
    if len({path.read_bytes() for path in found}) > 1:
        raise ConfigError(
            f"{group} '{option}': {found[-1]} has the name of one that comes with humanoid_gym "
            f"({found[0]}); give it another name"
        )
    return found[0]
