"""Checkpoints: written atomically, read without executing anything, refused with a reason."""

import contextlib
import io
import os
import time
import zipfile
from pathlib import Path
from typing import Any, Dict, Optional, Union

import torch

from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.networks.saved import difference, upgraded
from humanoid_gym.whole_file import PARTIAL, write_atomically

FORMAT = "humanoid_gym.checkpoint"
"""Tag by which a file is recognized as ours."""
FORMAT_VERSION = 2
"""Raised whenever an older program could not read what is written."""

_ABANDONED_SECONDS = 3600.0

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
    # in memory first: torch turns a full disk into an error that does not say so
    whole = io.BytesIO()
    torch.save({"format": FORMAT, "format_version": FORMAT_VERSION, **_compact(content)}, whole)
    write_atomically(path, whole.getbuffer())
    _sync_folder(path.parent)
    return path


def _compact(value: Any) -> Any:  # noqa: ANN401 - whatever a checkpoint holds
    """Copy tensors that show a part of a larger memory, all of which would be written otherwise."""
    if isinstance(value, dict):
        return {key: _compact(entry) for key, entry in value.items()}
    if isinstance(value, torch.Tensor):
        shown = value.numel() * value.element_size()
        return value.clone() if value.untyped_storage().nbytes() > shown else value
    return value


def remove_leftovers(folder: Path) -> None:
    """Remove half-written files of processes that are gone.

    Args:
        folder: of checkpoints; it may be missing. What cannot be removed stays.
    """
    for partial in folder.glob(f".*{PARTIAL}"):
        process = partial.name[: -len(PARTIAL)].rpartition(".")[2]
        with contextlib.suppress(OSError):  # another process may be removing it, too
            old = time.time() - partial.stat().st_mtime > _ABANDONED_SECONDS
            if old or (process.isdigit() and not _runs(int(process))):
                partial.unlink()


def _runs(process: int) -> bool:
    """Whether a process of this machine exists."""
    if os.name == "nt":
        return True  # there, signal 0 is Ctrl-C; the file's age decides
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it exists, but is another user's
        return True
    return True


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
    saved = upgraded(saved)
    theirs, ours = difference(saved, networks.state_dict())
    if theirs:
        raise CheckpointError(
            f"checkpoint {path} holds another network: {theirs}; this run has {ours}"
        )
    networks.load_state_dict(saved)
