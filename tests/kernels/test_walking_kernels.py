"""Quantities and reward terms of commanded walking, against scipy and sums worked by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from humanoid_gym.kernels import walking as kernels
from humanoid_gym.kernels import walking_rewards as terms

N = 32
PAIR = torch.tensor([0.0, 0.5])
"""Offsets of two feet that take turns."""
TROT = torch.tensor([0.0, 0.5, 0.5, 0.0])
"""Of the feet front left, front right, rear left, rear right."""
TRIPOD = [None, 0.75, 0.75, None, None, 0.75]
"""Of six feet, the part of its swing in which each is."""


def vectors(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 2.0, shape)


def tensor(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)


@pytest.fixture(scope="module")
def bodies() -> Rotation:
    return Rotation.random(N, random_state=3)


@pytest.fixture(scope="module")
def heading(bodies: Rotation) -> np.ndarray:
    """Angle from x to the projection of the body's x axis."""
    forward = bodies.apply([1.0, 0.0, 0.0])
    return np.arctan2(forward[:, 1], forward[:, 0])


def test_base_quantities_agree_with_scipy(bodies: Rotation, heading: np.ndarray):
    position, linear, angular = (vectors(N, 3, seed=i) for i in range(3))
    root = tensor(np.concatenate([position, bodies.as_quat(), linear, angular], axis=1))
    direction = kernels.heading(root[:, 3:7])
    np.testing.assert_allclose(direction[:, 0], np.cos(heading), atol=1e-5)
    np.testing.assert_allclose(direction[:, 1], np.sin(heading), atol=1e-5)
    velocity, angular_velocity, gravity = kernels.base(root, direction)
    turned = Rotation.from_euler("z", heading[:, None]).inv()
    np.testing.assert_allclose(velocity, turned.apply(linear), atol=1e-4)
    np.testing.assert_allclose(angular_velocity, bodies.inv().apply(angular), atol=1e-4)
    np.testing.assert_allclose(gravity, bodies.inv().apply([0.0, 0.0, -1.0]), atol=1e-5)


@pytest.mark.parametrize(
    ("count", "pairs"), [(2, ([0], [1])), (3, ([], [])), (4, ([1, 3], [0, 2]))]
)
def test_foot_quantities_agree_with_scipy(heading: np.ndarray, count: int, pairs: tuple):
    feet = Rotation.random(count * N, random_state=8)
    parts = [vectors(count * N, 3), feet.as_quat(), vectors(count * N, 6, seed=2)]
    states = np.concatenate(parts, axis=1)
    forces = vectors(N, count, 3, seed=4)
    direction = tensor(np.stack([np.cos(heading), np.sin(heading)], axis=1))
    left, right = pairs
    force, velocity, tilt, spacing, yaw = kernels.feet(
        tensor(states).view(N, count, 13),
        tensor(forces),
        direction,
        torch.tensor(left, dtype=torch.int64),
        torch.tensor(right, dtype=torch.int64),
    )
    turned = Rotation.from_euler("z", np.repeat(heading, count)[:, None]).inv()
    expected = turned.apply(forces.reshape(count * N, 3)).reshape(N, 3 * count)
    np.testing.assert_allclose(force, expected, atol=1e-4)
    expected = turned.apply(states[:, 7:10]).reshape(N, 3 * count)
    np.testing.assert_allclose(velocity, expected, atol=1e-4)
    up = feet.apply([0.0, 0.0, 1.0])
    sine = np.sin(np.arccos(np.clip(up[:, 2], -1.0, 1.0))).reshape(N, count)
    np.testing.assert_allclose(tilt, sine, atol=1e-3)
    forward = turned.apply(feet.apply([1.0, 0.0, 0.0])).reshape(N, count, 3)
    np.testing.assert_allclose(yaw, forward[..., 1], atol=1e-4)
    sideways = turned.apply(states[:, 0:3]).reshape(N, count, 3)[..., 1]
    assert spacing.shape == (N, len(left))
    for k, (i, j) in enumerate(zip(left, right, strict=True)):
        np.testing.assert_allclose(spacing[:, k], sideways[:, i] - sideways[:, j], atol=1e-4)


