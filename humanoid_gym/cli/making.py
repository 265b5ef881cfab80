"""A task in one call, for scripts that do not train with train.py."""

from humanoid_gym.cli.composing import compose
from humanoid_gym.cli.run_config import RunConfig, run_config
from humanoid_gym.cli.training import make_env
from humanoid_gym.tasks.simulated_task import what_gpu_physics_lacks
from humanoid_gym.tasks.vec_task import VecTask


def make_task(*overrides: str) -> VecTask:
    """Build the environments that `python train.py OVERRIDES` would train on.

    Args:
        overrides: as on the command line, for instance "task=humanoid", "num_envs=64".

    Raises:
        ConfigError: the configuration cannot be used.
        FileNotFoundError: the robot description is missing.
    """
    return make_env(configuration(*overrides))


def configuration(*overrides: str) -> RunConfig:
    """Return the checked configuration that `python train.py OVERRIDES` would run.

    Raises:
        ConfigError: it cannot be used.
    """
    composed = compose(overrides)
    return run_config(composed.task_name, composed.settings, what_gpu_physics_lacks())
