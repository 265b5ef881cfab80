"""Bad settings are answered with one line that names the key and what is valid."""

import dataclasses

import pytest
from small_tasks import SmallConfig

from humanoid_gym.config import ConfigError, build, to_dict
from humanoid_gym.randomization import RandomizationConfig
from humanoid_gym.randomization.configuration import VelocityPush
from humanoid_gym.randomization.ranges import Draw
from humanoid_gym.randomization.targets import TARGETS


def made(randomization):
    return build(SmallConfig, {"randomization": randomization}, "task").randomization


def test_nothing_is_randomized_by_default():
    assert list(made({}).chosen()) == []
    assert made({}) == RandomizationConfig()


def test_every_target_is_a_setting():
    fields = {field.name for field in dataclasses.fields(RandomizationConfig)}
    assert set(TARGETS) < fields


def test_settings_survive_being_written_to_a_file_and_read_again():
    config = made(
        {
            "link_mass": {"range": [0.8, 1.2], "schedule": {"steps": 10}, "when": "reset"},
            "noise": {"joint": {"std": [0.0, 0.1], "bias": {"range": [-1, 1]}}},
            "velocity_push": {"speed": [0, 1]},
            "force_push": {"bodies": ["torso"]},
        }
    )
    assert made(to_dict(config)) == config


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mass": {"range": [1, 2]}}, "task.randomization: unknown key 'mass'; nearest: 'link_mas"),
        ({"link_mass": {"range": [1.2, 0.8]}}, "task.randomization.link_mass: range: expected "),
        ({"link_mass": {"range": [-0.5, 1]}}, "task.randomization: link_mass.range: factors must"),
        ({"link_mass": {"range": [0, 1]}}, "link_mass.range: factors must be above 0, got [0, 1]"),
        ({"friction": {"range": [-0.5, 1]}}, "friction.range: values must be >= 0, got [-0.5, 1]"),
        ({"delay": {"range": [0, 1.5]}}, "delay.range: expected whole numbers of control steps"),
        ({"delay": {"range": [0, 50]}}, "delay.range: at most 10 control steps"),
        ({"link_mass": {"range": [0.8]}}, "task.randomization.link_mass.range: expected 2 values"),
        ({"link_mass": 3}, "task.randomization.link_mass: expected a group of settings, got int 3"),
        ({"link_mass": {"range": [1, 2], "when": "step"}}, "'step' is not one of construction, re"),
        (
            {"link_mass": {"range": [1, 2], "distribution": "normal"}},
            "distribution: 'normal' is not one of uniform, log_uniform, gaussian",
        ),
        (
            {"payload": {"range": [1, 2], "distribution": "log_uniform"}},
            "payload.distribution: log_uniform is for factors; choose uniform or gaussian",
        ),
        (
            {"payload": {"range": [0, 2], "distribution": "log_uniform"}},
            "payload: range: log_uniform needs numbers above 0, got [0, 2]",
        ),
        (
            {"link_mass": {"range": [1, 2], "schedule": {"steps": 10}}},
            "link_mass.schedule: what is drawn once cannot grow; add when: reset",
        ),
        (
            {"gravity": {"range": [-0.1, 0.1], "when": "reset"}},
            "gravity.when: Isaac Gym has one for all environments",
        ),
        ({"delay": {"range": [0, 1], "only": ["x"]}}, "delay.only: there is one for each robot"),
        ({"noise": {"joint": {"std": -0.1}}}, "noise.joint: std: must be >= 0, got [-0.1, -0.1]"),
        ({"noise": {"joint": {"std": [0.2, 0.1]}}}, "noise.joint: std: expected [low, high] with"),
        ({"noise": {"joint": {"bias": {"range": [2, 1]}}}}, "noise.joint.bias: range: expected"),
        (
            {"noise": {"joint": {"bias": {"range": [1, 2], "distribution": "log_uniform"}}}},
            "noise.joint: bias.distribution: log_uniform is for factors",
        ),
        ({"velocity_push": {"speed": [1, 0]}}, "velocity_push: speed: expected [low, high] with"),
        ({"velocity_push": {"sped": [0, 1]}}, "unknown key 'sped'; nearest: 'speed'"),
        ({"force_push": {"force": [-1, 0]}}, "force_push: force: must be >= 0, got [-1, 0]"),
        (
            {"link_mass": {"range": [0.5, float("inf")]}},
            "link_mass.range[1]: expected a finite number, got inf",
        ),
        ({"noise": {"joint": {"schedule": {"steps": 9}}}}, "joint: schedule: there is no std that"),
        ({"gravity_interval": 4.0}, "gravity_interval: there is no gravity to draw again"),
        ({"noise": {"joint": {"std": float("nan")}}}, "std: expected a finite number, got nan"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ConfigError) as error:
        made(settings)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_target_is_answered_with_all_that_there_are():
    with pytest.raises(ConfigError) as error:
        made({"mass": {"range": [1, 2]}})
    for name in (*TARGETS, "noise", "velocity_push", "force_push"):
        assert name in str(error.value)


@pytest.mark.parametrize("bounds", [(0.0, float("inf")), (float("-inf"), 0.0), (float("nan"), 1.0)])
def test_endless_ranges_are_refused_without_a_file_as_well(bounds):
    with pytest.raises(ValueError, match="range: expected two finite numbers, got"):
        Draw(range=bounds)
    with pytest.raises(ValueError, match="interval: expected two finite numbers, got"):
        VelocityPush(interval=bounds)
