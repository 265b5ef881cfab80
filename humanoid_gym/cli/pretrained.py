"""Policies that come with the package: `--checkpoint pretrained/NAME` in place of a run's."""

from pathlib import Path
from typing import List, Optional

from humanoid_gym.cli import run_folder
from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.shipped import SHIPPED

PREFIX = "pretrained/"
FOLDER = SHIPPED / "resources" / "policies"
"""Holds a folder for each: its run's configuration, and a checkpoint of nothing but networks."""
POLICY = "policy.pt"


def names() -> List[str]:
    """Return the names of the policies."""
    return sorted(file.parent.name for file in FOLDER.glob(f"*/{POLICY}"))


def find(path: str) -> Optional[Path]:
    """Find the policy that a path stands for; None if it is another kind of path.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    if not path.startswith(PREFIX):
        return None
    name = path[len(PREFIX) :].rstrip("/")
    if name not in names():
        closest = nearest(name, names())
        hint = f"; nearest: '{PREFIX}{closest}'" if closest else ""
        raise FileNotFoundError(
            f"checkpoint '{path}': no such policy comes with the package; expected "
            f"{' or '.join(PREFIX + known for known in names())}{hint}"
        )
    return FOLDER / name / POLICY


def results_folder(checkpoint: Path) -> Path:
    """Return where results about a checkpoint go: its run's folder, but never the package."""
    run = run_folder.run_of(checkpoint)
    if run.parent == FOLDER.resolve():
        return Path(run_folder.RUNS, PREFIX.rstrip("/"), run.name)
    return run


def check_training(path: str) -> None:
    """Refuse to train a policy of the package further: what a training needs besides is not there.

    Raises:
        ConfigError: the path stands for one.
    """
    if path.startswith(PREFIX):
        raise ConfigError(
            f"checkpoint={path}: policies of the package hold networks only and cannot be trained "
            "on; play.py, evaluation and export take them. Train one: python train.py "
            f"task={path[len(PREFIX) :]}"
        )
