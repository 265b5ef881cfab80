"""python -m humanoid_gym.export on a small run: files, report, and one line where it cannot be."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from test_train_play import train

from humanoid_gym.cli import exporting
from humanoid_gym.deployment import PolicyRunner
from humanoid_gym.export import verification

QUICK = ["--num-envs", "2", "--steps", "5"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("workplace"), "max_iterations=2")


def test_a_run_becomes_files_that_the_runner_takes(run: Path, capsys):
    arguments = ["--checkpoint", str(run), "--format", "onnx,torchscript,tensorrt", *QUICK]
    assert exporting.main(arguments) == 0
    printed = capsys.readouterr().out
    folder = run / "exported"
    assert sorted(path.name for path in folder.iterdir()) == [
        "policy.json",
        "policy.onnx",
        "policy.pt",
    ]
    assert "largest difference" in printed and "in 10 observations" in printed
    assert (
        "tensorrt    not built: TensorRT is not installed; where there is both: trtexec" in printed
    )
    runner = PolicyRunner(folder / "policy.onnx")
    assert runner.deployment.task == "cartpole" and runner.deployment.control_rate == 60.0
    assert runner.deployment.origin["checkpoint"].startswith(f"cartpole/{run.name}/")
    assert runner.deployment.origin["iteration"] == "2"
    command = runner.step({"joint_position": [0.0, 0.1], "joint_velocity": [0.0, 0.0]})
    assert not command.stopped and abs(command.torque[0]) <= 400.0


def test_actions_without_a_limit_stay_so(tmp_path: Path):
    run = train(tmp_path, "max_iterations=1", "task.clip_actions=inf")
    path = run / "checkpoints/last.pt"
    content = torch.load(path, weights_only=True)
    for name, value in content["networks"].items():
        if name.startswith("actor."):
            value.fill_(0.0 if name.endswith("weight") else 7.0)  # the last bias is the answer
    torch.save(content, path)
    assert exporting.main(["--checkpoint", str(path), "--format", "onnx,torchscript", *QUICK]) == 0
    runner = PolicyRunner(run / "exported/policy.onnx")
    assert runner.deployment.clip_actions is None
    answer = runner.policy(np.zeros((1, 4), np.float32), runner.policy.no_memory())
    assert answer.action.tolist() == [[7.0]] and answer.command.tolist() == [[2800.0]]
    command = runner.step({"joint_position": [0.0, 0.1], "joint_velocity": [0.0, 0.0]})
    assert command.torque.tolist() == [1000.0]  # what the motor has
    torch_action, _ = torch.jit.load(run / "exported/policy.pt")(torch.zeros(1, 4))
    assert torch_action.tolist() == [[7.0]]


def test_a_difference_above_the_tolerance_fails(run: Path, tmp_path: Path, capsys):
    arguments = ["--checkpoint", str(run), "--output", str(tmp_path), *QUICK]
    assert exporting.main([*arguments, "--format", "torchscript", "--tolerance", "-1"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: policy.pt differs from the trained policy by")
    assert error.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--format", "onnx,tflite"], "unknown format 'tflite' (known: onnx, torchscript"),
        (["--format", ","], "no format; choose from"),
        (["--checkpoint", "nowhere"], "checkpoint 'nowhere' not found"),
        (["--name", "../policy"], "--name: expected a plain name, got '../policy'"),
        (["--name", ""], "--name: expected a plain name, got ''"),
        (["--steps", "0"], "--steps: must be >= 1, got 0"),
        (["--output", "/dev/null/x"], "--output /dev/null/x: /dev/null is a file"),
        (["task.efort=3"], "task: unknown key 'efort'; nearest: 'effort'"),
    ],
)
def test_bad_input_is_one_line(run: Path, capsys, arguments, reason):
    with pytest.raises(SystemExit) as caught:
        exporting.main(["--checkpoint", str(run), *QUICK, *arguments])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1


def test_a_checkpoint_of_another_task_is_refused(run: Path, tmp_path: Path, capsys):
    shutil.copytree(run, tmp_path / "run")
    config = tmp_path / "run" / "config.yaml"
    other = Path(__file__).resolve().parents[2] / "cfg/task/humanoid.yaml"
    text = config.read_text().replace("task_name: cartpole", "task_name: humanoid")
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("task:"))
    end = next(i for i, line in enumerate(lines) if line.startswith("train:"))
    task = ["task:", *("  " + line for line in other.read_text().splitlines())]
    config.write_text("\n".join([*lines[:start], *task, *lines[end:]]))
    with pytest.raises(SystemExit) as caught:
        exporting.main(["--checkpoint", str(tmp_path / "run"), *QUICK])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "is of task cartpole, but lies in a run of task humanoid" in error
    assert error.count("\n") == 1


def test_a_missing_package_names_its_extra(run: Path, tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(SystemExit) as caught:
        exporting.main(["--checkpoint", str(run), "--output", str(tmp_path), *QUICK])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "onnxscript is not installed: pip install 'humanoid-gym[export]'" in error
    assert verification.ExportError.__mro__[1] is ValueError and not list(tmp_path.iterdir())
