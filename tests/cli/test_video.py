"""The camera: no lag on a steady runner, no jerk on a shaking one, no chase after a reset."""

import math

import numpy as np

from humanoid_gym.cli.video import EYE, FollowCamera

DT = 1.0 / 60.0


def follow(camera: FollowCamera, positions: np.ndarray) -> np.ndarray:
    return np.array([camera.follow((float(x), 0.0, 1.0))[1][0] for x in positions])


def test_a_steady_runner_stays_in_the_middle():
    positions = 4.0 * DT * np.arange(600)  # 4 m/s for 10 s
    seen = follow(FollowCamera(DT), positions)
    assert abs(seen[-1] - positions[-1]) < 1e-3


def test_shaking_is_smoothed():
    time = DT * np.arange(600)
    seen = follow(FollowCamera(DT), 0.05 * np.sin(2.0 * math.pi * 5.0 * time))
    assert np.abs(seen[300:]).max() < 0.5 * 0.05


def test_a_new_episode_is_cut_to_at_once():
    camera = FollowCamera(DT)
    follow(camera, 4.0 * DT * np.arange(300))
    eye, target = camera.follow((0.0, 0.0, 1.0))
    assert target == (0.0, 0.0, 1.0)
    np.testing.assert_allclose(eye, np.array(target) + EYE)
