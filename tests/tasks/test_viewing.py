"""A task with a viewer: it draws each step, follows its robot, and stops when the user does."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from isaacgym import gymapi

from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig

PRESSED, RELEASED = 1.0, 0.0


class Screen:
    """A window without a display: it counts pictures, and its user types what a test says."""

    def __init__(self) -> None:
        self.pictures = 0
        self.typed: list[tuple[gymapi.KeyboardInput, float]] = []
        self.is_closed = self.is_destroyed = False
        self.on_input = lambda *_: None

    def poll(self) -> None:
        for event in self.typed:
            self.on_input(*event)
        self.typed = []

    def begin(self) -> tuple[int, int]:
        return 0, 0  # nothing to draw into

    def show(self) -> None:
        self.pictures += 1

    def end(self) -> None:
        pass

    def closed(self) -> bool:
        return self.is_closed

    def destroy(self) -> None:
        self.is_destroyed = True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr("humanoid_gym.engine.graphics.viewer_choice.open_window", lambda *_: screen)
    monkeypatch.setattr("humanoid_gym.engine.frame_clock.FrameClock.sync", lambda *_: None)
    return screen


@pytest.fixture
def task(screen: Screen) -> Iterator[Cartpole]:
    config = CartpoleConfig(num_envs=2, seed=1)
    task = Cartpole(config, graphics_device_id=0, headless=False)
    task.reset()
    yield task
    task.close()


def step(task: Cartpole) -> None:
    task.step(torch.zeros(2, 1))


def test_v_switches_drawing(task: Cartpole, screen: Screen):
    key = gymapi.KeyboardInput.KEY_V
    step(task)
    step(task)
    assert screen.pictures == 2
    screen.typed = [(key, PRESSED), (key, RELEASED)]
    step(task)
    step(task)
    assert screen.pictures == 2
    screen.typed = [(key, PRESSED), (key, RELEASED)]
    step(task)
    assert screen.pictures == 3


@pytest.mark.usefixtures("handled_interrupts")
@pytest.mark.parametrize("how", ["escape", "window"])
def test_leaving_the_window_interrupts_the_program_once(task: Cartpole, screen: Screen, how: str):
    step(task)
    if how == "escape":
        screen.typed = [(gymapi.KeyboardInput.KEY_ESCAPE, PRESSED)]
    else:
        screen.is_closed = True
    with pytest.raises(KeyboardInterrupt):
        step(task)
    assert screen.is_destroyed
    step(task)  # without a viewer from now on
    assert screen.pictures == 1


def test_the_camera_goes_along_with_the_first_robot(
    task: Cartpole, monkeypatch: pytest.MonkeyPatch
):
    step(task)
    place = task.gym.get_viewer_camera_transform
    before = place(task.viewer, None)
    monkeypatch.setattr(task, "camera_target", lambda index: (3.0, -1.0, 2.5))
    task._viewing._target = lambda: task.camera_target(0)
    step(task)
    after = place(task.viewer, None)
    moved = [after.p.x - before.p.x, after.p.y - before.p.y, after.p.z - before.p.z]
    np.testing.assert_allclose(moved, [3.0, -1.0, 0.5], atol=1e-5)
    turned = [abs(getattr(after.r, name) - getattr(before.r, name)) for name in "xyzw"]
    assert max(turned) < 1e-5


def test_what_nobody_watches_is_not_drawn(task: Cartpole, screen: Screen, monkeypatch):
    monkeypatch.setattr(type(task.viewer), "watched", lambda self: False)
    asked = []
    monkeypatch.setattr(task, "camera_target", lambda index: asked.append(index) or (0.0, 0.0, 1.0))
    step(task)  # the first picture is drawn, whoever may come
    assert screen.pictures == 1
    asked.clear()
    step(task)
    assert (screen.pictures, asked) == (1, [])
    monkeypatch.undo()


def test_without_a_display_the_task_runs_without_a_window(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("humanoid_gym.engine.graphics.viewer_choice.open_window", lambda *_: None)
    task = Cartpole(CartpoleConfig(num_envs=2), graphics_device_id=0, headless=False)
    task.reset()
    step(task)
    assert task.viewer is None
    task.close()
