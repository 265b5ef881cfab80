"""Walking robots driven by the keys of a viewer."""

import math

import numpy as np
import pytest
import torch
from isaacgym import gymapi
from test_viewing import PRESSED, RELEASED, Screen
from walking_settings import LEGS, commands, config

from humanoid_gym.tasks.walking.driving import (
    ACTUAL,
    COMMANDED,
    PUSH,
    PUSH_SPEED,
    SEGMENTS,
    path,
)
from humanoid_gym.tasks.walking.walk import Walk

KEY = gymapi.KeyboardInput
N = 2


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    monkeypatch.setattr("humanoid_gym.engine.graphics.viewer_choice.open_window", lambda *_: screen)
    monkeypatch.setattr("humanoid_gym.engine.frame_clock.FrameClock.sync", lambda *_: None)
    return screen


@pytest.fixture
def walk(screen):
    settings = commands(forward=[0.0, 0.6], hold=[0.04, 0.1], standing_fraction=0.0, deadband=0.0)
    walk = Walk(
        config(asset=LEGS, num_envs=N, seed=3, commands=settings),
        graphics_device_id=0,
        headless=False,
    )
    walk.reset()
    yield walk
    walk.close()


def press(screen, walk, *keys):
    """Type, and step once, so that it counts in the next step."""
    screen.typed = [event for key in keys for event in ((key, PRESSED), (key, RELEASED))]
    walk.step(torch.zeros(N, walk.num_actions))


def test_keys_add_up_and_hold_for_all_robots(screen, walk):
    walk.step(torch.zeros(N, walk.num_actions))
    press(screen, walk, KEY.KEY_SPACE)
    assert walk.commands.tolist() == [[0.0, 0.0, 0.0]] * N
    press(screen, walk, KEY.KEY_UP, KEY.KEY_UP, KEY.KEY_LEFT)
    for _ in range(20):  # four times as long as random ones would hold
        torch.testing.assert_close(walk.commands, torch.tensor([[0.5, 0.0, 0.25]] * N))
        walk.step(torch.zeros(N, walk.num_actions))
    press(screen, walk, KEY.KEY_DOWN, KEY.KEY_RIGHT, KEY.KEY_RIGHT, KEY.KEY_COMMA)
    torch.testing.assert_close(walk.commands, torch.tensor([[0.25, 0.1, -0.25]] * N))


def test_the_first_key_changes_the_present_command(screen, walk):
    walk.step(torch.zeros(N, walk.num_actions))
    walk.commands.copy_(torch.tensor([[0.3, 0.05, -0.1], [0.1, 0.0, 0.0]]))
    walk.command_steps.fill_(10.0)
    press(screen, walk, KEY.KEY_UP)
    torch.testing.assert_close(walk.commands, torch.tensor([[0.55, 0.05, -0.1]] * N))


def test_commands_stay_in_the_range_of_the_training(screen, walk):
    walk.step(torch.zeros(N, walk.num_actions))
    press(screen, walk, *[KEY.KEY_UP] * 9, *[KEY.KEY_PERIOD] * 9, *[KEY.KEY_RIGHT] * 9)
    low = walk.config.commands
    expected = [0.6, low.lateral[0], low.yaw[0]]
    torch.testing.assert_close(walk.commands, torch.tensor([expected] * N))


def test_random_commands_come_back(screen, walk):
    walk.step(torch.zeros(N, walk.num_actions))
    press(screen, walk, KEY.KEY_SPACE)
    press(screen, walk, KEY.KEY_R)
    seen = set()
    for _ in range(10):
        walk.step(torch.zeros(N, walk.num_actions))
        seen.update(map(tuple, walk.commands.tolist()))
    assert len(seen) > N


def test_random_commands_come_back_when_nobody_watches(screen, walk, monkeypatch):
    walk.step(torch.zeros(N, walk.num_actions))
    press(screen, walk, KEY.KEY_SPACE)
    with monkeypatch.context() as patch:
        patch.setattr(type(walk.viewer), "watched", lambda self: False)
        for _ in range(3):
            walk.step(torch.zeros(N, walk.num_actions))
        assert (walk.commands != 0.0).any(dim=1).all()


def test_a_push_gives_every_robot_a_velocity(screen, walk, monkeypatch):
    walk.step(torch.zeros(N, walk.num_actions))
    before = walk.root_state[:, 7:13].clone()
    walk.controls().press(PUSH)
    walk.gym.refresh_actor_root_state_tensor(walk.sim)
    added = walk.root_state[:, 7:13] - before
    torch.testing.assert_close(added[:, :2].norm(dim=1), torch.full((N,), PUSH_SPEED))
    torch.testing.assert_close(added[:, 2:], torch.zeros(N, 4), rtol=0, atol=1e-5)
    assert not torch.allclose(added[0, :2], added[1, :2])
    assert walk.viewer._actions[(type(KEY.KEY_P), KEY.KEY_P)] == [PUSH]


def test_lines_show_where_the_robot_is_to_go(screen, walk):
    walk.step(torch.zeros(N, walk.num_actions))
    press(screen, walk, KEY.KEY_SPACE, KEY.KEY_UP, KEY.KEY_UP)
    ends, colors = walk.viewer.lines.all()
    assert len(ends) == 2 * SEGMENTS
    green = ends[np.isclose(colors, COMMANDED).all(axis=1)]
    assert np.isclose(colors, ACTUAL).all(axis=1).sum() == SEGMENTS
    x, y, z, w = walk.root_state[0, 3:7].tolist()
    heading = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    moved = green[-1, 1] - green[0, 0]
    np.testing.assert_allclose(
        moved, [0.5 * math.cos(heading), 0.5 * math.sin(heading), 0], atol=1e-5
    )


def test_a_path_is_the_arc_of_a_circle():
    heading, speed, rate = 0.7, 0.8, 1.1
    lines = path((1.0, 2.0, 3.0), heading, (speed, 0.0, rate))
    radius = speed / rate
    center = np.array([1.0 - radius * math.sin(heading), 2.0 + radius * math.cos(heading)])
    distance = np.linalg.norm(lines.reshape(-1, 3)[:, :2] - center, axis=1)
    np.testing.assert_allclose(distance, radius, rtol=2e-3)
    end = heading + rate
    expected = center + radius * np.array([math.sin(end), -math.cos(end)])
    np.testing.assert_allclose(lines[-1, 1, :2], expected, atol=2e-3)
    assert (lines[..., 2] == 3.0).all()
    np.testing.assert_array_equal(lines[1:, 0], lines[:-1, 1])
