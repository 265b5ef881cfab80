import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import pytest
import torch
from point_mass import PointMass
from saved_states import assert_same_state

from humanoid_gym.config import ConfigError
from humanoid_gym.rl import (
    ActorCriticConfig,
    CheckpointError,
    NonFiniteError,
    PPOConfig,
    Runner,
    RunnerConfig,
    TrainConfig,
    load_checkpoint,
)
from humanoid_gym.rl.logging.report import ENV_STEPS

SMALL = TrainConfig(
    policy=ActorCriticConfig(actor_hidden=(16,), critic_hidden=(16,)),
    algorithm=PPOConfig(num_epochs=2, num_minibatches=2),
    runner=RunnerConfig(horizon=8, max_iterations=6, save_interval=3, best_interval=1),
)


def make(folder: Path, num_envs: int = 12, config: TrainConfig = SMALL, seed: int = 1) -> Runner:
    torch.manual_seed(seed)
    return Runner(PointMass(num_envs), config, folder, seed=seed, run_config={"task": "toy"})


def test_learns_to_balance_an_unstable_mass(tmp_path):
    config = TrainConfig(
        policy=ActorCriticConfig(actor_hidden=(32, 32), critic_hidden=(32, 32)),
        algorithm=PPOConfig(gamma=0.97, reward_scale=0.1),
        runner=RunnerConfig(horizon=16, max_iterations=50),
    )
    runner = make(tmp_path, num_envs=64, config=config)
    runner.learn()
    count, *means = runner.statistics.summary().tolist()[:3]
    assert count > 100
    assert means[0] > 40.0  # of at most 60; about 12 without control
    assert means[1] > 45.0


class Unfit(PointMass):
    """Takes over no state."""

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        raise ValueError("a state of shape (4, 302) does not fit")


def test_what_the_saved_environments_cannot_take_over_is_named(tmp_path):
    task = {"drive": "position", "sim": {"dt": 0.02, "substeps": 4}, "gone": 1}
    before = Runner(PointMass(4), SMALL, tmp_path / "a", run_config={"task": task})
    last = before.learn()
    task = {"drive": "torque", "sim": {"dt": 0.02, "substeps": 1}, "new": 2}
    after = Runner(Unfit(4), SMALL, tmp_path / "b", run_config={"task": task})
    with pytest.raises(CheckpointError) as caught:
        after.load(last)
    assert str(caught.value) == (
        f"checkpoint {last}: its environments cannot go on with task.drive=torque (it was "
        "position), task.sim.substeps=1 (it was 4); leave out what they cannot take over, or train "
        "anew without the checkpoint (a state of shape (4, 302) does not fit)"
    )
    same = Runner(Unfit(4), SMALL, tmp_path / "c", run_config=before.run_config)
    with pytest.raises(CheckpointError, match=r"last.pt: a state of shape \(4, 302\) does not fit"):
        same.load(last)


def test_learn_writes_checkpoints_and_events(tmp_path):
    last = make(tmp_path).learn()
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert last == tmp_path / "checkpoints" / "last.pt"
    assert {"last.pt", "iteration_000003.pt", "iteration_000006.pt"} <= names
    content = load_checkpoint(last)
    assert content["config"] == {"task": "toy"}
    assert content["counters"]["iteration"] == 6
    assert list(tmp_path.glob("events.out.tfevents.*"))


def test_logged_report_names_every_group(tmp_path):
    runner = make(tmp_path, num_envs=200)
    runner.begin()

    class Go:
        requested = False

    for _ in range(3):
        runner.collect(Go())
        losses = runner.update()
        report = runner.finish_iteration(losses)
    assert report[ENV_STEPS] == 3 * 8 * 200
    expected = {
        "episode/return",
        "episode/length",
        "reward_term/alive",
        "reward_term/effort",
        "metric/speed",
        "learning/policy",
        "learning/value",
        "learning/kl",
        "learning/learning_rate",
        "speed/physics_seconds",
        "speed/observation_reward_seconds",
        "speed/inference_seconds",
        "speed/learning_seconds",
    }
    assert expected <= set(report)
    terms = report["reward_term/alive"] + report["reward_term/effort"]
    assert report["episode/return"] == pytest.approx(terms, rel=1e-5)


@pytest.mark.parametrize("spread", [True, False])
def test_episodes_begin_at_random_ages_if_configured(tmp_path, spread):
    settings = replace(SMALL.runner, randomize_episode_phase=spread)
    runner = make(tmp_path, config=replace(SMALL, runner=settings))
    runner.begin()
    assert bool(runner.env.age.any()) == spread


def test_linear_schedules_last_as_long_as_the_training(tmp_path):
    algorithm = replace(SMALL.algorithm, learning_rate=1e-3, learning_rate_schedule="linear")
    runner = make(tmp_path, config=replace(SMALL, algorithm=algorithm))
    rates = []
    runner.log.write = lambda report: rates.append(report["learning/learning_rate"])
    runner.learn()
    assert rates == pytest.approx([1e-3 * (1.0 - k / 6) for k in range(6)])


