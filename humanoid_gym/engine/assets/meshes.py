"""Mesh files: finding them as URDF names them, and reading them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np

from humanoid_gym.engine.assets.asset_root import AssetRoot
from humanoid_gym.engine.assets.errors import (
    AssetError,
    MissingMeshError,
    UnsupportedAssetError,
)
from humanoid_gym.engine.assets.model import Mesh
from humanoid_gym.engine.assets.xml_source import XmlElement

logger = logging.getLogger(__name__)

FORMATS = (".stl", ".obj", ".ply", ".off", ".glb", ".gltf", ".dae")
"""File name extensions that can be read; .dae only where the package pycollada is installed."""


class MeshReader:
    """Reads the meshes that one robot description names, each file once.

    Args:
        root: where they may lie.
    """

    def __init__(self, root: AssetRoot) -> None:
        self._root = root
        self._cache: dict[Path, Mesh] = {}

    def read(self, element: XmlElement, link: str) -> Mesh:
        """Find and read the mesh of a URDF's `<mesh filename= scale=>` element.

        Args:
            element: it knows its file, from where relative names and packages are searched.
            link: name of the link, for messages.

        Returns:
            The mesh, scaled.

        Raises:
            AssetError: see `find_mesh` and `read_file`.
        """
        scale = element.vector("scale", (1.0, 1.0, 1.0))
        return self.read_file(find_mesh(element, link, self._root), element, link, scale)

    def read_file(self, path: Path, element: XmlElement, link: str, scale: np.ndarray) -> Mesh:
        """Read a mesh file.

        Args:
            path: the file.
            element: it knows the file that names the mesh.
            link: what the mesh belongs to, for messages.
            scale: of x, y, z, shape (3,).

        Returns:
            The mesh, scaled. A mirroring scale keeps the faces' outward side.

        Raises:
            UnsupportedAssetError: a file format that cannot be read here.
            AssetError: no such file, not readable as its extension says, no triangles, vertices
                that are not finite, or a zero scale.
        """
        if not scale.all():
            raise element.error(f"a mesh scale of link '{link}' is zero", "Use other scales")
        if path not in self._cache:
            self._cache[path] = _load(path, element, link)
        return _scaled(self._cache[path], scale)


def find_mesh(element: XmlElement, link: str, root: AssetRoot) -> Path:
    """Path of the file that a `<mesh filename=>` element means.

    A plain name is relative to the URDF's folder, or else to the nearest folder above it within the
    asset root that has the file: some robots write the name of their package without `package://`.
    `package://NAME/REST` (and `model://`) means NAME/REST, or else REST, in the URDF's folder or
    the nearest folder above that has it. Where a symbolic link leads to the URDF, its folder is
    that of the link, then that of the file.

    Raises:
        AssetError: it is not there, or lies outside the asset root; the message names the places
            searched.
    """
    filename = element.text("filename").strip()
    searched, refused = [], []
    for folder in _folders_of(element.file):
        try:
            places, named = _places(element, filename, link, folder, root)
        except AssetError as error:
            refused.append(error)
            continue
        for place in places:
            if os.path.isfile(place):  # Path.is_file raises for names that are too long
                return place
        searched.append(named)
    if refused:
        raise refused[0]
    raise missing(element, filename, link, "; ".join(searched))


def _folders_of(file: Path) -> list[Path]:
    """The file's folder, then that of the file that a symbolic link on the way leads to."""
    return list(dict.fromkeys((Path(os.path.abspath(file)).parent, file.resolve().parent)))


def _places(
    element: XmlElement, filename: str, link: str, folder: Path, root: AssetRoot
) -> tuple[list[Path], str]:
    """Where a mesh may lie, seen from a folder of its URDF, and the same in words."""
    scheme, separator, rest = filename.partition("://")
    if not separator or scheme == "file":
        path = root.check(
            folder / (rest if separator else filename), element, "the mesh", beside=True
        )
        above = [] if separator else _folders_above(folder, filename, root)
        words = f" and the folders above, up to {root.folder}" if above else ""
        return [path, *(up / filename for up in above)], f"{path}{words}"
    if scheme not in ("package", "model"):
        raise element.error(
            f"mesh '{filename}' of link '{link}' is not a local file",
            "Download it and give its path relative to the URDF",
        )
    rest = os.path.normpath(rest)
    if rest.startswith((os.pardir, os.sep)):
        raise element.error(f"mesh '{filename}' lies outside its package", "Remove the ..")
    names = [rest, rest.partition("/")[2] or rest]
    places = [above / name for name in names for above in (folder, *folder.parents)]
    return places, f"'{names[0]}' and '{names[1]}' in {folder} and every folder above it"


