"""`python -m humanoid_gym SCRIPT`, metadata and the local distribution, each in a fresh process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FACADE = ROOT / "humanoid_gym" / "facade"


def python(*arguments, cwd, path=(ROOT,), **environment):
    """Result of `python ARGUMENTS` with the given folders on PYTHONPATH."""
    inherited = {k: v for k, v in os.environ.items() if k != "HUMANOID_GYM_ENGINE"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**inherited, "PYTHONPATH": os.pathsep.join(map(str, path)), **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )


def output(*arguments, **options):
    """Output of a process that must succeed."""
    result = python(*arguments, **options)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.fixture
def project(tmp_path):
    """A folder with a legacy program in a folder of its own, beside a module it imports."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "neighbour.py").write_text("NAME = 'neighbour'\n")
    (scripts / "__init__.py").write_text("")
    return tmp_path


def write(project, text):
    path = project / "scripts" / "train.py"
    path.write_text(text)
    return path


def test_a_program_runs_as_python_would_run_it(project):
    script = write(
        project,
        """
import sys, neighbour
from isaacgym import gymapi, gymutil, gymtorch, torch_utils, rlgpu
import __main__
print(__name__, __file__, sys.argv, sys.path[0])
print(gymapi.acquire_gym is __main__.gymapi.acquire_gym, neighbour.NAME)
""",
    )
    first, second = output("-m", "humanoid_gym", "scripts/train.py", "--task=a", "x", cwd=project)
    argv = ["scripts/train.py", "--task=a", "x"]
    assert first == f"__main__ scripts/train.py {argv} {script.parent}"
    assert second == "True neighbour"


def test_a_module_runs_as_python_m_would_run_it(project):
    write(project, "import sys, isaacgym\nprint(__name__, __package__, sys.argv[1:])")
    lines = output("-m", "humanoid_gym", "-m", "scripts.train", "--seed", "1", cwd=project)
    assert lines == ["__main__ scripts ['--seed', '1']"]


def test_a_folder_with_a_main_module_runs(project):
    (project / "scripts" / "__main__.py").write_text("import neighbour, isaacgym; print(__name__)")
    assert output("-m", "humanoid_gym", "scripts", cwd=project) == ["__main__"]


def test_the_exit_code_and_the_traceback_are_the_programs(project):
    write(project, "import sys, isaacgym; sys.exit(7)")
    assert python("-m", "humanoid_gym", "scripts/train.py", cwd=project).returncode == 7
    write(project, "import isaacgym\n1 / 0")
    result = python("-m", "humanoid_gym", "scripts/train.py", cwd=project)
    assert result.returncode == 1
    assert 'File "scripts/train.py", line 2' in result.stderr
    assert "runpy" in result.stderr  # only python -m itself
    assert result.stderr.count("<frozen runpy>") == 2


def test_processes_that_the_program_starts_find_isaacgym(project):
    write(
        project,
        """
import isaacgym, multiprocessing, subprocess, sys
def work(x):
    from isaacgym import gymapi
    return gymapi.Vec3(x).x
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(work, [1, 2]))
    code = "import isaacgym; print(isaacgym.gymapi.UP_AXIS_Z.name)"
    print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
""",
    )
    lines = output("-m", "humanoid_gym", "scripts/train.py", cwd=project)
    assert lines[:2] == ["[1.0, 2.0]", "UP_AXIS_Z"]


@pytest.mark.parametrize("mark", ["setup.py", ".git", None])
def test_robots_may_use_the_files_of_the_whole_project(project, mark):
    if mark is not None:
        (project / mark).write_text("")
    write(project, "import os; print(os.environ['HUMANOID_GYM_ASSET_PATH'])")
    expected = [str(project if mark is not None else project / "scripts")]
    assert output("-m", "humanoid_gym", "scripts/train.py", cwd=project) == expected
    command = ("-m", "humanoid_gym", "scripts/train.py")
    assert output(*command, cwd=project, HUMANOID_GYM_ASSET_PATH="/robots") == ["/robots"]


def test_torch_may_be_imported_first(project):
    write(project, "import torch\nfrom isaacgym import gymapi, gymtorch\nprint('ok')")
    assert output("-m", "humanoid_gym", "scripts/train.py", cwd=project) == ["ok"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "usage: python -m humanoid_gym SCRIPT"),
        (("-m",), "usage:"),
        (("--task",), "usage:"),
        (("absent.py", "--task=a"), "there is no file 'absent.py'"),
    ],
)
def test_nothing_to_run(project, arguments, complaint):
    result = python("-m", "humanoid_gym", *arguments, cwd=project)
    assert result.returncode == 2
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr


