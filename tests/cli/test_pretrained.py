"""Policies that come with the package: played, judged, exported; not trained on, not written to."""

import re
from pathlib import Path

import pytest
import torch
from refusals import refusal

from humanoid_gym.cli import evaluating, exporting, playing, pretrained, training
from humanoid_gym.shipped import SHIPPED

UPRIGHT_SECONDS = {"humanoid": 1.5, "humanoid_legs": 1.5, "humanoid_tracking": 1.5}
"""How long no robot may fall or lose its motion, from the start of an episode."""
PERIODS = {"humanoid": 1 / 60, "humanoid_legs": 1 / 50, "humanoid_tracking": 1 / 50}
SHOWN = {
    "humanoid": ("forward speed", 0.5, 9.0),
    "humanoid_legs": ("forward speed", 0.5, 9.0),
    "humanoid_tracking": ("body position error", 0.0, 0.05),
}
"""What play.py says of a policy that can do what it was trained for, lowest and highest."""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shipped_files() -> "dict[str, float]":
    folder = SHIPPED / "resources" / "policies"
    return {str(path): path.stat().st_mtime for path in folder.rglob("*")}


def test_each_policy_is_of_a_task_and_small():
    assert pretrained.names() == sorted(UPRIGHT_SECONDS)
    for name in pretrained.names():
        file = pretrained.find(f"pretrained/{name}")
        assert file is not None
        assert file.stat().st_size < 1e6
        content = torch.load(file, weights_only=True)
        assert set(content) >= {"networks", "config"}
        text = (file.parent / "config.yaml").read_text(encoding="utf-8")
        assert f"task_name: {content['config']['task_name']}\n" in text
        assert "device: auto\n" in text
        assert not re.search(r"(^|[ '\"])/\w", text, re.M), "a path of some machine"


@pytest.mark.parametrize("name", UPRIGHT_SECONDS)
def test_it_can_do_what_it_was_trained_for(
    name: str, empty: Path, capsys: pytest.CaptureFixture[str]
):
    steps = round(UPRIGHT_SECONDS[name] / PERIODS[name])
    arguments = ["--checkpoint", f"pretrained/{name}", "--episodes", "8", "headless=true"]
    assert playing.main([*arguments, "--device", "cpu", f"task.episode_length={steps}"]) == 0
    output = capsys.readouterr().out
    assert re.search(rf"^length +{steps} ± 0 steps$", output, re.M), output
    what, lowest, highest = SHOWN[name]
    match = re.search(rf"^{what} +([\d.]+) ", output, re.M)
    assert match and lowest < float(match[1]) < highest, output
    assert not list(empty.iterdir())


def test_results_go_to_the_working_directory(empty: Path):
    before = shipped_files()
    options = ["--checkpoint", "pretrained/humanoid_legs"]
    assert exporting.main([*options, "--format", "torchscript", "--steps", "2"]) == 0
    assert list((empty / "runs/pretrained/humanoid_legs/exported").glob("policy*"))
    judged = ["--scenarios", "nominal", "--episodes", "2", "--device", "cpu", "--set"]
    assert evaluating.main([*options, *judged, "task.episode_length=5"]) == 0
    assert list((empty / "runs/pretrained/humanoid_legs/evaluation").rglob("*.json"))
    assert shipped_files() == before


def test_an_unknown_name_is_answered_with_the_known_ones(
    empty: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ["--checkpoint", "pretrained/humanoid_leg"]
    error = refusal(playing.main, arguments, capsys, empty)
    for part in ("pretrained/humanoid or pretrained/humanoid_legs", "nearest: 'pretrained/hum"):
        assert part in error


@pytest.mark.parametrize("path", ["pretrained/humanoid_legs", "file"])
def test_none_is_trained_on(path: str, empty: Path, capsys: pytest.CaptureFixture[str]):
    if path == "file":
        path = str(pretrained.find("pretrained/humanoid_legs"))
    arguments = [f"checkpoint={path}", "num_envs=8", "device=cpu", "max_iterations=1000"]
    error = refusal(training.main, arguments, capsys, empty)
    assert "networks only" in error
