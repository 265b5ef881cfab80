"""Vec3, Quat, Transform and their NumPy layouts, against SciPy and hand-worked values."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from humanoid_gym.engine.values import math_types
from humanoid_gym.engine.values.math_types import Mat33, Quat, Transform, Vec2, Vec3, Velocity

ANGLES = [(0.3, -0.9, 2.2), (-3.0, 1.2, -0.1), (0.0, 0.0, 0.0), (1.0, 1.5, 3.0)]


def numbers(record):
    return [getattr(record, name) for name in record._fields]


def scipy_of(quat):
    return Rotation.from_quat(numbers(quat))


@pytest.mark.parametrize("name", math_types.__all__)
def test_types_copy_pickle_and_compare_by_value(name):
    kind = getattr(math_types, name)
    value = kind.from_buffer(np.arange(1, 1 + kind.dtype.itemsize // 4).astype("f4"))
    if name.startswith("Int"):
        value = kind(*range(1, 1 + len(kind._fields)))
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert twin == value
        assert twin is not value
    assert value != kind()
    assert name in repr(value)
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)


def test_deepcopy_is_independent():
    pose = Transform(Vec3(1, 2, 3))
    twin = copy.deepcopy(pose)
    twin.p.x = 9
    assert pose.p.x == 1


def test_vector_arithmetic():
    a, b = Vec3(1, 2, 3), Vec3(-4, 5, 0.5)
    x, y = np.array(numbers(a)), np.array(numbers(b))
    assert numbers(a + b) == list(x + y)
    assert numbers(a - b) == list(x - y)
    assert numbers(a * 2) == numbers(2 * a) == list(2 * x)
    assert numbers(a / 2) == list(x / 2)
    assert numbers(-a) == list(-x)
    assert a.dot(b) == x @ y
    assert numbers(a.cross(b)) == list(np.cross(x, y))
    assert a.length_sq() == x @ x
    assert a.length() == pytest.approx(np.linalg.norm(x))
    assert a.normalize().length() == pytest.approx(1)
    assert a.x == 1, "normalize returns a new vector"
    assert Vec3().normalize() == Vec3()


def test_vectors_refuse_other_operands():
    with pytest.raises(TypeError):
        Vec3() * Vec3()  # pyright: ignore[reportOperatorIssue] (the point of the test)
    with pytest.raises(TypeError):
        Vec3() + 1  # pyright: ignore[reportOperatorIssue]
    with pytest.raises(TypeError):
        Quat() * Vec3()  # pyright: ignore[reportOperatorIssue]


@pytest.mark.parametrize("angles", ANGLES)
def test_euler_angles_against_scipy(angles):
    quat = Quat.from_euler_zyx(*angles)
    expected = Rotation.from_euler("xyz", angles)
    assert (scipy_of(quat).inv() * expected).magnitude() == pytest.approx(0, abs=1e-12)
    assert quat.to_euler_zyx() == pytest.approx(expected.as_euler("xyz"))


def test_products_rotation_and_inverse_against_scipy():
    a, b = (Quat.from_euler_zyx(*angles) for angles in ANGLES[:2])
    product = scipy_of(a) * scipy_of(b)
    assert (scipy_of(a * b).inv() * product).magnitude() == pytest.approx(0, abs=1e-12)
    vector = Vec3(0.3, -2, 1)
    assert numbers(a.rotate(vector)) == pytest.approx(scipy_of(a).apply(numbers(vector)))
    assert numbers(a.inverse().rotate(a.rotate(vector))) == pytest.approx(numbers(vector))


def test_axis_angle():
    quat = Quat.from_axis_angle(Vec3(0, 0, 7), math.pi / 2)
    assert numbers(quat) == pytest.approx([0, 0, math.sqrt(0.5), math.sqrt(0.5)])
    with pytest.raises(ValueError, match="axis has zero length"):
        Quat.from_axis_angle(Vec3(), 1.0)


def test_quaternion_normalize():
    assert numbers(Quat(0, 3, 0, 4).normalize()) == pytest.approx([0, 0.6, 0, 0.8])
    assert Quat(0, 0, 0, 0).normalize() == Quat()


def test_transforms_compose_and_invert():
    a = Transform(Vec3(1, 2, 3), Quat.from_euler_zyx(*ANGLES[0]))
    b = Transform(p=Vec3(-1, 0, 2), r=Quat.from_euler_zyx(*ANGLES[1]))
    point = Vec3(0.5, -0.2, 4)
    chained = a.transform_point(b.transform_point(point))
    assert numbers((a * b).transform_point(point)) == pytest.approx(numbers(chained))
    back = a.inverse().transform_point(a.transform_point(point))
    assert numbers(back) == pytest.approx(numbers(point))
    expected = scipy_of(a.r).apply(numbers(point))
    assert numbers(a.transform_vector(point)) == pytest.approx(expected)


def test_transform_of_structured_arrays():
    pose = Transform(Vec3(1, 2, 3), Quat.from_euler_zyx(*ANGLES[0]))
    plain = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("f4")
    points = plain.view(Vec3.dtype)[..., 0]
    turned = scipy_of(pose.r).apply(plain.reshape(-1, 3)).reshape(2, 5, 3)
    moved = pose.transform_points(points)
    assert moved.shape == (2, 5)
    assert moved.dtype == Vec3.dtype
    np.testing.assert_allclose(
        moved.view("f4").reshape(2, 5, 3), turned + numbers(pose.p), atol=1e-5
    )
    vectors = pose.transform_vectors(points).view("f4").reshape(2, 5, 3)
    np.testing.assert_allclose(vectors, turned, atol=1e-5)
    with pytest.raises(ValueError, match=r"Vec3\.dtype"):
        pose.transform_points(plain)


def test_nested_values_are_live_and_assignment_copies():
    pose = Transform()
    pose.p.x = 2
    assert pose.p.x == 2
    corner = Vec3(1, 1, 1)
    pose.p = corner
    corner.x = 5
    assert pose.p.x == 1
    pose.p = (7, 8, 9)
    assert pose.p == Vec3(7, 8, 9)
    assert Transform().p == Vec3(), "defaults are not shared"


@pytest.mark.parametrize(
    "value",
    [3, 3.0, np.float32(3), np.array(3.0), np.array([3.0]), torch.tensor(3), torch.tensor([3.0])],
)
def test_components_accept_anything_that_is_one_number(value):
    assert Vec3(value).x == 3.0
    assert type(Vec3(value).x) is float


def test_vector_from_unpacked_tensor():
    assert Vec3(*torch.tensor([1.0, 2.0, 3.0])) == Vec3(1, 2, 3)


@pytest.mark.parametrize("value", ["1", None, np.zeros(2), torch.zeros(2), np.zeros(0), [1]])
def test_components_refuse_what_is_not_one_number(value):
    with pytest.raises(TypeError, match=r"Vec3\.x: "):
        Vec3(value)


def test_wrong_names_and_counts():
    with pytest.raises(AttributeError, match="Vec3 has no attribute 'X'"):
        Vec3().X = 1
    with pytest.raises(TypeError, match="at most 3 values, got 4"):
        Vec3(1, 2, 3, 4)
    with pytest.raises(TypeError, match="no attribute 'rot'"):
        Transform(rot=Quat())
    with pytest.raises(TypeError, match=r"Transform\.p: Vec3 has 3 values, got 2"):
        Transform(p=(1, 2))
    with pytest.raises(TypeError, match=r"Transform\.r: Quat expected, got Vec3"):
        Transform(r=Vec3())


def test_numpy_layouts():
    assert Vec3.dtype.names == ("x", "y", "z")
    assert Quat.dtype.names == ("x", "y", "z", "w")
    assert Transform.dtype.itemsize == 28
    assert Velocity.dtype.names == ("linear", "angular")
    assert math_types.DofFrame.dtype.names == ("origin", "axis")
    assert math_types.Int3.dtype["z"] == np.int32
    assert Mat33.dtype.itemsize == 36
    rows = np.zeros(2, Transform.dtype)
    rows[1] = ((1, 2, 3), (0, 0, 1, 0))
    assert Transform.from_buffer(rows[1:]) == Transform(Vec3(1, 2, 3), Quat(0, 0, 1, 0))
    holder = Transform()
    holder.p = rows["p"][1]
    assert holder.p == Vec3(1, 2, 3)
    holder.r = rows["r"][1:]
    assert holder.r == Quat(0, 0, 1, 0)


def test_from_buffer():
    assert Vec2.from_buffer(np.array([1, 2], "f4")) == Vec2(1, 2)
    assert Vec3.from_buffer(np.arange(6, dtype="f4")) == [Vec3(0, 1, 2), Vec3(3, 4, 5)]
    assert Vec3.from_buffer(np.arange(3, dtype="f4").tobytes()) == Vec3(0, 1, 2)
    with pytest.raises(ValueError, match="8 bytes given, a multiple of 12 expected"):
        Vec3.from_buffer(np.zeros(2, "f4"))
