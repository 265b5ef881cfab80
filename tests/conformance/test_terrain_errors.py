"""Height fields, meshes and planes that are refused, each with its reason."""

import math

import numpy as np
import pytest
from grounds import BOX_TRIANGLES, add_heightfield, add_mesh

from humanoid_gym.engine import gymapi


def heightfield_params(rows=10, columns=8, **values):
    params = gymapi.HeightFieldParams()
    params.nbRows, params.nbColumns = rows, columns
    for name, value in values.items():
        setattr(params, name, value)
    return params


NAN_POSITION = gymapi.Transform(gymapi.Vec3(math.nan, 0, 0))


@pytest.mark.parametrize(
    ("samples", "params", "kind", "text"),
    [
        (np.zeros(79, np.int16), heightfield_params(), ValueError, "10 times nbColumns 8 is 80"),
        (np.zeros(80), heightfield_params(), TypeError, "float64"),
        (np.zeros(1, np.int16), heightfield_params(1, 1), ValueError, "at least 2"),
        (np.zeros(80, np.int16), gymapi.HeightFieldParams(), ValueError, "got 0 and 0"),
        (np.full(80, 40000), heightfield_params(), ValueError, "do not fit int16"),
        (np.zeros((5, 16), np.int16), heightfield_params(), ValueError, r"\(5, 16\)"),
        (np.zeros(80, np.int16), heightfield_params(row_scale=0), ValueError, "row_scale"),
        (np.zeros(80, np.int16), heightfield_params(vertical_scale=math.inf), ValueError, "finite"),
        (np.zeros(80, np.int16), heightfield_params(static_friction=-1), ValueError, "friction"),
        (np.zeros(80, np.int16), heightfield_params(transform=NAN_POSITION), ValueError, "finite"),
    ],
)
def test_wrong_height_fields_are_refused(world, samples, params, kind, text):
    w = world()
    with pytest.raises(kind, match=text):
        w.gym.add_heightfield(w.sim, samples, params)


SQUARE = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]], dtype=np.float32)
TWO = np.array([[0, 2, 3], [0, 3, 1]], dtype=np.uint32)


@pytest.mark.parametrize(
    ("vertices", "triangles", "counts", "kind", "text"),
    [
        (SQUARE, TWO, (5, 2), ValueError, "nb_vertices is 5"),
        (SQUARE, TWO, (4, 3), ValueError, "nb_triangles is 3"),
        (SQUARE, TWO, (0, 0), ValueError, "nb_vertices is 0"),
        (SQUARE.astype(int), TWO, (4, 2), TypeError, "float32, got int"),
        (SQUARE, TWO.astype(float), (4, 2), TypeError, "uint32, got float64"),
        (SQUARE * math.nan, TWO, (4, 2), ValueError, "not finite"),
        (SQUARE, TWO + 1, (4, 2), ValueError, "1 to 4; there are 4"),
        (SQUARE, TWO.astype(int) - 1, (4, 2), ValueError, "-1 to 2"),
        (SQUARE, np.array([[0, 0, 1], [0, 1, 2]]), (4, 2), ValueError, "names? a vertex twice"),
        (SQUARE[:, [0, 2, 1]], TWO, (4, 2), ValueError, "vertical sheet"),
    ],
)
def test_wrong_meshes_are_refused(world, vertices, triangles, counts, kind, text):
    w = world()
    params = gymapi.TriangleMeshParams()
    params.nb_vertices, params.nb_triangles = counts
    with pytest.raises(kind, match=text):
        w.gym.add_triangle_mesh(w.sim, vertices.flatten(), triangles.flatten(), params)


def test_a_mesh_with_overhangs_is_refused_with_its_place_and_a_remedy(world):
    """A table top on a leg, beside a block that is fine."""
    w = world()
    unit = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (0, 1)], dtype=float)
    mushroom = np.concatenate([unit * [0.1, 0.1, 1], unit * [1, 1, 0.1] + [0, 0, 1]])
    top = np.array(BOX_TRIANGLES) + 8
    stitched = [*BOX_TRIANGLES, *top, [1, 8, 10]]  # one triangle joins leg and top
    vertices = np.concatenate([unit + np.array([5, 0, 0]), mushroom])
    triangles = np.concatenate([np.array(BOX_TRIANGLES), np.array(stitched) + 8])
    with pytest.raises(ValueError, match=r"part 1 of 2.*convex.*Split it"):
        add_mesh(w, vertices, triangles)


def test_ground_is_complete_with_prepare_sim(world):
    w = world()
    w.place(w.sphere(0.1), (0, 0, 1)).start()
    with pytest.raises(RuntimeError, match="add_heightfield: the scene is complete"):
        add_heightfield(w, np.zeros((4, 4), np.int16))
    with pytest.raises(RuntimeError, match="add_triangle_mesh: the scene is complete"):
        add_mesh(w, SQUARE, TWO)
    with pytest.raises(RuntimeError, match="add_ground: the scene is complete"):
        w.gym.add_ground(w.sim, gymapi.PlaneParams())


def test_wrong_planes_are_refused(world):
    w = world()
    params = gymapi.PlaneParams()
    params.normal = gymapi.Vec3(0, 0, 0)
    with pytest.raises(ValueError, match="normal is zero"):
        w.gym.add_ground(w.sim, params)
    params.normal = gymapi.Vec3(0, math.nan, 1)
    with pytest.raises(ValueError, match="not finite"):
        w.gym.add_ground(w.sim, params)