def test_the_clock_lets_the_feet_swing_one_after_the_other():
    phase = torch.linspace(0.0, 1.0, 1001)[:-1]
    clock, stance, height = kernels.gait(phase, torch.ones(1000), PAIR, 0.6, 0.1)
    np.testing.assert_allclose(clock[:, 0], np.sin(2.0 * np.pi * phase.numpy()), atol=1e-6)
    np.testing.assert_allclose(clock[:, 1], np.cos(2.0 * np.pi * phase.numpy()), atol=1e-6)
    np.testing.assert_allclose(stance.mean(0), [0.6, 0.6], atol=0.002)
    assert stance.sum(1).min() == 1.0  # never both in the air
    assert torch.equal(stance[:, 1], stance[:, 0].roll(500))
    assert (height[stance == 1.0] == 0.0).all() and (height[stance == 0.0] >= 0.0).all()
    assert height[800, 0] == pytest.approx(0.1) and height[300, 1] == pytest.approx(0.1)
    quarter = 0.1 * math.sin(math.pi / 4) ** 2
    assert height[700, 0] == pytest.approx(quarter, abs=1e-5)


def test_the_clock_shows_nothing_while_standing():
    clock, stance, height = kernels.gait(torch.tensor([0.7]), torch.zeros(1), PAIR, 0.6, 0.1)
    assert clock.tolist() == [[0.0, 0.0]] and stance.tolist() == [[1.0, 1.0]]
    assert height.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("axis", [(1.0, 0.0), (0.0, -1.0), (0.6, 0.8)])
def test_a_base_leans_beyond_an_angle_whatever_its_heading(axis):
    lean = np.outer([0.0, 0.09, 0.11, 0.5, 3.0], [*axis, 0.0])
    heading = Rotation.from_rotvec(np.outer(np.linspace(-3.0, 3.0, 5), [0.0, 0.0, 1.0]))
    turned = heading * Rotation.from_rotvec(lean)
    orientation = torch.from_numpy(turned.as_quat()).float()
    assert kernels.leaning(orientation, 0.1).tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]


def test_the_gait_waits_only_where_both_feet_are_on_the_ground():
    phase = torch.linspace(0.0, 1.0, 1001)[:-1] + 5e-4
    for offsets in (PAIR, TROT):
        all_down = (kernels.gait(phase, torch.ones(1000), offsets, 0.6, 0.1)[1] == 1.0).all(1)
        told_to_stand = kernels.stepping(phase, torch.zeros(1000), PAIR, torch.tensor([0.1, 0.1]))
        assert torch.equal(told_to_stand == 0.0, all_down) and all_down.sum() == 200
    start, length = torch.tensor([0.25, 0.9]), torch.tensor([0.05, 0.2])  # the second goes round
    waits = kernels.stepping(phase, torch.zeros(1000), start, length) == 0.0
    here = phase.numpy()
    expected = ((here > 0.25) & (here < 0.3)) | (here > 0.9) | (here < 0.1)
    np.testing.assert_array_equal(waits, expected)
    assert (kernels.stepping(phase, torch.ones(1000), start, length) == 1.0).all()
    none = torch.zeros(0)
    assert (kernels.stepping(phase, torch.zeros(1000), none, none) == 1.0).all()  # on the spot


def test_the_first_phase_has_both_feet_on_the_ground_and_the_one_left_behind_swing_next():
    chance = torch.rand(1000, 2, generator=torch.Generator().manual_seed(0))
    lateral = torch.linspace(-1.0, 1.0, 1000)
    start, length = torch.tensor([[0.0], [0.5]]), torch.full((2, 1), 0.1)
    phase = kernels.first_phase(lateral, chance, start, length)
    _, stance, _ = kernels.gait(phase, torch.ones(1000), PAIR, 0.6, 0.1)
    assert (stance == 1.0).all()
    soon = kernels.gait(phase + 0.11, torch.ones(1000), PAIR, 0.6, 0.1)[1]
    assert (soon[lateral > 0.01, 1] == 0.0).all()  # to the left: the right foot swings
    assert (soon[lateral < -0.01, 0] == 0.0).all()
    # the clock has no double stance
    at_rest = kernels.first_phase(torch.zeros(1000), chance, start, 0.0 * length)
    assert set(at_rest.tolist()) == {0.0, 0.5} and 0.2 < at_rest.mean() < 0.3