def _folders_above(folder: Path, filename: str, root: AssetRoot) -> list[Path]:
    """Folders within the asset root, above that of the URDF, where a plain name may lie."""
    name = Path(filename)
    if name.is_absolute() or os.pardir in name.parts:
        return []
    return [up for up in folder.parents if any(map(up.is_relative_to, root.folders))]


def missing(element: XmlElement, filename: str, owner: str, searched: str) -> MissingMeshError:
    """The error for a mesh that is not where it was searched."""
    fault = f"mesh '{filename}' of link '{owner}' is missing; searched: {searched}"
    return MissingMeshError(str(element.error(fault, "Add the file or correct the name")))


class LeftOut:
    """Says once for each reason that visual meshes are left out."""

    def __init__(self) -> None:
        self._reasons: set[str] = set()

    def report(self, filename: str, error: AssetError) -> None:
        """One mesh that was missing or in a format that cannot be read."""
        is_missing = isinstance(error, MissingMeshError)
        reason = "missing" if is_missing else filename.rpartition(".")[2]
        if reason not in self._reasons:
            what = "Missing visuals" if is_missing else f"Visuals in .{reason}"
            logger.warning("%s %s are left out.", error, what)
        self._reasons.add(reason)


def _load(path: Path, element: XmlElement, link: str) -> Mesh:
    import trimesh  # here, because it takes a second and robots of primitives do without

    extension = path.suffix.lower()
    if extension[1:] not in trimesh.available_formats() or extension not in FORMATS:
        raise UnsupportedAssetError(_unsupported(path, element, link))
    fault = f"mesh '{path}' of link '{link}'"
    options = {"skip_materials": True} if extension == ".obj" else {}
    try:
        loaded = trimesh.load_mesh(path, process=False, **options)
        if extension == ".dae" and loaded.units:  # COLLADA alone states its unit
            loaded.convert_units("meters")
        vertices, faces = np.asarray(loaded.vertices, dtype=np.float64), np.asarray(loaded.faces)
    # The readers have no common exception: a damaged file ends in whatever its reader trips over.
    except Exception as error:
        # A reader that cannot make sense of the bytes may look for an optional package.
        reason = "" if isinstance(error, ImportError) else f" ({error})".replace("\n", " ")
        raise element.error(
            f"{fault} cannot be read as {extension[1:].upper()}{reason}", "Export it again"
        ) from error
    if not len(faces):
        remedy = "Export it again as triangles"
        if path.read_bytes()[:40].startswith(b"version https://git-lfs"):
            remedy = "It is a Git LFS pointer: run `git lfs pull`"
        raise element.error(f"{fault} holds no triangles", remedy)
    if not np.isfinite(vertices).all():
        raise element.error(f"{fault} has vertices that are not finite numbers", "Export it again")
    return _merged(vertices, faces)


def _unsupported(path: Path, element: XmlElement, link: str) -> str:
    known = ", ".join(FORMATS)
    remedy = f"Convert it to one of {known}"
    if path.suffix.lower() == ".dae":
        remedy = "Install the reader with `pip install pycollada`, or convert it to .obj"
    return (
        f"{element.place}: mesh '{path}' of link '{link}' is of a format that cannot be read here. "
        f"{remedy}."
    )


def _merged(vertices: np.ndarray, faces: np.ndarray) -> Mesh:
    """One vertex per place: STL repeats a corner for every triangle around it."""
    order = np.lexsort(vertices.T)  # eight times as fast as np.unique(axis=0)
    ordered = vertices[order]
    is_new = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))
    index = np.empty(len(vertices), dtype=np.int32)
    index[order] = np.cumsum(is_new) - 1
    return Mesh(ordered[is_new], index[faces])


def _scaled(mesh: Mesh, scale: np.ndarray) -> Mesh:
    faces = mesh.faces[:, ::-1] if scale.prod() < 0.0 else mesh.faces
    return Mesh(mesh.vertices * scale, np.ascontiguousarray(faces))
