import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from humanoid_gym.engine.assets.asset_root import AssetRoot
from humanoid_gym.engine.assets.errors import AssetError, UnsupportedAssetError
from humanoid_gym.engine.assets.meshes import MeshReader, find_mesh
from humanoid_gym.engine.assets.xml_source import XmlElement

VERTICES = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], dtype=float)
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


def mesh_element(folder: Path, filename: str, scale: str | None = None) -> XmlElement:
    attributes = {"filename": filename} | ({"scale": scale} if scale else {})
    return XmlElement("mesh", attributes, folder / "robot.urdf", 7)


def ascii_stl() -> bytes:
    corners = "".join(
        "facet normal 0 0 0\nouter loop\n"
        + "".join(f"vertex {x} {y} {z}\n" for x, y, z in VERTICES[face])
        + "endloop\nendfacet\n"
        for face in FACES
    )
    return f"solid t\n{corners}endsolid t\n".encode()


def binary_stl() -> bytes:
    triangles = b"".join(
        struct.pack("<12fH", 0, 0, 0, *VERTICES[face].ravel(), 0) for face in FACES
    )
    return b" " * 80 + struct.pack("<I", len(FACES)) + triangles


def obj(material: bool = False) -> bytes:
    lines = ["mtllib missing.mtl", "usemtl steel"] if material else []
    lines += [f"v {x} {y} {z}" for x, y, z in VERTICES]
    lines += ["f " + " ".join(str(i + 1) for i in face) for face in FACES]
    return "\n".join(lines).encode()


