"""A legacy task's state is saved wherever it keeps it; what cannot be is named."""

import random
from collections import deque

import numpy as np
import pytest
import torch

from humanoid_gym.tasks.legacy_config import DeviceName
from humanoid_gym.tasks.legacy_episodes import LegacyEpisodes
from humanoid_gym.tasks.legacy_state import LegacyState


class Curriculum:
    def __init__(self) -> None:
        self.level = 0
        self.heights = np.zeros(3)


class Task:
    def __init__(self) -> None:
        self.device = "cpu"
        self.gain = 2.0
        self.count = 0
        self.buffer = torch.zeros(3)
        self.view = self.buffer[:2]
        self.queue = torch.zeros(0)
        self.sums = {"reward": torch.zeros(2)}
        self.recent = deque(maxlen=2)
        self.curriculum = Curriculum()
        self.pair = (1, [2])
        self.generator = torch.Generator().manual_seed(0)
        self.function = len
        self.rng = random.Random(0)

    def step(self) -> None:
        self.count += 1
        self.buffer += 1.0
        self.queue = torch.ones(self.count)
        self.sums["reward"] += 2.0
        self.recent.append(self.count)
        self.curriculum.level += 1
        self.curriculum.heights[1] = self.count
        self.pair = (self.count, [self.count])
        torch.rand(1, generator=self.generator)


def stepped(count: int):
    task = Task()
    state = LegacyState(task)
    for _ in range(count):
        task.step()
    return task, state


def through_a_file(state, path):
    torch.save(state, path)
    return torch.load(path, weights_only=True)


def test_what_steps_changed_comes_back_in_place(tmp_path):
    task, state = stepped(3)
    saved = through_a_file(state.saved(), tmp_path / "state.pt")
    fresh, other = stepped(0)
    inside = fresh.sums["reward"]
    other.load(saved)
    assert (fresh.count, fresh.curriculum.level, fresh.pair) == (3, 3, (3, [3]))
    assert fresh.recent == deque([2, 3]) and fresh.recent.maxlen == 2
    assert fresh.curriculum.heights.tolist() == [0.0, 3.0, 0.0]
    assert inside is fresh.sums["reward"] and inside.tolist() == [6.0, 6.0]
    assert fresh.view.tolist() == [3.0, 3.0] and fresh.queue.shape == (3,)
    after = [torch.rand(1, generator=t.generator) for t in (task, fresh)]
    assert torch.equal(*after)


def test_settings_are_not_taken_back():
    _, state = stepped(2)
    fresh = Task()
    fresh.gain = 5.0  # as another configuration would
    LegacyState(fresh).load(state.saved())
    assert fresh.gain == 5.0 and fresh.count == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda task: task.rng.random(), "rng"),
        (lambda task: setattr(task, "function", lambda: 1), "function"),
        (lambda task: setattr(task, "log", open), "log"),
        (lambda task: None, ""),
    ],
)
def test_what_cannot_be_saved_is_named(change, named, caplog):
    task, state = stepped(1)
    change(task)
    _, fresh = stepped(0)
    fresh.load(state.saved())
    assert (f"task Task: {named} cannot be restored" in caplog.text) == bool(named)


def test_a_tensor_that_another_setting_resized_is_left_and_named(caplog):
    _, state = stepped(1)
    fresh = Task()
    fresh.buffer = torch.zeros(5)
    LegacyState(fresh).load(state.saved())
    assert fresh.buffer.shape == (5,) and "buffer cannot be restored" in caplog.text


class Counters:
    max_episode_length = 10

    def __init__(self, progress, flags) -> None:
        self.progress_buf, self.reset_buf = torch.tensor(progress), torch.tensor(flags)


def test_an_episode_that_the_step_itself_reset_is_a_time_out_with_its_last_observation():
    # environments: reaches its length; fails; reset by the step at its length; reset when it failed
    task = Counters([8, 4, 8, 4], [0, 0, 0, 0])
    episodes = LegacyEpisodes(task, 4, torch.device("cpu"))
    episodes.before_step({"obs": torch.full((4, 1), 1.0)})
    task.progress_buf, task.reset_buf = torch.tensor([9, 5, 0, 0]), torch.ones(4).long()
    done = task.reset_buf != 0
    within = episodes.within_step(done)
    assert within.tolist() == [False, False, True, True]
    assert episodes.time_outs(done).tolist() == [True, False, True, False]
    last = episodes.last_seen("obs", torch.full((4, 1), 2.0), within)
    assert last.flatten().tolist() == [2.0, 2.0, 1.0, 1.0]


def test_an_episode_that_begins_and_fails_at_once_is_no_time_out():
    task = Counters([9], [1])  # flagged at its length by the step before
    episodes = LegacyEpisodes(task, 1, torch.device("cpu"))
    episodes.before_step({"obs": torch.zeros(1, 1)})
    task.progress_buf = torch.tensor([0])
    assert episodes.time_outs(task.reset_buf != 0).tolist() == [False]


def test_numbers_in_extras_are_measured_under_the_names_of_the_first_step():
    episodes = LegacyEpisodes(Counters([0, 0], [0, 0]), 2, torch.device("cpu"))
    extras = {
        "successes": torch.tensor(0.5),
        "speed": torch.tensor([1.0, 2.0]),
        "episode": {"reward": torch.tensor(3.0)},
        "time_outs": torch.zeros(2),
        "count": torch.tensor([1, 2]),
        "picture": torch.zeros(2, 3),
    }
    found = episodes.metrics(extras)
    assert {name: value.tolist() for name, value in found.items()} == {
        "successes": [0.5, 0.5],
        "speed": [1.0, 2.0],
        "episode.reward": [3.0, 3.0],
    }
    later = episodes.metrics({"speed": torch.tensor([4.0, 4.0]), "new": torch.tensor(1.0)})
    assert list(later) == list(found) and later["successes"].tolist() == [0.0, 0.0]


def test_the_device_is_a_text_and_a_device():
    device = DeviceName("cuda:1")
    assert device == "cuda:1" and device != "cpu" and (device.type, device.index) == ("cuda", 1)
    assert device == torch.device("cuda", 1) and torch.device("cuda", 1) == device
    assert torch.zeros(1, device=DeviceName("cpu")).device == torch.device("cpu")
