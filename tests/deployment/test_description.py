"""Descriptions and metadata that cannot be used are answered with one line."""

import dataclasses

import pytest
from deployed_robots import two_joints

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment import Actuator, Deployment, Joint


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"actuators": (Actuator("c", 1.0, 1.0, 1.0),)}, "actuators: there is no joint 'c'"),
        ({"followed": "a"}, "followed: expected an observation of 2 columns.*got 'a'"),
        ({"joints": (Joint("a", 1.0, -1.0), Joint("b"))}, "'a' has a lower limit above its upper"),
        ({"joints": (Joint("b"), Joint("a"), Joint("b"))}, "joints: 'b' appears twice"),
    ],
)
def test_descriptions_that_contradict_themselves_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(two_joints(), **changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "robot.json: metadata are not JSON"),
        ("[]", "robot.json: these are not metadata of a policy of humanoid_gym"),
        ('{"format": "other"}', "these are not metadata of a policy"),
        ('{"format": "humanoid_gym.policy"}', "format version None, this program reads up to 4"),
        ('{"format": "humanoid_gym.policy", "format_version": 4}', "robot.json"),
    ],
)
def test_metadata_that_are_none_are_refused(text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        Deployment.from_json(text, "robot.json")
    assert "\n" not in str(caught.value)
