"""play.py with a web browser: a page that is served, and a page that is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from trainings import new_run

from humanoid_gym.cli import playing

pytest.importorskip("viser", reason="the extra browser is not installed")
from web_page import WebPage

ROOT = Path(__file__).parents[2]
SMALL = ["task=cartpole", "num_envs=8", "device=cpu", "train.runner.horizon=8", "max_iterations=1"]


@pytest.fixture(scope="module")
def run(workplace: Path) -> Path:
    """A run of one iteration."""
    return new_run(workplace, *SMALL)


def test_play_records_a_page(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "new folder" / "cartpole.html"
    arguments = ["--checkpoint", str(run), "--episodes", "1", "task.episode_length=7"]
    assert playing.main([*arguments, "--video", str(path)]) == 0
    page = path.read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "__VISER_EMBED_DATA__" in page
    assert str(path) in capsys.readouterr().out


def test_a_page_that_cannot_be_written_leaves_the_previous_one(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "cartpole.html"
    path.write_text("the previous one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("humanoid_gym.whole_file.os.fsync", full)
    arguments = ["--checkpoint", str(run), "--episodes", "1", "task.episode_length=3"]
    assert playing.main([*arguments, "--video", str(path)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "cartpole.html: it cannot be written" in error and "No space left" in error
    assert path.read_text() == "the previous one"
    assert list(tmp_path.iterdir()) == [path]


def test_without_viser_a_page_is_refused_with_the_remedy(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "viser", None)
    for option in (["--video", str(tmp_path / "x.html")], ["--browser", "0"]):
        monkeypatch.setenv("HUMANOID_GYM_VIEWER", "window")  # which --browser changes
        with pytest.raises(SystemExit) as refused:
            playing.main(["--checkpoint", str(run), *option])
        assert refused.value.code == 2
        error = capsys.readouterr().err
        assert "pip install 'humanoid_gym[browser]'" in error.splitlines()[-1]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["x", "localhost:", "1.2.3.4:x"])
def test_an_address_that_cannot_be_read_is_refused(
    address: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as refused:
        playing.main(["--browser", address])
    assert refused.value.code == 2
    assert f"expected PORT or HOST:PORT, got '{address}'" in capsys.readouterr().err


def test_in_a_browser_it_goes_on_until_it_is_closed():
    asked = playing.parse(["--browser", "randomization=none"])
    assert (asked.num_envs, asked.browser, asked.overrides) == (10, "", ["randomization=none"])
    assert asked.episodes >= 100_000
    few = playing.parse(["--browser", "--episodes", "3", "--num-envs", "2"])
    assert (few.num_envs, few.episodes) == (2, 3)
    assert (playing.parse([]).num_envs, playing.parse([]).episodes) == (None, 10)


def test_play_in_a_browser(run: Path):
    arguments = ["--checkpoint", str(run), "--episodes", "1", "--browser", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("HUMANOID_GYM_VIEWER", None)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "play.py"), *arguments, "task.episode_length=20"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    address = ""
    while not address:
        line = process.stderr.readline()
        assert line, "it ended"
        found = re.search(r"waits for a web browser to open (http://127.0.0.1:\d+)", line)
        address = found[1] if found else ""
    with WebPage(address) as page:
        output, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        assert re.search(r"^length +20 ± 0 steps$", output, re.M)
        assert any(name.startswith("/shapes/") for name in page.nodes)
        assert "toggle_viewer_sync (v)" in page.buttons.values()
