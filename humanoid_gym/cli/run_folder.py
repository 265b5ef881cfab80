"""Run folders: `runs/<task>/<time>[_<experiment>]/` with configuration, events and checkpoints."""

import contextlib
import itertools
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, List, Optional

import yaml

from humanoid_gym.config import ConfigError

RUNS = "runs"
"""Folder of all runs, in the working directory."""
CONFIG_FILE = "config.yaml"
"""The resolved configuration inside a run folder."""
CHECKPOINTS = "checkpoints"
"""Folder of checkpoints inside a run folder."""

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}")


def reserve(root: Path, task_name: str, experiment: str = "") -> Path:
    """Create a new run's folder, empty, under a name that no other training can take.

    Args:
        root: folder of all runs.
        task_name: first level.
        experiment: appended to the time; '' for none.

    Returns:
        The folder; `give_up` removes it again.

    Raises:
        ConfigError: no folder can be created there.
    """
    suffix = f"_{experiment}" if experiment else ""
    name = f"{datetime.now():%Y-%m-%d_%H-%M-%S}{suffix}"
    try:
        for attempt in itertools.count(1):
            folder = root / task_name / (name if attempt == 1 else f"{name}_{attempt}")
            with contextlib.suppress(FileExistsError):  # of a run that began in the same second
                folder.mkdir(parents=True)  # `give_up` of another may have removed those above
                return folder
    except OSError as error:
        raise ConfigError(
            f"no run folder can be created in {root / task_name} ({error.strerror}); start in a "
            "working directory that can be written to"
        ) from error
    raise AssertionError("counting ends")


def give_up(folder: Path) -> None:
    """Remove a reserved folder in which nothing was written, and those above that it was alone in.

    Args:
        folder: from `reserve`.
    """
    with contextlib.suppress(OSError):  # one that is not empty stays, with all above it
        for empty in (folder, folder.parent, folder.parent.parent):
            empty.rmdir()


def begin(folder: Path, settings: Dict[str, Any], heading: List[str]) -> None:
    """Write a run's resolved configuration into its folder.

    Args:
        folder: from `reserve`.
        settings: nested mapping of plain values.
        heading: lines of comment, such as where and how it was run.

    Raises:
        OSError: it cannot be written.
    """
    comments = "".join(f"# {line}\n" for line in heading)
    text = yaml.safe_dump(settings, sort_keys=False, default_flow_style=None, width=100)
    (folder / CONFIG_FILE).write_text(comments + text, encoding="utf-8")


def take_back(folder: Path) -> None:
    """Remove the folder of a run that `begin` began, and that does not take place after all.

    Args:
        folder: from `reserve`; holds at most a configuration.
    """
    with contextlib.suppress(OSError):
        (folder / CONFIG_FILE).unlink()
    give_up(folder)


def read_config(checkpoint: Path) -> Dict[str, Any]:
    """Read the configuration of the run that a checkpoint belongs to.

    Args:
        checkpoint: a .pt file inside the run's folder of checkpoints.

    Raises:
        ConfigError: there is no configuration beside it, or it is not one of ours.
    """
    run = run_of(checkpoint)
    if not (run / CONFIG_FILE).is_file():
        raise ConfigError(
            f"{checkpoint}: no {CONFIG_FILE} in {run}; keep a checkpoint in its run folder"
        )
    return read_settings(run)


def read_settings(run: Path) -> Dict[str, Any]:
    """Read the configuration of a run.

    Args:
        run: its folder.

    Raises:
        ConfigError: there is none, or it is not one of ours.
    """
    path = run / CONFIG_FILE
    if not path.is_file():
        raise ConfigError(f"{run}: not the folder of a run (no {CONFIG_FILE} in it)")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from error
    groups = {"task_name": str, "task": dict, "train": dict}
    if not isinstance(settings, dict) or not all(
        isinstance(settings.get(name), kind) for name, kind in groups.items()
    ):
        raise ConfigError(f"{path}: not the configuration of a run (no task_name, task and train)")
    return settings


def find_checkpoint(path: str, preferred: str) -> Path:
    """Find a checkpoint by its own path or by its run folder.

    Args:
        path: a .pt file, a run folder, or the folder of checkpoints in it.
        preferred: file to take from a folder: 'best.pt' or 'last.pt'; the other is taken if
            it is missing.

    Raises:
        FileNotFoundError: there is none.
    """
    given = Path(path).expanduser()
    if given.is_file():
        return given
    if not given.is_dir():
        raise FileNotFoundError(f"checkpoint '{path}' not found: neither a file nor a run folder")
    found = _checkpoint_in(given, preferred)
    if found is None:
        raise FileNotFoundError(
            f"{path}: a folder without {CHECKPOINTS}/*.pt; expected that of a run, "
            f"{RUNS}/<task>/<time>"
        )
    return found


def newest_checkpoint(root: Path, preferred: str) -> Path:
    """Find the checkpoint of the newest run of any task.

    Args:
        root: folder of all runs.
        preferred: as in `find_checkpoint`.

    Raises:
        FileNotFoundError: no run has one.
    """
    for folder in _newest_first(root):
        found = _checkpoint_in(folder, preferred)
        if found is not None:
            return found
    raise FileNotFoundError(
        f"no run with a checkpoint in {os.path.join(root, '')}: train first (python train.py), "
        "or give a path"
    )


def newest(root: Path) -> Path:
    """Return the folder of the newest run.

    Args:
        root: folder of all runs, or of one task's.

    Raises:
        FileNotFoundError: there is no run in it.
    """
    whole = root.resolve()  # '.' has no name
    found = _newest_first(root) or _newest_first(whole.parent, whole.name)
    if not found:
        raise FileNotFoundError(f"no run in {os.path.join(root, '')}; expected <task>/<time>")
    return found[0]


def _newest_first(root: Path, task: str = "*") -> List[Path]:
    folders = [folder for folder in root.glob(f"{task}/*/") if _TIME.match(folder.name)]
    return sorted(folders, key=_age, reverse=True)


def _age(folder: Path) -> str:
    """Sort key: the time in the folder's name, then the time of change for equal seconds."""
    return f"{folder.name[:19]} {folder.stat().st_mtime_ns:020d}"


def _checkpoint_in(folder: Path, preferred: str) -> Optional[Path]:
    inside = folder if folder.name == CHECKPOINTS else folder / CHECKPOINTS
    candidates = [inside / name for name in (preferred, "last.pt", "best.pt")]
    return next((path for path in candidates if path.is_file()), None)


def run_of(checkpoint: Path) -> Path:
    """Return the folder of the run that a checkpoint belongs to."""
    folder = checkpoint.resolve().parent
    return folder.parent if folder.name == CHECKPOINTS else folder
