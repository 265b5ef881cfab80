"""The humanoid's quantities and rewards against scipy and against sums worked by hand."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from humanoid_gym.kernels import humanoid as kernels

N = 64
TARGET = np.array([1000.0, 0.0, 0.0])
DT = 1.0 / 60.0


def random_arguments(seed: int = 0) -> dict[str, torch.Tensor | float]:
    rng = np.random.default_rng(seed)
    root = np.concatenate(
        [
            rng.normal(0.0, 20.0, (N, 3)),
            Rotation.random(N, random_state=seed).as_quat(),  # xyzw, as ours
            rng.normal(0.0, 3.0, (N, 6)),
        ],
        axis=1,
    )
    arrays = {
        "root_state": root,
        "previous_position": root[:, :3] - rng.normal(0.0, 0.05, (N, 3)),
        "target": TARGET,
    }
    tensors = {name: torch.tensor(a, dtype=torch.float32) for name, a in arrays.items()}
    return {**tensors, "duration": DT}


@pytest.fixture(scope="module")
def arguments() -> dict:
    return random_arguments()


TORSO = (
    "velocity_b",
    "angular_velocity_b",
    "yaw",
    "roll",
    "angle_to_target",
    "torso_up",
    "heading",
    "forward_speed",
)


@pytest.fixture(scope="module")
def quantities(arguments: dict) -> dict[str, torch.Tensor]:
    return dict(zip(TORSO, kernels.torso(**arguments), strict=True))


def wrapped(angle: np.ndarray) -> np.ndarray:
    return np.angle(np.exp(1j * angle))


def test_torso_quantities_agree_with_scipy(arguments: dict, quantities: dict):
    root = arguments["root_state"].double().numpy()
    torso = Rotation.from_quat(root[:, 3:7])
    roll, _, yaw = torso.as_euler("xyz").T
    to_target = TARGET - root[:, :3]
    direction = to_target[:, :2] / np.linalg.norm(to_target[:, :2], axis=1, keepdims=True)
    forward = torso.apply([1.0, 0.0, 0.0])
    expected = {
        "velocity_b": torso.inv().apply(root[:, 7:10]),
        "angular_velocity_b": torso.inv().apply(root[:, 10:13]),
        "torso_up": torso.apply([0.0, 0.0, 1.0])[:, 2],
        "heading": (forward[:, :2] * direction).sum(1),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(quantities[name], value, atol=2e-5, err_msg=name)
    bearing = np.arctan2(to_target[:, 1], to_target[:, 0])
    for name, angle in {"roll": roll, "yaw": yaw, "angle_to_target": bearing - yaw}.items():
        difference = wrapped(quantities[name].double().numpy() - angle)
        np.testing.assert_allclose(difference, 0.0, atol=2e-4, err_msg=name)


def test_joint_position_is_minus_one_and_one_at_the_limits():
    lower, upper = torch.tensor([-2.0, 0.1]), torch.tensor([1.0, 0.5])
    inside = torch.tensor([[-2.0, 0.1], [-0.5, 0.3], [1.0, 0.5], [2.5, 0.7]])
    expected = torch.tensor([-1.0, 0.0, 1.0, 2.0]).unsqueeze(1).expand(4, 2)
    torch.testing.assert_close(kernels.normalise(inside, lower, upper), expected, atol=1e-6, rtol=0)


def test_forward_speed_is_the_decrease_of_distance(arguments: dict, quantities: dict):
    start = arguments["previous_position"].double().numpy()[:, :2]
    end = arguments["root_state"].double().numpy()[:, :2]
    decrease = np.linalg.norm(TARGET[:2] - start, axis=1) - np.linalg.norm(TARGET[:2] - end, axis=1)
    # far below the 0.004 m/s steps that the difference itself would have in float32
    np.testing.assert_allclose(quantities["forward_speed"], decrease / DT, atol=2e-5, rtol=1e-5)


def at(**changes: torch.Tensor) -> kernels.Locomotion:
    """Two humanoids with two joints standing still and straight, but for `changes`."""
    one = torch.zeros(2)
    pair = torch.zeros(2, 2)
    still = dict.fromkeys(("height", "yaw", "roll", "angle_to_target", "forward_speed"), one)
    still |= {"torso_up": one + 1.0, "heading": one + 1.0}
    still |= {name: torch.zeros(2, 3) for name in ("velocity_b", "angular_velocity_b")}
    still |= dict.fromkeys(("joint_position", "joint_velocity", "joint_torque", "action"), pair)
    still |= {"foot_wrench": torch.zeros(2, 12), "effort_ratio": torch.tensor([1.0, 0.5])}
    return kernels.Locomotion(**{**still, **changes})


def test_heading_reward_saturates_at_cosine_0_8():
    reward = kernels.heading_reward(at(heading=torch.tensor([0.9, -0.4])))
    assert reward.tolist() == pytest.approx([1.0, -0.5])
    assert kernels.heading_reward(at(heading=torch.tensor([0.8, 0.4]))).tolist() == pytest.approx(
        [1.0, 0.5]
    )


def test_upright_reward_needs_cosine_0_93():
    assert kernels.upright_reward(at(torso_up=torch.tensor([0.94, 0.92]))).tolist() == [1.0, 0.0]


def test_alive_and_progress():
    q = at(forward_speed=torch.tensor([3.0, -1.5]))
    assert kernels.alive_reward(q).tolist() == [1.0, 1.0]
    assert kernels.progress_reward(q).tolist() == [3.0, -1.5]


def test_costs_by_hand():
    action = torch.tensor([[0.5, -1.0], [0.0, 0.2]])
    speed = torch.tensor([[4.0, 3.0], [9.0, -10.0]])
    position = torch.tensor([[0.99, -1.0], [0.97, -0.98]])
    q = at(action=action, joint_velocity=speed, joint_position=position)
    # 0.25 + 1; 0.04
    assert kernels.action_cost(q).tolist() == pytest.approx([1.25, 0.04])
    # |0.5 x 4| x 1 + |-1 x 3| x 0.5; |0.2 x -10| x 0.5
    assert kernels.energy_cost(q).tolist() == pytest.approx([3.5, 1.0])
    # 0.01 / 0.02 x 1 + 0.02 / 0.02 x 0.5; neither is beyond 0.98
    assert kernels.joint_limit_cost(q).tolist() == pytest.approx([1.0, 0.0], abs=1e-5)
