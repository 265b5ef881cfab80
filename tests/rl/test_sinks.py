"""Each sink holds what was logged, survives its own failures, and never ends a training."""

import csv
import json
import logging
import sqlite3
import struct
import sys
import time
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from humanoid_gym.config import ConfigError, build
from humanoid_gym.rl.logging import training_log
from humanoid_gym.rl.logging.config import SINKS, LoggingConfig
from humanoid_gym.rl.logging.csv_sink import CsvSink
from humanoid_gym.rl.logging.jsonl_sink import JsonlSink
from humanoid_gym.rl.logging.making import make_sinks
from humanoid_gym.rl.logging.report import ENV_STEPS, ITERATION
from humanoid_gym.rl.logging.training_log import TrainingLog

FIRST = {ITERATION: 1.0, ENV_STEPS: 100.0, "learning/kl": 0.02}
SECOND = {ITERATION: 2.0, ENV_STEPS: 200.0, "learning/kl": 0.01, "episode/return": 5.5}
SETTINGS = {"task_name": "toy", "train": {"algorithm": {"gamma": 0.99}}}


def log_both(name, folder, **options):
    sinks = make_sinks(LoggingConfig(sinks=(name,), **options), folder, SETTINGS)
    log = TrainingLog(sinks)
    with log:
        log.write(FIRST)
        log.write(SECOND)
    assert log.failures == {}


def test_tensorboard(tmp_path):
    log_both("tensorboard", tmp_path)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["scalars"]) == set(SECOND)
    assert [(e.step, e.value) for e in events.Scalars("learning/kl")] == [
        (100, pytest.approx(0.02)),
        (200, pytest.approx(0.01)),
    ]


def test_jsonl(tmp_path):
    log_both("jsonl", tmp_path)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [FIRST, SECOND]


def test_csv_gets_new_columns_when_they_come(tmp_path):
    log_both("csv", tmp_path)
    with (tmp_path / "log.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert {k: float(v) for k, v in first.items() if v} == FIRST
    assert first["episode/return"] == ""
    assert {k: float(v) for k, v in second.items()} == SECOND
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


@pytest.mark.filterwarnings("ignore")  # theirs
def test_mlflow_in_a_sqlite_file_of_the_run(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "2026-01-31_12-00-00"
    folder.mkdir()
    log_both("mlflow", folder, project="walking")
    store = sqlite3.connect(folder / "mlflow.db")
    rows = store.execute("SELECT key, step, value FROM metrics ORDER BY step").fetchall()
    store.close()
    expected = [(k, 100, v) for k, v in FIRST.items()] + [(k, 200, v) for k, v in SECOND.items()]
    assert sorted(rows) == sorted(expected)
    client = __import__("mlflow").MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("walking").experiment_id])
    assert run.info.run_name == folder.name and run.info.status == "FINISHED"
    assert run.data.params["train.algorithm.gamma"] == "0.99"
    assert {path.name for path in tmp_path.iterdir()} == {folder.name}


def leveldb_records(content):
    """Yield the records of a LevelDB log: chunks of checksum, length, type and data in blocks."""
    position, record, header = 7, b"", 7  # the file's own header of 7 bytes is cut off
    while position + header <= len(content) + 7:
        if 32768 - position % 32768 < header:
            position += 32768 - position % 32768
        length, kind = struct.unpack_from("<HB", content, position - 7 + 4)
        first = position - 7 + header
        record += content[first : first + length]
        position += header + length
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""


def wandb_records(path, deadline=20.0):
    """Return the records of a finished run, whose file W&B's own process completes in its time."""
    from wandb.proto import wandb_internal_pb2

    end = time.monotonic() + deadline
    while True:
        chunks = list(leveldb_records(path.read_bytes()[7:]))
        records = [wandb_internal_pb2.Record.FromString(chunk) for chunk in chunks]
        if any(record.HasField("exit") for record in records) or time.monotonic() > end:
            return records
        time.sleep(0.1)


@pytest.mark.filterwarnings("ignore")  # theirs
def test_wandb_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.chdir(tmp_path)
    log_both("wandb", tmp_path)
    (path,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    history, settings = [], {}
    for record in wandb_records(path):
        items = {
            i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in record.history.item
        }
        if items:
            history.append({k: v for k, v in items.items() if not k.startswith("_")})
        settings.update({i.key: json.loads(i.value_json) for i in record.run.config.update})
    assert history == [FIRST, SECOND]
    assert settings["train"] == SETTINGS["train"]


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_missing_package_names_the_extra(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=rf"pip install 'humanoid-gym\[{name}\]'"):
        make_sinks(LoggingConfig(sinks=(name,)), tmp_path, {})


def test_names_are_checked():
    with pytest.raises(ConfigError, match=r"tensorbord.*nearest: 'tensorboard'"):
        build(LoggingConfig, {"sinks": ["tensorbord"]}, "train.logging")
    assert set(make_sinks(LoggingConfig(sinks=("jsonl", "csv")), Path(), {})) < set(SINKS)


class Unreliable:
    """Fails at the given calls of `write`."""

    def __init__(self, *failing):
        self.failing, self.calls, self.written = failing, 0, []
        self.is_open = False

    def open(self):
        self.is_open = True

    def write(self, report):
        assert self.is_open
        self.calls += 1
        if self.calls in self.failing:
            raise OSError("No space left on device")
        self.written.append(report[ITERATION])

    def close(self):
        self.is_open = False


@pytest.mark.parametrize(("seconds", "written"), [(0.0, [1, 3, 4]), (3600.0, [1])])
def test_a_failing_sink_is_warned_about_and_opened_again(monkeypatch, caplog, seconds, written):
    monkeypatch.setattr(training_log, "RETRY_SECONDS", seconds)
    bad, good = Unreliable(2), Unreliable()
    log = TrainingLog({"bad": bad, "good": good})
    with caplog.at_level(logging.WARNING), log:
        for i in range(1, 5):
            log.write({ITERATION: i})
    assert good.written == [1, 2, 3, 4]
    assert bad.written == written
    assert log.failures == {"bad": 1}
    (warning,) = caplog.records
    assert "log bad failed (1 so far): OSError: No space left on device" in warning.message


def test_a_sink_that_cannot_be_opened_does_not_end_the_training(caplog):
    class Closed(Unreliable):
        def open(self):
            raise RuntimeError("no server")

    log = TrainingLog({"closed": Closed()})
    with log:
        log.write({ITERATION: 1})
    assert log.failures == {"closed": 1}


@pytest.mark.parametrize("sink", [JsonlSink, CsvSink])
def test_half_a_line_is_dropped_before_the_next(sink, tmp_path):
    log = sink(tmp_path)
    log.open()
    log.write(FIRST)
    (path,) = tmp_path.iterdir()
    before = path.read_bytes()
    with path.open("ab") as file:
        file.write(b"half of a li")
    log.open()
    log.write(FIRST)
    after = path.read_bytes()
    assert after.startswith(before) and after.count(b"\n") == before.count(b"\n") + 1
    assert b"half" not in after
