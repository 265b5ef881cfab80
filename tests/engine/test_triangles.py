"""Shapes as triangles: their sizes, volumes and places follow from geometry."""

import mujoco
import numpy as np
import pytest
import trimesh

from humanoid_gym.engine import gymapi
from humanoid_gym.engine.graphics.triangles import (
    MAX_HEIGHTS,
    field_triangles,
    ground_triangles,
    mesh_key,
    stretch,
    triangles_of,
)
from humanoid_gym.engine.terrain.shapes import Box, ConvexSolid, HeightField, Plane

QUARTER_TURN = gymapi.Quat(0.0, 0.0, 0.5**0.5, 0.5**0.5)
AT = gymapi.Transform(gymapi.Vec3(10.0, 20.0, 30.0), QUARTER_TURN)
SHAPES = {  # half extents and volume of a geom
    "box": ("0.1 0.2 0.3", (0.1, 0.2, 0.3), 8 * 0.1 * 0.2 * 0.3),
    "sphere": ("0.2", (0.2, 0.2, 0.2), 4 / 3 * np.pi * 0.2**3),
    "ellipsoid": ("0.1 0.2 0.3", (0.1, 0.2, 0.3), 4 / 3 * np.pi * 0.1 * 0.2 * 0.3),
    "cylinder": ("0.1 0.3", (0.1, 0.1, 0.3), np.pi * 0.1**2 * 0.6),
    "capsule": ("0.1 0.3", (0.1, 0.1, 0.4), np.pi * 0.1**2 * 0.6 + 4 / 3 * np.pi * 0.1**3),
}


def model_of(kind, size):
    geom = f'<geom type="{kind}" size="{size}"/>'
    return mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{geom}</worldbody></mujoco>")


@pytest.mark.parametrize("kind", SHAPES)
def test_a_mesh_of_size_one_is_stretched_to_the_geom(kind):
    size, half, volume = SHAPES[kind]
    model = model_of(kind, size)
    key = mesh_key(model, 0, model.geom_size[0])
    mesh = triangles_of(model, key)
    solid = trimesh.Trimesh(mesh.vertices * stretch(key, model.geom_size)[0], mesh.faces)
    assert solid.is_watertight
    assert solid.volume == pytest.approx(volume, rel=0.03)  # positive: triangles face out
    np.testing.assert_allclose(solid.bounds, [[-x for x in half], half], rtol=0.01)


def test_alike_geoms_share_a_mesh():
    model, other = model_of("capsule", "0.1 0.3"), model_of("capsule", "0.2 0.6")
    assert mesh_key(model, 0, model.geom_size[0]) == mesh_key(other, 0, other.geom_size[0])
    slender = model_of("capsule", "0.1 0.35")
    assert mesh_key(model, 0, model.geom_size[0]) != mesh_key(slender, 0, slender.geom_size[0])


def test_a_geom_without_a_surface_is_named():
    model = model_of("plane", "1 1 1")
    with pytest.raises(ValueError, match="mjGEOM_PLANE"):
        triangles_of(model, mesh_key(model, 0, model.geom_size[0]))


def test_a_height_field_has_its_heights_and_its_diagonals():
    heights = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], np.float32)
    field = HeightField(gymapi.Transform(), 1.0, 0, heights, (0.5, 0.25))
    surface = field_triangles(field)
    corners = {tuple(v) for v in surface.vertices.tolist()}
    assert corners == {(0.5 * i, 0.25 * j, 3.0 * i + j) for i in range(2) for j in range(3)}
    a, b, c = (surface.vertices[surface.faces[:, i]] for i in range(3))
    areas = np.cross(b - a, c - a)[:, 2] / 2
    np.testing.assert_allclose(areas, 0.5 * 0.25 / 2)  # all face up
    for face in surface.vertices[surface.faces][:, :, :2]:
        low, high = face.min(axis=0), face.max(axis=0)
        assert any((p == low).all() for p in face)
        assert any((p == high).all() for p in face)


def test_a_fine_height_field_is_thinned_over_the_same_ground():
    side = 1201
    heights = np.zeros((side, side), np.float32)
    heights[600:, :] = 2.0
    surface = field_triangles(HeightField(gymapi.Transform(), 1.0, 0, heights, (0.1, 0.1)))
    assert 0.5 * MAX_HEIGHTS < len(surface.vertices) <= 1.05 * MAX_HEIGHTS
    np.testing.assert_allclose(surface.vertices.min(axis=0), 0.0)
    np.testing.assert_allclose(surface.vertices.max(axis=0), (120.0, 120.0, 2.0))


def test_the_ground_is_all_static_shapes_but_planes_in_place():
    box = Box(AT, 1.0, 0, np.array([1.0, 2.0, 3.0]))
    tetrahedron = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    solid = ConvexSolid(AT, 1.0, 0, tetrahedron, faces)
    shapes = [Plane(gymapi.Transform(), 1.0, 0), box, solid]
    ground = ground_triangles(shapes, np.array([9.0, 20.0, 30.0]))
    parts = trimesh.Trimesh(ground.vertices, ground.faces).split()
    first, second = sorted(parts, key=lambda part: -part.volume)
    assert first.volume == pytest.approx(48.0)
    assert second.volume == pytest.approx(1 / 6)
    np.testing.assert_allclose(first.bounds, [[1 - 2, -1, -3], [1 + 2, 1, 3]])  # x and y change
    np.testing.assert_allclose(second.bounds, [[0, 0, 0], [1, 1, 1]], atol=1e-12)


def test_ground_of_planes_only_has_no_triangles():
    assert len(ground_triangles([Plane(AT, 1.0, 0)], np.zeros(3)).faces) == 0
