"""The examples of docs/adapters.md run as they stand there."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "adapters.md"
EXAMPLES = {
    code.split()[1].split(".")[0]: code
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
}
"""Package that the first line imports -> example."""


def test_every_library_has_an_example():
    assert {"gymnasium", "rsl_rl", "rl_games", "torch"} == set(EXAMPLES)  # skrl's begins with torch


@pytest.mark.slow
@pytest.mark.parametrize("package", ["gymnasium", "rsl_rl", "rl_games", "skrl"])
def test_example_runs(package, tmp_path):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    code = EXAMPLES["torch" if package == "skrl" else package]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
