"""`terrain=NAME` puts cfg/terrain/NAME.yaml into the task, for a new run and for a trained one."""

import re

import pytest

from humanoid_gym.cli.composing import apply_overrides, compose
from humanoid_gym.cli.config_folders import CONFIG_DIR
from humanoid_gym.cli.run_config import run_config
from humanoid_gym.config import ConfigError

NAMES = sorted(path.stem for path in (CONFIG_DIR / "terrain").glob("*.yaml"))


def configured(*overrides: str):
    composed = compose(["device=cpu", *overrides])
    return run_config(composed.task_name, composed.settings, "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task", ["humanoid_walk", "humanoid_legs"])
def test_every_file_is_valid(task, name):
    terrain = configured(f"task={task}", f"terrain={name}").task.terrain
    assert terrain.is_plane == (name == "flat")
    assert terrain.curriculum == (name != "flat")


def test_single_keys_come_on_top():
    terrain = configured(
        "task=humanoid_walk",
        "terrain=rough",
        "task.terrain.proportions.waves=0",
        "task.terrain.levels=3",
    ).task.terrain
    assert terrain.levels == 3
    assert "waves" not in terrain.column_kinds()
    assert "slope_up" in terrain.column_kinds()


def test_without_one_the_ground_is_a_plane():
    assert configured("task=humanoid_walk").task.terrain.is_plane


def test_null_is_none_as_in_cfg():
    nothing = ("terrain=null", "randomization=null")
    new = configured("task=humanoid_walk", *nothing)
    assert new.to_mapping() == configured("task=humanoid_walk").to_mapping()
    run = configured("task=humanoid_walk", "terrain=rough", "randomization=full").to_mapping()
    task = run_config("humanoid_walk", apply_overrides(run, nothing), "").task
    assert task.terrain.is_plane and not task.terrain.curriculum
    assert task.terrain.height_scan.observer == "critic", "which the policy's run has"
    assert task.randomization == new.task.randomization


def test_a_trained_policy_can_walk_on_another_terrain():
    """Nothing of the run's own terrain is left but what the policy and the critic observe."""
    run = configured("task=humanoid_walk", "terrain=rough", "task.terrain.levels=3").to_mapping()
    other = apply_overrides(run, ["terrain=mixed", "task.terrain.border=5.0"])
    terrain = run_config("humanoid_walk", other, "").task.terrain
    assert terrain.proportions["stairs_up"] > 0.0
    assert (terrain.levels, terrain.border) == (10, 5.0)
    flat = run_config("humanoid_walk", apply_overrides(run, ["terrain=flat"]), "").task.terrain
    assert flat.is_plane
    assert (terrain.height_scan.observer, flat.height_scan.observer) == ("critic", "critic")


WRONG = {
    ("task=humanoid_walk", "terrain=rogh"): (
        f"unknown terrain 'rogh'; nearest: 'rough' (available: {', '.join(NAMES)})"
    ),
    ("task=humanoid_walk", "task.terrain.curriculum=true"): "task.terrain: curriculum: needs a",
    ("task=humanoid_walk", "terrain=rough", "task.terrain.slope=[0.3,0.1]"): (
        "task.terrain: slope: the lowest value 0.3 is above the highest 0.1"
    ),
    ("task=cartpole", "terrain=rough"): "terrain: task cartpole has none",
    ("task=humanoid_walk", "terain=rough"): "unknown key 'terain'; nearest: 'terrain'",
}


@pytest.mark.parametrize("overrides", WRONG)
def test_bad_input_is_one_line(overrides):
    with pytest.raises(ConfigError, match=re.escape(WRONG[overrides])) as caught:
        configured(*overrides)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_for_a_trained_policy():
    run = configured("task=humanoid_walk").to_mapping()
    with pytest.raises(ConfigError, match="unknown terrain 'mxed'; nearest: 'mixed'"):
        apply_overrides(run, ["terrain=mxed"])
