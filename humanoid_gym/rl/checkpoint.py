"""Checkpoints: written atomically, read without executing anything, refused with a reason."""

import contextlib
import os
import zipfile
from pathlib import Path
from typing import Any, Dict, Optional, Union

import torch

from humanoid_gym.rl.actor_critic import ActorCritic

FORMAT = "humanoid_gym.checkpoint"
"""Tag by which a file is recognized as ours."""
FORMAT_VERSION = 1
"""Raised whenever an older program could not read what is written."""

Checkpoint = Dict[str, Any]


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message is one line that says which and why."""


def save_checkpoint(path: Union[str, Path], content: Checkpoint) -> Path:
    """Write a checkpoint so that `path` always holds a whole one, the previous or the new.

    Args:
        path: file to write or replace; its folder is created.
        content: tensors, numbers, strings, lists and nested dictionaries of them.

    Returns:
        The path.

    Raises:
        OSError: the file cannot be written; a previous one is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            torch.save({"format": FORMAT, "format_version": FORMAT_VERSION, **content}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    _sync_folder(path.parent)
    return path


def _sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power failure, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def load_checkpoint(path: Union[str, Path], device: Optional[torch.device] = None) -> Checkpoint:
    """Read a checkpoint that `save_checkpoint` wrote.

    Args:
        path: the file.
        device: where its tensors go; the CPU by default.

    Raises:
        CheckpointError: the file is missing, unreadable, damaged, not ours or too new.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise CheckpointError(f"checkpoint {path} {what}")
    try:
        _check_integrity(path)
        content = torch.load(path, map_location=device or "cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen types for the same damage
        raise CheckpointError(
            f"checkpoint {path} cannot be read: it is truncated, damaged or not a checkpoint "
            f"({path.stat().st_size} bytes, {type(error).__name__}); use another one"
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"checkpoint {path} was not written by humanoid_gym")
    version = content.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise CheckpointError(
            f"checkpoint {path} has format version {version}, this program reads up to "
            f"{FORMAT_VERSION}; update humanoid_gym"
        )
    return content


def _check_integrity(path: Path) -> None:
    """Compare every part with its checksum, which torch itself does not."""
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(damaged)


def load_networks(checkpoint: Checkpoint, networks: ActorCritic, path: Union[str, Path]) -> None:
    """Copy a checkpoint's networks and normalizers into `networks`, if their shapes agree.

    Args:
        checkpoint: from `load_checkpoint`.
        networks: to overwrite; untouched if an error is raised.
        path: where the checkpoint came from, for the message.

    Raises:
        CheckpointError: the checkpoint holds another network; the message names both shapes.
    """
    saved = checkpoint.get("networks")
    if not isinstance(saved, dict):
        raise CheckpointError(f"checkpoint {path} holds no networks")
    own = networks.state_dict()
    saved_shapes = {name: tuple(tensor.shape) for name, tensor in saved.items()}
    own_shapes = {name: tuple(tensor.shape) for name, tensor in own.items()}
    if saved_shapes != own_shapes:
        raise CheckpointError(
            f"checkpoint {path} holds another network: {describe_network(saved)}; "
            f"this run has {describe_network(own)}"
        )
    networks.load_state_dict(saved)


def describe_network(state: Dict[str, torch.Tensor]) -> str:
    """Name an actor-critic's layer widths, for instance "actor 108-400-200-100-21, critic …"."""
    return ", ".join(f"{part} {_widths(state, part)}" for part in ("actor", "critic"))


def _widths(state: Dict[str, torch.Tensor], part: str) -> str:
    weights = [
        tensor
        for name, tensor in state.items()
        if name.startswith(f"{part}.") and name.endswith(".weight") and tensor.dim() == 2
    ]
    if not weights:
        return "(none)"
    return "-".join(str(width) for width in (weights[0].shape[1], *(w.shape[0] for w in weights)))
