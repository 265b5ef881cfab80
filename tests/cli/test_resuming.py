"""A training that continues has the settings of its run, unless the command line says otherwise."""

import shutil
import sys
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest
import torch
import yaml
from refusals import refusal
from trainings import new_run

from humanoid_gym.cli import training
from humanoid_gym.rl.checkpoint import load_checkpoint

UNUSUAL = [
    "task=cartpole",
    "num_envs=6",
    "device=cpu",
    "seed=9",
    "task.effort=250",
    "train.runner.horizon=8",
    "train.policy.actor_hidden=[8]",
    "train.policy.critic_hidden=[8]",
    "train.algorithm.gamma=0.9",
    "logger=[jsonl]",
]
"""Nothing that continuing with the defaults could have by chance."""


@pytest.fixture(scope="module")
def half(workplace: Path) -> Path:
    """A run that ended after two iterations."""
    return new_run(workplace, *UNUSUAL, "max_iterations=2")


def settings(run: Path) -> Dict[str, Any]:
    found = yaml.safe_load((run / "config.yaml").read_text())
    assert isinstance(found, dict)
    return found


def resolved(arguments: "list[str]", capsys: pytest.CaptureFixture[str]) -> Dict[str, Any]:
    """What `--cfg` prints."""
    assert training.main([*arguments, "--cfg"]) == 0
    found = yaml.safe_load(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_the_checkpoint_alone_is_enough_to_go_on_exactly(workplace: Path, half: Path):
    whole = new_run(workplace, *UNUSUAL, "max_iterations=4")
    resumed = new_run(workplace, f"checkpoint={half}", "max_iterations=4")
    expected = settings(whole)
    assert settings(resumed) == {**expected, "checkpoint": str(half), "logger": None}
    straight = load_checkpoint(whole / "checkpoints" / "last.pt")["networks"]
    again = load_checkpoint(resumed / "checkpoints" / "last.pt")["networks"]
    assert straight.keys() == again.keys()
    for name, value in straight.items():
        assert torch.equal(value, again[name]), name
    assert (resumed / "log.jsonl").is_file(), "the run's own logger"


def test_it_says_whose_settings_they_are(
    workplace: Path, half: Path, capsys: pytest.CaptureFixture[str]
):
    new_run(workplace, f"checkpoint={half}", "max_iterations=3", "task.effort=200")
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("settings")]
    assert line == f"settings  {half}/config.yaml, but max_iterations=3, task.effort=200"


def test_it_says_where_what_was_best_does_not_count(
    workplace: Path, half: Path, capsys: pytest.CaptureFixture[str]
):
    for change, says in (("task.effort=200", True), ("train.algorithm.gamma=0.8", False)):
        new_run(workplace, f"checkpoint={half}", "max_iterations=3", change)
        assert ("best.pt   begins anew" in capsys.readouterr().out) is says


def test_what_a_run_was_warm_started_from_is_not_needed_again(workplace: Path):
    file = workplace / "pairs.npz"
    np.savez(file, observations=np.zeros((9, 4)), actions=np.zeros((9, 1)))
    cloning = f"train.behavioural_cloning.file={file}"
    run = new_run(workplace, *UNUSUAL, "max_iterations=1", cloning)
    file.unlink()
    resumed = new_run(workplace, f"checkpoint={run}", "max_iterations=2")
    assert settings(resumed)["train"]["behavioural_cloning"]["file"] is None


def test_it_says_that_nobody_asked_for_the_runs_number_of_environments(
    workplace: Path, half: Path, capsys: pytest.CaptureFixture[str]
):
    go_on = [f"checkpoint={half}", "max_iterations=3"]
    new_run(workplace, *go_on)
    said = capsys.readouterr().out.splitlines()
    assert {"num_envs  6: as in its run", "device    cpu: as in its run"} < set(said)
    new_run(workplace, *go_on, "num_envs=6", "device=cpu")
    said = capsys.readouterr().out.splitlines()
    assert {"num_envs  6: as asked", "device    cpu: as asked"} < set(said)


def test_of_what_is_given_twice_the_last_counts_and_of_groups_that_is_said(
    capsys: pytest.CaptureFixture[str],
):
    twice = ["task=humanoid", "task.effort=1", "task=cartpole", "task.effort=2"]
    assert training.main([*twice, "device=cpu", "--cfg"]) == 0
    output = capsys.readouterr()
    found = yaml.safe_load(output.out)
    assert (found["task_name"], found["task"]["effort"]) == ("cartpole", 2.0)
    assert output.err == "note: task=cartpole counts, as the last one, not task=humanoid\n"
    assert training.main(["task=cartpole", "task=cartpole", "device=cpu", "--cfg"]) == 0
    assert capsys.readouterr().err == ""


def test_the_command_line_counts_for_more_than_the_run(
    half: Path, capsys: pytest.CaptureFixture[str]
):
    changed = ["task.effort=200", "train.runner.max_iterations=7", "train.logging.sinks=[csv]"]
    before = resolved([f"checkpoint={half}"], capsys)
    after = resolved([f"checkpoint={half}", "task=cartpole", *changed], capsys)
    assert after["task"] == {**before["task"], "effort": 200.0}
    assert after["train"]["runner"] == {**before["train"]["runner"], "max_iterations": 7}
    assert after["train"]["logging"]["sinks"] == ["csv"]
    assert (before["num_envs"], before["seed"]) == (6, 9)
    assert before["train"]["runner"]["max_iterations"] == 2


