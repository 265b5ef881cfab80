"""Which `isaacgym` answers. Each case runs in a fresh interpreter, on packages made for it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

NVIDIA_GYMAPI = """
import sys
if "torch" in sys.modules:
    raise ImportError("PyTorch was imported before isaacgym modules")
WHO = "nvidia"
"""


def run(code, *paths, engine=None, cwd=None):
    """Output and exit status of a script; `paths` come before the repository on sys.path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, paths), str(ROOT)])}
    environment.pop("HUMANOID_GYM_ENGINE", None)
    if engine is not None:
        environment["HUMANOID_GYM_ENGINE"] = engine
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=cwd or tempfile.gettempdir(),  # the working directory comes first on sys.path
        capture_output=True,
        text=True,
        timeout=60,
    )


def output(*arguments, **options):
    """Output of a script that must succeed."""
    result = run(*arguments, **options)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture
def nvidia(tmp_path):
    """A folder with a package that stands for NVIDIA's."""
    package = tmp_path / "site" / "isaacgym"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from isaacgym import gymapi\n")
    (package / "gymapi.py").write_text(NVIDIA_GYMAPI)
    return package.parent


@pytest.fixture
def stand_in(tmp_path):
    """A copy of humanoid_gym's root whose facade imports without the engine."""
    package = tmp_path / "copy" / "humanoid_gym"
    facade = package / "facade" / "isaacgym"
    facade.mkdir(parents=True)
    for name in ("__init__.py", "isaacgym_fallback.py", "config.py"):
        (package / name).write_text((ROOT / "humanoid_gym" / name).read_text())
    (facade / "__init__.py").write_text("from isaacgym import gymapi\n")
    (facade / "gymapi.py").write_text('WHO = "embedded"\n')
    return package.parent


CHOICE = "from humanoid_gym.isaacgym_fallback import engine_choice; print(*engine_choice())"
WHO = "import humanoid_gym; from isaacgym import gymapi; print(gymapi.WHO)"


def test_embedded_engine_answers_where_nothing_is_installed(stand_in):
    assert output(WHO, stand_in) == "embedded"
    assert output(CHOICE, stand_in) == "embedded NVIDIA's isaacgym is not installed"


def test_nvidias_answers_where_it_is_installed(nvidia, stand_in):
    assert output(WHO, nvidia, stand_in) == "nvidia"
    assert output(CHOICE, nvidia) == f"nvidia isaacgym is installed at {nvidia / 'isaacgym'}"


def test_nvidias_is_imported_before_torch_can_be(nvidia):
    code = "import humanoid_gym, sys; print('isaacgym.gymapi' in sys.modules)"
    assert output(code, nvidia) == "True"
    assert output("import humanoid_gym, torch, isaacgym; print('ok')", nvidia) == "ok"


def test_torch_first_does_not_break_the_package_where_nvidias_is_installed(nvidia):
    assert output("import torch, humanoid_gym; print('ok')", nvidia) == "ok"


def test_override_prefers_the_embedded_engine(nvidia, stand_in):
    assert output(WHO, nvidia, stand_in, engine="embedded") == "embedded"
    assert output(CHOICE, nvidia, engine="embedded") == "embedded HUMANOID_GYM_ENGINE=embedded"
    assert output(CHOICE, nvidia, engine="nvidia") == "nvidia HUMANOID_GYM_ENGINE=nvidia"


def test_nvidia_asked_for_but_not_installed(stand_in):
    result = run(WHO, stand_in, engine="nvidia")
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert "ConfigError: HUMANOID_GYM_ENGINE=nvidia, but NVIDIA's isaacgym is not installed" in last
    assert "embedded" in last


def test_wrong_override_is_reported_when_the_engine_is_asked_for():
    assert output("import humanoid_gym; print('ok')", engine="physx") == "ok"
    result = run(CHOICE, engine="physx")
    assert "'physx' is none of auto, embedded, nvidia" in result.stderr.splitlines()[-1]
    assert output(CHOICE, engine="").startswith("embedded")


def test_an_installed_but_broken_isaacgym_is_named_with_the_remedy(nvidia):
    (nvidia / "isaacgym" / "gymapi.py").write_text("raise OSError('libcuda.so.1: cannot open')\n")
    result = run("import humanoid_gym", nvidia)
    last = result.stderr.strip().splitlines()[-1]
    assert "importing it failed: libcuda.so.1: cannot open" in last
    assert "HUMANOID_GYM_ENGINE=embedded" in last
    assert output("import humanoid_gym; print('ok')", nvidia, engine="embedded") == "ok"


def test_a_bare_folder_does_not_count(tmp_path, stand_in):
    (tmp_path / "clone" / "isaacgym" / "assets").mkdir(parents=True)
    assert output(WHO, stand_in, cwd=tmp_path / "clone") == "embedded"
    first = "import isaacgym; " + WHO
    assert output(first, stand_in, cwd=tmp_path / "clone") == "embedded"


def test_nvidias_imported_first_is_kept(nvidia, stand_in):
    assert output("import isaacgym; " + WHO, nvidia, stand_in) == "nvidia"
    result = run("import isaacgym; " + CHOICE, nvidia, stand_in, engine="embedded")
    assert "imported before humanoid_gym; import humanoid_gym first" in result.stderr


def test_the_facade_on_the_path_is_not_taken_for_nvidias(stand_in):
    facade = stand_in / "humanoid_gym" / "facade"
    assert output(WHO, stand_in, facade) == "embedded"
    assert output(CHOICE, stand_in, facade).startswith("embedded")
    assert output("import isaacgym; " + CHOICE, stand_in, facade).startswith("embedded")


def test_there_is_one_finder_and_one_copy_of_the_module(stand_in):
    code = """
import importlib, sys, humanoid_gym
importlib.reload(humanoid_gym)
importlib.reload(humanoid_gym.isaacgym_fallback).install()
names = [getattr(finder, "__name__", "") for finder in sys.meta_path]
import isaacgym
from isaacgym import gymapi
print(names.count("IsaacGymFinder"), isaacgym.gymapi is gymapi)
"""
    assert output(code, stand_in) == "1 True"


def test_old_python_gets_one_clear_line(stand_in):
    code = "import humanoid_gym, sys; sys.version_info = (3, 8, 10); import isaacgym"
    last = run(code, stand_in).stderr.strip().splitlines()[-1]
    assert "needs Python 3.11 or newer, this is 3.8" in last


def test_importing_the_package_is_light_and_fast():
    code = """
import sys, time
start = time.perf_counter()
import humanoid_gym
seconds = time.perf_counter() - start
heavy = {"torch", "numpy", "mujoco", "isaacgym", "hydra"} & set(sys.modules)
print(seconds, sorted(heavy), humanoid_gym.__version__)
"""
    runs = [output(code).split(" ", 1) for _ in range(3)]
    assert {rest for _, rest in runs} == {"[] 0.1.0"}
    assert min(float(seconds) for seconds, _ in runs) < 0.05


def test_unknown_attribute_of_the_package():
    code = "import humanoid_gym; print('VecTask' in dir(humanoid_gym)); humanoid_gym.VecTaks"
    result = run(code)
    assert result.stdout.strip() == "True"
    assert "has no attribute 'VecTaks'" in result.stderr
