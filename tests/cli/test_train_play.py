"""The command lines from start to end, on small real trainings of the cart-pole."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

import imageio_ffmpeg
import numpy as np
import pytest
import torch
import yaml
from PIL import Image, ImageSequence
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from trainings import new_run

from humanoid_gym.cli import playing, training
from humanoid_gym.rl.checkpoint import load_checkpoint
from humanoid_gym.tasks.cartpole import Cartpole
from humanoid_gym.tasks.vec_task import StepResult, VecTask

ROOT = Path(__file__).parents[2]
SMALL = [
    "task=cartpole",
    "num_envs=8",
    "device=cpu",
    "seed=3",
    "train.runner.horizon=8",
    "train.policy.actor_hidden=[8]",
    "train.policy.critic_hidden=[8]",
    "train.runner.save_interval=2",
]


def train(folder: Path, *arguments: str) -> Path:
    """Train a little in a working directory of its own; return the new run's folder."""
    return new_run(folder, *SMALL, *arguments)


@pytest.fixture(scope="module")
def run(workplace: Path) -> Path:
    return train(workplace, "max_iterations=5", "experiment=first", "task.effort=300")


def scalars(run: Path) -> Dict[str, List[float]]:
    events = EventAccumulator(str(run))
    events.Reload()
    return {tag: [e.value for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_the_run_folder_holds_configuration_events_and_checkpoints(run: Path):
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_first", run.name)
    files = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    events = {name for name in files if name.startswith("events.out.tfevents.")}
    assert len(events) == 1
    assert files - events == {
        "config.yaml",
        "checkpoints/last.pt",
        "checkpoints/iteration_000002.pt",
        "checkpoints/iteration_000004.pt",
    }
    assert {path.name for path in run.parents[2].iterdir()} == {"runs"}


def test_the_configuration_is_resolved(run: Path):
    text = (run / "config.yaml").read_text()
    assert "engine embedded" in text.splitlines()[0]
    settings = yaml.safe_load(text)
    assert settings["task_name"] == "cartpole"
    assert settings["num_envs"] == 8
    assert settings["device"] == "cpu"
    assert settings["task"]["effort"] == 300.0
    assert settings["task"]["sim"]["up_axis"] == "z"  # a default that no file mentions
    assert settings["train"]["runner"]["max_iterations"] == 5


def test_the_events_hold_what_a_training_is_judged_by(run: Path):
    found = scalars(run)
    for tag in (
        "episode/return",
        "episode/length",
        "reward_term/upright",
        "learning/policy",
        "learning/value",
        "learning/kl",
        "learning/learning_rate",
        "speed/env_steps_per_second",
        "speed/physics_seconds",
        "speed/observation_reward_seconds",
        "speed/inference_seconds",
        "speed/learning_seconds",
    ):
        assert len(found[tag]) == 5, tag
        assert np.isfinite(found[tag]).all(), tag
    assert found["progress/env_steps"] == [64.0, 128.0, 192.0, 256.0, 320.0]


def test_start_says_what_was_chosen_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    train(tmp_path, "max_iterations=1")
    lines = capsys.readouterr().out
    assert re.search(r"^engine +embedded: .+", lines, re.M)
    assert re.search(r"^device +cpu: as asked", lines, re.M)
    assert re.search(r"^num_envs +8: as asked", lines, re.M)
    assert re.search(r"^finished after 1 iterations; saved runs/cartpole/.*last\.pt$", lines, re.M)


def test_automatic_choices_name_their_reason(capsys: pytest.CaptureFixture[str]):
    assert training.main(["task=humanoid", "device=cpu", "--cfg"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["num_envs"] == 512


def test_a_resumed_training_continues_bit_for_bit(workplace: Path, run: Path):
    straight = load_checkpoint(run / "checkpoints" / "last.pt")
    half = run / "checkpoints" / "iteration_000002.pt"
    resumed = train(workplace, "max_iterations=5", "task.effort=300", f"checkpoint={half}")
    again = load_checkpoint(resumed / "checkpoints" / "last.pt")
    assert again["counters"]["iteration"] == straight["counters"]["iteration"] == 5
    for name, value in straight["networks"].items():
        assert torch.equal(value, again["networks"][name]), name
    assert scalars(resumed)["progress/iteration"] == [3.0, 4.0, 5.0]


def test_a_sweep_gives_each_job_its_run_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    arguments = [*SMALL, "max_iterations=1", "task.effort=100,200", "experiment=effort"]
    assert training.main([*arguments, "--multirun"]) == 0
    configs = sorted(tmp_path.glob("runs/cartpole/*_effort_job?/config.yaml"))
    efforts = [yaml.safe_load(path.read_text())["task"]["effort"] for path in configs]
    assert efforts == [100.0, 200.0]


def test_who_stops_a_job_of_a_sweep_stops_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def stopped(task: Cartpole, actions: torch.Tensor) -> StepResult:
        signal.raise_signal(signal.SIGINT)
        return VecTask.step(task, actions)

    monkeypatch.setattr(Cartpole, "step", stopped)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    limits = ["train.runner.max_minutes=60", "max_iterations=100"]
    with contextlib.suppress(SystemExit):
        training.main([*SMALL, *limits, "seed=1,2", "--multirun"])
    assert "stopped after 0 iterations" in capsys.readouterr().out
    assert len(list(tmp_path.glob("runs/cartpole/*"))) == 1


def test_play_prints_mean_and_spread(run: Path, capsys: pytest.CaptureFixture[str]):
    assert playing.main(["--checkpoint", str(run), "--episodes", "5"]) == 0
    lines = capsys.readouterr().out
    assert re.search(r"^episodes +5, deterministic", lines, re.M)
    length = re.search(r"^length +([\d.]+) ± ([\d.]+) steps$", lines, re.M)
    assert length and 1 < float(length[1]) < 500


def test_play_is_reproducible_and_depends_on_the_seed(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    def play(*arguments: str) -> str:
        playing.main(["--checkpoint", str(run), "--episodes", "4", "--stochastic", *arguments])
        return capsys.readouterr().out

    assert play("--seed", "1") == play("--seed", "1") != play("--seed", "2")


def test_play_takes_the_newest_run_and_overrides(
    workplace: Path,
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(workplace)
    newest = train(workplace, "max_iterations=1")
    capsys.readouterr()
    # an episode of two steps ends by time-out, so the override must have reached the task
    assert playing.main(["--checkpoint", "task.episode_length=2", "--episodes", "2"]) == 0
    lines = capsys.readouterr().out
    assert newest.name in lines.splitlines()[0]
    assert re.search(r"^length +2 ± 0 steps$", lines, re.M)


def record(run: Path, path: Path) -> None:
    arguments = ["--checkpoint", str(run), "--episodes", "1", "task.episode_length=7"]
    assert playing.main([*arguments, "--video", str(path)]) == 0


def test_play_records_a_video_without_a_display(run: Path, tmp_path: Path):
    path = tmp_path / "new folder" / "cartpole.mp4"
    record(run, path)
    num_frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    assert num_frames == 7
    assert seconds == pytest.approx(7 / 60, abs=0.02)


def test_play_records_a_gif_that_shows_something_move(run: Path, tmp_path: Path):
    path = tmp_path / "cartpole.gif"
    record(run, path)
    with Image.open(path) as gif:
        assert gif.size == (640, 360)
        assert gif.info["duration"] == 50  # every third of 60 frames per second
        frames = [np.asarray(frame.convert("RGB"), float) for frame in ImageSequence.Iterator(gif)]
    assert len(frames) == 3
    assert frames[0].std() > 5, "an empty picture"
    assert np.abs(frames[-1] - frames[0]).max() > 5, "nothing moved"


def test_control_c_saves_and_exits_with_success(tmp_path: Path):
    command = [sys.executable, str(ROOT / "train.py"), *SMALL, "max_iterations=1000000"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("runs/*/*/checkpoints/last.pt")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    match = re.search(r"^stopped after (\d+) iterations; saved (\S+)$", output, re.M)
    assert match, output
    assert re.search(r"^iteration 1/1000000: .* left$", output, re.M), "no progress was shown"
    saved = load_checkpoint(tmp_path / match[2])
    assert saved["counters"]["iteration"] == int(match[1]) >= 1
