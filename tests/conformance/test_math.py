"""Vectors, quaternions and transforms, single and in arrays, against SciPy."""

import copy
import pickle

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from humanoid_gym.engine import gymapi

DTYPES = {
    "Vec3": ("x", "y", "z"),
    "Quat": ("x", "y", "z", "w"),
    "Transform": ("p", "r"),
    "Velocity": ("linear", "angular"),
    "RigidBodyState": ("pose", "vel"),
    "DofState": ("pos", "vel"),
    "DofFrame": ("origin", "axis"),
}


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes_have_the_documented_fields(name):
    dtype = getattr(gymapi, name).dtype
    assert dtype.names == DTYPES[name]
    sizes = {"Vec3": 3, "Quat": 4, "Transform": 7, "Velocity": 6, "RigidBodyState": 13}
    assert dtype.itemsize == 4 * {**sizes, "DofState": 2, "DofFrame": 6}[name]


def structured(values, kind):
    return np.ascontiguousarray(values, "f4").view(kind.dtype)[..., 0]


def plain(array):
    return np.ascontiguousarray(array).view("f4").reshape(*array.shape, -1)


@pytest.fixture
def rotations(rng):
    return Rotation.random(6, random_state=rng)


@pytest.fixture
def vectors(rng):
    return rng.normal(size=(6, 3))


def test_products_of_arrays(vectors, rng):
    others = rng.normal(size=(6, 3))
    a, b = structured(vectors, gymapi.Vec3), structured(others, gymapi.Vec3)
    found = gymapi.cross(a, b)
    assert found.dtype == gymapi.Vec3.dtype
    assert plain(found) == pytest.approx(np.cross(vectors, others), abs=1e-5)
    assert gymapi.dot(a, b) == pytest.approx((vectors * others).sum(axis=1), abs=1e-5)


def test_rotating_arrays(rotations, vectors):
    q = structured(rotations.as_quat(), gymapi.Quat)
    v = structured(vectors, gymapi.Vec3)
    assert plain(gymapi.rotate(q, v)) == pytest.approx(rotations.apply(vectors), abs=1e-5)
    back = gymapi.rotate_inverse(q, gymapi.rotate(q, v))
    assert plain(back) == pytest.approx(vectors, abs=1e-5)
    # One rotation for all vectors, and plain arrays.
    single = gymapi.Quat(*rotations[0].as_quat())
    assert plain(gymapi.rotate(single, v)) == pytest.approx(rotations[0].apply(vectors), abs=1e-5)
    assert gymapi.rotate(rotations.as_quat(), vectors) == pytest.approx(
        rotations.apply(vectors), abs=1e-5
    )


def test_transforming_arrays(rotations, vectors, rng):
    offsets = rng.normal(size=(6, 3))
    t = structured(np.hstack((offsets, rotations.as_quat())), gymapi.Transform)
    v = structured(vectors, gymapi.Vec3)
    moved = gymapi.transform(t, v)
    assert plain(moved) == pytest.approx(rotations.apply(vectors) + offsets, abs=1e-5)
    assert plain(gymapi.transform_inverse(t, moved)) == pytest.approx(vectors, abs=1e-5)
    one = gymapi.Transform(gymapi.Vec3(*offsets[0]), gymapi.Quat(*rotations[0].as_quat()))
    assert plain(gymapi.transform(one, v)) == pytest.approx(plain(one.transform_points(v)))


def test_euler_angles_of_arrays(rng):
    angles = rng.uniform(-1.5, 1.5, size=(6, 3))
    quats = gymapi.eulers_to_quats_zyx(structured(angles, gymapi.Vec3))
    assert quats.dtype == gymapi.Quat.dtype
    expected = Rotation.from_euler("xyz", angles)
    assert (Rotation.from_quat(plain(quats)) * expected.inv()).magnitude().max() < 1e-6
    assert plain(gymapi.quats_to_eulers_zyx(quats)) == pytest.approx(angles, abs=1e-5)
    one = gymapi.Quat.from_euler_zyx(*angles[0])
    assert plain(quats)[0] == pytest.approx(one.to_array(), abs=1e-6)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [("cross", ([1, 2], [3, 4])), ("rotate", ([0, 0, 1], [1, 0, 0])), ("dot", (1.0, 2.0))],
)
def test_wrong_numbers_of_components_are_named(call, arguments):
    with pytest.raises(ValueError, match="values expected"):
        getattr(gymapi, call)(*arguments)


def test_components_may_be_anything_that_is_a_number():
    for source in (torch.tensor([1.0, 2.0, 3.0]), np.array([1, 2, 3]), [1, 2, 3]):
        assert gymapi.Vec3(*source) == gymapi.Vec3(1, 2, 3)
    vector = gymapi.Vec3()
    vector.x = np.array([4.0])
    vector.y = torch.tensor([[5.0]])
    assert (vector.x, vector.y) == (4.0, 5.0)


def test_nested_values_are_live():
    pose = gymapi.Transform()
    place = pose.p
    place.x = 3.0
    assert pose.p.x == 3.0
    pose.p = (1, 2, 3)
    assert pose.p == gymapi.Vec3(1, 2, 3)
    pose.r = gymapi.Quat(1, 0, 0, 0)
    assert pose.transform_vector(gymapi.Vec3(0, 1, 0)) == gymapi.Vec3(0, -1, 0)
    target = gymapi.AttractorProperties()
    target.target = np.array([((1, 2, 3), (0, 0, 0, 1))], gymapi.Transform.dtype)[0]
    assert target.target.p.z == 3


def test_values_from_buffers():
    states = np.zeros(2, gymapi.RigidBodyState.dtype)
    states["pose"]["p"]["x"] = [1, 2]
    states["pose"]["r"]["w"] = 1
    assert gymapi.Transform.from_buffer(states[1]["pose"]).p.x == 2
    assert gymapi.Vec3.from_buffer(np.array([1, 2, 3], "f4")) == gymapi.Vec3(1, 2, 3)


@pytest.mark.parametrize("name", [*DTYPES][:4])
def test_values_are_copied_and_pickled(name):
    kind = getattr(gymapi, name)
    value = kind.from_buffer(np.arange(1, 1 + kind.dtype.itemsize // 4).astype("f4"))
    for twin in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert twin == value
        assert twin is not value
    assert value.to_array().tolist() == list(range(1, 1 + kind.dtype.itemsize // 4))
