"""Output that nobody reads to its end, as in `python train.py … | head -1`: no traceback."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from humanoid_gym.cli import replaying, training
from humanoid_gym.cli.without_reader import EXIT_NO_READER, ends_quietly

CALL = ["task=cartpole", "num_envs=4", "device=cpu", "train.runner.horizon=8", "logger=[]"]


def read_until(start: str, folder: Path, *more: str) -> "subprocess.Popen[str]":
    """Start a long training, and stop reading at a line."""
    command = [sys.executable, "-m", "humanoid_gym.train", *CALL, "max_iterations=100000", *more]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    assert any(line.startswith(start) for line in process.stdout)
    process.stdout.close()
    return process


@pytest.mark.parametrize("start", ["engine", "run"])
def test_a_training_stops_saves_and_says_nothing(start: str, tmp_path: Path):
    process = read_until(start, tmp_path)
    assert process.wait(timeout=120) in (0, EXIT_NO_READER)
    assert process.stderr is not None and process.stderr.read() == ""
    process.stderr.close()
    if start == "run":
        assert len(list(tmp_path.glob("runs/cartpole/*/checkpoints/last.pt"))) == 1
    else:  # nothing was trained, and nothing is left of it
        assert process.returncode == EXIT_NO_READER
        assert not (tmp_path / "runs").exists()


def test_a_sweep_ends_with_the_job_that_nobody_reads_of(tmp_path: Path):
    process = read_until("engine", tmp_path, "--multirun", "seed=1,2")
    assert process.wait(timeout=120) in (0, EXIT_NO_READER)
    assert process.stderr is not None and process.stderr.read() == ""
    process.stderr.close()
    assert not (tmp_path / "runs/cartpole").exists()


LOGGING = """
import logging, signal, sys
from humanoid_gym.cli.without_reader import OutputHandler
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may let it be ignored
logging.basicConfig(handlers=[OutputHandler()], format="%(message)s")
logging.warning("told")
sys.stdin.readline()
try:
    logging.warning("nobody reads this")
except KeyboardInterrupt:
    print("asked to stop", file=sys.stderr)
print("nor this", flush=True)
"""


def test_log_lines_that_nobody_reads_ask_the_command_to_stop():
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", LOGGING], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "told\n"
    process.stdout.close()
    _, errors = process.communicate("go on\n", timeout=60)
    assert (errors, process.returncode) == ("asked to stop\n", 0)


def test_other_errors_pass():
    def main(arguments=None) -> int:
        raise OSError("a full disk")

    with pytest.raises(OSError, match="a full disk"):
        ends_quietly(main)()


def test_a_fault_is_replayed_without_the_file_of_the_warm_start(tmp_path: Path, capsys):

    file = tmp_path / "pairs.npz"
    np.savez(file, observations=np.zeros((9, 4)), actions=np.zeros((9, 1)))
    broken = ["train.algorithm.learning_rate=1e30", f"train.behavioural_cloning.file={file}"]
    constant = "train.algorithm.learning_rate_schedule=constant"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert training.main([*CALL, *broken, constant, "max_iterations=2"]) == 1
    file.unlink()
    (fault,) = tmp_path.glob("runs/*/*/faults/*.pt")
    assert replaying.main([str(fault)]) == 0
    assert "bit for bit as recorded" in capsys.readouterr().out
