"""Checkpoints that earlier versions wrote: files in data/, and what those versions made of them."""

import json
from pathlib import Path

import torch
from point_mass import PointMass

from humanoid_gym.config import build
from humanoid_gym.rl import ActorCritic, ActorCriticConfig, PPOConfig, Runner, RunnerConfig
from humanoid_gym.rl.checkpoint import load_checkpoint, load_networks
from humanoid_gym.rl.train_config import TrainConfig

DATA = Path(__file__).parent / "data"
ANSWERS = json.loads((DATA / "format_1.json").read_text())
POINT_MASS = TrainConfig(
    policy=ActorCriticConfig(actor_hidden=(8, 4), critic_hidden=(8,)),
    algorithm=PPOConfig(num_epochs=2, num_minibatches=2),
    runner=RunnerConfig(horizon=8, max_iterations=3, save_interval=3),
)


def assert_answers(networks: ActorCritic, expected) -> None:
    observations = torch.tensor(expected["observations"])
    actions, values = torch.tensor(expected["greedy_actions"]), torch.tensor(expected["values"])
    torch.testing.assert_close(networks.act_greedily(observations), actions)
    torch.testing.assert_close(networks.value(observations), values)


def test_cartpole_of_format_1_plays_as_it_did():
    path = DATA / "cartpole_format_1.pt"
    checkpoint = load_checkpoint(path)
    config = build(ActorCriticConfig, checkpoint["config"]["train"]["policy"], "policy")
    networks = ActorCritic(4, 1, config)
    load_networks(checkpoint, networks, path)
    assert_answers(networks, ANSWERS["cartpole"])


def test_training_of_format_1_continues_as_it_did(tmp_path):
    """The file was written in the middle of a rollout; the last iteration was done then and now."""
    runner = Runner(PointMass(4), POINT_MASS, tmp_path, seed=5)
    runner.load(DATA / "point_mass_format_1.pt")
    assert runner.iteration == 2
    assert_answers(runner.actor_critic, ANSWERS["point_mass"])
    runner.learn()
    assert runner.iteration == 3
    assert_answers(runner.actor_critic, ANSWERS["point_mass_continued"])
