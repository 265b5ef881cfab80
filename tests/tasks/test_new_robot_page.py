"""docs/new_robot.md shows the very files that `task=cartpole` runs."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = {
    "resources/urdf/cartpole/cartpole.urdf",
    "humanoid_gym/tasks/cartpole.py",
    "humanoid_gym/kernels/cartpole.py",
    "cfg/task/cartpole.yaml",
}


def test_page_and_files_are_identical():
    page = (REPOSITORY / "docs/new_robot.md").read_text()
    blocks = dict(re.findall(r"^`([^`]+)`:\n\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    assert set(blocks) == FILES
    for path, code in blocks.items():
        assert code == (REPOSITORY / path).read_text(), path


def test_page_shows_the_line_of_the_registry():
    page = (REPOSITORY / "docs/new_robot.md").read_text()
    line = '    "cartpole": "humanoid_gym.tasks.cartpole:Cartpole",\n'
    assert line in page
    assert line in (REPOSITORY / "humanoid_gym/tasks/registry.py").read_text()
