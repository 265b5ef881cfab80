import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import distributed_worker
import pytest
import torch
from ppo_samples import fill_rollout, small_networks

from humanoid_gym.config import ConfigError
from humanoid_gym.rl import PPOConfig
from humanoid_gym.rl.distributed import Launch, launch_from, own_seed, own_share, rank_file
from humanoid_gym.rl.ppo import num_minibatches

WORKER = Path(distributed_worker.__file__)


def start(job: str, out: Path, world_size: int = 2) -> list:
    """Start the processes of a job as torchrun would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        subprocess.Popen(
            [sys.executable, str(WORKER), job, str(out)],
            env={
                **os.environ,
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": str(world_size),
                "LOCAL_WORLD_SIZE": str(world_size),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
                "OMP_NUM_THREADS": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(world_size)
    ]


def run(job: str, out: Path) -> None:
    for process in start(job, out):
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output


def results(out: Path, name: str) -> list:
    return [torch.load(out / f"{name}{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    out = tmp_path_factory.mktemp("computed")
    run("compute", out)
    return out


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    run("train", out)
    return out


def test_statistics_are_those_of_all_processes_together(computed):
    first, second = results(computed, "reductions")
    together = torch.cat([first["values"], second["values"]])
    std, mean = torch.std_mean(together)
    for one in (first, second):
        rows = together.double()
        torch.testing.assert_close(one["mean"], rows.mean(0))
        torch.testing.assert_close(one["variance"], rows.var(0, correction=0))
        assert one["count"] == len(together)
        torch.testing.assert_close(one["std_mean"], (std, mean))
        assert torch.equal(one["averages"][0], torch.full((2,), 0.5))
        assert one["averages"][1] == 5.0
        assert one["anywhere"] == [True, False, True]
        assert one["text"] == "of 0"


def test_two_processes_learn_what_one_learns_from_both_their_rollouts(computed):
    first, second = results(computed, "learned")
    storage = fill_rollout(small_networks(), num_envs=distributed_worker.NUM_ENVS)
    alone = distributed_worker.learn(storage)
    for name, value in alone["networks"].items():
        assert torch.equal(first["networks"][name], second["networks"][name]), name
        torch.testing.assert_close(
            first["networks"][name], value, rtol=1e-4, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}"
        )
    for name, value in alone["metrics"].items():
        torch.testing.assert_close(first["metrics"][name], value, rtol=1e-4, atol=1e-6)
    T, N = storage.horizon, distributed_worker.NUM_ENVS
    parts = [one["advantages"].reshape(T, N // 2) for one in (first, second)]
    torch.testing.assert_close(torch.cat(parts, dim=1).flatten(), alone["advantages"])


def test_networks_stay_alike_bit_for_bit_and_environments_differ(trained):
    first, second = (states["whole"] for states in results(trained, "states"))
    for name, value in first["networks"].items():
        assert torch.equal(value, second["networks"][name]), name
    assert torch.equal(first["algorithm"]["learning_rate"], second["algorithm"]["learning_rate"])
    assert not torch.equal(first["env"]["position"], second["env"]["position"])
    assert not torch.equal(first["rng"]["learner"], second["rng"]["learner"])


def test_resumes_every_process_bit_for_bit(trained):
    names = sorted(path.name for path in (trained / "half/checkpoints").iterdir())
    assert names == ["iteration_000002.pt", "last.pt", "last.rank001.pt"]
    for states in results(trained, "states"):
        whole, again = states["whole"], states["again"]
        for part in ("networks", "env", "obs"):
            one, other = whole[part], again[part]
            pairs = one.items() if isinstance(one, dict) else {"": one}.items()
            for name, value in pairs:
                assert torch.equal(value, other[name] if name else other), (part, name)


def test_a_nan_in_one_process_is_handled_in_all(trained):
    first, second = (states["faulty"] for states in results(trained, "states"))
    assert first["counters"]["iteration"] == second["counters"]["iteration"] == 3
    for name, value in first["networks"].items():
        assert torch.equal(value, second["networks"][name]), name
        assert torch.isfinite(value).all()


def test_a_killed_process_ends_the_others_with_a_message(tmp_path):
    processes = start("forever", tmp_path)
    last = tmp_path / "checkpoints/last.pt"
    deadline = time.monotonic() + 180
    while not last.is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    processes[1].send_signal(signal.SIGKILL)
    output, _ = processes[0].communicate(timeout=180)
    processes[1].communicate()
    assert last.is_file()
    assert processes[0].returncode != 0
    assert "process 0 lost another one, which died or stopped answering" in output


def test_reads_what_torchrun_says():
    said = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
    assert launch_from(said) == Launch(rank=5, world_size=8, local_rank=1, local_world_size=4)
    assert launch_from({}) == Launch()
    assert launch_from({}).alone
    assert launch_from({}).speaks
    with pytest.raises(ConfigError, match="RANK=, WORLD_SIZE=two"):
        launch_from({"WORLD_SIZE": "two"})


def test_what_cannot_be_shared_evenly_is_refused():
    assert own_share(4096, 4, "num_envs") == 1024
    with pytest.raises(ConfigError, match="num_envs is 100, which 3 processes cannot share"):
        own_share(100, 3, "num_envs")


def test_seeds_differ_between_processes_and_from_neighbours():
    seeds = {own_seed(seed, rank) for seed in range(50) for rank in range(50)}
    assert len(seeds) == 2500
    assert own_seed(42, 0) == 42
    assert 0 <= own_seed(2**32 - 1, 7) < 2**32


def test_every_process_has_its_own_file():
    assert rank_file(Path("a/last.pt"), 0) == Path("a/last.pt")
    assert rank_file(Path("a/last.pt"), 12) == Path("a/last.rank012.pt")


def test_minibatch_size_counts_the_samples_of_all_processes(monkeypatch):
    monkeypatch.setattr("humanoid_gym.rl.distributed.world_size", lambda: 4)
    assert num_minibatches(PPOConfig(minibatch_size=400), num_samples=1000) == 10
    with pytest.raises(ConfigError, match="minibatch_size is 402, which 4 processes"):
        num_minibatches(PPOConfig(minibatch_size=402), num_samples=1000)
