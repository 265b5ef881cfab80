"""Where nothing can be written is known before the work, and asking leaves nothing behind."""

from pathlib import Path

import pytest

from humanoid_gym.cli.output_paths import check_file, check_folder
from humanoid_gym.config import ConfigError


def test_folders_that_are_missing_can_be_made(tmp_path: Path):
    check_folder(tmp_path / "a b" / "c=d", "--out")
    check_file(tmp_path / "ü" / "x.mp4", "--video")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"^--out x: .*file is a file, expected a folder$"):
        check_folder(tmp_path / "file" / "below", "--out x")


def test_a_folder_in_place_of_a_file(tmp_path: Path):
    with pytest.raises(ConfigError, match="is a folder, expected the name of a file"):
        check_file(tmp_path, "--video")


def test_where_the_system_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(ConfigError, match=r"\(Permission denied\); choose another folder"):
        check_folder(tmp_path / "new", "--out")
