"""Mesh files: finding them as URDF names them, and reading them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from humanoid_gym.engine.assets.errors import UnsupportedAssetError
from humanoid_gym.engine.assets.model import Mesh
from humanoid_gym.engine.assets.xml_source import XmlElement

FORMATS = (".stl", ".obj", ".ply", ".off", ".glb", ".gltf", ".dae")
"""File name extensions that can be read; .dae only where the package pycollada is installed."""


class MeshReader:
    """Reads the meshes that one robot description names, each file once."""

    def __init__(self) -> None:
        self._cache: dict[Path, Mesh] = {}

    def read(self, element: XmlElement, link: str) -> Mesh:
        """Find and read the mesh of a `<mesh filename= scale=>` element.

        Args:
            element: it knows its file, from where relative names and packages are searched.
            link: name of the link, for messages.

        Returns:
            The mesh, scaled. A mirroring scale keeps the faces' outward side.

        Raises:
            UnsupportedAssetError: a file format that cannot be read here.
            AssetError: no such file, not readable as its extension says, no triangles, vertices
                that are not finite, or a zero scale.
        """
        scale = element.vector("scale", (1.0, 1.0, 1.0))
        if not scale.all():
            raise element.error(f"a mesh scale of link '{link}' is zero", "Use other scales")
        path = find_mesh(element, link)
        if path not in self._cache:
            self._cache[path] = _load(path, element, link)
        return _scaled(self._cache[path], scale)


def find_mesh(element: XmlElement, link: str) -> Path:
    """Path of the file that a `<mesh filename=>` element means.

    A plain name is relative to the URDF's folder. `package://NAME/REST` (and `model://`) means
    NAME/REST, or else REST, in the URDF's folder or the nearest folder above that has it.

    Raises:
        AssetError: it is not there; the message names the places searched.
    """
    filename = element.text("filename").strip()
    scheme, separator, rest = filename.partition("://")
    folder = element.file.resolve().parent
    if not separator or scheme == "file":
        candidates = [folder / (rest if separator else filename)]
        searched = str(candidates[0])
    elif scheme in ("package", "model"):
        names = [rest, rest.partition("/")[2] or rest]
        candidates = [above / name for name in names for above in (folder, *folder.parents)]
        searched = f"'{names[0]}' and '{names[1]}' in {folder} and every folder above it"
    else:
        raise element.error(
            f"mesh '{filename}' of link '{link}' is not a local file",
            "Download it and give its path relative to the URDF",
        )
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise element.error(
        f"mesh '{filename}' of link '{link}' is missing; searched: {searched}",
        "Add the file or correct the name",
    )


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
