"""NaN in rewards, observations and losses: named, replayed, and left behind."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from point_mass import PointMass

from humanoid_gym.rl import (
    ActorCriticConfig,
    NonFiniteError,
    PPOConfig,
    Runner,
    RunnerConfig,
    TrainConfig,
    load_checkpoint,
)
from humanoid_gym.rl.faults import recorder
from humanoid_gym.rl.faults.replay import load_fault, replay

CONFIG = TrainConfig(
    policy=ActorCriticConfig(actor_hidden=(16,), critic_hidden=(16,)),
    algorithm=PPOConfig(num_epochs=2, num_minibatches=2),
    runner=RunnerConfig(horizon=8, max_iterations=6, save_interval=100, on_nan="continue"),
)
STOP = replace(CONFIG, runner=replace(CONFIG.runner, on_nan="stop"))


class Brittle(PointMass):
    """A reward term that is NaN in a narrow band of positions, which a few masses cross."""

    band = (1.9, 1.97)

    def step(self, actions):
        obs, reward, done, extras = super().step(actions)
        position = extras["final_observation"][:, 0].abs()
        inside = (position > self.band[0]) & (position < self.band[1])
        extras["reward_terms"]["root"] = torch.where(inside, float("nan"), 0.0)
        return obs, reward + extras["reward_terms"]["root"], done, extras

    def restart(self, mask):
        self._restart(mask)
        return {"obs": self._observe()}


class Blind(Brittle):
    """The same, in the observation."""

    band = (3.0, 3.0)

    def step(self, actions):
        obs, reward, done, extras = super().step(actions)
        bad = (self.position > 1.9).nonzero().flatten()
        obs["obs"][bad, 1] = float("inf")
        return obs, reward, done, extras


class Forgetful(Brittle):
    """Cannot begin single episodes anew."""

    restart = None


def make(folder: Path, env: PointMass, config: TrainConfig = CONFIG) -> Runner:
    torch.manual_seed(1)
    return Runner(env, config, folder, seed=1)


def only_file(folder: Path) -> Path:
    (found,) = (folder / "faults").iterdir()
    return found


def finite(runner: Runner) -> bool:
    return all(bool(t.isfinite().all()) for t in runner.actor_critic.state_dict().values())


@pytest.mark.parametrize(
    ("env", "source"), [(Brittle, "reward_term/root"), (Blind, r"observation\[1\]")]
)
def test_a_nan_stops_with_its_place_and_a_file_that_replays_it(tmp_path, env, source):
    pattern = rf"iteration \d: NaN or infinite {source} of environment \d+ at step \d.*replays it"
    with pytest.raises(NonFiniteError, match=pattern) as error:
        make(tmp_path, env(12), STOP).learn()
    path = only_file(tmp_path)
    assert error.value.path == path
    assert not (tmp_path / "checkpoints").exists()

    torch.manual_seed(99)
    content = load_fault(path)
    again = replay(make(tmp_path / "again", env(12)), content)
    assert again.exact
    first = content["faults"][0] if len(content["faults"]) == 1 else None
    assert again.found
    if first is not None:
        assert f"step {first['step']}, environments [{first['env']}]" in again.found[0]


@pytest.mark.parametrize("env", [Brittle, Blind, Forgetful])
def test_training_goes_on_from_a_clean_state(tmp_path, caplog, env):
    runner = make(tmp_path, env(12))
    with caplog.at_level(logging.WARNING):
        last = runner.learn()
    assert runner.iteration == 6
    assert runner.faults.count >= 1
    assert sum("training goes on" in record.message for record in caplog.records) >= 1
    assert finite(runner)
    summary = runner.statistics.summary()
    assert bool(summary.isfinite().all()) and summary[0] > 0
    assert load_checkpoint(last)["counters"]["iteration"] == 6


class Go:
    """Nobody asks to stop."""

    requested = False


def test_only_the_faulty_environments_are_restarted(tmp_path):
    runner = make(tmp_path, Brittle(12))
    runner.begin()
    runner.collect(Go())
    faulty = {fault.env for fault in runner.rollout_guard.find()}
    while not faulty:
        runner.finish_iteration(runner.update())
        runner.collect(Go())
        faulty = {fault.env for fault in runner.rollout_guard.find()}
    before = runner.env.age.clone()
    length = runner.statistics._running[:, 1].clone()
    assert runner.accept_rollout()
    for env in range(12):
        if env in faulty:
            assert runner.env.age[env] == 0 and runner.statistics._running[env, 1] == 0
        else:
            assert runner.env.age[env] == before[env]
            assert runner.statistics._running[env, 1] == length[env]
    assert bool(runner.storage.rewards.isfinite().all())


def test_environments_that_cannot_restart_one_by_one_all_begin_anew(tmp_path):
    runner = make(tmp_path, PointMass(12))
    runner.begin()
    runner.collect(Go())
    runner.statistics.steps[2, [5, 7], 0] = float("nan")
    assert runner.accept_rollout()
    actions = runner.storage.actions
    assert torch.equal(actions[:, [5, 7]], actions[:, [0, 1]])  # nobody's counts three times
    assert not runner.env.age.any() and not runner.statistics._running.any()
    assert runner.storage.done[-1].all()


class Ruined(Brittle):
    """Every environment returns a NaN."""

    band = (-1.0, 100.0)


def test_nothing_is_learned_where_every_environment_is_faulty(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "MAX_CONSECUTIVE", 4)
    runner = make(tmp_path, Ruined(12))
    before = {k: v.clone() for k, v in runner.actor_critic.state_dict().items()}
    with pytest.raises(NonFiniteError, match=r"and 11 more environments.*the last 4 all had one"):
        runner.learn()
    assert runner.iteration == 3
    for name, value in runner.actor_critic.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_a_rollout_and_its_update_are_one_iteration(tmp_path):
    log = recorder.FaultRecorder(tmp_path, {}, goes_on=True)
    for iteration in range(1, recorder.MAX_CONSECUTIVE):
        for kind in (recorder.ROLLOUT, recorder.UPDATE):
            log.record(kind, iteration, "reward", {})
    assert log.count == recorder.MAX_CONSECUTIVE - 1
    assert len(list((tmp_path / "faults").iterdir())) == recorder.MAX_FILES
    with pytest.raises(NonFiniteError, match="the last 10 all had one"):
        log.record(recorder.ROLLOUT, recorder.MAX_CONSECUTIVE, "reward", {})


def test_no_more_than_a_few_files_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "MAX_FILES", 2)
    runner = make(tmp_path, Ruined(12))
    runner.learn()
    assert runner.faults.count == 6
    assert len(list((tmp_path / "faults").iterdir())) == 2


def spoil(runner: Runner, iteration: int) -> None:
    """Make the third gradient step of an iteration see an infinite advantage."""
    prepare = runner.algorithm.prepare

    def spoiled(storage):
        batch = prepare(storage)
        if runner.iteration == iteration:
            batch.returns[::17] = 1e38  # squared, that is infinite
        return batch

    runner.algorithm.prepare = spoiled


def test_an_update_with_a_nan_is_taken_back_and_named(tmp_path):
    runner = make(tmp_path, PointMass(12))
    spoil(runner, 2)
    logged = []
    runner.log.write = logged.append
    states = []
    update = runner.update

    def watched():
        states.append({k: v.clone() for k, v in runner.actor_critic.state_dict().items()})
        return update()

    runner.update = watched
    runner.learn()
    assert runner.iteration == 6
    assert finite(runner)
    # the iteration after the spoiled one begins with the very networks before it
    # (2, 2 again to name the gradient step, 3)
    assert len(states) == 7
    assert all(torch.equal(states[2][k], states[4][k]) for k in states[2])
    assert [report["faults/nan_iterations"] for report in logged] == [0, 0, 1, 1, 1, 1]
    assert "learning/loss" not in logged[2]
    content = load_fault(only_file(tmp_path))
    assert "learning/value" in content["what"] and "at gradient step 0" in content["what"]

    again = make(tmp_path / "again", PointMass(12))
    spoil(again, 2)
    result = replay(again, content)
    assert result.exact and "learning/value at gradient step 0" in result.found


def test_an_update_with_a_nan_stops_with_its_place(tmp_path):
    runner = make(tmp_path, PointMass(12), STOP)
    spoil(runner, 0)
    with pytest.raises(NonFiniteError, match=r"iteration 1: .*learning/value.*gradient step 0"):
        runner.learn()
    assert finite(runner)


def test_without_recording_the_file_names_the_place_only(tmp_path):
    config = replace(STOP, runner=replace(STOP.runner, record_replay=False))
    with pytest.raises(NonFiniteError):
        make(tmp_path, Brittle(12), config).learn()
    content = load_fault(only_file(tmp_path))
    assert "env" not in content
    with pytest.raises(ValueError, match="record_replay"):
        replay(make(tmp_path / "again", Brittle(12)), content)


def test_a_checkpoint_is_not_the_file_of_a_fault(tmp_path):
    last = make(tmp_path, PointMass(12)).learn()
    with pytest.raises(ValueError, match="not the file of a fault"):
        load_fault(last)


class Confused(PointMass):
    """The privileged state of one environment is NaN after its third step."""

    num_states = 1

    def reset(self):
        return {**super().reset(), "states": torch.zeros(self.num_envs, 1)}

    def step(self, actions):
        obs, reward, done, extras = super().step(actions)
        obs["states"] = torch.zeros(self.num_envs, 1)
        extras["final_states"] = torch.zeros(self.num_envs, 1)
        if self.steps == 3:
            obs["states"][4] = float("nan")
        return obs, reward, done, extras


def test_states_are_looked_at_too(tmp_path):
    policy = replace(STOP.policy, critic_observation="states")
    with pytest.raises(NonFiniteError, match=r"state\[0\] of environment 4 at step 2;"):
        make(tmp_path, Confused(12), replace(STOP, policy=policy)).learn()
