"""Full disks, read-only folders and killed processes: no unreadable file, no lost training."""

import errno
import logging
import os
import random
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from point_mass import PointMass

from humanoid_gym.cli.run_folder import find_checkpoint
from humanoid_gym.rl import Runner, RunnerConfig, TrainConfig, load_checkpoint, saving
from humanoid_gym.rl.checkpoint import save_checkpoint
from humanoid_gym.rl.networks import ActorCriticConfig
from humanoid_gym.rl.saving import SavingError

CONFIG = TrainConfig(
    policy=ActorCriticConfig(actor_hidden=(16,), critic_hidden=(16,)),
    runner=RunnerConfig(horizon=8, max_iterations=6, save_interval=2, best_interval=1000),
)
STOP = replace(CONFIG, runner=replace(CONFIG.runner, on_write_error="stop"))
ROOT = Path(__file__).parents[2]


def make(folder: Path, config: TrainConfig = CONFIG) -> Runner:
    torch.manual_seed(1)
    return Runner(PointMass(12), config, folder, seed=1)


@pytest.fixture
def small_files():
    """No file may grow beyond 2000 bytes, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_cannot_grow_is_a_clear_error(tmp_path, small_files):
    with pytest.raises(OSError, match="File too large"):
        save_checkpoint(tmp_path / "a.pt", {"networks": {"weight": torch.zeros(5000)}})
    assert list(tmp_path.iterdir()) == []


class Disk:
    """Stands for a disk that is full from one write to another."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, full: range) -> None:
        self.writes, self.full = 0, full
        self.replace = os.replace
        monkeypatch.setattr(os, "replace", self.write)

    def write(self, source, target):
        self.writes += 1
        if self.writes - 1 in self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.replace(source, target)


def test_training_goes_on_while_the_disk_is_full(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(saving, "RETRY_SECONDS", 0.0)
    # iterations 2 and 4 fail (two files each, and the retries after 3); space comes back then
    Disk(monkeypatch, full=range(5))
    runner = make(tmp_path)
    with caplog.at_level(logging.WARNING):
        last = runner.learn()
    assert runner.saver.failures == 5
    (first, *_) = (record.message for record in caplog.records)
    assert "last.pt: No space left on device (1 failed so far)" in first
    assert "training goes on" in first
    # what was overdue was written as soon as it could be, after iteration 5
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"last.pt", "iteration_000006.pt"}
    assert load_checkpoint(last)["counters"]["iteration"] == 6


def test_overdue_checkpoints_are_tried_again_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(saving, "RETRY_SECONDS", 3600.0)
    disk = Disk(monkeypatch, full=range(2))
    make(tmp_path).learn()
    # 2: two files fail; 3, 5: too soon; 4 and 6: due anyway, two files each; the end: last.pt
    assert disk.writes == 2 + 2 + 2 + 1


def test_training_stops_where_that_is_configured(tmp_path, monkeypatch):
    Disk(monkeypatch, full=range(100))
    runner = make(tmp_path, STOP)
    with pytest.raises(SavingError, match=r"cannot write .*last\.pt: No space left"):
        runner.learn()
    assert runner.iteration == 2


def test_a_training_that_could_not_be_saved_at_its_end_says_so(tmp_path, monkeypatch):
    Disk(monkeypatch, full=range(100))
    with pytest.raises(SavingError, match=r"cannot write .*last\.pt: No space left"):
        make(tmp_path).learn()
    assert list((tmp_path / "checkpoints").iterdir()) == []


def test_best_is_written_when_there_is_space_again(tmp_path, monkeypatch):
    config = replace(CONFIG, runner=replace(CONFIG.runner, best_interval=1, save_interval=100))
    Disk(monkeypatch, full=range(1))
    runner = make(tmp_path, config)
    runner.saver._window = 1
    runner.learn()
    assert (tmp_path / "checkpoints" / "best.pt").is_file()
    assert runner.saver.failures == 1


class Tolled(PointMass):
    """Each step costs ten more."""

    def step(self, actions):
        obs, reward, done, extras = super().step(actions)
        extras["reward_terms"]["alive"] = extras["reward_terms"]["alive"] - 10.0
        return obs, reward - 10.0, done, extras


def test_there_is_no_best_where_returns_do_not_tell_it(tmp_path):
    config = replace(CONFIG, runner=replace(CONFIG.runner, best_interval=0))
    runner = make(tmp_path, config)
    runner.learn()
    assert not (tmp_path / "checkpoints" / "best.pt").exists()
    assert find_checkpoint(str(tmp_path), "best.pt").name == "last.pt"


def test_what_was_best_with_other_settings_of_the_task_does_not_count(tmp_path):
    def runner(name, env, iterations, toll):
        limits = replace(CONFIG.runner, best_interval=1, max_iterations=iterations)
        folder, settings = tmp_path / name, {"task": {"toll": toll}}
        made = Runner(env, replace(CONFIG, runner=limits), folder, run_config=settings)
        made.saver._window = 1
        return made

    first = runner("first", PointMass(6), 6, 0.0)
    last = first.learn()
    assert first.saver.best_return > 0.0
    same, other = runner("same", PointMass(6), 12, 0.0), runner("other", Tolled(6), 12, 10.0)
    same.load(last)
    assert same.saver.best_return == first.saver.best_return
    other.load(last)
    other.learn()
    assert (tmp_path / "other" / "checkpoints" / "best.pt").is_file()
    assert other.saver.best_return < 0.0, "episodes without a toll are among them"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_became_read_only(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir(mode=0o500)
    with pytest.raises(SavingError, match="Permission denied"):
        make(tmp_path).learn()


def test_a_folder_that_cannot_be_created(tmp_path):
    (tmp_path / "checkpoints").write_text("a file in its place")
    with pytest.raises(SavingError, match="checkpoints"):
        make(tmp_path).learn()


def test_half_written_files_of_dead_processes_are_removed(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (folder / f".last.pt.{dead.pid}.partial").write_bytes(b"half")
    alive = folder / f".last.pt.{os.getpid()}.partial"
    alive.write_bytes(b"half")
    abandoned = folder / f".best.pt.{os.getppid()}.partial"
    abandoned.write_bytes(b"half")
    os.utime(abandoned, (0, time.time() - 7200))
    make(tmp_path).saver.begin()
    assert [path.name for path in folder.iterdir()] == [alive.name]


SAVING_FOR_EVER = """
import itertools, sys, torch
from humanoid_gym.rl.checkpoint import save_checkpoint
weight = torch.zeros(50000)
for i in itertools.count():
    weight.fill_(i)
    for name in ("last.pt", f"iteration_{i % 3:06d}.pt"):
        save_checkpoint(f"{sys.argv[1]}/checkpoints/{name}", {"networks": {"weight": weight}})
    print(i, flush=True)
"""


def test_a_process_killed_at_random_moments_leaves_whole_files(tmp_path):
    chance = random.Random(0)
    killed_while_writing = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVING_FOR_EVER, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()  # the first is written
        time.sleep(chance.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        folder = tmp_path / "checkpoints"
        killed_while_writing += len(list(folder.glob(".*.partial")))
        for path in folder.glob("*.pt"):
            weight = load_checkpoint(path)["networks"]["weight"]
            assert bool((weight == weight[0]).all())
        make(tmp_path).saver.begin()
        assert list(folder.glob(".*")) == []
    assert killed_while_writing > 0, "no kill came at an interesting moment"
