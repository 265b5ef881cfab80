"""Quaternion maths: group axioms, parity with SciPy, broadcasting, TorchScript."""

import inspect
import math

import pytest
import torch
from scipy.spatial.transform import Rotation

from humanoid_gym import rotation

Q64 = torch.float64


def random_quats(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    q = torch.randn(*shape, 4, generator=generator, dtype=Q64)
    return q / q.norm(dim=-1, keepdim=True)


def random_vectors(*shape, seed=9):
    return torch.randn(*shape, 3, generator=torch.Generator().manual_seed(seed), dtype=Q64)


def assert_same_rotation(a, b):
    """q and -q are one rotation."""
    torch.testing.assert_close((a * b).sum(-1).abs(), torch.ones(a.shape[:-1], dtype=a.dtype))


def test_product_is_associative_with_identity_and_inverse():
    a, b, c = (random_quats(50, seed=seed) for seed in range(3))
    multiply = rotation.quat_multiply
    torch.testing.assert_close(multiply(multiply(a, b), c), multiply(a, multiply(b, c)))
    identity = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=Q64).expand_as(a)
    torch.testing.assert_close(multiply(a, identity), a)
    torch.testing.assert_close(multiply(identity, a), a)
    torch.testing.assert_close(multiply(a, rotation.quat_conjugate(a)), identity)


def test_rotation_is_a_homomorphism_and_an_isometry():
    a, b, v, u = random_quats(50), random_quats(50, seed=1), random_vectors(50), random_vectors(50)
    rotate = rotation.quat_rotate
    torch.testing.assert_close(rotate(rotation.quat_multiply(a, b), v), rotate(a, rotate(b, v)))
    torch.testing.assert_close((rotate(a, v) * rotate(a, u)).sum(-1), (v * u).sum(-1))
    torch.testing.assert_close(rotation.quat_rotate_inverse(a, rotate(a, v)), v)
    torch.testing.assert_close(rotate(-a, v), rotate(a, v))


def test_scipy_agrees_on_products_vectors_and_matrices():
    a, b, v = random_quats(80), random_quats(80, seed=1), random_vectors(80)
    ours, theirs = Rotation.from_quat(a.numpy()), Rotation.from_quat(b.numpy())
    product = torch.from_numpy((ours * theirs).as_quat())
    assert_same_rotation(rotation.quat_multiply(a, b), product)
    rotated = torch.from_numpy(ours.apply(v.numpy()))
    torch.testing.assert_close(rotation.quat_rotate(a, v), rotated)
    torch.testing.assert_close(rotation.quat_to_matrix(a), torch.from_numpy(ours.as_matrix()))


def test_scipy_agrees_on_axis_angle():
    axis = random_vectors(60)
    angle = torch.linspace(-7.0, 7.0, 60, dtype=Q64)
    unit = axis / axis.norm(dim=-1, keepdim=True)
    expected = Rotation.from_rotvec((unit * angle[:, None]).numpy()).as_quat()
    assert_same_rotation(
        rotation.quat_from_axis_angle(5.0 * axis, angle), torch.from_numpy(expected)
    )


def test_scipy_agrees_on_euler_angles():
    angles = torch.from_numpy(Rotation.random(70, rng=3).as_euler("xyz"))
    q = rotation.quat_from_euler_xyz(*angles.unbind(-1))
    assert_same_rotation(q, torch.from_numpy(Rotation.from_euler("xyz", angles.numpy()).as_quat()))
    back = torch.stack(rotation.euler_xyz_from_quat(q), dim=-1)
    torch.testing.assert_close(back, angles)


@pytest.mark.parametrize("pitch", [math.pi / 2, -math.pi / 2])
def test_euler_angles_at_gimbal_lock_are_finite_in_float32(pitch):
    zero = torch.zeros(1)
    q = rotation.quat_from_euler_xyz(zero, torch.tensor([pitch]), zero)
    angles = rotation.euler_xyz_from_quat(q * (1 + 1e-6))
    assert all(bool(torch.isfinite(angle)) for angle in angles)
    torch.testing.assert_close(angles[1], torch.tensor([pitch]), atol=1e-3, rtol=0)


def test_heading_is_the_yaw_whatever_the_tilt():
    yaw = torch.tensor([0.3, -2.9, 3.1], dtype=Q64)
    zero = torch.zeros_like(yaw)
    tilted = rotation.quat_from_euler_xyz(zero + 0.4, zero - 0.7, yaw)
    torch.testing.assert_close(rotation.heading_angle(tilted), yaw)


def test_normalize_angle_wraps():
    angle = torch.tensor([0.0, 1.5 * math.pi, -1.5 * math.pi, 7.0, -20.0], dtype=Q64)
    wrapped = rotation.normalize_angle(angle)
    assert bool((wrapped.abs() <= math.pi).all())
    turns = (angle - wrapped) / (2 * math.pi)
    torch.testing.assert_close(turns, turns.round())


def test_normalize_leaves_zero_finite():
    torch.testing.assert_close(rotation.quat_normalize(torch.zeros(2, 4)), torch.zeros(2, 4))
    q = rotation.quat_normalize(torch.tensor([0.0, 3.0, 0.0, 4.0]))
    torch.testing.assert_close(q, torch.tensor([0.0, 0.6, 0.0, 0.8]))


def test_batch_dimensions_broadcast():
    q, v = random_quats(5, 1), random_vectors(1, 3)
    rotated = rotation.quat_rotate(q, v)
    assert rotated.shape == (5, 3, 3)
    torch.testing.assert_close(rotated[4, 2], rotation.quat_rotate(q[4, 0], v[0, 2]))
    assert rotation.quat_multiply(q, random_quats(3)).shape == (5, 3, 4)
    angle = torch.tensor(0.5, dtype=Q64)
    assert rotation.quat_from_axis_angle(v, angle).shape == (1, 3, 4)


FUNCTIONS = [f for _, f in inspect.getmembers(rotation, inspect.isfunction)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_scripted_equals_eager(function):
    examples = {"q": random_quats(6), "a": random_quats(6), "b": random_quats(6, seed=4)}
    examples.update(v=random_vectors(6), axis=random_vectors(6))
    names = list(inspect.signature(function).parameters)
    arguments = [examples.get(name, torch.linspace(-1.0, 1.0, 6, dtype=Q64)) for name in names]
    torch.testing.assert_close(torch.jit.script(function)(*arguments), function(*arguments))