def test_a_first_phase_is_anywhere_in_any_of_the_parts_that_fit():
    chance = torch.rand(4000, 2, generator=torch.Generator().manual_seed(1))
    start, length = torch.tensor([[0.2, 0.9], [0.4, 0.4]]), torch.tensor([[0.1, 0.2], [0.05, 0.05]])
    phase = kernels.first_phase(torch.full((4000,), 0.3), chance, start, length)
    early, late = (phase >= 0.2) & (phase < 0.3), (phase >= 0.9) | (phase < 0.1)  # it goes round
    assert (early | late).all() and 0.45 < early.float().mean() < 0.55
    assert 0.2 < (phase < 0.1).float().mean() < 0.3
    phase = kernels.first_phase(torch.full((4000,), -0.3), chance, start, length)
    assert phase.min() >= 0.4 and phase.max() < 0.45 and phase.std() > 0.01


@pytest.mark.parametrize(
    ("offsets", "phase", "stance", "swing"),
    [
        # a swing is the last 0.4 of a cycle; its height 0.1 sin^2 of its part times pi
        ([0.0, 0.5, 0.5, 0.0], 0.8, [0, 1, 1, 0], [0.5, None, None, 0.5]),
        ([0.0, 0.5, 0.5, 0.0], 0.05, [1, 1, 1, 1], [None] * 4),
        ([0.0, 0.0, 0.5, 0.5], 0.2, [1, 1, 0, 0], [None, None, 0.25, 0.25]),
        ([0.75, 0.25, 0.0, 0.5], 0.95, [0, 1, 0, 1], [0.25, None, 0.875, None]),
        ([0.0, 0.5, 0.5, 0.0, 0.0, 0.5], 0.4, [1, 0, 0, 1, 1, 0], TRIPOD),
    ],
)
def test_four_and_six_feet_by_hand(offsets, phase, stance, swing):
    _, down, height = kernels.gait(
        torch.tensor([phase]), torch.ones(1), torch.tensor(offsets), 0.6, 0.1
    )
    assert down[0].tolist() == stance
    expected = [0.0 if part is None else 0.1 * math.sin(math.pi * part) ** 2 for part in swing]
    np.testing.assert_allclose(height[0], expected, atol=1e-6)


