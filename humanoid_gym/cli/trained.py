"""A trained policy again: its checkpoint, its run's configuration, its task and its networks."""

from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Sequence

import torch

from humanoid_gym.cli import pretrained, run_folder
from humanoid_gym.cli.composing import apply_overrides, tell_of_repetitions, values
from humanoid_gym.cli.run_config import RunConfig, run_config
from humanoid_gym.cli.training import make_env
from humanoid_gym.config import ConfigError
from humanoid_gym.rl.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    load_networks,
)
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.tasks.randomized_task import RandomizedTask
from humanoid_gym.tasks.registry import CLASS, task_class
from humanoid_gym.tasks.simulated_task import what_gpu_physics_lacks
from humanoid_gym.tasks.vec_task import VecTask

NEWEST = "newest"
"""Stands for the newest run's checkpoint."""
OF_TRAINING = ("train", "max_iterations", "experiment", "logger")
"""Settings of a training and its run folder, not of the task."""
POLICY = ["train", "policy"]
"""Those among them that a trained policy is made by."""


class Trained(NamedTuple):
    """A checkpoint and the configuration that it is played with."""

    checkpoint: Path
    content: Checkpoint
    settings: Dict[str, Any]
    config: RunConfig

    def make_env(self) -> VecTask:
        """Build the environments; what was drawn more widely as training went on, at its widest."""
        env = make_env(self.config)
        if isinstance(env, RandomizedTask):
            env.randomization.finish_schedules()
        return env

    def networks(self, env: VecTask) -> ActorCritic:
        """Build the networks for these environments and fill them from the checkpoint.

        Raises:
            CheckpointError: the checkpoint holds another network.
        """
        networks = ActorCritic(
            env.num_obs, env.num_actions, self.config.train.policy, env.num_states
        ).to(env.device)
        load_networks(self.content, networks, self.checkpoint)
        return networks


def find(path: str) -> Path:
    """Find a checkpoint by its path, its run folder, or `NEWEST`; the best one of a run.

    Or one that comes with the package, pretrained/NAME.

    Raises:
        FileNotFoundError: there is none.
    """
    if path == NEWEST:
        return run_folder.newest_checkpoint(Path(run_folder.RUNS), "best.pt")
    return pretrained.find(path) or run_folder.find_checkpoint(path, "best.pt")


def read(checkpoint: Path, top: Mapping[str, Any], overrides: Sequence[str]) -> Trained:
    """Read a checkpoint and its run's configuration.

    Args:
        checkpoint: file, in its run's folder.
        top: top-level settings in place of the run's, such as num_envs and device.
        overrides: `key=value` each, on top of everything.

    Raises:
        ConfigError: an override or the run's configuration cannot be used.
        CheckpointError: the checkpoint cannot be used, or is of another task than its run.
    """
    _check(overrides)
    tell_of_repetitions(overrides)
    settings = run_folder.read_config(checkpoint)
    settings.update(top, checkpoint=None)
    played = task_class(str(settings["task_name"]), settings["task"].get(CLASS))
    own = getattr(played, "evaluation_overrides", ())  # a legacy task's class may have none
    settings = apply_overrides(settings, [*own, *overrides])
    config = checked(settings)
    content = load_checkpoint(checkpoint, torch.device(config.device.value))
    task_name = content.get("config", {}).get("task_name", config.task_name)
    if task_name != config.task_name:
        raise CheckpointError(
            f"checkpoint {checkpoint} is of task {task_name}, but lies in a run of task "
            f"{config.task_name}; keep it in its own run's folder"
        )
    return Trained(checkpoint, content, settings, config)


def _check(overrides: Sequence[str]) -> None:
    """Refuse what has an effect in train.py only."""
    for name, value in values(overrides).items():
        if name == "checkpoint" and value is not None:
            raise ConfigError(f"checkpoint={value}: which policy is said by --checkpoint {value}")
        parts = name.split(".")
        if parts[0] in OF_TRAINING and parts[:2] != POLICY:
            raise ConfigError(f"{name}={value}: nothing is trained here; leave it out")


def checked(settings: Mapping[str, Any]) -> RunConfig:
    """Build the configuration of a run from its settings.

    Raises:
        ConfigError: it cannot be used.
    """
    return run_config(str(settings["task_name"]), settings, what_gpu_physics_lacks())
