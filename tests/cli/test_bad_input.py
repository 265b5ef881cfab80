"""Unusable input: one line on stderr, exit code 2, nothing written.

Every case runs the real command line in process, in an empty working directory.
"""

import re
import shutil
from pathlib import Path
from typing import List

import pytest
import torch
from refusals import refusal

from humanoid_gym.cli import playing, training

SMALL = [
    "task=cartpole",
    "num_envs=4",
    "device=cpu",
    "max_iterations=1",
    "train.runner.horizon=8",
    "train.policy.actor_hidden=[8]",
    "train.policy.critic_hidden=[8]",
]
"""The smallest real training."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; read only."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert training.main(SMALL) == 0
    (found,) = (folder / "runs" / "cartpole").iterdir()
    return found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["task=humaniod"], ["unknown task 'humaniod'", "nearest: 'humanoid'", "cartpole"]),
        (["task=cartpole", "train=cartpole_pp"], ["unknown train", "nearest: 'cartpole_ppo'"]),
        (["nun_envs=4"], ["unknown key 'nun_envs'", "nearest: 'num_envs'"]),
        (["tsak=humanoid"], ["unknown key 'tsak'", "nearest: 'task'"]),
        (["task.sim.sbsteps=4"], ["task.sim: unknown key 'sbsteps'", "nearest: 'substeps'"]),
        (["train.algorithm.gama=1"], ["train.algorithm: unknown key", "nearest: 'gamma'"]),
        (["+task.heading_scal=1"], ["task: unknown key", "nearest: 'heading_scale'"]),
        (["train.algorithm.gamma=high"], ["train.algorithm.gamma", "float", "'high'"]),
        (["train.algorithm.gamma=1.5"], ["train.algorithm.gamma", "<= 1", "1.5"]),
        (["task.sim.substeps=2.5"], ["task.sim.substeps", "int", "2.5"]),
        (["task.sim=3"], ["task.sim", "group of settings"]),
        (["task.num_envs=3"], ["task.num_envs", "top level"]),
        (["headless=maybe"], ["headless", "bool", "'maybe'"]),
        (["task.power_scale=inf"], ["task.power_scale", "finite number", "inf"]),
        (["train.algorithm.kl_target=nan"], ["train.algorithm.kl_target", "finite number", "nan"]),
        (["seed=-1"], ["seed", ">= 0 and <= 4294967295", "-1"]),
        (["seed="], ["seed", "int"]),
        (["max_iterations=0"], ["max_iterations", ">= 1"]),
        (["experiment=../x"], ["experiment", "plain name"]),
        (["num_envs=0"], ["num_envs", ">= 1", "0"]),
        (["num_envs=-8"], ["num_envs", ">= 1", "-8"]),
        (["num_envs=2.5"], ["num_envs", "2.5"]),
        (["num_envs=many"], ["num_envs", "'many'", "auto"]),
        (["device=gpu"], ["device", "'gpu'", "cuda:N"]),
        (["humanoid"], ["'humanoid'", "key=value"]),
        (["seed=[1"], ["cannot read 'seed=[1'", "key='value'"]),
        (["task.pose_weights.*_knee=1"], ["cannot read", "{*_knee: 0.5}"]),
        (['task.pose_weights={"*_knee": 1}'], ["cannot read", "{*_knee: 0.5}"]),
        (["seed=1,2"], ["seed=1,2", "--multirun"]),
        (["seed=${sed}"], ["sed"]),
        (["hydra.run.dir=x"], ["hydra.run.dir=x", "--multirun"]),
        (["--muiltrun"], ["--muiltrun", "--help"]),
        (["--multirun", "task=cartpole", "num_envs=4,0"], ["num_envs", ">= 1"]),
        (["task=cartpole", "task.asset=no.urdf"], ["no.urdf", "not found"]),
        (["checkpoint=runs/none"], ["runs/none", "not found"]),
        (["task=cartpole", "terrain=rough"], ["terrain: task cartpole has none"]),
        (["task=humanoid", "randomization=full"], ["randomization: task humanoid has none"]),
        (["task=null"], ["unknown task 'null'"]),
        (["--multirun", "task=humanoid_legs", "terrain=null,rough"], ["terrain=flat"]),
        (["=3"], ["'=3': expected key=value"]),
        (["experiment=???"], ["experiment"]),
    ],
)
def test_train_refuses(
    arguments: List[str], expected: List[str], capsys: pytest.CaptureFixture[str], empty: Path
):
    error = refusal(training.main, arguments, capsys, empty)
    for part in expected:
        assert part in error


def test_an_impossible_minibatch_size_is_refused(capsys: pytest.CaptureFixture[str], empty: Path):
    # 4 environments x 8 steps = 32 samples, which 5 does not divide
    arguments = [*SMALL, "train.algorithm.minibatch_size=5"]
    error = refusal(training.main, arguments, capsys, empty)
    assert "minibatch_size" in error and "32" in error and "5" in error


@pytest.mark.parametrize(
    ("setting", "remedies"),
    [
        ("train.policy.critic_observation=states", ["train.policy.critic_observation=obs"]),
        (
            "train.algorithm.symmetry_augmentation=true",
            ["train.algorithm.symmetry_augmentation=false", "train.algorithm.mirror_loss_coef=0"],
        ),
    ],
)
def test_remedies_can_be_typed_as_they_are_named(
    setting: str, remedies: List[str], capsys: pytest.CaptureFixture[str], empty: Path
):
    error = refusal(training.main, [*SMALL, setting], capsys, empty)
    assert re.findall(r"train\.\S+=\w+", error) == remedies
    assert training.main([*SMALL, setting, *remedies, "max_iterations=1", "logger=[]"]) == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_without_cuda_names_the_remedy(capsys: pytest.CaptureFixture[str], empty: Path):
    error = refusal(training.main, ["task=cartpole", "device=cuda"], capsys, empty)
    assert "device=cuda" in error and "device=cpu" in error


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ["broken.urdf"]),
        ("<robot name='x'>\n  <link name='a'>\n", ["broken.urdf", "3"]),
        ("<robot name='x'></robot>", ["broken.urdf", "link"]),
    ],
)
def test_a_malformed_urdf_is_named_with_its_line(
    content: str,
    expected: List[str],
    capsys: pytest.CaptureFixture[str],
    empty: Path,
    tmp_path: Path,
):
    path = tmp_path / "broken.urdf"
    path.write_text(content)
    error = refusal(training.main, [*SMALL, f"task.asset={path}"], capsys, empty)
    for part in expected:
        assert part in error


def test_another_engine_is_refused(
    capsys: pytest.CaptureFixture[str], empty: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUMANOID_GYM_ENGINE", "bullet")
    assert "bullet" in refusal(training.main, ["task=cartpole"], capsys, empty)


def damaged(run: Path, tmp_path: Path, damage: str) -> Path:
    """Copy a run and spoil its checkpoint; return the checkpoint's path."""
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    checkpoint = copy / "checkpoints" / "last.pt"
    if damage == "missing":
        checkpoint.unlink()
    elif damage == "truncated":
        checkpoint.write_bytes(checkpoint.read_bytes()[:2000])
    elif damage == "empty":
        checkpoint.write_bytes(b"")
    elif damage == "text":
        checkpoint.write_text("no checkpoint")
    elif damage == "foreign":
        torch.save({"model": torch.zeros(3)}, checkpoint)
    return checkpoint


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty", "text", "foreign"])
@pytest.mark.parametrize("command", ["train", "play"])
def test_an_unusable_checkpoint_is_refused(
    command: str,
    damage: str,
    run: Path,
    capsys: pytest.CaptureFixture[str],
    empty: Path,
    tmp_path: Path,
):
    path = damaged(run, tmp_path, damage)
    if command == "train":
        error = refusal(training.main, [*SMALL, f"checkpoint={path}"], capsys, empty)
    else:
        error = refusal(playing.main, ["--checkpoint", str(path)], capsys, empty)
    assert str(path) in error


