"""The GPU benchmarks' one command: its parts, its limits and its table, dry, without a GPU."""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import gpu  # noqa: E402
import gpu_training  # noqa: E402
from gpu_tables import markdown  # noqa: E402

from humanoid_gym.cli.composing import compose  # noqa: E402

RESULTS = {
    "versions": {"seconds": 3.0, "result": {"gpu": "NVIDIA H200", "torch": "2.11.0"}},
    "stepping": {
        "seconds": 60.0,
        "result": [
            {
                "envs": 4096,
                "bare_ms": 1.8,
                "bare_without_sensors_ms": 1.7,
                "simulate_ms": 2.0,
                "step_ms": 3.0,
                "simulate_vs_bare": 0.9,
                "step_vs_bare": 0.6,
                "env_steps_per_s": 1365333.3,
                "captured": True,
            }
        ],
    },
    "time_to_return": {"seconds": 170.0, "error": "stopped after 170 s"},
    "walking": {
        "seconds": 90.0,
        "result": {
            "envs": 4096,
            "horizon": 24,
            "epochs": 5,
            "minibatches": 8,
            "wanted": {"velocity_error": "<= 0.25", "fall": "<= 0.1"},
            "reached": {"seconds": 81.25, "env_steps": 2.5e7, "velocity_error": 0.2449, "fall": 0},
            "best": {},
            "construction_s": 4.0,
            "first_iteration_s": 2.0,
        },
    },
    "gpu_tests": {
        "seconds": 40.0,
        "error": "exit code 1; see log.txt",
        "result": {"tests": 9, "failures": 1, "errors": 0, "skipped": 2, "failed": ["a::test_b"]},
    },
}


def test_the_table_tells_what_was_measured_and_what_failed():
    text = markdown(RESULTS)
    assert "- gpu: NVIDIA H200" in text
    assert "| 4096 | 1.800 | 1.700 | 2.000 | 3.000 | 0.90 | 0.60 | 1,365,333 | yes |" in text
    assert "| time_to_return | 170 | stopped after 170 s |" in text
    assert "| gpu_tests | 6 | 1 | 2 |" in text
    assert "- failed: `a::test_b`" in text
    assert "## walking: time to velocity_error <= 0.25, fall <= 0.1 (goal 180 s" in text
    assert "reached: velocity_error 0.2449, fall 0 after **81.2 s** and 25.00M env steps" in text
    assert "## training" not in text


def test_junit_files_are_counted():
    text = """<testsuites><testsuite tests="3" failures="1" errors="0" skipped="1">
        <testcase classname="tests.a" name="good"/><testcase classname="tests.a" name="skip">
        <skipped/></testcase><testcase classname="tests.a" name="bad"><failure/></testcase>
        </testsuite></testsuites>"""
    counts = {"tests": 3, "failures": 1, "errors": 0, "skipped": 1, "failed": ["tests.a::bad"]}
    assert gpu.test_counts(text) == counts


def test_goals_are_reached_together_and_not_before_an_episode_ended():
    goals = [gpu_training.goal("return>=5e3"), gpu_training.goal("fall<=0.1")]
    for point, reached in [
        ({"return": 5000.0, "fall": 0.1}, True),
        ({"return": 4999.0, "fall": 0.0}, False),
        ({"return": 6000.0, "fall": 0.2}, False),
        ({"fall": 0.0}, False),
    ]:
        assert all(goal.reached(point) for goal in goals) == reached
    for text in ("return=5000", "height>=1", "fall<=", "fall<=much", "fall<=1e"):
        with pytest.raises(argparse.ArgumentTypeError, match="expected NAME>=VALUE"):
            gpu_training.goal(text)


def test_what_does_not_fit_beside_the_others_runs_when_it_is_asked_for():
    rough = gpu.Part("rough_walking", [], 590.0, asked_for=True)
    walking = gpu.Part("walking", [], 230.0)
    assert [gpu.wanted(part, None) for part in (walking, rough)] == [True, False]
    assert [gpu.wanted(part, ["rough"]) for part in (walking, rough)] == [False, True]


