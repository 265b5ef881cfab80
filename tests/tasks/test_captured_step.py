"""Steps replayed from a recording equal steps that run as they are, bit for bit."""

import copy
import dataclasses
import logging
from pathlib import Path

import pytest
import torch
import yaml
from recorded_capture import PlayedCapture, PretendingGpu
from test_legacy_task import CONFIG as LEGACY_CONFIG
from test_legacy_task import LegacyCartpole

from humanoid_gym.config import build
from humanoid_gym.tasks.captured_step import MOST_RECORDINGS, WARM_UP_STEPS, obstacle
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig
from humanoid_gym.tasks.humanoid import Humanoid, HumanoidConfig
from humanoid_gym.tasks.snapshot import moved, tensor_attributes

REPOSITORY = Path(__file__).resolve().parents[2]
N = 5
CARTPOLE = CartpoleConfig(num_envs=N, seed=3, episode_length=9)
SETTINGS = yaml.safe_load((REPOSITORY / "cfg/task/humanoid.yaml").read_text())
HUMANOID = build(HumanoidConfig, {**SETTINGS, "num_envs": N, "seed": 1}, "task")


class GpuCartpole(PretendingGpu, Cartpole):
    pass


class GpuHumanoid(PretendingGpu, Humanoid):
    pass


class Rebinding(GpuCartpole):
    """Replaces attributes in each step, exchanges two, and reads them in the next."""

    def acquire_tensors(self):
        super().acquire_tensors()
        self.actions = self.last_actions = torch.zeros(N, 1)
        self.left, self.right = torch.zeros(N), torch.ones(N)
        self.potential = torch.zeros(N)

    def pre_physics_step(self, actions):
        self.last_actions = self.actions
        self.actions = actions
        super().pre_physics_step(0.1 * actions + 0.05 * self.last_actions)

    def compute_reward(self):
        before, self.potential = self.potential, self.obs_buf[:, 2].clone()
        self.left, self.right = self.right, self.left
        return {**super().compute_reward(), "progress": (self.potential - before) * self.left}


TASKS = [(GpuCartpole, CARTPOLE), (GpuHumanoid, HUMANOID), (Rebinding, CARTPOLE)]


@pytest.fixture(autouse=True)
def every_environment_is_written(monkeypatch: pytest.MonkeyPatch):
    """As the engine does on a GPU."""
    monkeypatch.setattr("humanoid_gym.engine.simulation.changed_envs", lambda mask: slice(None))


def make(cls, config, capture=True):
    task = cls(dataclasses.replace(config, capture=capture))
    task.extensions = PlayedCapture(task)
    return task


