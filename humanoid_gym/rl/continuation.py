"""What has to be alike for a training to continue exactly: sizes, versions, random numbers."""

import logging
import platform
import random
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Union

import numpy as np
import torch

from humanoid_gym.random_numbers import continue_random_numbers
from humanoid_gym.rl.checkpoint import CheckpointError

_log = logging.getLogger(__name__)


def check_task(saved: Mapping[str, Any], own: Mapping[str, Any], path: Union[str, Path]) -> None:
    """Compare the tasks of two configurations, as far as they name one.

    Raises:
        CheckpointError: they differ.
    """
    theirs, ours = saved.get("task_name"), own.get("task_name")
    if theirs and ours and theirs != ours:
        raise CheckpointError(
            f"checkpoint {path} is of task {theirs}, this run trains {ours}; set task={theirs}, "
            "or leave the checkpoint out"
        )


def check_whole(state: Mapping[str, Any], path: Union[str, Path]) -> None:
    """Refuse a checkpoint that a training cannot go on from.

    Raises:
        CheckpointError: it holds networks only.
    """
    if "algorithm" not in state:
        raise CheckpointError(
            f"checkpoint {path} holds networks only, as policies that are handed on do: it can be "
            "played, judged and exported, not trained on"
        )


def check_sizes(saved: Mapping[str, int], own: Dict[str, int], path: Union[str, Path]) -> None:
    """Compare what a checkpoint was written with to what this run has.

    Args:
        saved: sizes by name; of an older version perhaps not all of them.
        own: sizes by name.
        path: where the checkpoint came from, for the message.

    Raises:
        CheckpointError: they differ; the message names those that do, both sides.
    """
    names = [name for name in own if saved.get(name, own[name]) != own[name]]
    if names:
        raise CheckpointError(
            f"checkpoint {path} was written with {_listed(saved, names)}, this run has "
            f"{_listed(own, names)}; resuming needs the same"
        )


def unfit_environments(
    saved: Mapping[str, Any], own: Mapping[str, Any], path: Union[str, Path], reason: ValueError
) -> CheckpointError:
    """Return the error for environments that cannot take over the state of a checkpoint's.

    Args:
        saved: configuration of the run that wrote it; empty if that is not known.
        own: of this run.
        path: where the checkpoint came from.
        reason: what the environments said.
    """
    before, now = ({"task": config.get("task", {})} for config in (saved, own))
    changes = list(_changes(before, now))
    if not changes:
        return CheckpointError(f"checkpoint {path}: {reason}")
    return CheckpointError(
        f"checkpoint {path}: its environments cannot go on with {', '.join(changes)}; leave out "
        f"what they cannot take over, or train anew without the checkpoint ({reason})"
    )


def other_task_settings(saved: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether two configurations differ in the task, so that their returns do not compare.

    Args:
        saved: of the run that wrote a checkpoint; of an older version perhaps not all of it.
        own: of the run that continues it.
    """
    before, now = saved.get("task"), own.get("task")
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return False
    return any(before[name] != value for name, value in now.items() if name in before)


def _changes(saved: Mapping[str, Any], own: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Yield each setting that two configurations both have and differ in."""
    for name, value in own.items():
        before = saved.get(name, value)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            yield from _changes(before, value, f"{where}{name}.")
        elif value != before:
            yield f"{where}{name}={value} (it was {before})"


def rng_state(generator: torch.Generator, device: torch.device) -> Dict[str, Any]:
    """Return the state of every random number generator that a training may draw from.

    Args:
        generator: the learner's own.
        device: of the environments.
    """
    _, keys, position, has_gauss, cached_gaussian = np.random.get_state()
    kind, words, gauss = random.getstate()
    state = {
        "cpu": torch.get_rng_state(),
        "learner": generator.get_state(),
        "numpy": {
            "keys": torch.from_numpy(np.array(keys, dtype=np.int64)),
            "position": int(position),
            "has_gauss": int(has_gauss),
            "cached_gaussian": float(cached_gaussian),
        },
        "python": {"kind": kind, "words": torch.tensor(words), "gauss": gauss},
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_rng(state: Dict[str, Any], generator: torch.Generator, device: torch.device) -> None:
    """Restore what `rng_state` returned; of an older version, as far as it goes."""
    torch.set_rng_state(state["cpu"].cpu())
    continue_random_numbers(generator, state["learner"].cpu(), "learner")
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)
    if "numpy" in state:
        saved = state["numpy"]
        keys = saved["keys"].cpu().numpy().astype(np.uint32)
        gauss = (saved["has_gauss"], saved["cached_gaussian"])
        np.random.set_state(("MT19937", keys, saved["position"], *gauss))
    if "python" in state:
        saved = state["python"]
        random.setstate((saved["kind"], tuple(saved["words"].tolist()), saved["gauss"]))


def versions() -> Dict[str, str]:
    """Return the versions of what wrote a checkpoint."""
    try:
        own = version("humanoid-gym")
    except PackageNotFoundError:
        own = "not installed"
    return {
        "humanoid_gym": own,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }


def warn_of_versions(saved: Mapping[str, str], path: Union[str, Path]) -> None:
    """Warn if a checkpoint was written with another PyTorch, whose results may differ."""
    theirs, ours = saved.get("torch"), versions()["torch"]
    if theirs and theirs != ours:
        _log.warning(
            "checkpoint %s was written with torch %s, this is %s: training continues, but not "
            "bit for bit as it would have",
            *(path, theirs, ours),
        )


def _listed(sizes: Mapping[str, int], names: List[str]) -> str:
    return ", ".join(f"{name} {sizes[name]}" for name in names)
