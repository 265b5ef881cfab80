"""The package as pip copies it, without a clone around it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel holds, in a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    build = ["build", "--build-base", str(folder / "scratch"), "--build-lib", str(folder / "lib")]
    subprocess.run([sys.executable, "setup.py", "-q", *build], cwd=REPOSITORY, check=True)
    return folder / "lib"


@pytest.mark.parametrize("name", ["cfg", "resources"])
def test_it_holds_all_settings_and_robots(copy: Path, name: str):
    def files(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

    assert files(copy / "humanoid_gym" / name) == files(REPOSITORY / name) != set()


def test_it_trains_and_plays_in_an_empty_folder(copy: Path, tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONSAFEPATH": "1"}

    def run(command: str) -> str:
        called = [sys.executable, "-m", *command.split()]
        done = subprocess.run(called, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    settings = "task=cartpole num_envs=8 max_iterations=1 device=cpu"
    assert "saved" in run(f"humanoid_gym.train {settings}")
    assert "episodes    1" in run("humanoid_gym.play --checkpoint --episodes 1 headless=true")
    where = "import humanoid_gym; print(humanoid_gym.__file__)"
    loaded = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert loaded.stdout.startswith(str(copy))
