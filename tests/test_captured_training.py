"""A whole training for a GPU: replayed from graphs it is the one that runs kernel by kernel.

CUDA is pretended (`pretend_cuda`), Warp's CPU device does the physics and records its own graphs.
"""

import contextlib
import logging

import pytest
import torch
from pretend_cuda import no_waiting, pretend_cuda

pytest.importorskip("mujoco_warp")

from humanoid_gym.cli.making import configuration
from humanoid_gym.cli.training import make_env
from humanoid_gym.rl.interruption import Interruption
from humanoid_gym.rl.runner import Runner

ITERATIONS = 5
SIZES = ["num_envs=4", "seed=3", "train.runner.horizon=5", "task.episode_length=9"]
LEARNER = ["train.algorithm.num_epochs=2", "train.algorithm.num_minibatches=2"]
CAPTURED = ["task.capture=true", "train.execution.capture=step"]
PLAIN = ["task.capture=false", "train.execution.capture=off"]


@pytest.fixture
def cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    for name in ("memory_allocated", "max_memory_allocated", "memory_reserved"):
        monkeypatch.setattr(torch.cuda, name, lambda device=None: 0)
    with pretend_cuda(monkeypatch) as device:
        yield device


def trained(overrides, folder):
    """The learner, its last rollout and what each iteration reports; whether it was replayed."""
    config = configuration(*overrides, *SIZES, *LEARNER, "device=cuda:0")
    env = make_env(config)
    runner = Runner(env, config.train, folder, config.launch.seed, config.to_mapping())
    runner.begin()
    reports, replayed = [], False
    for iteration in range(ITERATIONS):
        replayed = env._step.captured and iteration == ITERATIONS - 1  # by then everything is
        with no_waiting() if replayed else contextlib.nullcontext():
            assert runner.collect(Interruption())
        assert runner.accept_rollout()
        with no_waiting() if replayed else contextlib.nullcontext():
            losses = runner.update()
        report = runner.finish_iteration(losses)
        reports.append({k: v for k, v in report.items() if k.startswith(("learning", "episode"))})
    state = {**runner.actor_critic.state_dict(), "observations": runner.storage.observations}
    env.close()
    return {k: v.cpu() for k, v in state.items()}, reports, replayed


@pytest.mark.parametrize(
    "task",
    [["task=humanoid"], ["task=humanoid_legs", "randomization=full", "terrain=rough"]],
    ids=["humanoid", "legs, randomized on rough ground"],
)
def test_a_captured_training_is_the_plain_one(task, cuda, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        state, reports, replayed = trained([*task, *CAPTURED], tmp_path / "captured")
    assert replayed
    assert not [record for record in caplog.records if "captured" in record.getMessage()]
    expected, plain_reports, replayed = trained([*task, *PLAIN], tmp_path / "plain")
    assert not replayed
    assert state.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(state[name], tensor, rtol=0, atol=0, msg=name)
    assert reports == plain_reports
    assert reports[-1]["episode/finished"] > 0
