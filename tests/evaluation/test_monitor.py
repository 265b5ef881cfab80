"""The monitor's screen and its exit codes."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from logged_runs import curves, write_run

from humanoid_gym.cli import evaluating
from humanoid_gym.evaluation.monitor.screen import BARS, sparkline


def once(run: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> "tuple[int, str]":
    code = evaluating.main(["monitor", str(run), "--once", *arguments])
    return code, capsys.readouterr().out


def test_a_healthy_run(tmp_path: Path, capsys):
    code, text = once(write_run(tmp_path / "run"), capsys)
    assert code == 0 and "healthy" in text
    assert "iteration 60 of 100" in text and "60 % done, 0:00:40 left" in text
    row = next(line for line in text.splitlines() if line.startswith("return"))
    # last, mean of the last ten, best mean
    assert row.split()[1:4] == ["600", "555", "555"]
    assert "episode length [steps]" in text and "forward speed" in text


def test_a_sick_run_says_why(tmp_path: Path, capsys):
    values = curves()
    values["learning/kl"][-5:] = 2.0
    code, text = once(write_run(tmp_path / "run", values), capsys, "--window", "5")
    assert code == 1 and "diverges: exploding KL: KL divergence 2" in text


def test_patience_is_an_option(tmp_path: Path, capsys):
    values = curves()
    values["episode/return"] = np.minimum(values["episode/return"], 200.0)
    run = write_run(tmp_path / "run", values)
    assert once(run, capsys)[0] == 0
    code, text = once(run, capsys, "--patience", "20")
    assert code == 1 and "no progress" in text


def test_a_run_that_fell_silent(tmp_path: Path, capsys):
    run = write_run(tmp_path / "run")
    os.utime(run / "log.jsonl", (time.time() - 900, time.time() - 900))
    code, text = once(run, capsys)
    assert code == 1 and "nothing new for 900 s" in text
    values = curves(100)  # this one is finished
    done = write_run(tmp_path / "done", values)
    os.utime(done / "log.jsonl", (time.time() - 900, time.time() - 900))
    assert once(done, capsys)[0] == 0


def test_the_newest_run_of_a_folder_is_watched(tmp_path: Path, capsys, monkeypatch):
    write_run(tmp_path / "runs" / "humanoid" / "2026-01-31_12-00-00", curves(10))
    write_run(tmp_path / "runs" / "cartpole" / "2026-01-31_13-00-00", curves(20))
    assert "iteration 20" in once(tmp_path / "runs", capsys)[1]
    assert "iteration 10" in once(tmp_path / "runs" / "humanoid", capsys)[1]
    monkeypatch.chdir(tmp_path)
    assert evaluating.main(["monitor", "--once"]) == 0
    assert "iteration 20" in capsys.readouterr().out


def test_numbers_that_are_not_known_are_not_shown_as_zero(tmp_path: Path, capsys):
    values = curves()
    values["episode/return"] = -values["episode/return"]
    values["episode/return"][:12] = np.nan
    values["learning/kl"][-10:] = np.nan
    values["learning/std"][:] = np.nan
    text = once(write_run(tmp_path / "run", values), capsys)[1]
    rows = {line[:12].strip(): line.split() for line in text.splitlines()}
    assert rows["return"][1:4] == ["-600", "-555", "-130"]
    assert rows["KL divergenc"][2:5] == ["nan", "nan", "0.01"]
    assert rows["action noise"][2:5] == ["nan", "nan", "nan"]


def test_a_training_before_its_first_iteration(tmp_path: Path, capsys):
    run = write_run(tmp_path / "run")
    (run / "log.jsonl").write_text('{"progress/env')
    code, text = once(run, capsys)
    assert code == 0 and f"{run}: no iteration yet" in " ".join(text.split())


def test_sparkline():
    assert sparkline(np.arange(8.0)) == BARS
    assert sparkline(np.array([0.0, np.nan, 7.0])) == BARS[0] + " " + BARS[-1]
    assert sparkline(np.full(3, 2.0)) == BARS[0] * 3
    assert len(sparkline(np.arange(1000.0), 30)) == 30
    assert sparkline(np.zeros(0)).strip() == ""
