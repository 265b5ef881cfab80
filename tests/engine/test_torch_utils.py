"""Functions under Isaac Gym's names, against SciPy and hand-worked values."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from humanoid_gym.engine import torch_utils

DOCUMENTED = """to_torch quat_mul normalize quat_apply quat_rotate quat_rotate_inverse
quat_conjugate quat_unit quat_from_angle_axis normalize_angle tf_inverse tf_apply tf_vector
tf_combine get_basis_vector get_axis_params copysign get_euler_xyz quat_from_euler_xyz
torch_rand_float torch_random_dir_2 tensor_clamp scale unscale unscale_np torch np""".split()  # noqa: SIM905
NOT_SCRIPTED = ("to_torch", "get_axis_params", "unscale_np", "torch", "np")


def random_rotations(count, seed=0):
    rotations = Rotation.random(count, rng=seed)
    return rotations, torch.from_numpy(rotations.as_quat())


def test_every_documented_name_is_exported():
    assert sorted(torch_utils.__all__) == sorted(DOCUMENTED)


@pytest.mark.parametrize("name", [name for name in DOCUMENTED if name not in NOT_SCRIPTED])
def test_functions_compile_for_programs_that_script_their_own(name):
    torch.jit.script(getattr(torch_utils, name))


def test_a_scripted_program_calls_them():
    from humanoid_gym.engine.torch_utils import quat_mul, torch_rand_float

    def program(q):
        # type: (torch.Tensor) -> torch.Tensor
        return quat_mul(q, q) + torch_rand_float(0.0, 0.0, (2, 4), "cpu")

    q = random_rotations(2)[1].float()
    torch.testing.assert_close(torch.jit.script(program)(q), quat_mul(q, q))


def test_quat_apply_pairs_flat_quaternions_with_grids_of_points():
    rotations, q = random_rotations(3)
    points = torch.randn(3, 5, 3, dtype=torch.float64)
    turned = torch_utils.quat_apply(q.repeat(1, 5), points)
    for index in range(3):
        np.testing.assert_allclose(turned[index], rotations[index].apply(points[index].numpy()))


def test_angle_axis():
    axis = torch.tensor([[0.0, 0.0, 3.0], [2.0, 0.0, 0.0]])
    q = torch_utils.quat_from_angle_axis(torch.tensor([math.pi, 0.5]), axis)
    expected = Rotation.from_rotvec([[0, 0, math.pi], [0.5, 0, 0]]).as_quat()
    np.testing.assert_allclose(q, expected, atol=1e-6)


def test_euler_angles_are_in_zero_to_two_pi():
    q = torch_utils.quat_from_euler_xyz(*torch.tensor([[-0.2], [-0.4], [3.0]]))
    angles = torch.stack(torch_utils.get_euler_xyz(q))[:, 0]
    expected = torch.tensor([2 * math.pi - 0.2, 2 * math.pi - 0.4, 3.0])
    torch.testing.assert_close(angles, expected)


def test_transforms():
    (r1, q1), (r2, q2) = random_rotations(4), random_rotations(4, seed=1)
    t1, t2, v = (torch.randn(4, 3, dtype=torch.float64) for _ in range(3))
    q12, t12 = torch_utils.tf_combine(q1, t1, q2, t2)
    expected = r1.apply(r2.apply(v.numpy()) + t2.numpy()) + t1.numpy()
    np.testing.assert_allclose(torch_utils.tf_apply(q12, t12, v), expected)
    inverse = torch_utils.tf_inverse(q1, t1)
    back = torch_utils.tf_apply(*inverse, torch_utils.tf_apply(q1, t1, v))
    torch.testing.assert_close(back, v)
    torch.testing.assert_close(torch_utils.tf_vector(q1, v), torch_utils.tf_apply(q1, t1, v) - t1)


def test_axis_params():
    assert torch_utils.get_axis_params(1.5, 2) == [0.0, 0.0, 1.5]
    assert torch_utils.get_axis_params(1.0, 1, x_value=4.0) == [4.0, 1.0, 0.0]
    assert torch_utils.get_axis_params(2.7, 3, dtype=int, n_dims=4) == [0, 0, 0, 2]
    with pytest.raises(ValueError, match="axis_idx is 3, one of 0 to 2 expected"):
        torch_utils.get_axis_params(1.0, 3)


def test_to_torch():
    made = torch_utils.to_torch([1, 2], device="cpu", requires_grad=True)
    assert made.dtype == torch.float32
    assert made.requires_grad
    source = torch.zeros(2)
    copied = torch_utils.to_torch(source, device="cpu")
    copied += 1
    assert source.tolist() == [0, 0]
    assert torch_utils.to_torch(np.ones(2), dtype=torch.long, device="cpu").tolist() == [1, 1]


def test_to_torch_without_cuda_makes_a_cpu_tensor(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert torch_utils.to_torch([0.0]).device.type == "cpu"


def test_scaling_and_clamping():
    lower, upper = torch.tensor([-2.0, 0.0]), torch.tensor([2.0, 10.0])
    x = torch.tensor([[-1.0, 1.0], [0.5, 0.0]])
    scaled = torch_utils.scale(x, lower, upper)
    assert scaled.tolist() == [[-2.0, 10.0], [1.0, 5.0]]
    assert torch_utils.unscale(scaled, lower, upper).tolist() == x.tolist()
    arrays = (scaled.numpy(), lower.numpy(), upper.numpy())
    assert torch_utils.unscale_np(*arrays).tolist() == x.tolist()
    assert torch_utils.tensor_clamp(scaled * 3, lower, upper).tolist() == [[-2, 10], [2, 10]]


def test_copysign_and_normalize():
    signs = torch_utils.copysign(-2.0, torch.tensor([3.0, -0.5]))
    assert signs.tolist() == [2.0, -2.0]
    unit = torch_utils.normalize(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    torch.testing.assert_close(unit, torch.tensor([[0.6, 0.8], [0.0, 0.0]]))


def test_random_numbers_stay_in_range():
    drawn = torch_utils.torch_rand_float(-3.0, 5.0, (1000, 2), "cpu")
    assert drawn.shape == (1000, 2)
    assert -3.0 <= drawn.min() < -2.5
    assert 4.5 < drawn.max() < 5.0
    directions = torch_utils.torch_random_dir_2((1000, 1), "cpu")
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones(1000))
    assert directions.mean(dim=0).abs().max() < 0.1