def signed_volume(vertices, faces):
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.stl", ascii_stl()),
        ("b.STL", binary_stl()),
        ("c.obj", obj()),
        ("d.obj", obj(material=True)),
    ],
)
def test_formats_give_the_same_tetrahedron(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    mesh = MeshReader(AssetRoot(tmp_path)).read(mesh_element(tmp_path, name), "arm")
    assert mesh.vertices.dtype == np.float64
    assert mesh.faces.dtype == np.int32
    assert sorted(map(tuple, mesh.vertices)) == sorted(map(tuple, VERTICES))
    assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(1.0)


@pytest.mark.parametrize(("scale", "volume"), [("2 2 2", 8.0), ("1 -1 0.5", 0.5), ("-1 -1 1", 1.0)])
def test_scale_keeps_faces_outward(tmp_path, scale, volume):
    (tmp_path / "t.obj").write_bytes(obj())
    mesh = MeshReader(AssetRoot(tmp_path)).read(mesh_element(tmp_path, "t.obj", scale), "arm")
    factors = np.array([float(word) for word in scale.split()])
    assert sorted(map(tuple, mesh.vertices)) == sorted(map(tuple, VERTICES * factors))
    assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(volume)


def test_one_file_with_two_scales(tmp_path):
    (tmp_path / "t.obj").write_bytes(obj())
    reader = MeshReader(AssetRoot(tmp_path))
    large = reader.read(mesh_element(tmp_path, "t.obj", "10 10 10"), "arm")
    plain = reader.read(mesh_element(tmp_path, "t.obj"), "arm")
    assert large.vertices.max() == 30.0
    assert plain.vertices.max() == 3.0


@pytest.mark.parametrize(
    ("where", "filename"),
    [
        ("robots/urdf/m.obj", "m.obj"),
        ("robots/meshes/m.obj", "../meshes/m.obj"),
        ("my_robot/meshes/m.obj", "package://my_robot/meshes/m.obj"),
        ("robots/meshes/m.obj", "package://renamed/meshes/m.obj"),
        ("robots/urdf/m.obj", "package://m.obj"),
        ("models/m.obj", "model://models/m.obj"),
    ],
)
def test_names_are_found(tmp_path, where, filename):
    (tmp_path / "robots/urdf").mkdir(parents=True)
    target = tmp_path / where
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(obj())
    folder = tmp_path / "robots/urdf"
    found = find_mesh(mesh_element(folder, filename), "arm", AssetRoot(folder))
    assert found.resolve() == target.resolve()


@pytest.mark.parametrize(
    ("linked", "meshes"),
    [
        ("own/urdf", "package/urdf/meshes"),  # the asset root itself is a link
        ("own/urdf", "package/meshes"),
        ("own", "package/urdf/meshes"),  # the link is above it
        ("own/urdf/robot.urdf", "own/urdf/meshes"),  # the file is one, the meshes are its own
    ],
)
@pytest.mark.parametrize("plain", [True, False])
def test_symbolic_links_lead_to_meshes(tmp_path, linked, meshes, plain):
    package = tmp_path / "package" / "urdf"
    package.mkdir(parents=True)
    (package / "robot.urdf").touch()
    link = tmp_path / linked
    link.parent.mkdir(parents=True, exist_ok=True)
    target = package / "robot.urdf" if link.suffix else package if link.name == "urdf" else None
    link.symlink_to(target or tmp_path / "package")
    (tmp_path / meshes).mkdir(parents=True)
    (tmp_path / meshes / "m.obj").write_bytes(obj())
    beside = (tmp_path / meshes).parent.name == "urdf"
    name = "package://package/meshes/m.obj"
    if plain:
        name = "meshes/m.obj" if beside else "../meshes/m.obj"
    root = tmp_path / "own" / "urdf"
    found = find_mesh(mesh_element(root, name), "arm", AssetRoot(root))
    assert found.samefile(tmp_path / meshes / "m.obj")


def test_a_link_to_a_urdf_does_not_open_what_lies_beside_it(tmp_path):
    own, package = tmp_path / "robots" / "own", tmp_path / "elsewhere"
    for folder in (own, package / "urdf", package / "meshes"):
        folder.mkdir(parents=True)
    (package / "meshes/m.obj").write_bytes(obj())
    (package / "urdf/robot.urdf").touch()
    (own / "robot.urdf").symlink_to(package / "urdf/robot.urdf")
    with pytest.raises(AssetError, match="HUMANOID_GYM_ASSET_PATH"):
        find_mesh(mesh_element(own, "../meshes/m.obj"), "arm", AssetRoot(own))


def test_absolute_names_and_file_urls(tmp_path):
    (tmp_path / "m.obj").write_bytes(obj())
    elsewhere = tmp_path / "elsewhere"
    for filename in (f"{tmp_path}/m.obj", f"file://{tmp_path}/m.obj"):
        element = mesh_element(elsewhere, filename)
        assert find_mesh(element, "arm", AssetRoot(tmp_path)) == tmp_path / "m.obj"


def test_the_package_folder_wins_over_a_bare_match(tmp_path):
    for name in ("urdf/meshes/m.obj", "bot/meshes/m.obj"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(obj())
    element = mesh_element(tmp_path / "urdf", "package://bot/meshes/m.obj")
    found = find_mesh(element, "arm", AssetRoot(tmp_path / "urdf"))
    assert found == tmp_path / "bot/meshes/m.obj"


@pytest.mark.parametrize(
    "filename",
    [
        "../../secret.obj",
        "../secret.obj",
        "../../other/secret.obj",
        "/etc/secret.obj",
        "file:///etc/secret.obj",
        "package://../secret.obj",
        "package://bot/../../secret.obj",
        "package:///etc/secret.obj",
    ],
)
def test_files_outside_the_asset_root_are_refused(tmp_path, filename):
    root = tmp_path / "robots" / "urdf"
    root.mkdir(parents=True)
    for place in ("secret.obj", "robots/secret.obj", "other/secret.obj"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(obj())
    with pytest.raises(AssetError, match=r"robot\.urdf:7: .*outside"):
        find_mesh(mesh_element(root, filename), "arm", AssetRoot(root))


def test_more_folders_may_be_named_in_the_environment(tmp_path, monkeypatch):
    mesh = tmp_path / "elsewhere" / "m.obj"
    mesh.parent.mkdir()
    mesh.write_bytes(obj())
    root = tmp_path / "robots" / "deep" / "urdf"
    root.mkdir(parents=True)
    for filename in (str(mesh), "../../../elsewhere/m.obj"):
        with pytest.raises(AssetError, match="HUMANOID_GYM_ASSET_PATH"):
            find_mesh(mesh_element(root, filename), "arm", AssetRoot(root))
    monkeypatch.setenv("HUMANOID_GYM_ASSET_PATH", f"relative:/nowhere:{mesh.parent}")
    for filename in (str(mesh), "../../../elsewhere/m.obj"):
        assert find_mesh(mesh_element(root, filename), "arm", AssetRoot(root)) == mesh


def test_a_plain_name_is_searched_up_to_the_asset_root(tmp_path):
    """Allegro's URDF lies in urdf/kuka_allegro and names kuka_allegro/meshes/m.obj."""
    mesh = tmp_path / "urdf" / "hand" / "meshes" / "m.obj"
    mesh.parent.mkdir(parents=True)
    mesh.write_bytes(obj())
    element = mesh_element(tmp_path / "urdf" / "hand", "hand/meshes/m.obj")
    assert find_mesh(element, "palm", AssetRoot(tmp_path)) == mesh
    assert find_mesh(element, "palm", AssetRoot(tmp_path / "urdf")) == mesh
    with pytest.raises(AssetError, match="missing"):
        find_mesh(element, "palm", AssetRoot(tmp_path / "urdf" / "hand"))


@pytest.mark.parametrize("filename", ["gone.stl", "package://bot/gone.stl", "https://a/gone.stl"])
def test_missing_mesh_names_file_line_link_and_places(tmp_path, filename):
    with pytest.raises(AssetError) as caught:
        MeshReader(AssetRoot(tmp_path)).read(mesh_element(tmp_path, filename), "left_arm")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'robot.urdf'}:7: ")
    assert filename in message
    assert "'left_arm'" in message
    assert "\n" not in message
    if not filename.startswith("https"):
        assert str(tmp_path) in message.partition("searched")[2]


def truncations():
    data = binary_stl()
    return [data[:end] for end in (84, 100, len(data) - 1)]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.stl", b"", "no triangles"),
        ("a.obj", b"hello", "no triangles"),
        ("a.obj", b"v 0 0 0\nf 1 2 3\n", "cannot be read as OBJ"),
        ("a.obj", obj().replace(b"3.0", b"nan"), "not finite"),
        ("a.stl", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        *(("a.stl", data, "(cannot be read as STL|no triangles)") for data in truncations()),
    ],
)
def test_damaged_files(tmp_path, name, data, expected):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(AssetError, match=expected) as caught:
        MeshReader(AssetRoot(tmp_path)).read(mesh_element(tmp_path, name), "arm")
    assert "\n" not in str(caught.value)


def test_unknown_format_lists_the_known(tmp_path):
    (tmp_path / "a.step").write_bytes(b"x")
    with pytest.raises(UnsupportedAssetError, match=r"\.stl, \.obj") as caught:
        MeshReader(AssetRoot(tmp_path)).read(mesh_element(tmp_path, "a.step"), "arm")
    assert isinstance(caught.value, NotImplementedError)


@pytest.mark.parametrize("scale", ["0 1 1", "1 1", "1 x 1", "1 nan 1"])
def test_bad_scale(tmp_path, scale):
    (tmp_path / "t.obj").write_bytes(obj())
    with pytest.raises(AssetError, match=r"robot\.urdf:7: .*scale"):
        MeshReader(AssetRoot(tmp_path)).read(mesh_element(tmp_path, "t.obj", scale), "arm")


def test_corners_that_meet_are_one_vertex(tmp_path):
    (tmp_path / "a.stl").write_bytes(binary_stl())
    mesh = MeshReader(AssetRoot(tmp_path)).read(mesh_element(tmp_path, "a.stl"), "arm")
    edges = {frozenset(pair) for f in mesh.faces for pair in pairwise([*f, f[0]])}
    assert len(mesh.vertices) - len(edges) + len(mesh.faces) == 2, "Euler's formula"