def actions(task, steps, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(steps, N, task.num_actions, generator=generator) * 2.0 - 1.0


def outcome(result):
    observation, reward, reset, extras = result
    named = {"obs": observation["obs"], "reward": reward, "reset": reset}
    for name, value in extras.items():
        parts = value if isinstance(value, dict) else {"": value}
        named.update({f"{name}.{part}": tensor for part, tensor in parts.items()})
    return {name: tensor.clone() for name, tensor in named.items()}


def check_equal(ours, expected):
    assert ours.keys() == expected.keys()
    unequal = [name for name in ours if not torch.equal(ours[name], expected[name])]
    assert not unequal


def interfere(task, step, saved):
    """What a program does between steps."""
    if step == 8:
        return {"obs": task.reset()["obs"].clone()}
    if step == 12:
        task.randomize_episode_phase()
    elif step == 15:
        saved.update(copy.deepcopy(task.state_dict()))
    elif step == 19:
        task.load_state_dict(saved)
    elif step == 22:
        task.progress_buf = torch.full_like(task.progress_buf, task.max_episode_length - 2)
    elif step == 25:
        return {"obs": task.restart(torch.arange(N) < 2)["obs"].clone()}
    return {}


@pytest.mark.parametrize(("cls", "config"), TASKS)
def test_replayed_steps_equal_plain_ones(cls, config):
    captured, plain = make(cls, config), make(cls, config, capture=False)
    check_equal(captured.reset(), plain.reset())
    kept = ({}, {})
    places = {}
    for step, action in enumerate(actions(plain, 30)):
        check_equal(interfere(captured, step, kept[0]), interfere(plain, step, kept[1]))
        result = captured.step(action)
        check_equal(outcome(result), outcome(plain.step(action)))
        if captured._step.captured:
            tensors = {"obs": result[0]["obs"], "reward": result[1], "reset": result[2]}
            tensors.update(tensor_attributes(captured))
            tensors.update({k: v for k, v in result[3].items() if isinstance(v, torch.Tensor)})
            now = {name: tensor.data_ptr() for name, tensor in tensors.items()}
            assert places.setdefault("first", now) == now
        for name, tensor in tensor_attributes(plain).items():
            assert torch.equal(getattr(captured, name), tensor), name
    played = captured.extensions
    assert (played.recordings, played.replays) == (1, 30 - WARM_UP_STEPS - 1)
    assert plain.extensions.recordings == 0
    assert captured.control_steps == plain.control_steps == 26  # 30, and 4 lost by loading
    assert captured.timings()["physics"] > 0.0


def test_recomputed_quantities_are_those_of_the_last_step():
    task = make(GpuHumanoid, HUMANOID)
    task.reset()
    for action in actions(task, 6):
        task.step(action)
    task.reset()  # computes them from other tensors
    task.step(torch.zeros(N, 21))
    assert torch.equal(task.quantities.action, task.actions)
    heights = task.quantities.height
    assert torch.equal(heights, task.root_state[:, 2])


def plain_steps_and_warnings(cls, caplog):
    task, plain = make(cls, CARTPOLE), make(cls, CARTPOLE, capture=False)
    task.reset(), plain.reset()
    caplog.clear()
    with caplog.at_level(logging.INFO):
        for action in actions(task, 8):
            check_equal(outcome(task.step(action)), outcome(plain.step(action)))
    assert task.extensions.replays == 0
    assert not task._step.captured
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "\n" not in record.getMessage()
    return record.getMessage()


def test_a_number_that_changes_in_each_step_is_named(caplog):
    class Counting(GpuCartpole):
        pushes = 0

        def pre_physics_step(self, actions):
            self.pushes = self.pushes + 1
            super().pre_physics_step(actions * (self.pushes % 2))

    message = plain_steps_and_warnings(Counting, caplog)
    assert "Counting: steps are not captured" in message
    assert "'pushes' changed from 2 to 3; keep it in a tensor" in message


def test_a_tensor_inside_a_container_that_is_replaced_is_named(caplog):
    class Remembering(GpuCartpole):
        def acquire_tensors(self):
            super().acquire_tensors()
            self.history = {"push": torch.zeros(N, 1)}

        def pre_physics_step(self, actions):
            super().pre_physics_step(0.5 * (actions + self.history["push"]))
            self.history["push"] = actions

    message = plain_steps_and_warnings(Remembering, caplog)
    assert "'history['push']' is another tensor now" in message
    assert "`recomputed`" in message


def test_an_attribute_that_changes_its_shape_is_named(caplog):
    class Growing(GpuCartpole):
        def pre_physics_step(self, actions):
            super().pre_physics_step(actions)
            size = len(getattr(self, "trace", ())) + 1
            self.trace = torch.zeros(size)

    message = plain_steps_and_warnings(Growing, caplog)
    assert "'trace' was torch.float32 of shape (2,) on cpu and is" in message


def test_changed_settings_are_recorded_anew_until_that_happens_too_often(caplog):
    class Scaled(GpuCartpole):
        scale = 1.0

        def pre_physics_step(self, actions):
            super().pre_physics_step(actions * self.scale)

    task, plain = make(Scaled, CARTPOLE), make(Scaled, CARTPOLE, capture=False)
    task.scale = plain.scale = 0.5
    task.reset(), plain.reset()
    with caplog.at_level(logging.WARNING):
        for step, action in enumerate(actions(task, 60)):
            if step % 6 == 5:
                task.scale = plain.scale = 0.5 + 0.01 * step
            check_equal(outcome(task.step(action)), outcome(plain.step(action)))
    assert task.extensions.recordings == MOST_RECORDINGS
    (record,) = caplog.records
    assert "'scale' changed from" in record.getMessage()


def test_settings_that_are_replaced_are_recorded_anew():
    task, plain = make(GpuCartpole, CARTPOLE), make(GpuCartpole, CARTPOLE, capture=False)
    task.reset(), plain.reset()
    for step, action in enumerate(actions(task, 16)):
        if step == 8:
            for each in (task, plain):
                each.config = dataclasses.replace(each.config, effort=100.0)
        check_equal(outcome(task.step(action)), outcome(plain.step(action)))
    assert task.extensions.recordings == 2


def test_a_tensor_of_another_shape_assigned_between_steps_is_refused():
    task = make(GpuCartpole, CARTPOLE)
    task.reset()
    for action in actions(task, 6):
        task.step(action)
    task.progress_buf = torch.zeros(N + 1, dtype=torch.long)
    with pytest.raises(ValueError, match=r"attribute 'progress_buf' was torch.int64 of shape \(5,"):
        task.step(torch.zeros(N, 1))


def test_where_the_host_would_wait_the_recording_fails():
    class Waiting(GpuCartpole):
        def compute_termination(self):
            failed = super().compute_termination()
            return failed if bool(failed.any()) else torch.zeros_like(failed)

    task = make(Waiting, CARTPOLE)
    task.reset()
    task.step(torch.zeros(N, 1))
    task.step(torch.zeros(N, 1))
    task.step(torch.zeros(N, 1))
    before = tensor_attributes(task)
    with pytest.raises(AssertionError, match="reads values on the host"):
        task.step(torch.zeros(N, 1))
    assert all(tensor is before[name] for name, tensor in tensor_attributes(task).items())


def test_what_cannot_be_captured_at_all_says_why(monkeypatch: pytest.MonkeyPatch):
    class ByIndex(Cartpole):
        reset_envs = Cartpole.__mro__[1].reset_envs

        def reset_idx(self, env_ids):
            pass

    task = Cartpole(CARTPOLE)
    assert obstacle(task) == ""
    monkeypatch.setattr(task, "extensions", None)
    assert "no capture" in obstacle(task)
    assert "capture: false" in obstacle(Cartpole(dataclasses.replace(CARTPOLE, capture=False)))
    assert "reset_idx" in obstacle(ByIndex(CARTPOLE))
    legacy = LegacyCartpole(copy.deepcopy(LEGACY_CONFIG), "cpu", "cpu", -1, True, False, False)
    assert "post_physics_step" in obstacle(legacy)


def test_legacy_tasks_on_a_gpu_step_plainly_with_one_line_of_information(caplog):
    class GpuLegacy(PretendingGpu, LegacyCartpole):
        pass

    with caplog.at_level(logging.INFO, "humanoid_gym.tasks"):
        task = GpuLegacy(copy.deepcopy(LEGACY_CONFIG), "cpu", "cpu", -1, True, False, False)
        for _ in range(6):
            task.step(torch.zeros(4, 1))
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "it overrides post_physics_step" in record.getMessage()


def test_results_move_to_the_learner_with_everything_inside():
    result = ({"obs": torch.ones(2)}, torch.ones(2), {"terms": {"a": torch.ones(2)}, "note": 3})
    observation, reward, extras = moved(result, torch.device("meta"))
    assert observation["obs"].is_meta and reward.is_meta and extras["terms"]["a"].is_meta
    assert extras["note"] == 3
