"""Tasks by name: those that come with the package, and those whose settings name their class."""

import importlib
import inspect
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Type, cast

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.tasks.task_config import TaskConfig

if TYPE_CHECKING:
    from humanoid_gym.tasks.vec_task import VecTask

CLASS = "class"
"""Key of a task's settings that says where its class is: module:Class, whose module is looked for
as Python does and in the working directory; or one of the package's own tasks, by name."""

TASKS: Dict[str, str] = {
    "cartpole": "humanoid_gym.tasks.cartpole:Cartpole",
    "humanoid": "humanoid_gym.tasks.humanoid:Humanoid",
    "humanoid_legs": "humanoid_gym.tasks.walking.walk:Walk",
    "humanoid_tracking": "humanoid_gym.tasks.tracking.motion_tracking:MotionTracking",
    "humanoid_walk": "humanoid_gym.tasks.walking.walk:Walk",
}
"""Name -> module:class of the package's own. The module is imported when the task is asked for."""


_ANYTHING = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def task_class(name: str, place: Optional[str] = None) -> "Type[VecTask]":
    """Return the class of a task; that of a legacy task may have another base than VecTask.

    Args:
        name: of the task.
        place: what its settings say under `CLASS`; None: the package's own of that name.

    Raises:
        ConfigError: there is no task of that name, with the nearest one; its module cannot be
            imported, or has no such class.
    """
    if place is None and name not in TASKS:
        raise ConfigError(
            f"task '{name}' is none of the package's own (nearest: '{nearest(name, TASKS)}'), and "
            f"its settings do not say '{CLASS}: module:Class'"
        )
    where = f"task {name}" if place is None else f"task {name}, {CLASS} '{place}'"
    place = TASKS.get(name if place is None else str(place), str(place))
    module, colon, attribute = place.partition(":")
    if not (module and colon and attribute.isidentifier()):
        raise ConfigError(
            f"{where}: expected module:Class, such as my_robot:MyRobot, or the name of a task of "
            f"the package's own: {', '.join(TASKS)}"
        )
    found = getattr(_import(module, where), attribute, None)
    if found is None:
        raise ConfigError(f"{where}: {module} has no {attribute}")
    return _checked(found, where)


def settings_class(found: Type[Any], settings: Mapping[str, Any]) -> Optional[Type[TaskConfig]]:
    """Return the dataclass that configures a task; None if a dictionary does, the legacy way.

    A class derived from VecTask takes a dictionary if it names no dataclass, and its settings have
    the group `env` or its constructor wants more than settings.

    Args:
        found: the task's class.
        settings: of the task.
    """
    config: Optional[Type[TaskConfig]] = getattr(found, "config_class", None)
    if config is not TaskConfig:
        return config
    parameters = list(inspect.signature(found).parameters.values())
    needed = [p for p in parameters[1:] if p.default is p.empty and p.kind not in _ANYTHING]
    return None if needed or isinstance(settings.get("env"), Mapping) else config


def _import(module: str, where: str) -> object:
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise ConfigError(
                f"{where}: {_told(error, module)}; install it, or put its folder on PYTHONPATH (a "
                "VecTask to derive from is in humanoid_gym)"
            ) from error
        raise ConfigError(
            f"{where}: there is no module {error.name}, neither installed nor in {os.getcwd()}"
        ) from error
    except Exception as error:  # whatever the lines of somebody's module raise
        raise ConfigError(f"{where}: {_told(error, module)}") from error


def _told(error: Exception, module: str) -> str:
    """Return what was raised, and on which line of the module or of what it imports."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({error.filename}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = f"{module.rpartition('.')[2]}.py"
    place = next((f for f in reversed(frames) if os.path.basename(f.filename) == own), frames[-1])
    return f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"


def _checked(found: object, where: str) -> "Type[VecTask]":
    from humanoid_gym.tasks.legacy_task import takes_dictionary
    from humanoid_gym.tasks.vec_task import VecTask

    if not (isinstance(found, type) and issubclass(found, VecTask)):
        if takes_dictionary(found):
            return cast("Type[VecTask]", found)
        raise ConfigError(f"{where} is no task: derive the class from humanoid_gym.VecTask")
    config = found.config_class
    if "__dataclass_fields__" not in vars(config):
        raise ConfigError(f"{where}: put @dataclass(frozen=True) above class {config.__name__}")
    return found
