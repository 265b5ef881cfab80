"""A training that was saved on a GPU goes on where there is none, and the other way round."""

from dataclasses import replace

import torch
from point_mass import PointMass
from test_execution import TRAINING

from humanoid_gym.random_numbers import continue_random_numbers
from humanoid_gym.rl import Runner
from humanoid_gym.rl.checkpoint import load_checkpoint, save_checkpoint
from humanoid_gym.rl.continuation import restore_rng, rng_state

STATE_OF_A_GPU = torch.tensor([7, 0, 0, 0, 0, 0, 0, 0, 4, *[0] * 7], dtype=torch.uint8)
"""Seed 7 and offset 4, as PyTorch's CUDA generators save themselves: 16 bytes."""
CPU = torch.device("cpu")


def test_random_numbers_of_another_kind_of_device_follow_from_the_seed(caplog):
    generator, same = (torch.Generator().manual_seed(3) for _ in range(2))
    continue_random_numbers(generator, STATE_OF_A_GPU, "learner")
    assert "another kind of device than cpu" in caplog.text
    assert torch.equal(torch.rand(5, generator=generator), torch.rand(5, generator=same))


def test_those_of_the_same_kind_go_on(caplog):
    generator = torch.Generator().manual_seed(3)
    torch.rand(7, generator=generator)
    state = rng_state(generator, CPU)
    expected = torch.rand(5, generator=generator), torch.rand(5)
    restore_rng(state, generator, CPU)
    assert torch.equal(torch.rand(5, generator=generator), expected[0])
    assert torch.equal(torch.rand(5), expected[1])
    assert not caplog.records


def test_a_checkpoint_of_a_gpu_is_trained_on(tmp_path, caplog):
    config = replace(TRAINING, runner=replace(TRAINING.runner, max_iterations=1))
    Runner(PointMass(12), config, tmp_path).learn()
    content = load_checkpoint(tmp_path / "checkpoints" / "last.pt")
    content["rng"].update(learner=STATE_OF_A_GPU, cuda=STATE_OF_A_GPU)
    path = save_checkpoint(tmp_path / "of_a_gpu.pt", content)
    longer = replace(config, runner=replace(config.runner, max_iterations=2))
    runner = Runner(PointMass(12), longer, tmp_path / "resumed")
    runner.load(path)
    runner.learn()
    assert runner.iteration == 2
    assert "another kind of device" in caplog.text
