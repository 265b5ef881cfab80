"""Legacy task classes under the commands: trained, played, continued, whatever their base."""

import shutil
import sys
from pathlib import Path
from typing import Any, Dict

import pytest
import torch
import yaml
from legacy_pole import BASES, write, write_project
from omegaconf import OmegaConf
from refusals import refusal
from trainings import new_run

from humanoid_gym.cli import evaluating, exporting, playing, training
from humanoid_gym.cli.making import make_task
from humanoid_gym.engine.graphics import viewer_choice, window

CALL = ["task=own_pole", "num_envs=8", "device=cpu"]


@pytest.fixture
def plain_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The same with our base class only."""
    write_project(tmp_path, "humanoid_gym")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("own_pole", None)


def last(run: Path) -> Dict[str, Any]:
    return torch.load(run / "checkpoints/last.pt", weights_only=True)


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, torch.Tensor):
        return torch.equal(torch.nan_to_num(one), torch.nan_to_num(other))
    return one == other


def test_it_is_trained_continued_played_and_judged_like_any_other(project: Path, capsys):
    run = new_run(project, *CALL, "task.env.maxEffort=300", "+task.env.mine=7", "seed=5")
    settings = yaml.safe_load((run / "config.yaml").read_text())
    env, sim = settings["task"]["env"], settings["task"]["sim"]
    assert (env["numEnvs"], env["maxEffort"], env["mine"], env["seed"]) == (8, 300, 7, 5)
    assert env["fast"] is True and "numObservations" not in env
    assert settings["task"]["physics_engine"] == "physx"
    assert sim["use_gpu_pipeline"] is False and sim["physx"] == {"num_threads": 4, "use_gpu": False}

    shutil.rmtree(project / "cfg")  # from here on the module is enough
    again = new_run(project, f"checkpoint={run}", "max_iterations=3", "task.env.maxEffort=200")
    assert yaml.safe_load((again / "config.yaml").read_text())["task"]["env"]["maxEffort"] == 200
    capsys.readouterr()
    assert playing.main(["--checkpoint", str(again), "--episodes", "2", "headless=true"]) == 0
    shown = capsys.readouterr().out
    assert "return" in shown and "tilt" in shown and "episode.effort" in shown
    judged = ["--checkpoint", str(again), "--episodes", "2", "--scenarios", "nominal"]
    assert evaluating.main(judged) == 0
    assert exporting.main(["--checkpoint", str(again), "--format", "torchscript"]) == 0


def test_playing_goes_on_where_there_is_no_display(project: Path, caplog, monkeypatch):
    monkeypatch.setattr(window, "why_no_display", lambda: "nobody looks")
    monkeypatch.setattr(viewer_choice, "why_no_display", lambda: "nobody looks")
    run = new_run(project, *CALL, "max_iterations=1")
    assert playing.main(["--checkpoint", str(run), "--episodes", "1", "--device", "cpu"]) == 0
    assert "no viewer window: nobody looks" in caplog.text


def test_the_file_says_how_many_environments_there_are(project: Path, capsys):
    task = make_task("task=own_pole", "device=cpu")
    assert task.num_envs == 12
    task.close()
    assert training.main(["task=own_pole", "device=cpu", "max_iterations=1"]) == 0
    assert "num_envs  12: task.env.numEnvs; set num_envs=N to change" in capsys.readouterr().out


def test_it_goes_on_bit_for_bit(project: Path):
    whole = last(new_run(project, *CALL, "max_iterations=4"))
    half = new_run(project, *CALL, "max_iterations=2")
    rest = last(new_run(project, f"checkpoint={half}", "max_iterations=4"))
    for part in ("networks", "env", "statistics", "rng"):
        assert equal(whole[part], rest[part]), part


def test_both_bases_give_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    found = []
    for base in BASES:
        write_project(tmp_path / base, base)
        monkeypatch.chdir(tmp_path / base)
        sys.path.insert(0, str(tmp_path / base))
        found.append(last(new_run(tmp_path / base, *CALL))["networks"])
        for name in ("own_pole", "own_base"):
            sys.modules.pop(name, None)
    assert equal(*found)


def test_what_cannot_be_saved_is_named_where_it_goes_on(project: Path, caplog):
    source = project / "own_pole.py"
    text = source.read_text()
    text = text.replace("self.steps = 0", "self.steps, self.rng = 0, random.Random(3)")
    text = text.replace("self.steps += 1", "self.steps += 1 + self.rng.randrange(2)")
    source.write_text("import random\n" + text)
    run = new_run(project, *CALL)
    assert "bit for bit" not in caplog.text
    new_run(project, f"checkpoint={run}", "max_iterations=3")
    assert "task Pole: rng cannot be restored from the checkpoint" in caplog.text


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (
            "task.env.maxEfort=3",
            ["task.env: unknown key 'maxEfort'; nearest: 'maxEffort'", "+task"],
        ),
        ("task.env.asset={assetFile: x}", ["task.env.asset: unknown key 'assetFile'"]),
        ("task.env.maxEffort=high", ["task.env.maxEffort: expected a number as 400.0, got 'high'"]),
        ("task.env.maxEffort.x=1", ["task.env.maxEffort: no group of settings"]),
        ("task.env.numEnvs=4", ["num_envs=… at the top level"]),
        ("task.sim.physx.use_gpu=true", ["device=… at the top level"]),
        ("terrain=rough", ["task own_pole has none"]),
        ("sim_device=cpu", ["unknown key 'sim_device'"]),
    ],
)
def test_what_the_file_does_not_have_is_refused(plain_project: Path, override, expected, capsys):
    (plain_project / "empty").mkdir()
    error = refusal(training.main, [*CALL, override], capsys, plain_project / "empty")
    for part in expected:
        assert part in error
    assert not (plain_project / "runs").exists()


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "own_pole.py",
            'env"]["maxE',
            'env"]["maxF',
            ["key 'maxFffort'", "'maxEffort'", "line 16"],
        ),
        ("own_pole.py", "from humanoid_gym", "from isaacgymenvs", ["isaacgymenvs", "PYTHONPATH"]),
        ("own_pole.py", "force_render)", "force_render, more)", ["Pole.__init__", "'more'", "cfg"]),
        ("cfg/task/Pole.yaml", "${..physics_engine}", "${..engine}", ["physics_engine", "engine"]),
        ("cfg/task/Pole.yaml", "sim:", "sims:", ["expected a group 'sim'"]),
    ],
)
def test_files_that_cannot_be_used(plain_project: Path, name, old, new, expected, capsys):
    (plain_project / "empty").mkdir()
    text = (plain_project / name).read_text()
    assert old in text
    write(plain_project, name, text.replace(old, new))
    error = refusal(training.main, CALL, capsys, plain_project / "empty")
    for part in expected:
        assert part in error
    assert not (plain_project / "runs").exists()


def test_a_sweep_and_resolvers_of_the_program_itself(project: Path):
    # IsaacGymEnvs registers its resolvers when it is imported, and does not ask whether they exist
    lines = (
        "from omegaconf import OmegaConf\nOmegaConf.register_new_resolver('eq', lambda a, b: a)\n"
    )
    source = project / "own_pole.py"
    source.write_text(lines + source.read_text())
    try:
        arguments = [*CALL, "max_iterations=1", "seed=1,2", "--multirun"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["train.py"])
            assert training.main(arguments) == 0
    finally:
        OmegaConf.clear_resolver("eq")
    assert len(list((project / "runs/own_pole").glob("*/config.yaml"))) == 2
