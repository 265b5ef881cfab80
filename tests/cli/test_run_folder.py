"""Run folders: each training has its own, whatever starts in the same second."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from humanoid_gym.cli import run_folder
from humanoid_gym.config import ConfigError


class OneMoment(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return datetime(2026, 1, 31, 12, 0, 0)


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "datetime", OneMoment)


@pytest.mark.usefixtures("one_moment")
def test_trainings_of_the_same_second_have_folders_of_their_own(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(run_folder.reserve, tmp_path, "x", "first") for _ in range(8)]
        names = sorted(job.result().name for job in jobs)
    first = "2026-01-31_12-00-00_first"
    assert names == [first, *(f"{first}_{i}" for i in range(2, 9))]


@pytest.mark.usefixtures("one_moment")
def test_giving_up_leaves_others_alone(tmp_path: Path):
    root = tmp_path / "runs"
    first, second = (run_folder.reserve(root, "x") for _ in range(2))
    run_folder.begin(first, {"task_name": "x"}, ["heading"])
    run_folder.give_up(second)
    run_folder.give_up(first)  # something is in it
    assert list(root.glob("*/*")) == [first]
    run_folder.give_up(run_folder.reserve(tmp_path / "new", "x"))
    assert list(tmp_path.iterdir()) == [root]


def test_a_run_that_does_not_take_place_leaves_nothing(tmp_path: Path):
    folder = run_folder.reserve(tmp_path / "runs", "x")
    run_folder.begin(folder, {"task_name": "x"}, ["heading"])
    run_folder.take_back(folder)
    assert not list(tmp_path.iterdir())


def test_where_no_folder_can_be_is_one_line(tmp_path: Path):
    (tmp_path / "runs").touch()
    with pytest.raises(ConfigError, match=r"no run folder can be created in .*runs/x"):
        run_folder.reserve(tmp_path / "runs", "x")


def test_the_folder_of_checkpoints_stands_for_its_run(tmp_path: Path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match="expected that of a run"):
        run_folder.find_checkpoint(str(folder), "last.pt")
    (folder / "best.pt").touch()
    assert run_folder.find_checkpoint(str(folder), "last.pt") == folder / "best.pt"
    assert run_folder.find_checkpoint(str(tmp_path), "last.pt") == folder / "best.pt"