def test_without_its_run_a_checkpoint_goes_on_with_the_settings_of_cfg(
    half: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    alone = tmp_path / "policy.pt"
    shutil.copy(half / "checkpoints" / "last.pt", alone)
    found = resolved(["task=cartpole", "device=cpu", f"checkpoint={alone}"], capsys)
    assert found["seed"] == 42
    new_run(tmp_path, *UNUSUAL, "max_iterations=3", f"checkpoint={alone}")
    assert "settings  cfg/: the checkpoint has no run" in capsys.readouterr().out


def test_a_sweep_can_start_from_a_checkpoint(
    half: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    sweep = [f"checkpoint={half}", "max_iterations=3", "task.effort=100,200", "--multirun"]
    assert training.main(sweep) == 0
    runs = [settings(run) for run in sorted(tmp_path.glob("runs/cartpole/*_job?"))]
    assert [run["task"]["effort"] for run in runs] == [100.0, 200.0]
    assert [run["num_envs"] for run in runs] == [6, 6]
    assert [run["train"]["algorithm"]["gamma"] for run in runs] == [0.9, 0.9]


def networks(run: Path) -> "torch.Tensor":
    saved = load_checkpoint(run / "checkpoints" / "last.pt")["networks"]
    return torch.cat([value.double().flatten() for value in saved.values()])


def test_another_seed_counts_from_the_checkpoint_on(
    workplace: Path, half: Path, capsys: pytest.CaptureFixture[str]
):
    go_on = [f"checkpoint={half}", "max_iterations=3"]
    same = networks(new_run(workplace, *go_on, "seed=9"))
    assert torch.equal(same, networks(new_run(workplace, *go_on)))
    assert "seed  " not in capsys.readouterr().out
    other = networks(new_run(workplace, *go_on, "seed=1"))
    assert "seed      1 from here on; the checkpoint's run had 9" in capsys.readouterr().out
    assert not torch.equal(same, other)
    assert torch.equal(other, networks(new_run(workplace, *go_on, "seed=1")))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [([], 5e-4), (["train.algorithm.learning_rate=2e-5"], 2e-5)],
)
def test_a_learning_rate_that_is_set_takes_the_place_of_the_adapted_one(
    changed: "list[str]", expected: float, workplace: Path, half: Path
):
    adapted = load_checkpoint(half / "checkpoints" / "last.pt")["algorithm"]["learning_rate"]
    assert abs(adapted.item() - expected) > 1e-6
    constant = "train.algorithm.learning_rate_schedule=constant"
    run = new_run(workplace, f"checkpoint={half}", "max_iterations=3", constant, *changed)
    rate = load_checkpoint(run / "checkpoints" / "last.pt")["algorithm"]["learning_rate"]
    assert rate.item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["task=humanoid"], ["is of task cartpole", "this run trains humanoid"]),
        (["task=humaniod"], ["humaniod", "cartpole"]),
        (["train=humanoid_ppo"], ["train=humanoid_ppo", "fixes 'train'"]),
        (["task.efort=200"], ["task: unknown key 'efort'", "nearest: 'effort'"]),
        (["~task.effort"], ["~task.effort", "set key=value"]),
        (["seed=1,2"], ["--multirun"]),
        (["num_envs=7", "max_iterations=3"], ["num_envs 6", "num_envs 7"]),
        ([], ["iteration 2 already", "set max_iterations"]),
        (
            ["max_iterations=9", "train.runner.max_minutes=1e-9"],
            ["minutes already", "train.runner.max_minutes"],
        ),
    ],
)
def test_what_cannot_continue_is_one_line(
    arguments: "list[str]",
    expected: "list[str]",
    half: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    error = refusal(training.main, [f"checkpoint={half}", *arguments], capsys, tmp_path)
    for part in expected:
        assert part in error


def test_a_run_whose_configuration_is_damaged_is_refused(
    half: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    copy = tmp_path / "copy"
    shutil.copytree(half, copy)
    (copy / "config.yaml").write_text("- 1")
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    error = refusal(training.main, [f"checkpoint={copy}"], capsys, empty)
    assert "config.yaml" in error and "not the configuration of a run" in error


def test_groups_of_the_task_come_before_single_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    walk = ["task=humanoid_legs", "num_envs=2", "device=cpu", "max_iterations=1"]
    run = new_run(tmp_path, *walk, "train.runner.horizon=4", "train.algorithm.num_minibatches=1")
    capsys.readouterr()
    again = [f"checkpoint={run}", "task.terrain.levels=3", "terrain=rough"]
    found = resolved(again, capsys)["task"]["terrain"]
    assert (found["levels"], found["curriculum"]) == (3, True)
    assert found["height_scan"]["observer"] == "nobody", "what it observes stays the run's own"