def test_a_checkpoint_of_another_network_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str], empty: Path
):
    arguments = [*SMALL, "max_iterations=2", "train.policy.actor_hidden=[16]", f"checkpoint={run}"]
    error = refusal(training.main, arguments, capsys, empty)
    assert "4-8-1" in error and "4-16-1" in error


def test_a_checkpoint_of_another_number_of_environments_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str], empty: Path
):
    arguments = [*SMALL, "max_iterations=2", "num_envs=6", f"checkpoint={run}"]
    error = refusal(training.main, arguments, capsys, empty)
    assert "num_envs 4" in error and "num_envs 6" in error


def test_a_finished_checkpoint_says_how_to_go_on(
    run: Path, capsys: pytest.CaptureFixture[str], empty: Path
):
    error = refusal(training.main, [*SMALL, f"checkpoint={run}"], capsys, empty)
    assert "iteration 1" in error and "max_iterations" in error


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["no run with a checkpoint"]),
        (["--checkpoint"], ["no run with a checkpoint"]),
        (["--checkpoint", "runs/none"], ["runs/none", "not found"]),
        (["--video", "out.avi"], ["out.avi", ".mp4"]),
        (["--browser", "--checkpoint", "runs/none"], ["runs/none", "not found"]),
        (["--video", "/dev/null/out.mp4"], ["--video", "/dev/null is a file"]),
        (["--record", "/dev/null/out.npz"], ["--record", "/dev/null is a file"]),
    ],
)
def test_play_refuses(
    arguments: List[str], expected: List[str], capsys: pytest.CaptureFixture[str], empty: Path
):
    error = refusal(playing.main, arguments, capsys, empty)
    for part in expected:
        assert part in error


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["task.sim.sbsteps=4"], ["task.sim: unknown key 'sbsteps'", "nearest: 'substeps'"]),
        (["task=humanoid"], ["fixes 'task'"]),
        (["train.policy.actor_hidden=[16]"], ["4-8-1", "4-16-1"]),
        (["--device", "gpu"], ["device", "'gpu'"]),
        (["--seed", "-1"], ["seed", ">= 0"]),
    ],
)
def test_play_refuses_on_top_of_a_run(
    arguments: List[str],
    expected: List[str],
    run: Path,
    capsys: pytest.CaptureFixture[str],
    empty: Path,
):
    error = refusal(playing.main, [*arguments, "--checkpoint", str(run)], capsys, empty)
    for part in expected:
        assert part in error


