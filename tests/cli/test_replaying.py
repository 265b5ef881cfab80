"""A training that breaks down says where, and the file it leaves breaks down in the same way."""

import re
from pathlib import Path
from typing import List

import pytest

from humanoid_gym.cli import replaying, training
from humanoid_gym.rl.checkpoint import save_checkpoint
from humanoid_gym.rl.faults.replay import load_fault

SMALL = ["device=cpu", "num_envs=4", "max_iterations=2", "train.runner.horizon=8", "logger=[]"]


def broken(folder: Path, arguments: List[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Train until it breaks down; return the one line that says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert training.main([*SMALL, *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    path = re.search(r"replaying (\S+\.pt)$", captured.out, re.M)
    assert path and path[1] in captured.err
    return captured.err


def replayed(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    (path,) = folder.glob("runs/*/*/faults/*.pt")
    assert replaying.main([str(path)]) == 0
    return capsys.readouterr().out


def test_a_reward_that_is_infinite(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    # more than float32 can hold
    error = broken(tmp_path, ["task=humanoid", "task.alive_scale=1e39"], capsys)
    assert "iteration 1: NaN or infinite reward_term/alive of environment 0 at step 0" in error
    lines = replayed(tmp_path, capsys)
    assert "reward_terms alive at step 0, environments [0, 1, 2, 3]" in lines
    assert "bit for bit as recorded" in lines


def test_an_update_that_explodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rates = ["learning_rate=1e30", "learning_rate_schedule=constant"]
    arguments = ["task=cartpole", *(f"train.algorithm.{rate}" for rate in rates)]
    error = broken(tmp_path, arguments, capsys)
    place = re.search(r"iteration 1: NaN or infinite learning/\w+.* at gradient step (\d)", error)
    assert place and int(place[1]) == 1, "the first step is sound, the second sees its result"
    lines = replayed(tmp_path, capsys)
    assert "at gradient step 1" in lines.splitlines()[-2]
    assert "bit for bit as recorded" in lines


def test_one_of_several_processes_is_replayed_with_its_own_environments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    sizes = ["train.algorithm.minibatch_size=16"]
    broken(tmp_path, ["task=humanoid", "task.alive_scale=1e39", *sizes], capsys)
    (path,) = tmp_path.glob("runs/*/*/faults/*.pt")
    content = load_fault(path)
    # what the first of three processes writes: the sizes in the configuration are of all of them
    content["config"]["num_envs"] *= 3
    content["config"]["train"]["algorithm"]["minibatch_size"] *= 3
    save_checkpoint(path, content)
    assert "bit for bit as recorded" in replayed(tmp_path, capsys)
    content["rollout"] = {"actions": content["actions"][:, :2]}  # a fault of an update
    settings = replaying.of_one_process(content["config"], content)
    assert settings["num_envs"] == 2
    assert settings["train"]["algorithm"]["minibatch_size"] == 8


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [([], "usage"), (["no.pt"], "does not exist"), (["a.pt", "b.pt"], "usage")],
)
def test_unusable_input_is_refused(arguments, expected, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as exit_:
        replaying.main(arguments)
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1
