"""Whether a file can be written where the user wants it, asked before the work and not after it."""

import tempfile
from pathlib import Path

from humanoid_gym.config import ConfigError


def check_folder(folder: Path, what: str) -> None:
    """Refuse a folder that cannot be created, or not be written to; nothing is left behind.

    Args:
        folder: of what is to be written; it may be missing.
        what: begins the message, such as the option and what it was given.

    Raises:
        ConfigError: a file is in the way, or the system does not let this user write.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise ConfigError(f"{what}: {there} is a file, expected a folder")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise ConfigError(
            f"{what}: nothing can be written to {there} ({error.strerror}); choose another folder"
        ) from error


def check_file(file: Path, what: str) -> None:
    """Refuse a file that cannot be written; nothing is left behind.

    Args:
        file: to be written or replaced.
        what: begins the message, such as the option and what it was given.

    Raises:
        ConfigError: a folder has its name, or its own folder cannot be written to.
    """
    if file.is_dir():
        raise ConfigError(f"{what}: {file} is a folder, expected the name of a file")
    check_folder(file.parent, what)
