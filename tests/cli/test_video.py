"""The camera: no lag on a steady runner, no jerk on a shaking one, no chase after a reset."""

import math

import numpy as np
import pytest

from humanoid_gym.cli.video import FollowCamera, VideoError, VideoWriter

DT = 1.0 / 60.0
OFFSET = (2.2, -3.3, 0.8)


def follow(camera: FollowCamera, positions: np.ndarray) -> np.ndarray:
    return np.array([camera.follow((float(x), 0.0, 1.0))[1][0] for x in positions])


def test_a_steady_runner_stays_in_the_middle():
    positions = 4.0 * DT * np.arange(600)  # 4 m/s for 10 s
    seen = follow(FollowCamera(DT, OFFSET), positions)
    assert abs(seen[-1] - positions[-1]) < 1e-3


def test_shaking_is_smoothed():
    time = DT * np.arange(600)
    seen = follow(FollowCamera(DT, OFFSET), 0.05 * np.sin(2.0 * math.pi * 5.0 * time))
    assert np.abs(seen[300:]).max() < 0.5 * 0.05


def test_a_new_episode_is_cut_to_at_once():
    camera = FollowCamera(DT, OFFSET)
    follow(camera, 4.0 * DT * np.arange(300))
    eye, target = camera.follow((0.0, 0.0, 1.0))
    assert target == (0.0, 0.0, 1.0)
    np.testing.assert_allclose(eye, np.array(target) + OFFSET)


def test_an_encoder_that_fails_is_one_line(tmp_path):
    class Pipe:
        def append_data(self, frame: np.ndarray) -> None:
            raise OSError(f"[Errno 32] Broken pipe\n\nFFMPEG COMMAND:\n{frame.shape}")

    writer = VideoWriter.__new__(VideoWriter)
    writer._path, writer._file = tmp_path / "x.mp4", Pipe()
    with pytest.raises(VideoError) as caught, writer._one_line():
        writer._file.append_data(np.zeros((2, 2, 3)))
    assert str(caught.value).endswith("x.mp4: it cannot be written ([Errno 32] Broken pipe)")


def test_a_robot_that_is_nowhere_is_waited_for():
    camera = FollowCamera(DT, OFFSET)
    follow(camera, np.full(60, 2.0))
    assert camera.follow((math.nan, 0.0, 1.0))[1] == pytest.approx((2.0, 0.0, 1.0))
    assert camera.follow((2.0, 0.0, 1.0))[1] == pytest.approx((2.0, 0.0, 1.0))
    assert np.isfinite(FollowCamera(DT, OFFSET).follow((math.nan, 0.0, 1.0))).all()
