"""The benchmarks' sweeps: every setting of every file is one that train.py takes."""

import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import sweep  # noqa: E402

from humanoid_gym.cli.composing import compose  # noqa: E402
from humanoid_gym.cli.run_config import run_config  # noqa: E402

FILES = sorted((ROOT / "benchmarks").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_setting_can_be_trained(path: Path, tmp_path: Path):
    runs = sweep.read_runs(path, tmp_path)
    file = yaml.safe_load(path.read_text())
    assert len({run.folder for run in runs}) == len(runs) > 1
    for run in runs:
        composed = compose([*run.overrides, f"seed={run.seed}"])
        config = run_config(composed.task_name, composed.settings, "")
        algorithm = config.train.algorithm
        samples = config.task.num_envs * config.train.runner.horizon
        assert samples % algorithm.num_minibatches == 0
        wanted = float(file["settings"][run.setting].get("env_steps", file["env_steps"]))
        assert (run.max_iterations - 1) * samples < wanted <= run.max_iterations * samples


def test_a_setting_may_be_like_one_that_is_like_another(tmp_path: Path):
    first = {"overrides": ["num_envs=4", "train.runner.horizon=2", "seed=1"]}
    second = {"like": "first", "overrides": ["seed=2", "a=2"]}
    settings = {"first": first, "second": second, "third": {"like": "second", "overrides": ["a=3"]}}
    file = {"env_steps": 8, "seeds": [1], "settings": settings}
    (tmp_path / "file.yaml").write_text(yaml.safe_dump(file))
    *_, third = sweep.read_runs(tmp_path / "file.yaml", tmp_path)
    assert set(third.overrides) == {"num_envs=4", "train.runner.horizon=2", "seed=2", "a=3"}


def test_ours_and_theirs_differ_in_nothing_but_the_learner(tmp_path: Path):
    """Neither learns from mirror images, of which rsl_rl would have to be told."""
    runs = sweep.read_runs(ROOT / "benchmarks/against_rsl_rl.yaml", tmp_path)
    configs = {run.setting: compose(list(run.overrides)).settings for run in runs}
    ours, theirs = (configs[name]["train"]["algorithm"] for name in ("ours", "rsl_rl"))
    assert ours["symmetry_augmentation"] is theirs["symmetry_augmentation"] is False
    for part in ("task", "num_envs"):
        assert configs["ours"][part] == configs["rsl_rl"][part]
    assert configs["ours"]["train"]["policy"] == configs["rsl_rl"]["train"]["policy"]
