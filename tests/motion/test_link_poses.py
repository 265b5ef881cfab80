"""Forward kinematics of many poses at once."""

from pathlib import Path

import numpy as np
from motion_samples import HERE, STRAIGHT, base_link, pendulum
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.transform import Rotation

from humanoid_gym.deployment.description import Link
from humanoid_gym.deployment.kinematics import link_poses, rotation_matrix, skew
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.tasks.task_config import find_asset

WALKER = Path(find_asset("resources/urdf/humanoid24/humanoid24.urdf"))


def test_many_poses_are_those_of_each():
    links = read_body(WALKER, (), bare_feet=True).links
    random = np.random.default_rng(0)
    values = {link.joint: random.uniform(-2, 2, (3, 4)) for link in links if link.joint}
    together = link_poses(links, values)
    for index in np.ndindex(3, 4):
        alone = link_poses(links, {name: float(value[index]) for name, value in values.items()})
        for (places, turns), (place, turn) in zip(together, alone, strict=True):
            assert_allclose(places[index], place, atol=1e-14)
            assert_allclose(turns[index], turn, atol=1e-14)


def test_shapes_broadcast_and_are_the_same_for_all_links():
    values = {"swing": np.array([[0.3], [0.6]]), "slide": np.array([0.0, 0.1, 0.2])}
    poses = link_poses(pendulum().links, values)
    assert [place.shape for place, _ in poses] == [(2, 3, 3)] * 4
    assert [turn.shape for _, turn in poses] == [(2, 3, 3, 3)] * 4
    down = np.array([-np.sin(0.6), 0.0, -np.cos(0.6)])
    assert_allclose(poses[2][0][1, 2], [0.0, 0.0, -0.3] + 1.0 * down, atol=1e-15)
    assert_array_equal(poses[0][1], np.broadcast_to(np.eye(3), (2, 3, 3, 3)))


def test_without_positions_joints_are_at_zero():
    (base, _), (rod, turn), (bob, _), _ = link_poses(pendulum().links, {"of another robot": 1.0})
    assert_array_equal(base, HERE)
    assert_allclose(rod, [0.0, 0.0, -0.3])
    assert_allclose(bob, [0.0, 0.0, -1.1])
    assert_array_equal(turn, np.eye(3))


def test_robots_with_many_joints():
    """NumPy broadcasts at most 32 or 64 arrays in one call, by version."""
    links = [base_link()]
    links += [
        Link(f"l{k}", k, (1, 0, 0), STRAIGHT, 1.0, HERE, f"j{k}", (0, 1, 0)) for k in range(80)
    ]
    values = {f"j{k}": np.full(5, 0.01 * (-1) ** k) for k in range(80)}
    place, turn = link_poses(links, values)[-1]
    assert_allclose(turn, np.tile(np.eye(3), (5, 1, 1)), atol=1e-15)
    # every second link is turned by 0.01
    assert_allclose(place, np.tile([40 + 40 * np.cos(0.01), 0, -40 * np.sin(0.01)], (5, 1)))


def test_matrices_of_many_quaternions_and_vectors():
    turns = Rotation.random(20, rng=1)
    matrices = rotation_matrix(turns.as_quat().reshape(4, 5, 4))
    assert_allclose(matrices.reshape(20, 3, 3), turns.as_matrix(), atol=1e-14)
    assert rotation_matrix(STRAIGHT).tolist() == np.eye(3).tolist()
    a, b = np.random.default_rng(2).normal(size=(2, 3, 6, 3))
    assert_allclose((skew(a) @ b[..., None])[..., 0], np.cross(a, b), atol=1e-14)
