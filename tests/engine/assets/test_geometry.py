import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humanoid_gym.engine.assets import geometry
from humanoid_gym.engine.assets.geometry import MassProperties
from humanoid_gym.engine.assets.model import Mesh, Pose, ShapeModel

GEOMS = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
}
angles = st.lists(st.floats(-4.0, 4.0), min_size=3, max_size=3).map(np.array)


def axis_rotation(axis, angle):
    """Rodrigues' formula, written out."""
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def euler_matrix(rpy):
    roll, pitch, yaw = rpy
    x, y, z = np.eye(3)
    return axis_rotation(z, yaw) @ axis_rotation(y, pitch) @ axis_rotation(x, roll)


def compiled(build):
    """Mass, COM and inertia (body axes) of a body that MuJoCo weighs itself."""
    spec = mujoco.MjSpec()
    body = spec.worldbody.add_body()
    build(spec, body)
    model = spec.compile()
    axes = np.zeros(9)
    mujoco.mju_quat2Mat(axes, model.body_iquat[1])
    axes = axes.reshape(3, 3)
    return model.body_mass[1], model.body_ipos[1], axes @ np.diag(model.body_inertia[1]) @ axes.T


@given(angles)
def test_rpy_turns_about_fixed_x_then_y_then_z(rpy):
    matrix = geometry.rotation_matrix(geometry.rpy_to_quaternion(rpy))
    np.testing.assert_allclose(matrix, euler_matrix(rpy), atol=1e-12)


@given(angles, angles, angles)
def test_composed_pose_maps_points_like_the_two_in_turn(rpy_a, rpy_b, point):
    a = Pose(np.array([1.0, -2.0, 0.5]), geometry.rpy_to_quaternion(rpy_a))
    b = Pose(np.array([-0.3, 0.7, 4.0]), geometry.rpy_to_quaternion(rpy_b))
    both = geometry.compose(a, b)
    expected = euler_matrix(rpy_a) @ (euler_matrix(rpy_b) @ point + b.position) + a.position
    actual = geometry.rotation_matrix(both.rotation) @ point + both.position
    np.testing.assert_allclose(actual, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("box", (0.1, 0.2, 0.3)),
        ("sphere", (0.4,)),
        ("cylinder", (0.2, 0.5)),
        ("capsule", (0.2, 0.5)),
    ],
)
def test_solids_weigh_what_mujoco_says(kind, size):
    pose = Pose(np.array([0.3, -0.1, 0.2]), geometry.rpy_to_quaternion(np.array([0.3, 1.0, -2.0])))
    actual = geometry.shapes_mass_properties([ShapeModel(kind, size, pose)], density=700.0)
    mass, com, inertia = compiled(
        lambda _spec, body: body.add_geom(
            type=GEOMS[kind],
            size=np.resize([*size, 0.0, 0.0], 3),
            pos=pose.position,
            quat=np.roll(pose.rotation, 1),
            density=700.0,
        )
    )
    np.testing.assert_allclose(actual.mass, mass, rtol=1e-12)
    np.testing.assert_allclose(actual.com, com, atol=1e-12)
    np.testing.assert_allclose(actual.inertia, inertia, rtol=1e-9, atol=1e-12)


def test_capsule_inertia_by_sampling():
    random = np.random.default_rng(0)
    radius, half = 0.3, 0.4
    points = random.uniform(-1, 1, (400_000, 3)) * [radius, radius, radius + half]
    beyond = np.maximum(np.abs(points[:, 2]) - half, 0.0)
    inside = points[points[:, 0] ** 2 + points[:, 1] ** 2 + beyond**2 < radius**2]
    square = (inside**2).mean(axis=0)
    volume = 8 * radius * radius * (radius + half) * len(inside) / len(points)
    actual = geometry.shape_mass_properties(ShapeModel("capsule", (radius, half)), 1.0)
    assert actual.mass == pytest.approx(volume, rel=0.01)
    expected = [square[1] + square[2], square[0] + square[2], square[0] + square[1]]
    np.testing.assert_allclose(np.diag(actual.inertia) / actual.mass, expected, rtol=0.01)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 100.0])
def test_mesh_weighs_as_its_convex_hull(scale):
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 2) for z in (0, 3)], dtype=float)
    inner_point = [0.5, 1.0, 1.5]
    offset = np.array([5.0, 0.0, -1.0])
    vertices = (np.array([*corners, inner_point]) + offset) * scale
    mesh = Mesh(vertices, np.array([[0, 1, 8]], dtype=np.int32))
    actual = geometry.shape_mass_properties(ShapeModel("mesh", (), mesh=mesh), density=2.0)
    mass = 2.0 * 6.0 * scale**3
    moments = mass * scale**2 / 12.0 * np.array([4.0 + 9.0, 1.0 + 9.0, 1.0 + 4.0])
    assert actual.mass == pytest.approx(mass, rel=1e-5)
    np.testing.assert_allclose(actual.com, np.array([5.5, 1.0, 0.5]) * scale, rtol=1e-5)
    np.testing.assert_allclose(actual.inertia, np.diag(moments), atol=1e-5 * moments.max())


