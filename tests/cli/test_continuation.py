"""Continuing a training exactly, through the command line, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch
import yaml
from torch import Tensor

from humanoid_gym.rl.checkpoint import load_checkpoint

ROOT = Path(__file__).parents[2]
HUMANOID = [
    "task=humanoid",
    "num_envs=12",
    "seed=5",
    "train.runner.horizon=6",
    "train.policy.actor_hidden=[16]",
    "train.policy.critic_hidden=[16]",
    "train.runner.save_interval=1000",
    "task.episode_length=14",  # some end by time-out within these few steps, others do not
]
CARTPOLE = ["task=cartpole", "num_envs=16", "train.runner.horizon=8", "seed=2"]


def train(folder: Path, *arguments: str, threads: int = 1) -> Path:
    """Train in a new process; return the checkpoint that it leaves."""
    folder.mkdir(exist_ok=True)
    before = set(folder.glob("runs/*/*"))
    command = [sys.executable, str(ROOT / "train.py"), "device=cpu", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    (run,) = set(folder.glob("runs/*/*")) - before
    return run / "checkpoints" / "last.pt"


def leaves(state: Any, path: str = "") -> Dict[str, Any]:
    """Every number and tensor of nested dicts by its path."""
    if isinstance(state, dict):
        return {k: v for key in state for k, v in leaves(state[key], f"{path}/{key}").items()}
    return {path: state}


def differences(one: Path, other: Path) -> List[str]:
    """Names of what is not bit for bit the same in two checkpoints."""
    first, second = leaves(load_checkpoint(one)), leaves(load_checkpoint(other))
    different = sorted(set(first) ^ set(second))
    for name, value in first.items():
        if name == "/counters/elapsed" or name.startswith("/config/"):
            continue
        if isinstance(value, Tensor):
            if not torch.equal(value, second[name]):
                different.append(name)
        elif value != second.get(name):
            different.append(name)
    return different


def test_the_humanoid_continues_exactly_in_the_middle_of_episodes_and_in_contact(tmp_path):
    whole = train(tmp_path / "whole", *HUMANOID, "max_iterations=6")
    half = train(tmp_path / "half", *HUMANOID, "max_iterations=3")
    state = load_checkpoint(half)
    tensors = state["env"]["tensors"]
    assert int((tensors["progress_buf"] > 0).sum()) == 12, "not in the middle of episodes"
    assert bool((tensors["foot_wrench"].abs() > 10.0).any()), "no foot touches the ground"
    resumed = train(tmp_path / "resumed", *HUMANOID, "max_iterations=6", f"checkpoint={half}")
    assert differences(whole, resumed) == []


def test_no_number_of_threads_changes_the_result(tmp_path):
    arguments = [*HUMANOID[:1], "num_envs=96", "max_iterations=2", "train.runner.horizon=24"]
    arguments.append("train.algorithm.num_minibatches=1")  # enough samples for several slices
    results = [
        train(tmp_path / str(n), *arguments, f"task.sim.num_threads={n}", threads=n)
        for n in (1, 2, 3)
    ]
    assert differences(results[0], results[1]) == []
    assert differences(results[0], results[2]) == []


@pytest.mark.parametrize("memory", ["lstm", "gru"])
def test_a_recurrent_policy_continues_exactly(memory, tmp_path):
    arguments = [*CARTPOLE, f"train.policy.memory={memory}", "train.policy.memory_size=8"]
    whole = train(tmp_path / "whole", *arguments, "max_iterations=4")
    half = train(tmp_path / "half", *arguments, "max_iterations=2")
    resumed = train(tmp_path / "resumed", *arguments, "max_iterations=4", f"checkpoint={half}")
    assert differences(whole, resumed) == []


def test_a_checkpoint_of_another_task_says_so(tmp_path):
    half = train(tmp_path / "half", *CARTPOLE, "max_iterations=1")
    command = [sys.executable, str(ROOT / "train.py"), "task=humanoid", f"checkpoint={half}"]
    command += ["device=cpu", "num_envs=16"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2
    assert "is of task cartpole, this run trains humanoid" in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_short_form_of_the_loggers(tmp_path):
    last = train(tmp_path, *CARTPOLE, "max_iterations=2", "logger=[jsonl,csv]")
    names = {path.name for path in last.parents[1].iterdir() if path.is_file()}
    assert names == {"config.yaml", "log.jsonl", "log.csv"}
    settings = yaml.safe_load((last.parents[1] / "config.yaml").read_text())
    assert settings["train"]["logging"]["sinks"] == ["jsonl", "csv"]


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start a training without an end; return when it has written last.pt twice."""
    command = [sys.executable, str(ROOT / "train.py"), "device=cpu", *arguments]
    process = subprocess.Popen(
        [*command, "max_iterations=1000000", "logger=[jsonl]"],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(folder.glob("runs/*/*/checkpoints/iteration_000004.pt")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_training_that_is_ended_loses_no_more_than_an_interval(number, tmp_path):
    process = start(tmp_path, *CARTPOLE, "train.runner.save_interval=2")
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == (0 if number == signal.SIGTERM else -number), output
    (run,) = tmp_path.glob("runs/*/*")
    done = len((run / "log.jsonl").read_text().splitlines())
    last = load_checkpoint(run / "checkpoints" / "last.pt")["counters"]["iteration"]
    assert last == done if number == signal.SIGTERM else done - 2 <= last <= done
    for path in (run / "checkpoints").glob("*.pt"):
        load_checkpoint(path)
    train(tmp_path, *CARTPOLE, f"max_iterations={last + 1}", f"checkpoint={run}")
    assert list((run / "checkpoints").glob(".*")) == [], "half-written files are left"
