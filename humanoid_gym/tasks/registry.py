"""Tasks by name. A new robot needs one line in `TASKS`."""

import importlib
from typing import TYPE_CHECKING, Dict, List, Type

from humanoid_gym.config import ConfigError, nearest

if TYPE_CHECKING:
    from humanoid_gym.tasks.task_config import TaskConfig
    from humanoid_gym.tasks.vec_task import VecTask

TASKS: Dict[str, str] = {
    "cartpole": "humanoid_gym.tasks.cartpole:Cartpole",
    "humanoid": "humanoid_gym.tasks.humanoid:Humanoid",
    "humanoid_legs": "humanoid_gym.tasks.humanoid24.walk:HumanoidWalk",
    "humanoid_walk": "humanoid_gym.tasks.humanoid24.walk:HumanoidWalk",
}
"""Name -> module:class. The module is imported when the task is first asked for."""


def task_names() -> List[str]:
    """Return the names of all tasks, sorted."""
    return sorted(TASKS)


def task_class(name: str) -> "Type[VecTask]":
    """Return the class of a task.

    Raises:
        ConfigError: there is no task of that name, with the nearest one; or no such class.
    """
    if name not in TASKS:
        raise ConfigError(f"unknown task '{name}'; nearest: '{nearest(name, TASKS)}'")
    module, _, attribute = TASKS[name].partition(":")
    found = getattr(importlib.import_module(module), attribute, None)
    if found is None:
        raise ConfigError(f"task '{name}': {module} has no class {attribute}; see TASKS")
    return found


def config_class(name: str) -> "Type[TaskConfig]":
    """Return the configuration dataclass of a task.

    Raises:
        ConfigError: there is no task of that name; the message gives the nearest one.
    """
    return task_class(name).config_class
