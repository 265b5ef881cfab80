"""A run's curves, from either kind of log, also while it is being written."""

from pathlib import Path

import numpy as np
import pytest
from logged_runs import STEPS, curves, write_run
from torch.utils.tensorboard import SummaryWriter

from humanoid_gym.config import ConfigError
from humanoid_gym.evaluation.history import HistoryReader


@pytest.mark.parametrize("sink", ["jsonl", "tensorboard"])
def test_curves_are_as_logged(sink: str, tmp_path: Path):
    history = HistoryReader(write_run(tmp_path / "run", sink=sink)).read()
    expected = curves()
    assert set(history) == set(expected)
    for name, curve in history.items():
        assert curve.values == pytest.approx(expected[name], rel=1e-6), name
        assert curve.steps == pytest.approx(STEPS * np.arange(1, 61))


def test_what_is_added_later_is_read_later(tmp_path: Path):
    run = write_run(tmp_path / "run", curves(3))
    reader = HistoryReader(run)
    assert len(reader.read()["episode/return"].values) == 3
    with (run / "log.jsonl").open("a") as file:
        file.write('{"progress/env_steps": 4000, "episode/return": 7.5}\n{"progress/env_st')
    curve = reader.read()["episode/return"]  # the unfinished line is left for the next time
    assert curve.values[-1] == 7.5 and len(curve.values) == 4


def test_events_that_are_added_later_are_read_later(tmp_path: Path):
    run = write_run(tmp_path / "run", curves(2), sink="tensorboard")
    reader = HistoryReader(run)
    assert len(reader.read()["episode/return"].values) == 2
    with SummaryWriter(str(run), filename_suffix=".later") as writer:
        writer.add_scalar("episode/return", 7.5, 3000)
    assert reader.read()["episode/return"].values.tolist() == [10.0, 20.0, 7.5]


def test_of_a_step_logged_twice_the_last_counts(tmp_path: Path):
    run = write_run(tmp_path / "run", curves(3))
    with (run / "log.jsonl").open("a") as file:  # a continuation from the second iteration
        file.write('{"progress/env_steps": 3000, "episode/return": -1.0}\n')
    curve = HistoryReader(run).read()["episode/return"]
    assert curve.values.tolist() == [10.0, 20.0, -1.0]


def test_nan_is_kept(tmp_path: Path):
    values = curves(3)
    values["learning/kl"][1] = np.nan
    curve = HistoryReader(write_run(tmp_path / "run", values)).read()["learning/kl"]
    assert np.isnan(curve.values).tolist() == [False, True, False]


def test_unusable_logs_are_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="no such folder"):
        HistoryReader(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"neither events.* nor log\.jsonl"):
        HistoryReader(tmp_path / "empty")
    run = write_run(tmp_path / "run", curves(2))
    with (run / "log.jsonl").open("a") as file:
        file.write("nonsense\n")
    with pytest.raises(ConfigError, match=r"log\.jsonl: line 3"):
        HistoryReader(run).read()


@pytest.mark.parametrize(
    "line",
    [
        b'{"progress/env_steps": 1000, "episode/return": null}',
        b'{"progress/env_steps": 1000, "episode/return": "high"}',
        b'{"progress/env_steps": "many"}',
        b'{"episode/return": 1.0}',
        b"[1000]",
        b"7",
        b"\xff\xfe",
    ],
)
def test_a_line_that_is_no_report_is_named(line: bytes, tmp_path: Path):
    run = write_run(tmp_path / "run", curves(2))
    with (run / "log.jsonl").open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(ConfigError, match=r"log\.jsonl: line 3 is not a report"):
        HistoryReader(run).read()
