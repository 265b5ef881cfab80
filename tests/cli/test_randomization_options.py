"""`randomization=full` fills a part of the task; --show-randomization shows what was drawn."""

from types import SimpleNamespace

import pytest

from humanoid_gym.cli.composing import apply_overrides, compose
from humanoid_gym.cli.playing import parse, show_randomization
from humanoid_gym.cli.run_config import run_config
from humanoid_gym.config import ConfigError, to_dict
from humanoid_gym.tasks.randomized_task import RandomizedTask

WALK = ["task=humanoid_walk", "num_envs=2", "device=cpu"]


def randomization(*overrides):
    composed = compose([*WALK, *overrides])
    return run_config(composed.task_name, composed.settings, "").task.randomization


def chosen(config):
    return {entry.name: entry.draw.range for entry in config.chosen()}


def test_the_walking_task_is_not_randomized_unless_asked():
    assert chosen(randomization()) == chosen(randomization("randomization=none")) == {}
    assert randomization("randomization=none").noise == {}


def test_an_option_fills_the_task_and_single_keys_come_on_top():
    full = chosen(randomization("randomization=full"))
    assert full["link_mass"] == (0.8, 1.2)
    assert full["delay"] == (0.0, 2.0)
    on_top = randomization(
        "randomization=full",
        "task.randomization.delay.range=[0,1]",
        "task.randomization.armature=null",
    )
    assert chosen(on_top)["delay"] == (0.0, 1.0)
    assert "armature" not in chosen(on_top)


def test_the_randomization_of_a_run_can_be_replaced_for_playing():
    composed = compose([*WALK, "randomization=full"])
    run = run_config(composed.task_name, composed.settings, "").to_mapping()
    played = apply_overrides(run, ["randomization=none"])
    assert chosen(run_config("humanoid_walk", played, "").task.randomization) == {}
    moderate = apply_overrides(run, ["randomization=moderate"])
    config = run_config("humanoid_walk", moderate, "").task.randomization
    assert to_dict(config) == to_dict(randomization("randomization=moderate"))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["randomization=fll"], ["unknown randomization 'fll'", "'full'", "moderate, none"]),
        (["task.randomization.mass.range=[1,2]"], ["task.randomization", "'link_mass'", "gravity"]),
        (
            ["task.randomization.link_mass.range=[1.2,0.8]"],
            ["task.randomization.link_mass", "low <= high", "[1.2, 0.8]"],
        ),
        (
            ["task.randomization.link_mass.range=[-0.5,1.0]"],
            ["task.randomization", "link_mass.range", "above 0", "[-0.5, 1]"],
        ),
    ],
)
def test_bad_settings_are_answered_with_one_line(overrides, words):
    with pytest.raises(ConfigError) as error:
        randomization(*overrides)
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_task_that_cannot_be_randomized_says_so():
    composed = compose(["task=cartpole", "num_envs=2", "device=cpu", "randomization=full"])
    with pytest.raises(ConfigError, match="randomization: task cartpole has none"):
        run_config(composed.task_name, composed.settings, "")


def test_the_table_is_printed_once(capsys):
    assert parse(["--show-randomization"]).show_randomization
    task = RandomizedTask.__new__(RandomizedTask)
    task.randomization = SimpleNamespace(table=lambda: ["parameter  unit", "link_mass  1"])
    show = show_randomization(task)
    show()
    show()
    assert capsys.readouterr().out == "randomized  parameter  unit\n            link_mass  1\n"
    show_randomization(SimpleNamespace())()
    assert "this task knows none" in capsys.readouterr().out