def test_air_time_counts_and_is_handed_over_at_touch_down():
    air = torch.zeros(1, 2)
    seen = []
    for contact in ([1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [1.0, 1.0]):
        landing, air = kernels.flight(torch.tensor([contact]), air, 0.02)
        seen.append(landing[0].tolist())
    expected = [[0.0, 0.0], [0.0, 0.0], [0.0, 0.04], [0.04, 0.0]]
    np.testing.assert_allclose(seen, expected, atol=1e-7)
    assert air.tolist() == [[0.0, 0.0]]


def test_commands_fill_their_ranges_and_stand_as_often_as_asked():
    low, high = torch.tensor([-0.5, 0.0, -1.0]), torch.tensor([1.0, 0.2, 1.0])
    chance = torch.rand(20000, 4, generator=torch.Generator().manual_seed(0))
    command = kernels.draw_commands(chance, low, high, 0.25, 0.1)
    standing = (command == 0.0).all(1)
    slow = (math.pi * 0.1**2 / 4 + 0.0) * 2 / (1.5 * 0.2) * 0.1  # quarter discs, both sides of 0
    assert standing.float().mean() == pytest.approx(0.25 + 0.75 * slow, abs=0.01)
    walking = command[~standing].numpy()
    assert (np.hypot(walking[:, 0], walking[:, 1]) >= 0.1).any()
    assert ((np.hypot(walking[:, 0], walking[:, 1]) >= 0.1) | (abs(walking[:, 2]) >= 0.1)).all()
    np.testing.assert_allclose(walking.min(0), low, atol=0.01)
    np.testing.assert_allclose(walking.max(0), high, atol=0.01)
    np.testing.assert_allclose(walking.mean(0), [0.25, 0.1, 0.0], atol=0.03)


def test_progress_is_measured_along_the_command():
    command = torch.tensor([[0.3, 0.4, 0.1], [0.0, 0.0, 0.5]])
    velocity = torch.tensor([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])
    expected = [0.6 * 1.0 + 0.8 * 2.0, 0.0]
    np.testing.assert_allclose(kernels.progress(command, velocity), expected, atol=1e-6)


def test_drive_torque_is_a_spring_and_a_damper_up_to_the_peak():
    target, position = torch.tensor([[0.5, 0.5, -3.0]]), torch.tensor([[0.4, 0.4, 0.0]])
    velocity = torch.tensor([[0.0, 1.0, 0.0]])
    gains = (torch.full((3,), 50.0), torch.full((3,), 2.0), torch.full((3,), 20.0))
    torque = kernels.drive_torque(target, position, velocity, *gains)
    assert torque[0].tolist() == pytest.approx([5.0, 3.0, -20.0])


def test_power_counts_driving_motors_only():
    torque, velocity = torch.tensor([[3.0, -2.0, 5.0]]), torch.tensor([[2.0, 1.0, 0.0]])
    assert kernels.mechanical_power(torque, velocity).tolist() == [6.0]


def at(**changes: Any) -> kernels.Walking:
    """One robot with two joints that stands still as commanded, but for `changes`."""
    widths = {"command": 3, "velocity_h": 3, "angular_velocity_b": 3, "gravity_b": 3}
    widths |= {"foot_force": 6, "foot_velocity": 6}
    values = {}
    for name in kernels.Walking._fields:
        scalar = name in ("stepping", "yaw_rate", "height")
        zeros = torch.zeros(1) if scalar else torch.zeros(1, widths.get(name, 2))
        values[name] = zeros
    values["gravity_b"] = torch.tensor([[0.0, 0.0, -1.0]])
    values["height"] = torch.tensor([0.75])
    for name in ("stance", "foot_contact"):
        values[name] = torch.ones(1, 2)
    values |= {name: torch.tensor([value]) for name, value in changes.items()}
    return kernels.Walking(**values)


def two(first: float, second: float) -> torch.Tensor:
    return torch.tensor([first, second])


CASES = {
    "track_linear_velocity": (
        at(command=[0.5, 0.1, 0.3], velocity_h=[0.8, -0.3, 9.0]),
        {"sigma": 0.5},
        math.exp(-(0.3**2 + 0.4**2) / 0.25),
    ),
    "track_yaw_rate": (
        at(command=[9.0, 9.0, 0.5], yaw_rate=0.2),
        {"sigma": 0.4},
        math.exp(-0.09 / 0.16),
    ),
    "alive": (at(), {}, 1.0),
    "upright": (at(gravity_b=[0.3, 0.4, -0.866]), {"sigma": 0.5}, math.exp(-0.25 / 0.25)),
    "tilt": (at(gravity_b=[0.3, 0.4, -0.866]), {}, 0.25),
    "base_height": (at(height=0.7), {"target": 0.8}, 0.01),
    "vertical_velocity": (at(velocity_h=[5.0, 5.0, -0.5]), {}, 0.25),
    "roll_pitch_rate": (at(angular_velocity_b=[1.0, -2.0, 7.0]), {}, 5.0),
    "power": (at(joint_torque=[2.0, -3.0], joint_velocity=[2.0, 1.0]), {}, 7.0),
    "torque": (at(joint_torque=[5.0, -3.0]), {"peak": two(10.0, 6.0)}, 0.5),
    "joint_speed": (at(joint_velocity=[1.0, -3.0]), {}, 10.0),
    "joint_acceleration": (at(joint_acceleration=[10.0, -30.0]), {}, 1000.0),
    "action_rate": (at(action=[1.0, 2.0], previous_action=[0.5, 4.0]), {}, 4.25),
    "joint_limits": (
        at(joint_position=[1.2, -0.9]),
        {"lower": two(-1.0, -0.5), "upper": two(1.0, 0.5)},
        0.2 + 0.4,
    ),
    "default_pose": (at(joint_offset=[0.2, -0.3]), {"weights": two(1.0, 0.5)}, 0.35),
    "stand_still": (at(joint_offset=[0.2, -0.3]), {}, 0.5),
    "gait_contact": (at(stance=[1.0, 0.0], foot_contact=[1.0, 1.0]), {}, 0.5),
    "swing_force": (
        at(foot_force=[0.0, 300.0, 400.0, 0.0, 0.0, 100.0], stance=[0.0, 1.0]),
        {"weight": 250.0},
        2.0,
    ),
    "swing_height": (
        at(foot_height=[0.03, 0.0], swing_height=[0.0, 0.04]),
        {"height": 0.05},
        1.4,
    ),
    "feet_air_time": (at(landing=[0.5, 0.0], stepping=1.0), {"target": 0.3}, 0.2),
    "slip": (
        at(foot_velocity=[1.0, 2.0, 9.0, 3.0, 0.0, 9.0], foot_contact=[1.0, 0.0]),
        {},
        5.0,
    ),
    "contact_force": (
        at(foot_force=[0.0, 300.0, 400.0, 0.0, 0.0, 100.0]),
        {"limit": 1.5, "weight": 250.0},
        0.5,
    ),
    "feet_flat": (at(foot_tilt=[0.1, 0.2]), {}, 0.05),
    "feet_yaw": (at(foot_yaw=[-0.1, 0.2]), {}, 0.05),
    "feet_spacing": (at(foot_spacing=[0.1]), {"least": 0.16}, 0.06),
}


@pytest.mark.parametrize("name", CASES)
def test_reward_terms_by_hand(name: str):
    quantities, settings, expected = CASES[name]
    assert getattr(terms, name)(quantities, **settings).tolist() == pytest.approx([expected])


def test_terms_that_hold_only_while_standing_or_walking():
    assert terms.stand_still(at(joint_offset=[0.2, -0.3], stepping=1.0)).item() == 0.0
    assert terms.feet_air_time(at(landing=[0.5, 0.0]), target=0.3).item() == 0.0
    assert terms.feet_spacing(at(foot_spacing=[0.3]), least=0.16).item() == 0.0


FORCES = [0.0, 300.0, 400.0, 0.0, 0.0, 100.0, 0.0, 0.0, 50.0, 0.0, 0.0, 0.0]
"""Of four feet [N]: 500, 100, 50 and none."""


@pytest.mark.parametrize(
    ("name", "quantities", "settings", "expected"),
    [
        (
            "gait_contact",
            {"stance": [1.0, 0.0, 0.0, 1.0], "foot_contact": [1.0, 0.0, 1.0, 1.0]},
            {},
            0.75,
        ),
        (
            "swing_force",
            {"foot_force": FORCES, "stance": [1.0, 0.0, 0.0, 1.0]},
            {"weight": 250.0},
            0.6,
        ),
        (
            "swing_height",
            {"foot_height": [0.0, 0.02, 0.05, 0.01], "swing_height": [0.0, 0.04, 0.04, 0.0]},
            {"height": 0.05},
            0.8,
        ),
        (
            "feet_air_time",
            {"landing": [0.5, 0.02, 0.0, 0.2], "stepping": 1.0},
            {"target": 0.3},
            0.2 - 0.28 - 0.1,
        ),
        (
            "slip",
            {
                "foot_velocity": [1.0, 0.0, 9.0, 2.0, 0.0, 9.0, 0.0, 3.0, 9.0, 0.0, 0.0, 9.0],
                "foot_contact": [1.0, 0.0, 1.0, 1.0],
            },
            {},
            10.0,
        ),
        ("contact_force", {"foot_force": FORCES}, {"limit": 0.3, "weight": 250.0}, 1.7 + 0.1),
        ("feet_flat", {"foot_tilt": [0.1, 0.2, 0.0, 0.3]}, {}, 0.14),
        ("feet_yaw", {"foot_yaw": [-0.1, 0.2, 0.0, 0.3]}, {}, 0.14),
        ("feet_spacing", {"foot_spacing": [0.1, 0.3, 0.15]}, {"least": 0.16}, 0.07),
    ],
)
def test_terms_of_more_feet_by_hand(name: str, quantities: dict, settings: dict, expected: float):
    term = getattr(terms, name)(at(**quantities), **settings)
    assert term.tolist() == pytest.approx([expected])
