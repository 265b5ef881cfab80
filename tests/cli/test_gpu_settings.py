"""On a GPU the learner's settings for GPUs count, except where the command line decides."""

import dataclasses

import pytest
import torch

from humanoid_gym.cli.composing import compose
from humanoid_gym.cli.gpu_settings import described, with_gpu_settings, yield_to
from humanoid_gym.cli.run_config import run_config
from humanoid_gym.config import ConfigError


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "a GPU")


def config(*overrides: str):
    composed = compose(overrides)
    return run_config(composed.task_name, composed.settings, gpu_lacks="")


@pytest.mark.usefixtures("gpu")
def test_a_gpu_has_more_environments_and_says_which_settings_are_its_own():
    on_gpu, on_cpu = config("task=humanoid"), config("task=humanoid", "device=cpu")
    assert (on_gpu.device.value, on_gpu.task.num_envs) == ("cuda:0", 4096)
    assert on_gpu.train.runner.horizon == 4 and on_gpu.train.algorithm.num_minibatches == 16
    assert "algorithm.num_minibatches=16" in on_gpu.for_gpu
    assert "runner.horizon=4" in on_gpu.for_gpu
    assert (on_cpu.device.value, on_cpu.task.num_envs, on_cpu.for_gpu) == ("cpu", 512, "")
    assert on_cpu.train.runner.horizon == 16 and on_cpu.train.algorithm.num_minibatches == 8
    same = dataclasses.replace(on_gpu.train, runner=on_cpu.train.runner)
    assert dataclasses.replace(same, algorithm=on_cpu.train.algorithm) == on_cpu.train


@pytest.mark.usefixtures("gpu")
def test_the_command_line_counts_on_a_gpu_too():
    chosen = config("task=humanoid", "train.runner.horizon=24", "max_iterations=3")
    assert chosen.train.runner.horizon == 24
    assert chosen.train.algorithm.num_minibatches == 16
    assert chosen.train.runner.max_iterations == 3
    assert "horizon" not in chosen.for_gpu
    assert config("train.gpu.runner.horizon=8").train.runner.horizon == 8


@pytest.mark.usefixtures("gpu")
def test_the_saved_configuration_builds_the_same_run_anywhere():
    on_gpu = config("task=humanoid")
    saved = on_gpu.to_mapping()
    assert "gpu" not in saved["train"]
    again = run_config("humanoid", {**saved, "device": "cpu"}, gpu_lacks="")
    assert again.train == on_gpu.train


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.usefixtures("gpu")
def test_wrong_settings_for_a_gpu_are_refused_everywhere(device: str):
    with pytest.raises(ConfigError, match=r"train.runner: unknown key 'horizn'"):
        config("train.gpu.runner.horizn=8", f"device={device}")
    with pytest.raises(ConfigError, match=r"train.gpu: expected a group"):
        config("train.gpu=8", f"device={device}")


def test_groups_set_by_hand_count_as_a_whole():
    settings = {"train": {"a": {"x": 1, "y": 2}, "gpu": {"a": {"x": 3, "y": 4}, "b": 5}}}
    yield_to(["train.a", "task.b"], settings)
    assert settings["train"]["gpu"] == {"b": 5}
    assert with_gpu_settings(settings["train"]) == {"a": {"x": 1, "y": 2}, "b": 5}
    assert described({"a": {"x": 3}, "b": 5}) == "a.x=3, b=5"
