"""torchrun's processes and sweeps, as far as the command line has to do with them."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from humanoid_gym.cli import sweeping, training
from humanoid_gym.cli.composing import compose
from humanoid_gym.cli.hardware import choose_device, choose_num_envs
from humanoid_gym.cli.run_config import run_config
from humanoid_gym.config import ConfigError
from humanoid_gym.rl.distributed import Launch

ROOT = Path(__file__).parents[2]
SMALL = [
    "task=cartpole",
    "num_envs=8",
    "device=cpu",
    "train.runner.horizon=8",
    "train.policy.actor_hidden=[8]",
    "train.policy.critic_hidden=[8]",
    "max_iterations=2",
    "task.sim.num_threads=1",
]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
SECOND_OF_TWO = Launch(rank=1, world_size=2, local_rank=1, local_world_size=2)


def config(process: Launch, *overrides: str):
    composed = compose(["task=cartpole", "device=cpu", "seed=5", *overrides])
    return run_config(composed.task_name, composed.settings, "no GPU", process)


def test_processes_share_the_environments_and_have_seeds_of_their_own():
    alone, second = config(Launch(), "num_envs=64"), config(SECOND_OF_TWO, "num_envs=64")
    assert (alone.task.num_envs, second.task.num_envs) == (64, 32)
    assert alone.task.seed == 5
    assert second.task.seed != 5
    assert second.to_mapping() == alone.to_mapping()


def test_environments_that_cannot_be_shared_evenly_are_refused():
    with pytest.raises(ConfigError, match="num_envs is 65, which 2 processes cannot share evenly"):
        config(SECOND_OF_TWO, "num_envs=65")


def test_the_default_number_of_environments_is_for_each_process():
    assert choose_num_envs("auto", "cpu", SECOND_OF_TWO).value == "1024"
    assert "times 2 processes" in choose_num_envs("auto", "cpu", SECOND_OF_TWO).reason


def test_each_process_has_the_gpu_of_its_local_rank(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
    for requested in ("auto", "cuda"):
        choice = choose_device(requested, "", SECOND_OF_TWO)
        assert choice == ("cuda:1", "GPU 1, one for each process")
    with pytest.raises(ConfigError, match="2 processes need a GPU each; use device=cuda"):
        choose_device("cuda:1", "", SECOND_OF_TWO)
    four = Launch(rank=1, world_size=4, local_rank=1, local_world_size=4)
    with pytest.raises(ConfigError, match="4 processes on this machine, which has 2 GPUs"):
        choose_device("cuda", "", four)


def test_torchrun_trains_and_only_the_first_process_speaks(tmp_path: Path):
    done = subprocess.run(
        [*TORCHRUN, str(ROOT / "train.py"), *SMALL],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("task      cartpole") == 1
    assert done.stdout.count("finished after 2 iterations") == 1
    (run,) = tmp_path.glob("runs/cartpole/*")
    assert {path.name for path in (run / "checkpoints").iterdir()} == {
        "last.pt",
        "last.rank001.pt",
    }


def test_a_sweep_under_torchrun_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    said = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stop:
        training.main([*SMALL, "--multirun", "seed=1,2"])
    assert stop.value.code == 2
    assert "--multirun starts jobs of one process each" in capsys.readouterr().err


def test_a_launcher_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sweeping, "_installed", lambda module: False)
    with pytest.raises(SystemExit) as stop:
        training.main([*SMALL, "--multirun", "seed=1,2", "hydra/launcher=joblib"])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "hydra/launcher=joblib needs hydra-joblib-launcher: pip install" in error


def test_hydras_own_settings_are_no_part_of_a_job():
    jobs = list(sweeping.combinations(["hydra/launcher=joblib", "seed=1,2", "hydra.launcher.x=3"]))
    assert jobs == [["seed=1"], ["seed=2"]]


def test_joblib_runs_jobs_in_other_processes(tmp_path: Path):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    sweep = ["seed=1,2", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *SMALL, "--multirun", *sweep],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    configs = sorted(tmp_path.glob("runs/cartpole/*_job?/config.yaml"))
    assert len(configs) == 2
    assert sorted(path.parent.name[-1] for path in configs) == ["0", "1"]  # whichever began first
    for path in configs:
        assert (path.parent / "checkpoints" / "last.pt").is_file()