def test_the_settings_of_every_training_fit_together():
    args = argparse.Namespace(device="cuda", envs=None, processes=2)
    trainings = [p.command[1:] for p in gpu.parts(args) if p.command[0] == "gpu_training.py"]
    tasks = []
    for command in trainings:
        composed = compose(gpu_training.command_line(command).overrides)
        tasks.append(composed.task_name)
        assert composed.settings["train"]["runner"]["horizon"] > 0
    assert set(tasks) == {"humanoid", "humanoid_legs"}
    assert all("test_" in path for path in gpu.gpu_tests())


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("import time; time.sleep(60)", "stopped after 1 s"),
        ("raise SystemExit(3)", "exit code 3; see log.txt"),
        ("import sys; open(sys.argv[-1], 'w').write('[7'); 1 / 0", "exit code 1; see log.txt"),
        ("import sys; open(sys.argv[-1], 'w').write('[7]')", None),
    ],
)
def test_a_part_that_fails_or_hangs_is_told_and_no_more(tmp_path: Path, program, error):
    script = tmp_path / "part.py"
    script.write_text(program)
    part = gpu.Part("part", [str(script)], 1.0)
    result = gpu.run(part, 1.0 if error else 30.0, tmp_path, tmp_path / "log.txt")
    assert result.get("error") == error
    assert result.get("result") == (None if error else [7])


def test_a_part_whose_time_is_over_may_write_what_it_has(tmp_path, monkeypatch, handled_interrupts):
    script = tmp_path / "part.py"
    script.write_text(
        "import sys, time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n"
        "    open(sys.argv[-1], 'w').write('[8]')\n    time.sleep(60)\n"
    )
    part = gpu.Part("part", [str(script)], 1.0)
    monkeypatch.setattr(gpu, "GRACE", 0.5)
    result = gpu.run(part, 1.0, tmp_path, tmp_path / "log.txt")
    assert (result["error"], result["result"]) == ("stopped after 1 s", [8])


def test_a_part_can_be_stopped_where_a_shell_lets_interrupts_be_ignored(tmp_path, monkeypatch):
    script = tmp_path / "part.py"
    script.write_text("import signal\nprint(signal.getsignal(signal.SIGINT))\n")
    monkeypatch.setattr(gpu, "parts", lambda args: [gpu.Part("part", [str(script)], 30.0)])
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path / "out")])
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert gpu.main() == 0
    finally:
        signal.signal(signal.SIGINT, before)
    assert "default_int_handler" in (tmp_path / "out/log.txt").read_text()


class Trainee:
    """A training whose n-th iteration takes n seconds and is told to stop in the last one."""

    samples, settings, construction, device = 12, {}, 0.0, types.SimpleNamespace(type="cpu")
    runner = types.SimpleNamespace(log=contextlib.nullcontext(), begin=lambda: None, iteration=1)

    def __init__(self, until):
        self.count, self.until = 0, until

    def iteration(self, interruption):
        self.count += 1
        interruption.requested = self.count == self.until
        report = {gpu_training.RETURN: float(self.count)}
        return {"collection": 0.75 * self.count, "update": 0.25 * self.count}, report


def test_an_iteration_that_was_cut_short_does_not_count():
    first = gpu_training.WARM_UP + 1
    done = gpu_training.rate(Trainee(first + 3), 30)
    assert done["iterations"] == 3
    assert done["env_steps_per_s"] == 12 / (first + 1)  # the middle one of three
    assert done["collection_ms"] == 750.0 * (first + 1)
    assert gpu_training.rate(Trainee(None), 5)["iterations"] == 5
    curve = gpu_training.until(Trainee(3), [gpu_training.goal("return>=100")], 1e6)["curve"]
    assert [point["return"] for point in curve] == [1.0, 2.0]


def test_nothing_is_told_of_a_training_that_measured_nothing():
    with pytest.raises(SystemExit, match="stopped before the first iteration that counts"):
        gpu_training.rate(Trainee(gpu_training.WARM_UP + 1), 30)
    with pytest.raises(SystemExit, match="stopped before the first iteration was done"):
        gpu_training.until(Trainee(1), [gpu_training.goal("return>=1")], 1e6)


def test_a_dry_run_trains_and_writes_both_files(tmp_path: Path):
    command = [str(ROOT / "benchmarks/gpu.sh"), "--device", "cpu", "--envs", "4"]
    environment = {
        **os.environ,
        "OUT": str(tmp_path / "out"),
        "PYTHON": sys.executable,
        "HUMANOID_GYM_BACKEND": "mujoco",  # Warp would compile for minutes
    }
    done = subprocess.run(
        [*command, "--parts", "versions", "training"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert list(results) == ["versions", "training"]
    training = results["training"]["result"]
    assert (training["envs"], training["horizon"]) == (4, 4)
    assert training["env_steps_per_s"] > 0.0
    assert "## training:" in (tmp_path / "out/results.md").read_text()
    assert (tmp_path / "out/log.txt").is_file()