def test_resume_continues_bit_for_bit(tmp_path):
    whole = make(tmp_path / "whole")
    whole.learn()

    first_half = replace(SMALL, runner=replace(SMALL.runner, max_iterations=3))
    path = make(tmp_path / "half", config=first_half).learn()
    resumed = make(tmp_path / "resumed", seed=99)  # another start, all of which load replaces
    resumed.load(path)
    resumed.learn()
    assert_same_state(resumed.state_dict(), whole.state_dict())


def test_resume_inside_a_rollout_continues_bit_for_bit(tmp_path):
    whole = make(tmp_path / "whole")
    whole.learn()

    interrupted = make(tmp_path / "half")

    def interrupt_at_step_21(step=interrupted.env.step):
        def wrapped(actions):
            if interrupted.env.steps == 20:
                signal.raise_signal(signal.SIGINT)
            return step(actions)

        return wrapped

    interrupted.env.step = interrupt_at_step_21()
    path = interrupted.learn()
    assert load_checkpoint(path)["counters"] | {"elapsed": 0, "best_return": 0} == {
        "iteration": 2,
        "step": 5,
        "elapsed": 0,
        "best_return": 0,
    }
    resumed = make(tmp_path / "resumed", seed=99)
    resumed.load(path)
    resumed.learn()
    assert_same_state(resumed.state_dict(), whole.state_dict())


def test_storage_is_written_before_it_is_read(tmp_path):
    clean = make(tmp_path / "clean")
    clean.learn()
    poisoned = make(tmp_path / "poisoned")
    for value in vars(poisoned.storage).values():
        if isinstance(value, torch.Tensor):
            value.fill_(float("nan") if value.is_floating_point() else True)
    poisoned.learn()
    for name, value in clean.actor_critic.state_dict().items():
        assert torch.equal(value, poisoned.actor_critic.state_dict()[name]), name


@pytest.mark.parametrize(
    ("sabotage", "name"),
    [("effort", "reward_term/effort"), ("observation", "observation")],
)
def test_non_finite_value_is_named_with_its_iteration(tmp_path, sabotage, name):
    runner = make(tmp_path)
    runner.env.sabotage = sabotage
    with pytest.raises(NonFiniteError, match=f"iteration 1: .*{name}"):
        runner.learn()
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize(
    "algorithm",
    [PPOConfig(minibatch_size=7), PPOConfig(minibatch_size=1000), PPOConfig(num_minibatches=97)],
)
def test_impossible_minibatches_are_refused(tmp_path, algorithm):
    with pytest.raises(ConfigError, match="96"):
        make(tmp_path, config=replace(SMALL, algorithm=algorithm))
    assert not list(tmp_path.iterdir())


def test_resume_with_another_number_of_environments_is_refused(tmp_path):
    path = make(tmp_path / "a").learn()
    with pytest.raises(CheckpointError, match=r"num_envs 12.*num_envs 13"):
        make(tmp_path / "b", num_envs=13).load(path)


def test_time_limit_ends_training(tmp_path):
    config = replace(SMALL, runner=replace(SMALL.runner, max_iterations=10**6, max_minutes=0.01))
    runner = make(tmp_path, config=config)
    runner.learn()
    assert 0 < runner.iteration < 10**5


@pytest.mark.parametrize("asks", [True, False])
def test_a_training_with_a_time_limit_knows_whether_somebody_stopped_it(tmp_path, asks):
    config = replace(SMALL, runner=replace(SMALL.runner, max_minutes=60.0))
    runner = make(tmp_path, config=config)
    step = runner.env.step

    def wrapped(actions):
        if asks and runner.env.steps == 20:
            signal.raise_signal(signal.SIGINT)
        return step(actions)

    runner.env.step = wrapped
    runner.learn()
    assert (runner.interrupted, runner.iteration) == ((True, 2) if asks else (False, 6))


SIGTERM_PROGRAM = """
import os, signal, sys
import torch
from point_mass import PointMass
from humanoid_gym.rl import Runner, RunnerConfig, TrainConfig
class Env(PointMass):
    def step(self, actions):
        if self.steps == 40:
            os.kill(os.getpid(), signal.{name})
        return super().step(actions)
runner = Runner(Env(8), TrainConfig(runner=RunnerConfig(max_iterations=10**6)), sys.argv[1])
print(runner.learn())
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signal_saves_and_exits_cleanly(tmp_path, name):
    here = Path(__file__).parent
    search = os.pathsep.join([str(here), str(here.parents[1])])
    result = subprocess.run(
        [sys.executable, "-c", SIGTERM_PROGRAM.format(name=name), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    path = result.stdout.strip().splitlines()[-1]
    counters = load_checkpoint(path)["counters"]
    assert (counters["iteration"], counters["step"]) == (1, 9), json.dumps(counters)
