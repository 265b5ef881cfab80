"""Where tasks and their files are found, and what legacy dictionaries become."""

import copy
from pathlib import Path

import pytest

from humanoid_gym.config import ConfigError, build
from humanoid_gym.tasks import registry
from humanoid_gym.tasks.legacy_config import read_legacy_config
from humanoid_gym.tasks.task_config import TaskConfig, find_asset

LEGACY = {
    "name": "Legacy",
    "physics_engine": "physx",
    "env": {
        "numEnvs": 3,
        "numObservations": 4,
        "numActions": 1,
        "controlFrequencyInv": 2,
        "clipObservations": 5.0,
        "myOwnSetting": "kept to itself",
    },
    "sim": {"dt": 0.01, "substeps": 2, "up_axis": "z", "gravity": [0.0, 0.0, -9.81]},
}


def test_legacy_dictionary_is_read_and_not_written():
    original = copy.deepcopy(LEGACY)
    legacy = read_legacy_config(LEGACY)
    assert original == LEGACY
    assert (legacy.task.num_envs, legacy.task.control_frequency_inv) == (3, 2)
    assert (legacy.num_obs, legacy.num_actions, legacy.num_states) == (4, 1, 0)
    assert legacy.task.clip_observations == 5.0
    assert legacy.task.clip_actions == float("inf")
    assert not legacy.has_episode_length


@pytest.mark.parametrize(
    ("group", "key", "value", "message"),
    [
        ("env", "numEnvs", 0, r"env\.numEnvs: expected a positive int, got 0"),
        ("env", "numObservations", None, r"env\.numObservations: expected a positive int"),
        ("env", "numActions", "one", r"env\.numActions: expected a positive int, got 'one'"),
        ("env", "clipActions", -1.0, r"env\.clip_actions: must be > 0"),
    ],
)
def test_bad_legacy_values_are_named(group: str, key: str, value: object, message: str):
    config = copy.deepcopy(LEGACY)
    config[group][key] = value
    with pytest.raises(ConfigError, match=message):
        read_legacy_config(config)


def test_missing_legacy_group_and_flex_are_refused():
    with pytest.raises(ConfigError, match="expected a group 'sim'"):
        read_legacy_config({"env": LEGACY["env"]})
    with pytest.raises(ConfigError, match="physics_engine: only 'physx' is supported, got 'flex'"):
        read_legacy_config({**LEGACY, "physics_engine": "flex"})


def test_unknown_task_names_the_nearest():
    with pytest.raises(ConfigError, match=r"'humanoit' is none of .* \(nearest: 'humanoid'\)"):
        registry.task_class("humanoit")


def test_every_registered_task_builds_its_default_configuration():
    for name in registry.TASKS:
        config_class = registry.task_class(name).config_class
        assert issubclass(config_class, TaskConfig)
        assert find_asset(build(config_class, {}, "task").asset).is_file()


def test_asset_is_found_in_the_working_directory_then_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "mine.urdf"
    own.write_text("<robot/>")
    assert find_asset("mine.urdf") == own
    assert find_asset(str(own)) == own
    cartpole = find_asset("resources/urdf/cartpole/cartpole.urdf")
    assert cartpole.is_absolute() and cartpole.name == "cartpole.urdf"
    changed = tmp_path / "resources/urdf/cartpole/cartpole.urdf"
    changed.parent.mkdir(parents=True)
    changed.write_text("<robot/>")
    assert find_asset("resources/urdf/cartpole/cartpole.urdf") == changed
    with pytest.raises(FileNotFoundError, match=r"'absent\.urdf' not found; searched in .* and"):
        find_asset("absent.urdf")


@pytest.mark.parametrize("task", ["humanoid", "humanoid_walk"])
def test_a_world_on_its_side_is_refused_where_heights_are_along_z(task):
    config_class = registry.task_class(task).config_class
    settings = {"sim": {"up_axis": "y", "gravity": [0.0, -9.81, 0.0]}}
    with pytest.raises(ConfigError, match=r"sim\.up_axis: .* along z, got 'y'"):
        build(config_class, settings, "task")
