"""Optional third-party packages: imported on first use, or one line that names the extra."""

import importlib
from typing import Any

from humanoid_gym.config import ConfigError


def require(module: str, extra: str) -> Any:  # noqa: ANN401 - a module's attributes have any type
    """Import an optional package.

    Args:
        module: dotted name, for instance "gymnasium.vector".
        extra: the extra of this package that installs it.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # the package is here; something that it needs is not
        raise ConfigError(
            f"{module.split('.')[0]} is not installed: pip install 'humanoid-gym[{extra}]'"
        ) from error
