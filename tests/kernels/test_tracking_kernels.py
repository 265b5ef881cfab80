"""Kernels of motion tracking against rotations by hand and a plain loop."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from humanoid_gym.kernels import tracking as kernels
from humanoid_gym.kernels import tracking_rewards as terms
from humanoid_gym.rotation import down_axis, quat_from_euler_xyz, quat_multiply, quat_to_matrix

N, B = 7, 4
GENERATOR = torch.Generator().manual_seed(3)


def turned(roll: float, pitch: float, yaw: float) -> torch.Tensor:
    return quat_from_euler_xyz(*(torch.tensor([angle]) for angle in (roll, pitch, yaw)))


def states(*shape: int) -> torch.Tensor:
    """Random states of bodies, quaternions of unit length."""
    values = torch.randn(*shape, 13, generator=GENERATOR)
    values[..., 3:7] /= values[..., 3:7].norm(dim=-1, keepdim=True)
    return values


def about_z(angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize("yaw", [-3.0, -0.4, 0.0, 1.7])
def test_yaw_between_two_orientations_is_what_is_left_of_a_tilt(yaw):
    tilt = turned(0.3, -0.2, 0.6)
    found = kernels.yaw_between(tilt, quat_multiply(turned(0.0, 0.0, yaw), tilt))
    expected = torch.tensor([[0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2)]])
    torch.testing.assert_close(found * found[:, 3:].sign(), expected * expected[:, 3:].sign())


def test_upside_down_there_is_no_yaw():
    found = kernels.yaw_between(turned(0.0, 0.0, 0.0), torch.tensor([[1.0, 0.0, 0.0, 0.0]]))
    assert found.tolist() == [[0.0, 0.0, 0.0, 1.0]]


def test_aligned_bodies_stand_above_the_robot_and_face_where_it_does():
    yaw = 0.9
    reference = torch.tensor([[4.0, -2.0, 0.8, 0.0, 0.0, 0.0, 1.0, *[0.0] * 6]])
    base = torch.tensor([[1.0, 5.0, 0.6, *turned(0.2, 0.1, yaw)[0].tolist(), *[0.0] * 6]])
    bodies = torch.zeros(1, 2, 13)
    bodies[0, :, 0:3] = torch.tensor([[4.3, -2.0, 0.1], [4.0, -1.8, 1.2]])
    bodies[0, :, 6] = 1.0
    goal = kernels.aligned(base, reference, bodies)[0].numpy()
    turn = quat_multiply(turned(0.2, 0.1, yaw), torch.tensor([[0.0, 0.0, 0.0, 1.0]]))[0]
    angle = 2.0 * math.atan2(float(turn[2]), float(turn[3]))  # the twist about z
    for row, offset in zip(goal, ((0.3, 0.0, -0.7), (0.0, 0.2, 0.4)), strict=True):
        place = about_z(angle) @ np.array(offset) + np.array([1.0, 5.0, 0.8])
        np.testing.assert_allclose(row[0:3], place, atol=1e-6)
        np.testing.assert_allclose(
            row[3:7], [0, 0, math.sin(angle / 2), math.cos(angle / 2)], atol=1e-6
        )


def test_a_robot_like_its_reference_has_no_errors_wherever_it_faces():
    reference, bodies = states(N), states(N, B)
    yaw = quat_from_euler_xyz(
        *torch.randn(1, 3, generator=GENERATOR)[0].mul(torch.tensor([0, 0, 1]))
    )
    rotation = quat_to_matrix(yaw).to(torch.float64)
    moved, own = reference.clone(), bodies.clone()
    for state in (moved, own):
        state[..., 0:3] = (state[..., 0:3].double() @ rotation.T).float()
        state[..., 0:2] += torch.tensor([2.0, -1.0])
        state[..., 3:7] = quat_multiply(yaw.expand_as(state[..., 3:7]), state[..., 3:7])
    goal = kernels.aligned(moved, reference, bodies)
    apart, angle, velocity, spin = kernels.body_errors(own, goal, bodies)
    assert apart.max() < 1e-5
    assert angle.max() < 2e-3
    assert velocity.abs().max() == spin.abs().max() == 0.0


def test_angle_between_orientations():
    a = states(N)[:, 3:7]
    for angle in (0.0, 1e-3, 0.5, 3.0):
        turn = torch.tensor([[0.0, math.sin(angle / 2), 0.0, math.cos(angle / 2)]])
        found = kernels.angle_between(a, quat_multiply(a, turn.expand_as(a)))
        torch.testing.assert_close(found, torch.full((N,), angle), atol=1e-3, rtol=0)
        torch.testing.assert_close(kernels.angle_between(-a, a), torch.zeros(N), atol=1e-3, rtol=0)


def test_places_and_axes_in_the_base():
    base, bodies = states(N), states(N, B)
    places, axes = kernels.in_base(base, bodies)
    for i in range(N):
        to_base = quat_to_matrix(base[i, 3:7]).double().T
        for k in range(B):
            offset = (bodies[i, k, 0:3] - base[i, 0:3]).double()
            torch.testing.assert_close(
                places[i, 3 * k : 3 * k + 3].double(), to_base @ offset, atol=1e-5, rtol=1e-5
            )
            matrix = to_base @ quat_to_matrix(bodies[i, k, 3:7]).double()
            expected = torch.cat((matrix[:, 0], matrix[:, 1]))
            torch.testing.assert_close(
                axes[i, 6 * k : 6 * k + 6].double(), expected, atol=1e-5, rtol=0
            )
    place, two = kernels.seen_from(base, bodies[:, 0])
    torch.testing.assert_close(place, places[:, 0:3])
    torch.testing.assert_close(two, axes[:, 0:6])


def test_base_errors():
    base, reference = states(N), states(N)
    distance, angle, height, tilt = kernels.base_errors(base, reference)
    for i in range(N):
        difference = (base[i, 0:3] - reference[i, 0:3]).double()
        assert distance[i].item() == pytest.approx(difference.norm().item(), rel=1e-5)
        assert height[i].item() == pytest.approx(abs(difference[2].item()), rel=1e-5)
        a, b = (quat_to_matrix(x[i, 3:7]).double() for x in (base, reference))
        cosine = 0.5 * (torch.trace(a.T @ b) - 1.0)
        assert angle[i].item() == pytest.approx(math.acos(cosine.clamp(-1, 1)), abs=1e-4)
        assert tilt[i].item() == pytest.approx(abs((a[2, 2] - b[2, 2]).item()), abs=1e-5)


def test_body_errors():
    bodies, goal, reference = states(N, B), states(N, B), states(N, B)
    errors = kernels.body_errors(bodies, goal[..., 0:7], reference)
    own, wanted, recorded = (x.double().numpy() for x in (bodies, goal, reference))
    turns = [Rotation.from_quat(x[..., 3:7].reshape(-1, 4)) for x in (own, wanted)]
    expected = (
        np.linalg.norm(own[..., 0:3] - wanted[..., 0:3], axis=-1),
        (turns[0].inv() * turns[1]).magnitude().reshape(N, B),
        np.linalg.norm(own[..., 7:10] - recorded[..., 7:10], axis=-1),
        np.linalg.norm(own[..., 10:13] - recorded[..., 10:13], axis=-1),
    )
    for found, error in zip(errors, expected, strict=True):
        np.testing.assert_allclose(found, error, atol=1e-4)


def test_down_is_the_world_s():
    q = states(N)[:, 3:7]
    expected = quat_to_matrix(q).transpose(-1, -2) @ torch.tensor([0.0, 0.0, -1.0])
    torch.testing.assert_close(down_axis(q), expected)


def test_hazard_blames_the_part_before_and_counts_the_unknown_as_dangerous():
    failures, visits = torch.tensor([0.0, 9.0, 0.0, 0.0]), torch.tensor([99.0, 99.0, 99.0, 0.0])
    found = kernels.hazard(failures, visits, torch.tensor([1.0, 0.0, 1.0, 0.0]))
    own = np.array([0.01, 0.10, 0.01, 1.0])
    expected = np.array([0.055, 0.10, 0.505, 1.0])
    assert own[1] == pytest.approx(10 / 100)
    np.testing.assert_allclose(found.numpy(), expected / expected.sum(), rtol=1e-6)


def test_frames_are_drawn_as_often_as_the_weights_say():
    n, even = 200_000, 0.25
    first, count = torch.tensor([0, 10, 15]), torch.tensor([10, 5, 25])
    weights = torch.tensor([0.1, 0.7, 0.2])
    chance = torch.rand(n, 2, generator=GENERATOR)
    drawn = kernels.draw_frames(chance, weights, even, first, count)
    expected = np.empty(40)
    for begin, length, weight in zip(first, count, weights, strict=True):
        own = even * float(length) / 40 + (1 - even) * float(weight)
        expected[int(begin) : int(begin + length)] = own / float(length)
    found = np.bincount(drawn.numpy(), minlength=40)
    assert len(found) == 40
    deviation = (found - n * expected) / np.sqrt(n * expected)
    assert np.abs(deviation).max() < 4.5


def test_the_ends_of_the_chances_draw_frames_that_there_are():
    chance = torch.tensor([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    first, count = torch.tensor([0, 3]), torch.tensor([3, 2])
    drawn = kernels.draw_frames(chance, torch.tensor([0.5, 0.5]), 0.0, first, count)
    assert drawn.tolist() == [0, 4, 3, 2]


def quantities(**own: torch.Tensor) -> kernels.Tracking:
    poison = torch.full((2, 3), math.nan)
    return kernels.Tracking(**{name: own.get(name, poison) for name in kernels.Tracking._fields})


@pytest.mark.parametrize(
    ("term", "name", "values", "expected"),
    [
        ("base_position", "base_distance", [0.0, 0.6], [1.0, math.exp(-4.0)]),
        ("base_orientation", "base_angle", [0.3, 0.0], [math.exp(-1.0), 1.0]),
        ("body_position", "body_distance", [[0.3, 0.3], [0.0, 0.6]], [math.exp(-1), math.exp(-2)]),
        ("body_orientation", "body_angle", [[0.0, 0.0], [0.3, 0.3]], [1.0, math.exp(-1.0)]),
        ("body_velocity", "body_velocity_error", [[0.3, 0.3], [0.0, 0.0]], [math.exp(-1.0), 1.0]),
        ("body_spin", "body_spin_error", [[0.3, 0.3], [0.0, 0.0]], [math.exp(-1.0), 1.0]),
        ("joint_position", "joint_error", [[-0.3, 0.3], [0.0, 0.0]], [math.exp(-1.0), 1.0]),
    ],
)
def test_tracking_terms(term, name, values, expected):
    found = getattr(terms, term)(quantities(**{name: torch.tensor(values)}), 0.3)
    torch.testing.assert_close(found, torch.tensor(expected))


def test_costs():
    joints = torch.tensor([[1.0, -2.0], [0.0, 0.5]])
    q = quantities(
        action=joints,
        previous_action=torch.tensor([[0.0, 0.0], [0.0, 1.5]]),
        joint_torque=joints,
        joint_position=joints,
        touching=torch.tensor([2.0, 0.0]),
        height=torch.tensor([0.5, 0.7]),
    )
    assert terms.action_rate(q).tolist() == [5.0, 1.0]
    assert terms.torque(q, torch.tensor([2.0, 4.0])).tolist() == [0.5, 0.015625]
    lower, upper = torch.tensor([-1.0, -1.0]), torch.tensor([0.75, 0.25])
    assert terms.joint_limits(q, lower, upper).tolist() == [1.25, 0.25]
    assert terms.touching(q).tolist() == [2.0, 0.0]
    assert terms.alive(q).tolist() == [1.0, 1.0]
