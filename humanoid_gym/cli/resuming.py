"""Configuration of a training that continues: its run's own, and what is to differ."""

from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from humanoid_gym.cli import composing, pretrained, run_folder
from humanoid_gym.cli.composing import Composed
from humanoid_gym.rl.continuation import check_task
from humanoid_gym.rl.ppo import PPOConfig
from humanoid_gym.rl.runner import Runner

LAST = "last.pt"
"""A training goes on from where its run was, not from where it was best."""

_IN_GROUPS = ("max_iterations", "logger")
"""Short forms of settings in `train`. A run's configuration has those settings resolved; its short
forms would outweigh `train.…` on the command line."""


def compose(overrides: Sequence[str]) -> Composed:
    """Merge a run's configuration from `cfg/` or, with `checkpoint=…`, from the run it continues.

    Args:
        overrides: Hydra's syntax, one `key=value` each.

    Raises:
        ConfigError: an override or a configuration that cannot be used.
        CheckpointError: the checkpoint is of another task than the overrides ask for.
        FileNotFoundError: the checkpoint does not exist.
    """
    return continued(overrides) or composing.compose(overrides)


def continued(overrides: Sequence[str]) -> Optional[Composed]:
    """Return the configuration of the run that a checkpoint belongs to, with overrides on top.

    Args:
        overrides: Hydra's syntax, one `key=value` each. `task=…` has to name the run's own task.

    Returns:
        None if the overrides name no checkpoint, or one that lies alone, without its run's
        configuration.

    Raises:
        ConfigError, CheckpointError, FileNotFoundError: as in `compose`.
    """
    given = composing.values(overrides)
    path = given.get("checkpoint")
    if not path:
        return None
    pretrained.check_training(str(path))
    checkpoint = run_folder.find_checkpoint(str(path), LAST)
    file = run_folder.run_of(checkpoint) / run_folder.CONFIG_FILE
    if not file.is_file():
        return None
    settings: Dict[str, Any] = run_folder.read_config(checkpoint)
    task_name = str(settings["task_name"])
    check_task(settings, {"task_name": str(given.get("task", task_name))}, checkpoint)
    settings.update(dict.fromkeys(_IN_GROUPS))
    settings = without_warm_start(settings)
    changes = [text for text in overrides if composing.key(text) != "task"]
    settings = composing.apply_overrides(settings, changes)
    inherited = tuple(name for name in ("num_envs", "device") if name not in given)
    return Composed(settings, task_name, _origin(file, changes), inherited)


def without_warm_start(settings: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a run's configuration without the file of its warm start, which may be gone.

    Args:
        settings: of a run whose networks are beyond it.
    """
    train = dict(settings["train"])
    if isinstance(train.get("behavioural_cloning"), Mapping):
        train["behavioural_cloning"] = {**train["behavioural_cloning"], "file": None}
    return {**settings, "train": train}


def renew_random_numbers(runner: Runner, seed: int) -> None:
    """Draw from a seed of one's own what comes next, not what the checkpoint's run would have.

    Args:
        runner: with a checkpoint loaded, which put its random number generators back.
        seed: of this process.
    """
    runner.generator.manual_seed(seed)
    of_task = getattr(runner.env, "generator", None)
    if of_task is not None:
        of_task.manual_seed(seed)


def other_learning_rate(saved: Mapping[str, Any], own: PPOConfig) -> bool:
    """Whether a run's learning rate was set otherwise; the checkpoint holds the one it came to.

    Args:
        saved: configuration of the checkpoint's run; of an older version perhaps not all of it.
        own: of the training that continues it.
    """
    theirs = saved.get("train", {}).get("algorithm", {})
    names = ("learning_rate", "learning_rate_schedule")
    return any(theirs.get(name, getattr(own, name)) != getattr(own, name) for name in names)


def _origin(file: Path, changes: Sequence[str]) -> str:
    listed: List[str] = [c.lstrip("+") for c in changes if composing.key(c) != "checkpoint"]
    return f"{file}{', but ' if listed else ''}{', '.join(listed)}"
