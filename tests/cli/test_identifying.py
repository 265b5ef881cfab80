"""python -m humanoid_gym.identification on the legs of the walking robot."""

import json

import numpy as np
import pytest

from humanoid_gym.cli import identifying
from humanoid_gym.cli.training import make_env
from humanoid_gym.identification import JointRecording

STRENGTH = "task.randomization.motor_strength={range: [0.7, 1.3], shared: true}"
DELAY = "task.randomization.delay={range: [0, 3]}"


@pytest.fixture(scope="module")
def legs(tmp_path_factory):
    """A recording of legs with weak motors that act late."""
    folder = tmp_path_factory.mktemp("recordings")
    time = np.arange(60) * 0.02
    empty = folder / "empty.csv"
    env = make_env(identifying.configured(["task=humanoid_legs"]))
    deployment = env.deployment()
    env.close()
    names = [joint.name for joint in deployment.joints]
    rest = np.array([joint.default_position for joint in deployment.joints])
    phase = np.arange(12) * 0.7
    swing = 0.25 * np.sin(2.0 * np.pi * 1.5 * time[:, None] + phase) - 0.25 * np.sin(phase)
    commands = JointRecording(time, rest + swing, np.tile(rest, (60, 1)))
    commands.save(empty, names, names)
    prepared = identifying.prepare(empty, ["task=humanoid_legs", STRENGTH, DELAY])
    assert [parameter.name for parameter in prepared.unknown] == ["motor_strength", "delay"]
    found = prepared.rig.follow(commands, prepared.unknown, np.array([[0.8, 1.5]] * 3))
    prepared.rig.close()
    path = folder / "legs.csv"
    commands._replace(position=found[0]).save(path, names, names)
    return path


def test_strength_and_delay_of_the_legs_are_found(legs, capsys):
    output = legs.with_suffix(".json")
    arguments = ["--recording", str(legs), "--output", str(output), "task=humanoid_legs"]
    assert identifying.main([*arguments, STRENGTH, DELAY]) == 0
    found = json.loads(output.read_text())
    assert found["values"]["motor_strength"] == pytest.approx(0.8, rel=0.05)
    assert found["values"]["delay"] == pytest.approx(1.5, rel=0.05)
    printed = capsys.readouterr().out
    assert "motor_strength  0.8" in printed and "in [0.7, 1.3]" in printed


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["task=humanoid_legs"], "randomization: nothing to identify; give a range to any of"),
        (["task=cartpole"], "task cartpole cannot be randomized"),
        (["task=humanoid_legs", DELAY, "--recording", "none.csv"], "'none.csv' not found"),
    ],
)
def test_bad_input_is_one_line(legs, capsys, arguments, reason):
    with pytest.raises(SystemExit) as caught:
        identifying.main(["--recording", str(legs), *arguments])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1


def test_where_the_output_cannot_go_is_said_before_the_fit(legs, capsys, monkeypatch):
    monkeypatch.setattr(identifying, "fit", lambda *_: pytest.fail("it was fitted in vain"))
    output = legs / "found.json"  # in a file in place of a folder
    arguments = ["--recording", str(legs), "--output", str(output), "task=humanoid_legs", DELAY]
    with pytest.raises(SystemExit) as caught:
        identifying.main(arguments)
    assert caught.value.code == 2
    assert f"--output {output}: {legs} is a file, expected a folder" in capsys.readouterr().err
