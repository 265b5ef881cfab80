"""Each part of an iteration's time is booked where it belongs, by a clock that the test moves."""

from dataclasses import replace

import pytest
import torch
from point_mass import PointMass

from humanoid_gym.rl import ActorCriticConfig, PPOConfig, Runner, RunnerConfig, TrainConfig
from humanoid_gym.rl import progress as progress_module
from humanoid_gym.rl.logging.report import FRACTION, SECONDS_LEFT
from humanoid_gym.rl.logging.training_log import TrainingLog

ITERATIONS, HORIZON = 3, 4
CONFIG = TrainConfig(
    policy=ActorCriticConfig(actor_hidden=(8,), critic_hidden=(8,)),
    algorithm=PPOConfig(num_epochs=1, num_minibatches=1),
    runner=RunnerConfig(horizon=HORIZON, max_iterations=ITERATIONS, save_interval=1),
)
ACT, PHYSICS, UPDATE, WRITE, SAVE = 1.0, 2.0, 32.0, 128.0, 512.0


class Clock:
    """Time that passes only where somebody spends it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def spending(self, seconds: float, function):
        """Return a function that takes so long."""

        def slow(*arguments):
            self.now += seconds
            return function(*arguments)

        return slow


class SlowSink:
    """Keeps reports, and takes its time."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.reports = clock, []

    def open(self) -> None:
        self.clock.now += 5000.0  # before the training begins: nobody's time

    def write(self, report) -> None:
        self.clock.now += WRITE
        self.reports.append(report)

    def close(self) -> None:
        pass


class SlowMass(PointMass):
    """Tells of the time of its steps."""

    clock: Clock

    def step(self, actions):
        self.clock.now += PHYSICS
        result = super().step(actions)
        self.seconds = PHYSICS * self.steps
        return result


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Return the reports of a training, and what else it was slow in."""
    clock = Clock()
    monkeypatch.setattr(progress_module.time, "perf_counter", clock)

    def train(warm_start: float = 0.0):
        torch.manual_seed(1)
        env = SlowMass(6)
        env.clock = clock
        runner = Runner(env, replace(CONFIG), tmp_path, seed=1)
        sink = SlowSink(clock)
        runner.log = TrainingLog({"slow": sink})
        runner.policy.act = clock.spending(ACT, runner.policy.act)
        runner.algorithm.update = clock.spending(UPDATE, runner.algorithm.update)
        runner.saver.save_due = clock.spending(SAVE, runner.saver.save_due)
        runner.warm_start.run = clock.spending(warm_start, runner.warm_start.run)
        runner.learn()
        return sink.reports, runner

    return train


def seconds(report) -> dict:
    return {n[6:-8]: v for n, v in report.items() if n.startswith("speed/") and "_per_" not in n}


def test_logging_and_saving_are_booked_as_such(trained):
    reports, runner = trained()
    usual = {
        "inference": HORIZON * ACT,
        "physics": HORIZON * PHYSICS,
        "observation_reward": 0.0,
        "learning": UPDATE,
        "logging": WRITE,
        "saving": SAVE,
    }
    # the first report comes before anything was written; what follows a report is the next one's
    first = {**usual, "logging": 0.0, "saving": 0.0}
    assert [seconds(report) for report in reports] == [first, usual, usual]
    assert runner.progress.elapsed == sum(first.values()) + 2 * sum(usual.values())
    per_second = HORIZON * 6 / sum(usual.values())
    assert reports[-1]["speed/env_steps_per_second"] == pytest.approx(per_second)


def test_a_warm_start_is_learning(trained):
    reports, _ = trained(warm_start=300.0)
    assert seconds(reports[0])["learning"] == 300.0 + UPDATE
    assert seconds(reports[0])["inference"] == HORIZON * ACT


@pytest.mark.parametrize(
    ("max_minutes", "fraction", "left"),
    [
        (None, 1 / 4, 300.0),  # the second of eight iterations, after 100 s
        (10.0, 1 / 4, 300.0),  # 500 s of the ten minutes are left, which is more
        (5.0, 1 / 3, 200.0),
        (1.0, 1.0, 0.0),
    ],
)
def test_what_is_left_is_told_by_what_ends_first(monkeypatch, max_minutes, fraction, left):
    clock = Clock()
    monkeypatch.setattr(progress_module.time, "perf_counter", clock)
    config = RunnerConfig(max_iterations=8, max_minutes=max_minutes)
    progress = progress_module.Progress(config, PointMass(6))
    progress.iteration = 2
    clock.now += 100.0
    report = progress.report()
    assert (report[FRACTION], report[SECONDS_LEFT]) == pytest.approx((fraction, left))
    assert progress.finished() == (max_minutes == 1.0)
