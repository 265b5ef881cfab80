"""Unusable input: one line on stderr, exit code 2, nothing written."""

import shutil
from pathlib import Path
from typing import List

import pytest
import yaml
from logged_runs import write_run
from refusals import refusal
from tiny_runs import train

from humanoid_gym.cli import evaluating


@pytest.fixture(scope="module")
def cartpole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("cartpole"), "cartpole")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "no run with a checkpoint"),
        (["--checkpoint", "runs/none"], "'runs/none' not found"),
        (["--scenarios", "pushes"], "unknown scenario 'pushes'; nearest: 'push'"),
        (["--episodes", "0"], "--episodes: must be >= 1, got 0"),
        (["--num-envs", "0"], "--num-envs: must be >= 1, got 0"),
        (["--full", "--episodes", "5"], "--full is --episodes 1000"),
        (["--set", "terrain=rough"], "--set terrain=rough: scenarios decide about terrain"),
        (["--set", "task.terrain.levels=3"], "scenarios decide about terrain"),
        (["--set", "randomization=full"], "scenarios decide about randomization"),
        (["--set", "num_envs=3"], "use --num-envs 3"),
        (["--set", "seed=3"], "use --seed 3"),
        (["--episodes", "-3"], "--episodes: must be >= 1, got -3"),
        (["monitor", "runs/none"], "run runs/none: no such folder"),
        (["monitor"], "no such folder"),
        (["monitor", "."], "no run in"),
        (["monitor", ".", "--interval", "0"], "--interval: must be above 0"),
        (["report", "runs/none"], "run runs/none: no such folder"),
        (["report", "."], "not the folder of a run"),
        (["report", ".", "--smoothing", "1"], "--smoothing: must be >= 0 and < 1, got 1"),
        (["report", ".", "--out", "page.pdf"], "page.pdf: expected a name that ends in .html"),
        (["report", ".", "--out", "/dev/null/page.html"], "/dev/null is a file"),
        (["report", ".", "--video", "out.gif"], "out.gif: expected a name that ends in .mp4"),
    ],
)
def test_refused(arguments: List[str], expected: str, capsys, empty: Path):
    assert expected in refusal(evaluating.main, arguments, capsys, empty)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--set", "task.sim.sbsteps=4"], "nearest: 'substeps'"),
        (["--set", "train.policy.actor_hidden=[16]"], "4-8-1"),
        (["--device", "gpu"], "'gpu'"),
        (["--seed", "-1"], "seed: must be >= 0"),
        (["--set", "checkpoint=x"], "--checkpoint x"),
        (["--out", "/dev/null"], "--out /dev/null: /dev/null is a file, expected a folder"),
    ],
)
def test_refused_on_top_of_a_run(
    arguments: List[str], expected: str, cartpole: Path, capsys, empty: Path
):
    given = ["--checkpoint", str(cartpole), "--scenarios", "nominal", *arguments]
    assert expected in refusal(evaluating.main, given, capsys, empty)


def test_a_checkpoint_of_another_task(cartpole: Path, capsys, empty: Path, tmp_path: Path):
    wrong = tmp_path / "wrong"
    shutil.copytree(cartpole, wrong)
    settings = yaml.safe_load((wrong / "config.yaml").read_text())
    settings["task_name"], settings["task"] = "humanoid", {}
    (wrong / "config.yaml").write_text(yaml.safe_dump(settings))
    error = refusal(evaluating.main, ["--checkpoint", str(wrong)], capsys, empty)
    assert "of task cartpole" in error and "task humanoid" in error


def test_a_damaged_checkpoint(cartpole: Path, capsys, empty: Path, tmp_path: Path):
    damaged = tmp_path / "damaged"
    shutil.copytree(cartpole, damaged)
    (damaged / "checkpoints" / "last.pt").write_bytes(b"PK nothing")
    assert "cannot be read" in refusal(
        evaluating.main, ["--checkpoint", str(damaged)], capsys, empty
    )


HEAD = '{"format": "humanoid_gym.evaluation", "format_version"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not readable as JSON"),
        ("{}", "not an evaluation"),
        (f"{HEAD}: 99}}", "version 99"),
        (f'{HEAD}: "1"}}', "version '1', this program reads up to 1"),
        ('{"format": "humanoid_gym.evaluation"}', "version None"),
        (f"{HEAD}: 1}}", "damaged, evaluate the policy again: KeyError('scenarios')"),
        (f'{HEAD}: 1, "about": {{}}, "scenarios": 7}}', "damaged, evaluate the policy again"),
        (f'{HEAD}: 1, "about": {{}}, "scenarios": [{{"name": 1}}]}}', "KeyError('description')"),
    ],
)
def test_a_damaged_evaluation(text: str, expected: str, capsys, empty: Path, tmp_path: Path):
    run = write_run(tmp_path / "run")
    folder = run / "evaluation" / "2026-01-31_12-00-00"
    folder.mkdir(parents=True)
    (folder / "evaluation.json").write_text(text)
    assert expected in refusal(evaluating.main, ["report", str(run)], capsys, empty)


def test_a_missing_package_is_named(capsys, empty: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    run = write_run(tmp_path / "run")
    error = refusal(evaluating.main, ["report", str(run), "--frames", "0"], capsys, empty)
    assert "matplotlib is not installed: pip install 'humanoid-gym[report]'" in error
