"""The folder that an asset's files may come from."""

from __future__ import annotations

import os
from pathlib import Path

from humanoid_gym.engine.assets.xml_source import XmlElement

VARIABLE = "HUMANOID_GYM_ASSET_PATH"
"""Environment variable: more folders that any asset's files may come from, as in PATH."""


class AssetRoot:
    """Keeps what a robot description names within the asset root that the program gave.

    Args:
        folder: the asset root; a symbolic link means the folder that it leads to as well.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))
        self.folders = (self.folder, self.folder.resolve())

    def check(self, path: Path, element: XmlElement, what: str, *, beside: bool = False) -> Path:
        """A path that may be read, without `..`.

        Args:
            path: absolute, or relative to the working directory.
            element: names the file, for messages.
            what: it is meant to be, for messages.
            beside: allow a folder beside the asset root too: many robots lie as NAME/urdf and
                NAME/meshes, and their root is the former.

        Raises:
            AssetError: it lies elsewhere.
        """
        plain = Path(os.path.abspath(path))
        if any(plain.is_relative_to(folder) for folder in (*self.folders, *more_folders())):
            return plain
        if beside and any(_in_folder_of(root.parent, plain) for root in self.folders):
            return plain
        raise element.error(
            f"{what} '{plain}' lies outside the asset root {self.folder}",
            "Give load_asset a root folder that holds it, move the file, or name a folder around "
            f"it in the environment variable {VARIABLE}",
        )


def _in_folder_of(parent: Path, path: Path) -> bool:
    """Whether a path lies in some folder of another folder, not in that itself."""
    return path.is_relative_to(parent) and len(path.relative_to(parent).parts) > 1


def more_folders() -> list[Path]:
    """Folders of HUMANOID_GYM_ASSET_PATH; relative ones are left out, they mean any place."""
    names = os.environ.get(VARIABLE, "").split(os.pathsep)
    return [Path(os.path.abspath(name)) for name in names if os.path.isabs(name)]
