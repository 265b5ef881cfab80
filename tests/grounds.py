"""Ground as clients add it, for tests of terrain."""

import numpy as np

from humanoid_gym.engine import gymapi, terrain_utils


def material(params, friction=1.0, position=(0, 0, 0), rotation=(0, 0, 0, 1), label=0):
    params.static_friction = params.dynamic_friction = friction
    params.segmentation_id = label
    if hasattr(params, "transform"):
        params.transform = gymapi.Transform(gymapi.Vec3(*position), gymapi.Quat(*rotation))
    return params


def add_heightfield(w, heights, cell=0.1, unit=0.005, flat=True, **kwargs):
    """A NumPy array whose first axis is x, passed as legged_gym does."""
    params = material(gymapi.HeightFieldParams(), **kwargs)
    params.nbColumns, params.nbRows = heights.shape
    params.column_scale = params.row_scale = cell
    params.vertical_scale = unit
    w.gym.add_heightfield(w.sim, heights.flatten() if flat else heights, params)


def add_mesh(w, vertices, triangles, **kwargs):
    params = material(gymapi.TriangleMeshParams(), **kwargs)
    params.nb_vertices, params.nb_triangles = len(vertices), len(triangles)
    w.gym.add_triangle_mesh(
        w.sim,
        np.asarray(vertices, dtype=np.float32).flatten(),
        np.asarray(triangles, dtype=np.uint32).flatten(),
        params,
    )


def add_grid_mesh(w, heights, cell=0.1, unit=0.005, threshold=None, **kwargs):
    mesh = terrain_utils.convert_heightfield_to_trimesh(heights, cell, unit, threshold)
    add_mesh(w, *mesh, **kwargs)


BOX_TRIANGLES = [
    *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]),
    *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
]
"""Faces of a box whose corners are in the order of (x, y, z), z changing fastest."""
WEDGE = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [2, 2, 0], [2, 0, 1], [2, 2, 1]], dtype=float)
"""A solid that rises along x from 0 to 1."""
WEDGE_TRIANGLES = [
    *([0, 2, 3], [0, 3, 1], [1, 3, 5], [1, 5, 4], [0, 4, 5], [0, 5, 2], [0, 1, 4], [2, 5, 3]),
]
