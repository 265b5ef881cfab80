"""What `python -m` runs calls the command line behind it."""

import runpy
import sys

import pytest


@pytest.mark.parametrize(
    ("program", "option", "said"),
    [
        ("evaluation", "--list", "push_map"),
        ("export", "--help", "usage: python -m humanoid_gym.export"),
        ("identification", "--help", "usage: python -m humanoid_gym.identification"),
        ("train", "--help", "usage"),
        ("play", "--help", "usage"),
    ],
)
def test_a_program_ends_with_the_code_of_its_command_line(
    program, option, said, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["program", option])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"humanoid_gym.{program}", run_name="__main__")
    assert not ended.value.code
    assert said in capsys.readouterr().out
