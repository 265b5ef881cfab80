"""Warm start from recorded actions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from point_mass import PointMass

from humanoid_gym.config import ConfigError
from humanoid_gym.rl.behavioural_cloning import BehaviouralCloningConfig, clone
from humanoid_gym.rl.demonstrations import DemonstrationError, Demonstrations
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig
from humanoid_gym.rl.ppo import PPOConfig
from humanoid_gym.rl.runner import Runner, RunnerConfig, TrainConfig

POLICY = ActorCriticConfig(actor_hidden=(32,), critic_hidden=(16,), initial_std=0.4)


def teacher(obs: torch.Tensor) -> torch.Tensor:
    """Holds the point mass at the origin."""
    return -2.0 * obs[:, :1] - 2.0 * obs[:, 1:]


def pairs(count: int) -> Demonstrations:
    """Observations far from mean 0 and deviation 1, so that normalization has something to do."""
    obs = torch.randn(count, 2, generator=torch.Generator().manual_seed(3))
    obs = obs * torch.tensor([0.5, 3.0]) + torch.tensor([0.2, 10.0])
    actions = torch.sin(2.0 * obs[:, :1]) - 0.3 * (obs[:, 1:] - 10.0)
    return Demonstrations(obs, actions, "")


def networks() -> ActorCritic:
    torch.manual_seed(0)
    return ActorCritic(2, 1, POLICY)


def test_the_policy_learns_what_was_done_and_keeps_the_rest():
    student, data = networks(), pairs(1000)
    before = {name: p.detach().clone() for name, p in student.named_parameters()}
    settings = BehaviouralCloningConfig(num_epochs=12, minibatch_size=50, learning_rate=1e-2)
    result = clone(student, data, settings)
    error = (student.act_greedily(data.observations) - data.actions).square().mean()
    assert error < 0.05 * data.actions.var()
    assert result.last_error == pytest.approx(error.item(), rel=0.2)
    assert result.first_error > 3.0 * result.last_error
    for name, parameter in student.named_parameters():
        kept = name.startswith(("critic", "action_std"))
        assert torch.equal(before[name], parameter) == kept, name


def test_observation_statistics_are_those_of_the_recording():
    student, data = networks(), pairs(500)
    clone(student, data, BehaviouralCloningConfig(num_epochs=1))
    normalizer = student.observation_normalizer
    torch.testing.assert_close(normalizer.mean.float(), data.observations.mean(0))
    torch.testing.assert_close(
        normalizer.variance.float(), data.observations.var(0, correction=0), rtol=1e-4, atol=0.0
    )
    assert normalizer.count == 500
    assert (student.value_normalizer.count == 0).all()


def test_cloning_is_the_same_every_time():
    a, b = networks(), networks()
    for student in (a, b):
        clone(student, pairs(300), BehaviouralCloningConfig(num_epochs=3))
        torch.rand(3)  # whatever else draws random numbers in between
    for one, other in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(one, other)


def teacher_file(path: Path) -> str:
    env, seen, done = PointMass(16), [], []
    torch.manual_seed(0)
    obs = env.reset()["obs"]
    for _ in range(100):
        seen.append(obs.clone())
        done.append(teacher(obs).clamp(-1.0, 1.0))
        obs = env.step(done[-1])[0]["obs"]
    np.savez(path, observations=torch.cat(seen).numpy(), actions=torch.cat(done).numpy())
    return str(path)


def config(file: str | None, **policy) -> TrainConfig:
    return TrainConfig(
        policy=ActorCriticConfig(
            actor_hidden=(32,), critic_hidden=(16,), initial_std=0.3, **policy
        ),
        algorithm=PPOConfig(num_epochs=1),
        behavioural_cloning=BehaviouralCloningConfig(
            file=file, minibatch_size=64, learning_rate=3e-3
        ),
        runner=RunnerConfig(horizon=70, max_iterations=1, save_interval=1),
    )


def falls(act: Callable[[torch.Tensor], torch.Tensor]) -> int:
    """How often a policy loses the mass in an episode's length."""
    torch.manual_seed(1)
    env = PointMass(64)
    obs, count = env.reset()["obs"], 0
    for _ in range(59):
        observations, _, done, _ = env.step(act(obs))
        obs, count = observations["obs"], count + int(done.sum())
    return count


def begun(runner: Runner) -> Runner:
    runner.begin()
    return runner


def test_a_warm_start_begins_with_what_was_learned(tmp_path: Path):
    file = teacher_file(tmp_path / "teacher.npz")
    cold = begun(Runner(PointMass(8), config(None), tmp_path / "cold"))
    warm = begun(Runner(PointMass(8), config(file), tmp_path / "warm"))
    lost_cold, lost_warm = (falls(each.actor_critic.act_greedily) for each in (cold, warm))
    assert lost_warm < 0.5 * lost_cold


def test_a_resumed_run_is_not_cloned_again(tmp_path: Path):
    file = teacher_file(tmp_path / "teacher.npz")
    runner = Runner(PointMass(8), config(file), tmp_path / "first")
    last = runner.learn()
    resumed = Runner(PointMass(8), config(file), tmp_path / "second")
    resumed.load(last)
    resumed.begin()
    for a, b in zip(
        runner.actor_critic.parameters(), resumed.actor_critic.parameters(), strict=True
    ):
        assert torch.equal(a, b)


def test_what_cannot_be_cloned_stops_before_anything_is_written(tmp_path: Path):
    run = tmp_path / "run"
    with pytest.raises(DemonstrationError, match="does not exist"):
        Runner(PointMass(4), config(str(tmp_path / "none.npz")), run)
    file = teacher_file(tmp_path / "teacher.npz")
    with pytest.raises(ConfigError, match=r"set train\.policy\.memory=none"):
        Runner(PointMass(4), config(file, memory="lstm", memory_size=4), run)
    np.savez(tmp_path / "task.npz", observations=np.ones((3, 2)), actions=np.ones((3, 1)), task="a")
    with pytest.raises(DemonstrationError, match="task=a, this run has task=b"):
        wrong = config(str(tmp_path / "task.npz"))
        Runner(PointMass(4), wrong, run, run_config={"task_name": "b"})
    assert not run.exists()
