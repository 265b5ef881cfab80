"""Isaac Gym's line shapes and how they reach a viewer."""

import math

import numpy as np
import pytest

from humanoid_gym.engine import gymutil
from humanoid_gym.engine.values.math_types import Quat, Transform, Vec3


def numbers(array):
    """A structured array of Vec3 as plain numbers, shape (..., 3)."""
    assert array.dtype == Vec3.dtype
    return np.stack([array["x"], array["y"], array["z"]], axis=-1)


def lengths(geometry):
    ends = numbers(geometry.vertices())
    return np.linalg.norm(ends[:, 1] - ends[:, 0], axis=-1)


def test_axes_are_red_green_blue():
    axes = gymutil.AxesGeometry(0.3)
    assert axes.num_lines() == 3
    assert axes.vertices().shape == (3, 2)
    assert axes.colors().shape == (3,)
    np.testing.assert_array_equal(numbers(axes.vertices())[:, 0], np.zeros((3, 3)))
    np.testing.assert_allclose(numbers(axes.vertices())[:, 1], 0.3 * np.eye(3), rtol=1e-6)
    np.testing.assert_array_equal(numbers(axes.colors()), np.eye(3))
    assert lengths(gymutil.AxesGeometry()).tolist() == [1, 1, 1]


def test_box_edges():
    box = gymutil.WireframeBoxGeometry(2.0, 4.0, 6.0)
    ends = numbers(box.vertices())
    assert ends.shape == (12, 2, 3)
    np.testing.assert_array_equal(np.abs(ends), np.broadcast_to([1.0, 2.0, 3.0], (12, 2, 3)))
    assert sorted(lengths(box)) == [2.0] * 4 + [4.0] * 4 + [6.0] * 4
    assert len({tuple(sorted(map(tuple, edge))) for edge in ends.tolist()}) == 12
    np.testing.assert_array_equal(numbers(box.colors()), np.tile([1.0, 0.0, 0.0], (12, 1)))


def test_bounding_box():
    box = gymutil.WireframeBBoxGeometry([[-1, 0, 1], [1, 3, 2]], color=(0, 1, 1))
    corners = numbers(box.vertices()).reshape(-1, 3)
    assert corners.min(axis=0).tolist() == [-1, 0, 1]
    assert corners.max(axis=0).tolist() == [1, 3, 2]
    assert box.num_lines() == 12
    assert numbers(box.colors())[5].tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match=r"shape \(2, 3\); got shape \(3, 2\)"):
        gymutil.WireframeBBoxGeometry(np.zeros((3, 2)))


def test_sphere():
    sphere = gymutil.WireframeSphereGeometry(0.5, 6, 10, None, color=(1, 1, 0), color2=(0, 0, 1))
    assert sphere.num_lines() == 2 * 6 * 10
    radii = np.linalg.norm(numbers(sphere.vertices()), axis=-1)
    np.testing.assert_allclose(radii, 0.5, rtol=1e-6)
    ends, colors = numbers(sphere.vertices()), numbers(sphere.colors())
    flat = np.isclose(ends[:, 0, 2], ends[:, 1, 2])  # circles of latitude
    assert (colors[flat] == [0, 0, 1]).all()
    assert (colors[~flat] == [1, 1, 0]).all()
    plain = gymutil.WireframeSphereGeometry()
    assert plain.num_lines() == 128
    assert (numbers(plain.colors()) == [1, 0, 0]).all()


def test_own_pose_then_instance_pose():
    quarter = Transform(Vec3(0, 0, 1), Quat.from_axis_angle(Vec3(0, 0, 1), math.pi / 2))
    axes = gymutil.AxesGeometry(1.0, quarter)
    np.testing.assert_allclose(numbers(axes.vertices())[0], [[0, 0, 1], [0, 1, 1]], atol=1e-6)
    moved = axes.instance_verts(Transform(Vec3(5, 0, 0), quarter.r))
    np.testing.assert_allclose(numbers(moved)[0], [[5, 0, 1], [4, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(numbers(axes.vertices())[0], [[0, 0, 1], [0, 1, 1]], atol=1e-6)
    np.testing.assert_array_equal(axes.instance_verts(None), axes.vertices())


def test_a_colour_has_three_numbers():
    with pytest.raises(ValueError, match="three numbers, red, green and blue"):
        gymutil.WireframeBoxGeometry(1, 1, 1, None, (1, 0, 0, 1))


def test_programs_derive_their_own_shapes():
    class Tick(gymutil.LineGeometry):
        def vertices(self):
            ends = np.zeros((1, 2), Vec3.dtype)
            ends[0, 1] = (0, 0, 2)
            return ends

        def colors(self):
            return np.zeros(1, Vec3.dtype)

    assert Tick().num_lines() == 1
    moved = Tick().instance_verts(Transform(Vec3(1, 0, 0)))
    assert numbers(moved).tolist() == [[[1, 0, 0], [1, 0, 2]]]
    with pytest.raises(TypeError, match="abstract"):
        gymutil.LineGeometry()


class Recorder:
    """Stands for the Gym object."""

    def __init__(self):
        self.calls = []

    def add_lines(self, *arguments):
        self.calls.append(arguments)


def test_drawing_a_shape():
    gym, axes = Recorder(), gymutil.AxesGeometry()
    gymutil.draw_lines(axes, gym, "viewer", "env", Transform(Vec3(0, 0, 3)))
    viewer, env, count, vertices, colors = gym.calls[0]
    assert (viewer, env, count) == ("viewer", "env", 3)
    assert numbers(vertices)[:, 0].tolist() == [[0, 0, 3]] * 3
    assert numbers(colors).tolist() == np.eye(3).tolist()


def test_drawing_a_line():
    gym = Recorder()
    gymutil.draw_line(Vec3(1, 2, 3), Vec3(4, 5, 6), Vec3(0, 1, 0), gym, "viewer", None)
    viewer, env, count, vertices, colors = gym.calls[0]
    assert (viewer, env, count) == ("viewer", None, 1)
    assert numbers(vertices).reshape(-1).tolist() == [1, 2, 3, 4, 5, 6]
    assert numbers(colors).tolist() == [[0, 1, 0]]
