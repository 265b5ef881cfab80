import numpy as np
import pytest
import trimesh

from humanoid_gym.engine.assets.decomposition import Decomposer, convex_parts, cut
from humanoid_gym.engine.assets.geometry import convex_hull
from humanoid_gym.engine.assets.model import Mesh, ShapeModel
from humanoid_gym.engine.values.parameters import AssetOptions


def mesh_of(solid):
    return Mesh(np.asarray(solid.vertices, dtype=float), np.asarray(solid.faces, dtype=np.int32))


def volume(mesh):
    return trimesh.Trimesh(mesh.vertices, mesh.faces).volume


def l_shape():
    corners = np.array([[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]], dtype=float)
    vertices = np.concatenate([np.column_stack([corners, np.full(6, z)]) for z in (0.0, 0.5)])
    bottom = [(0, 3, 1), (1, 3, 2), (0, 4, 3), (0, 5, 4)]
    faces = bottom + [(a + 6, c + 6, b + 6) for a, b, c in bottom]
    faces += [(i, (i + 1) % 6, i + 6) for i in range(6)]
    faces += [((i + 1) % 6, (i + 1) % 6 + 6, i + 6) for i in range(6)]
    return Mesh(vertices, np.array(faces, dtype=np.int32))


def test_the_hull_is_qhulls(rng):
    points = rng.normal(size=(60, 3)) * [1, 5, 0.2] + [10, 0, 0]
    ours, theirs = convex_hull(points), trimesh.points.PointCloud(points).convex_hull
    assert volume(ours) == pytest.approx(theirs.volume, rel=1e-5)
    assert trimesh.Trimesh(ours.vertices, ours.faces).is_convex


def test_convex_meshes_stay_whole():
    for solid in (trimesh.creation.box((1, 2, 3)), trimesh.creation.icosphere(2)):
        mesh = mesh_of(solid)
        assert convex_parts(mesh, 32) == [mesh]


def test_an_l_is_cut_into_two_boxes():
    parts = convex_parts(l_shape(), 32)
    assert sorted(volume(part) for part in parts) == pytest.approx([0.5, 1.0], rel=1e-4)


@pytest.mark.parametrize("inside_out", [False, True])
def test_a_tube_keeps_its_hole(inside_out):
    mesh = mesh_of(trimesh.creation.annulus(0.8, 1.0, 1.0, sections=48))
    if inside_out:
        mesh = Mesh(mesh.vertices, mesh.faces[:, ::-1])
    parts = convex_parts(mesh, 32)
    assert 4 <= len(parts) <= 32
    for part in parts:
        assert not trimesh.Trimesh(part.vertices, part.faces).contains([[0.0, 0.0, 0.0]])[0]
    assert sum(volume(part) for part in parts) < 0.6 * np.pi


def test_no_more_parts_than_asked_for():
    mesh = mesh_of(trimesh.creation.annulus(0.8, 1.0, 1.0, sections=48))
    assert len(convex_parts(mesh, 5)) == 5


def test_cutting_keeps_the_area():
    solid = trimesh.creation.icosphere(1)
    triangles = solid.vertices[solid.faces]
    below, above = cut(np.asarray(triangles), 2, 0.13)

    def area(rows):
        return trimesh.triangles.area(rows).sum()

    assert area(below) + area(above) == pytest.approx(solid.area)
    assert below[:, :, 2].max() <= 0.13 + 1e-12
    assert above[:, :, 2].min() >= 0.13 - 1e-12


def test_only_colliding_meshes_and_only_where_asked_for():
    shapes = [
        ShapeModel("mesh", (), mesh=l_shape(), friction=0.3, filter=4),
        ShapeModel("mesh", (), mesh=l_shape(), collides=False),
        ShapeModel("box", (1.0, 1.0, 1.0)),
    ]
    options = AssetOptions()
    assert Decomposer(options).split(shapes) == shapes
    options.vhacd_enabled = True
    split = Decomposer(options).split(shapes)
    assert [shape.kind for shape in split] == ["mesh", "mesh", "mesh", "box"]
    assert [(shape.friction, shape.filter) for shape in split[:2]] == [(0.3, 4)] * 2
    assert split[2:] == shapes[1:]
