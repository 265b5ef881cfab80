"""Tasks of one's own: a module and settings in the working directory, under every command."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from refusals import refusal
from trainings import new_run

from humanoid_gym.cli import config_folders, playing, training
from humanoid_gym.cli.making import make_task

TASK = """
    from dataclasses import dataclass

    from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig


    @dataclass(frozen=True)
    class SwingConfig(CartpoleConfig):
        gravity_free: bool = False


    class Swing(Cartpole):
        config_class = SwingConfig
"""
SETTINGS = """
    class: my_swing:Swing
    defaults: [cartpole, _self_]
    effort: 300.0
    gravity_free: true
"""
LEARNER = """
    defaults: [cartpole_ppo, _self_]
    runner: {horizon: 4, max_iterations: 1}
    policy: {actor_hidden: [8], critic_hidden: [8]}
"""
CALL = ["task=swing", "num_envs=8", "device=cpu"]


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


def empty_folder(project: Path) -> Path:
    (project / "empty").mkdir()
    return project / "empty"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a task of its own."""
    write(tmp_path, "my_swing.py", TASK)
    write(tmp_path, "cfg/task/swing.yaml", SETTINGS)
    write(tmp_path, "cfg/train/swing_ppo.yaml", LEARNER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("my_swing", None)


def test_it_is_trained_continued_played_and_made_like_any_other(project: Path, capsys):
    run = new_run(project, *CALL)
    assert run.parent.name == "swing"
    settings = yaml.safe_load((run / "config.yaml").read_text())
    assert settings["task"]["class"] == "my_swing:Swing"
    assert settings["task"]["effort"] == 300.0 and settings["task"]["track"] == 3.0
    assert settings["train"]["runner"]["horizon"] == 4

    (project / "cfg/task/swing.yaml").unlink()  # a run knows its task's class
    again = new_run(project, f"checkpoint={run}", "max_iterations=2")
    assert yaml.safe_load((again / "config.yaml").read_text())["task"] == settings["task"]
    capsys.readouterr()
    assert playing.main(["--checkpoint", str(again), "--episodes", "1", "headless=true"]) == 0
    assert "swing" in capsys.readouterr().out


def test_its_class_may_be_one_of_the_packages_own(project: Path):
    write(project, "cfg/task/swing.yaml", "class: cartpole\nasset: own.urdf\neffort: 1.0\n")
    original = config_folders.CONFIG_DIR.parent / "resources/urdf/cartpole/cartpole.urdf"
    (project / "own.urdf").write_text(original.read_text())
    task = make_task(*CALL)
    assert type(task).__name__ == "Cartpole" and task.config.effort == 1.0
    task.close()


def test_the_command_that_needs_no_clone(project: Path):
    command = [sys.executable, "-m", "humanoid_gym.train", *CALL, "--cfg"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert yaml.safe_load(shown.stdout)["task"]["gravity_free"] is True


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("cfg/task/swing.yaml", "effort: 1.0", ["'swing'", "'class: module:Class'"]),
        ("cfg/task/swing.yaml", "class: my_swing.Swing", ["'my_swing.Swing'", "my_robot:MyRobot"]),
        ("cfg/task/swing.yaml", "class: your.swing:Swing", ["no module your", "installed"]),
        ("cfg/task/swing.yaml", "class: my_swing:Swung", ["my_swing has no Swung"]),
        ("cfg/task/swing.yaml", "class: my_swing:SwingConfig", ["humanoid_gym.VecTask"]),
        ("cfg/task/swing.yaml", "class: a:B\n c: [", ["not readable as YAML", "swing.yaml"]),
        ("my_swing.py", "import torch\nimport torsch", ["No module named 'torsch'", "line 2"]),
        ("my_swing.py", "def f(:\n", ["SyntaxError", "my_swing.py, line 1"]),
        ("my_swing.py", TASK.replace("@dataclass(frozen=True)", ""), ["@dataclass(frozen=True)"]),
        ("cfg/task/cartpole.yaml", "effort: 1.0", ["cartpole.yaml", "give it another name"]),
    ],
)
def test_a_project_that_cannot_be_used(project: Path, name, text, expected, capsys):
    write(project, name, text)
    call = [f"task={Path(name).stem}" if name.endswith(".yaml") else CALL[0], *CALL[1:]]
    error = refusal(training.main, call, capsys, empty_folder(project))
    assert not (project / "runs").exists()
    for part in expected:
        assert part in error


def test_an_error_in_its_lines_names_the_line(project: Path, capsys):
    body = '\n        def create_envs(self):\n            raise ValueError("too heavy")\n'
    write(project, "my_swing.py", TASK.rstrip() + body)
    error = refusal(training.main, CALL, capsys, empty_folder(project))
    assert "too heavy" in error and "my_swing.py, line 15" in error


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("self, *a, **k", "Swing.__init__ has to call super().__init__"),
        ("self, config", "Swing.__init__: got an unexpected keyword argument 'rl_device'; a task"),
    ],
)
def test_a_constructor_that_cannot_be_used_is_told(project: Path, head, expected, capsys):
    write(project, "my_swing.py", TASK.rstrip() + f"\n        def __init__({head}): ...\n")
    assert expected in refusal(training.main, CALL, capsys, empty_folder(project))
