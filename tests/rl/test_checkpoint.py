import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from humanoid_gym.rl.checkpoint import (
    FORMAT,
    FORMAT_VERSION,
    CheckpointError,
    load_checkpoint,
    load_networks,
    save_checkpoint,
)
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig

CONTENT = {
    "networks": {"weight": torch.arange(600, dtype=torch.float32).reshape(20, 30)},
    "nested": {"count": 3, "rate": 0.5, "name": "x", "empty": None, "list": [1, 2]},
}


def test_round_trip(tmp_path):
    path = save_checkpoint(tmp_path / "new" / "folder" / "a.pt", CONTENT)
    loaded = load_checkpoint(path)
    assert torch.equal(loaded["networks"]["weight"], CONTENT["networks"]["weight"])
    assert loaded["nested"] == CONTENT["nested"]
    assert [p.name for p in path.parent.iterdir()] == ["a.pt"]


def test_every_truncation_is_refused(tmp_path):
    whole = save_checkpoint(tmp_path / "whole.pt", CONTENT).read_bytes()
    cut = tmp_path / "cut.pt"
    for size in [*range(0, len(whole), 97), len(whole) - 1]:
        cut.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match=r"cut\.pt cannot be read.*truncated"):
            load_checkpoint(cut)


def test_damaged_bytes_are_refused_or_harmless(tmp_path):
    """A flipped bit in the stored numbers or in their description never loads as other numbers."""
    whole = bytearray(save_checkpoint(tmp_path / "whole.pt", CONTENT).read_bytes())
    damaged = tmp_path / "damaged.pt"
    for position in range(0, len(whole), 61):
        whole[position] ^= 0x10
        damaged.write_bytes(whole)
        whole[position] ^= 0x10
        try:
            loaded = load_checkpoint(damaged)
        except CheckpointError:
            continue
        assert torch.equal(loaded["networks"]["weight"], CONTENT["networks"]["weight"]), position


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x02}q\x00.", bytes(4096)])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"other\.pt"):
        load_checkpoint(path)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        load_checkpoint(tmp_path / "none.pt")
    with pytest.raises(CheckpointError, match="is a folder"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("foreign", [{"model": torch.zeros(2)}, torch.zeros(3), [1, 2]])
def test_foreign_torch_file_is_refused(tmp_path, foreign):
    torch.save(foreign, tmp_path / "foreign.pt")
    with pytest.raises(CheckpointError, match="not written by humanoid_gym"):
        load_checkpoint(tmp_path / "foreign.pt")


class Payload:
    """What a malicious pickle would hold."""

    def __reduce__(self):
        return (os.mkdir, ("executed",))


def test_nothing_in_a_file_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"format": FORMAT, "payload": Payload()}, "bad.pt")
    with pytest.raises(CheckpointError):
        load_checkpoint("bad.pt")
    assert not Path("executed").exists()


def test_newer_format_is_refused(tmp_path):
    torch.save({"format": FORMAT, "format_version": FORMAT_VERSION + 1}, tmp_path / "new.pt")
    with pytest.raises(CheckpointError, match=r"version 3.*up to 2; update"):
        load_checkpoint(tmp_path / "new.pt")


def network(num_obs=5, hidden=(8, 4)):
    config = ActorCriticConfig(actor_hidden=hidden, critic_hidden=hidden)
    return ActorCritic(num_obs, 2, config)


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        (network(num_obs=6), "actor 5-8-4-2, critic 5-8-4-1; this run has actor 6-8-4-2"),
        (network(hidden=(8,)), "actor 5-8-4-2, critic 5-8-4-1; this run has actor 5-8-2"),
    ],
)
def test_other_network_names_both_shapes(other, shown):
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(CheckpointError, match=shown):
        load_networks({"networks": network().state_dict()}, other, "a.pt")
    assert all(torch.equal(value, before[name]) for name, value in other.state_dict().items())


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"memory": "lstm", "memory_size": 6}, "actor 5-lstm 6-8-2, critic 5-lstm 6-8-1"),
        (
            {"memory": "gru", "memory_size": 7, "memory_layers": 2, "shared_hidden": (9,)},
            "shared 5-9, actor 9-gru 7-gru 7-8-2, critic 9-gru 7-gru 7-8-1",
        ),
        ({"layer_norm": True}, r"no actor\.1\.bias.*; this run has actor\.1\.bias \[8\]"),
    ],
)
def test_other_kinds_of_networks_are_named(settings, shown):
    config = ActorCriticConfig(actor_hidden=(8,), critic_hidden=(8,))
    saved = ActorCritic(5, 2, config).state_dict()
    other = ActorCritic(5, 2, replace(config, **settings))
    with pytest.raises(CheckpointError, match=shown):
        load_networks({"networks": saved}, other, "a.pt")


def test_same_network_is_copied():
    source, target = network(), network()
    source.update_observation_statistics(torch.randn(10, 5))
    load_networks({"networks": source.state_dict()}, target, "a.pt")
    obs = torch.randn(3, 5)
    assert torch.equal(source.value(obs), target.value(obs))


def test_checkpoint_without_networks_is_refused():
    with pytest.raises(CheckpointError, match="holds no networks"):
        load_networks({}, network(), "a.pt")


def test_failed_write_leaves_the_previous_file(tmp_path, monkeypatch):
    path = save_checkpoint(tmp_path / "a.pt", CONTENT)
    before = path.read_bytes()

    def full_disk(content, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(path, {"networks": {}})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


KILLED = """
import os, signal, sys, torch
from humanoid_gym.rl.checkpoint import save_checkpoint
def kill_half_way(descriptor):
    os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)
os.fsync = kill_half_way
save_checkpoint(sys.argv[1], {"networks": {"weight": torch.zeros(1000)}})
"""


def test_kill_during_write_leaves_the_previous_file(tmp_path):
    path = save_checkpoint(tmp_path / "a.pt", CONTENT)
    before = path.read_bytes()
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)],
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=60,
    )
    assert result.returncode == -signal.SIGKILL
    (partial,) = tmp_path.glob(".*.partial")
    assert partial.stat().st_size > 0, "killed before the write"
    assert path.read_bytes() == before
    load_checkpoint(path)
