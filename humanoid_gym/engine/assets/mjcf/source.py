"""An MJCF file with everything that it includes, as one tree."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from humanoid_gym.engine.assets.asset_root import AssetRoot
from humanoid_gym.engine.assets.xml_source import MAX_ELEMENTS, XmlElement, read_xml

MAX_INCLUDES = 500
"""Files of one robot: more come from includes that multiply."""


def read_mjcf(path: Path, root: AssetRoot) -> XmlElement:
    """Read a file; the elements of included files stand in place of each `<include>`.

    Returns:
        The `<mujoco>` element. Every element knows the file that it stands in.

    Raises:
        AssetError: not MJCF, an included file that is missing, lies outside the asset root, or
            includes itself, or anything `read_xml` refuses.
    """
    document = read_xml(path)
    if document.tag != "mujoco":
        kinds = {"robot": "URDF", "sdf": "SDF", "mujocoinclude": "a part for <include>"}
        kind = kinds.get(document.tag, "something else")
        raise document.error(
            f"the root element is <{document.tag}>, expected <mujoco>",
            f"The file is {kind}: give an MJCF file, or name a URDF file .urdf",
        )
    _Includes(document.file.parent, root).expand(document, (path.resolve(),))
    return document


@dataclass
class _Includes:
    """Replaces includes; their files are relative to the main file's folder."""

    folder: Path
    root: AssetRoot
    cache: dict[Path, XmlElement] = field(default_factory=dict)
    num_files: int = 0
    num_elements: int = 0

    def expand(self, element: XmlElement, open_files: tuple[Path, ...]) -> None:
        children: list[XmlElement] = []
        for child in element.children:
            if child.tag == "include":
                children += self.read(child, open_files)
                continue
            self.num_elements += 1
            self.expand(child, open_files)
            children.append(child)
        element.children = children

    def read(self, element: XmlElement, open_files: tuple[Path, ...]) -> list[XmlElement]:
        """The elements that an `<include>` stands for, their own includes replaced."""
        path = self._find(element)
        real = path.resolve()
        if real in open_files:
            raise element.error(f"'{path.name}' includes itself", "Remove this <include>")
        self.num_files += 1
        if self.num_files > MAX_INCLUDES or self.num_elements > MAX_ELEMENTS:
            raise element.error(
                f"more than {MAX_INCLUDES} files or {MAX_ELEMENTS} elements are included",
                "Include each file once",
            )
        included = read_xml(path)
        self.expand(included, (*open_files, real))
        return included.children

    def _find(self, element: XmlElement) -> Path:
        name = element.text("file").strip()
        for folder in (self.folder, element.file.parent):
            path = self.root.check(folder / name, element, "the included file")
            if os.path.isfile(path):  # Path.is_file raises for names that are too long
                return path
        raise element.error(
            f"the included file '{name}' is missing in {self.folder}",
            "Add the file or correct the name",
        )