def test_a_run_without_its_configuration_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str], empty: Path, tmp_path: Path
):
    path = damaged(run, tmp_path, "none")
    (path.parent.parent / "config.yaml").unlink()
    error = refusal(playing.main, ["--checkpoint", str(path)], capsys, empty)
    assert "config.yaml" in error


def test_a_checkpoint_given_as_train_takes_it_is_not_passed_over(
    run: Path, capsys: pytest.CaptureFixture[str], empty: Path
):
    arguments = ["--checkpoint", str(run), "checkpoint=runs/other"]
    assert "--checkpoint runs/other" in refusal(playing.main, arguments, capsys, empty)


@pytest.mark.parametrize("setting", ["train.algorithm.gamma=0.5", "max_iterations=7"])
def test_settings_of_a_training_are_refused_where_nothing_is_trained(
    setting: str, run: Path, capsys: pytest.CaptureFixture[str], empty: Path
):
    error = refusal(playing.main, ["--checkpoint", str(run), setting], capsys, empty)
    assert f"{setting}: nothing is trained here" in error


def test_a_value_that_is_missing_in_a_run_is_one_line(
    run: Path, capsys: pytest.CaptureFixture[str], empty: Path, tmp_path: Path
):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    text = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(text.replace("experiment: ''", "experiment: ???"))
    error = refusal(training.main, [f"checkpoint={copy}", "max_iterations=2"], capsys, empty)
    assert "experiment" in error