def test_flat_mesh_has_no_mass_properties():
    mesh = Mesh(np.array([[0, 0, 0], [1, 0, 1], [0, 1, 1], [1, 1, 2]], float), np.zeros((0, 3)))
    assert geometry.is_flat(mesh.vertices)
    with pytest.raises(ValueError, match="flat"):
        geometry.shape_mass_properties(ShapeModel("mesh", (), mesh=mesh), density=1.0)


def test_thin_but_solid_mesh_is_not_flat():
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1e-3)])
    assert not geometry.is_flat(corners)
    assert geometry.is_flat(corners[:3])


@pytest.mark.parametrize("density", [-1.0, float("nan"), float("inf")])
def test_density_that_cannot_be(density):
    with pytest.raises(ValueError, match="density"):
        geometry.shapes_mass_properties([ShapeModel("sphere", (1.0,))], density)


def test_combining_point_masses():
    masses, places = [1.0, 2.0, 3.0], np.array([[0, 0, 1], [1, 0, 0], [0, -2, 0]], dtype=float)
    actual = geometry.combine(MassProperties(m, p) for m, p in zip(masses, places, strict=True))
    com = (1.0 * places[0] + 2.0 * places[1] + 3.0 * places[2]) / 6.0
    inertia = sum(
        m * (np.dot(p - com, p - com) * np.eye(3) - np.outer(p - com, p - com))
        for m, p in zip(masses, places, strict=True)
    )
    assert actual.mass == 6.0
    np.testing.assert_allclose(actual.com, com)
    np.testing.assert_allclose(actual.inertia, inertia)


def test_combining_nothing_weighs_nothing():
    assert geometry.combine([MassProperties()]).mass == 0.0


@settings(deadline=None)
@given(
    st.lists(st.floats(0.0, 10.0, allow_subnormal=False), min_size=3, max_size=3),
    angles,
    st.floats(1e-3, 100.0),
)
def test_repaired_inertia_is_taken_by_mujoco_and_keeps_its_largest_moment(moments, rpy, mass):
    axes = euler_matrix(rpy)
    given_inertia = axes @ np.diag(moments) @ axes.T
    repaired, _ = geometry.repair_inertia(0.5 * (given_inertia + given_inertia.T), mass)
    small = mass * geometry.SUBSTITUTE_RADIUS**2
    assert np.linalg.eigvalsh(repaired)[2] == pytest.approx(max(moments), rel=1e-5, abs=small)

    spec = mujoco.MjSpec()
    body = spec.worldbody.add_body(mass=mass, explicitinertial=True)
    i = repaired
    body.fullinertia = [i[0, 0], i[1, 1], i[2, 2], i[0, 1], i[0, 2], i[1, 2]]
    body.add_freejoint()
    spec.compile()


def test_good_inertia_is_left_alone():
    inertia = np.diag([1.0, 2.0, 2.5])
    repaired, fault = geometry.repair_inertia(inertia, 1.0)
    assert repaired is inertia
    assert fault == ""


def test_triangle_violation_grows_the_two_smaller_moments():
    repaired, fault = geometry.repair_inertia(np.diag([1.0, 5.0, 2.0]), 1.0)
    assert "exceeds the sum" in fault
    np.testing.assert_allclose(np.diag(repaired), [2.0, 5.0, 3.0], rtol=1e-5)


def test_rounding_in_a_file_is_no_fault():
    repaired, fault = geometry.repair_inertia(np.diag([0.1, 0.1, 0.2001]), 1.0)
    assert fault == ""
    np.testing.assert_allclose(np.diag(repaired), [0.1, 0.1, 0.2], rtol=1e-3)


def test_zero_inertia_becomes_that_of_a_small_sphere():
    repaired, fault = geometry.repair_inertia(np.zeros((3, 3)), 2.0)
    assert "zero" in fault
    np.testing.assert_allclose(repaired, 0.4 * 2.0 * 0.01**2 * np.eye(3))


def test_negative_moments_are_refused():
    with pytest.raises(ValueError, match="negative"):
        geometry.repair_inertia(np.diag([-1.0, 1.0, 1.0]), 1.0)


def test_off_diagonals_that_are_too_large_are_repaired():
    # Products of inertia exceed the moments: the principal moments are -1, 1 and 3.
    inertia = np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    repaired, fault = geometry.repair_inertia(inertia, 1.0)
    assert "negative" in fault
    a, b, c = np.linalg.eigvalsh(repaired)
    assert a > 0.0
    assert a + b >= c
    assert c == pytest.approx(3.0)