def test_help(project):
    assert "-m MODULE" in "\n".join(output("-m", "humanoid_gym", "--help", cwd=project))


def test_a_wrong_engine_is_one_line(project):
    write(project, "")
    result = python(
        "-m", "humanoid_gym", "scripts/train.py", cwd=project, HUMANOID_GYM_ENGINE="physx"
    )
    assert result.returncode == 2
    assert "'physx' is none of auto, embedded, nvidia" in result.stderr
    assert "Traceback" not in result.stderr


METADATA = """
import importlib.metadata as metadata, humanoid_gym
print(metadata.version("isaacgym"), metadata.distribution("isaacgym").metadata["Name"])
print("isaacgym" in {d.metadata["Name"] for d in metadata.distributions()})
try:
    metadata.version("isaacgymenvs")
except metadata.PackageNotFoundError:
    print("others are not invented")
"""


def test_metadata_is_found_without_an_installation(tmp_path):
    lines = output("-c", METADATA, cwd=tmp_path)
    assert lines == ["1.0rc4 isaacgym", "True", "others are not invented"]


def test_metadata_lookups_survive_a_wrong_engine_choice(tmp_path):
    code = "import importlib.metadata as m, humanoid_gym; print(len(list(m.distributions())) > 0)"
    assert output("-c", code, cwd=tmp_path, HUMANOID_GYM_ENGINE="nvidia") == ["True"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder that `pip install humanoid_gym/facade` filled."""
    source, target = (tmp_path_factory.mktemp(name) for name in ("source", "site"))
    copy = source / "humanoid_gym" / "facade"  # pip leaves build folders in what it builds
    (copy / "isaacgym").mkdir(parents=True)
    for file in (FACADE / "setup.py", *(FACADE / "isaacgym").glob("*.py")):
        (copy / file.relative_to(FACADE)).write_bytes(file.read_bytes())
    command = ("-m", "pip", "install", "--no-index", "--no-build-isolation", "--no-deps", "-q")
    result = python(*command, "--target", target, copy, cwd=source, path=())
    assert result.returncode == 0, result.stderr
    return target


def test_the_local_distribution_answers_without_importing_humanoid_gym(installed, tmp_path):
    code = """
import importlib.metadata as metadata
print(metadata.version("isaacgym"))
import isaacgym
from isaacgym import gymapi, gymtorch, gymutil, torch_utils, rlgpu
import humanoid_gym.engine.gymapi
print(isaacgym.__file__, gymapi.Gym is humanoid_gym.engine.gymapi.Gym)
"""
    version, where = output("-c", code, cwd=tmp_path, path=(installed, ROOT))
    assert version == "1.0rc4"
    assert where == f"{installed / 'isaacgym' / '__init__.py'} True"


def test_the_local_distribution_is_not_taken_for_nvidias(installed, tmp_path):
    choice = "from humanoid_gym.isaacgym_fallback import engine_choice; print(engine_choice().name)"
    for first in ("", "import isaacgym; ", "import torch, humanoid_gym, isaacgym; "):
        assert output("-c", first + choice, cwd=tmp_path, path=(installed, ROOT)) == ["embedded"]


def test_the_local_distribution_without_its_engine_says_what_to_install(installed, tmp_path):
    # -S: no site-packages, where an installed humanoid_gym would be found.
    result = python("-S", "-c", "import isaacgym", cwd=tmp_path, path=(installed,))
    assert "ImportError: this isaacgym holds names only" in result.stderr
    assert "pip install" in result.stderr


def test_an_installation_that_is_not_editable_has_the_facade(tmp_path):
    result = python("setup.py", "-q", "build", "--build-base", tmp_path, cwd=ROOT, path=())
    assert result.returncode == 0, result.stderr
    built = tmp_path / "lib" / "humanoid_gym" / "facade"
    names = {str(file.relative_to(FACADE)) for file in (FACADE / "isaacgym").glob("*.py")}
    assert {str(file.relative_to(built)) for file in built.rglob("*.py")} == {*names, "setup.py"}
    code = "import humanoid_gym, isaacgym; print(isaacgym.__file__)"
    where = output("-c", code, cwd=tmp_path, path=(tmp_path / "lib",))
    assert where == [str(built / "isaacgym" / "__init__.py")]
