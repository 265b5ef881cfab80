"""`python -m humanoid_gym SCRIPT ...` runs a program that imports isaacgym, on the engine chosen.

The program needs no change: it runs as `python SCRIPT ...` would run it, in a process where
`import isaacgym` finds the embedded engine unless NVIDIA's is installed.
"""

import os
import runpy
import sys
from types import ModuleType
from typing import List

from humanoid_gym.isaacgym_fallback import FACADE, engine_choice

USAGE = """\
usage: python -m humanoid_gym SCRIPT [arguments]
       python -m humanoid_gym -m MODULE [arguments]

Runs an Isaac Gym program that nobody changed, as `python SCRIPT` or `python -m MODULE` would.
HUMANOID_GYM_ENGINE=auto|embedded|nvidia chooses the engine (default: NVIDIA's where installed)."""

EXIT_BAD_INPUT = 2

ASSET_PATH = "HUMANOID_GYM_ASSET_PATH"
"""Environment variable: folders beside an asset root that a robot's files may come from."""

PROJECT_MARKS = (".git", "setup.py", "pyproject.toml")


def main(arguments: List[str]) -> int:
    """Run the program named on the command line.

    Args:
        arguments: the command line without this module's own name.

    Returns:
        Exit code: 0 after the program, 2 where there is none to run.
    """
    if arguments[:1] in (["-h"], ["--help"]):
        sys.stdout.write(USAGE + "\n")
        return 0
    as_module = arguments[:1] == ["-m"]
    program = arguments[1:] if as_module else arguments
    if not program or (program[0].startswith("-") and not as_module):
        return _refuse(USAGE)
    if not as_module and not os.path.exists(program[0]):
        return _refuse(f"python -m humanoid_gym: there is no file {program[0]!r}")
    try:
        choice = engine_choice()
    except ValueError as error:
        return _refuse(f"python -m humanoid_gym: {error}")
    sys.stderr.write(f"isaacgym: {choice.name} engine ({choice.reason})\n")
    if choice.name == "embedded":
        _offer_to_children()
        os.environ.setdefault(ASSET_PATH, project_folder(os.getcwd() if as_module else program[0]))
    sys.argv[:] = program
    if as_module:
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)
    else:
        run_script(program[0])
    return 0


def run_script(path: str) -> None:
    """Run a file, or a folder or archive with a `__main__.py`, as the main program."""
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
        _take_path_entry(None)
        runpy.run_path(path, run_name="__main__")
        return
    _take_path_entry(os.path.dirname(os.path.realpath(path)))
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    # A module of its own, which stays the main one: programs pickle what they define in it.
    module = ModuleType("__main__")
    module.__dict__.update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def project_folder(path: str) -> str:
    """The project around a script: the nearest folder above that says it is one, or the script's.

    Robot descriptions may name meshes anywhere in it, not only in the asset root they come from.
    """
    start = os.path.realpath(path)
    start = start if os.path.isdir(start) else os.path.dirname(start)
    folder = start
    while folder != os.path.dirname(folder):
        if any(os.path.exists(os.path.join(folder, name)) for name in PROJECT_MARKS):
            return folder
        folder = os.path.dirname(folder)
    return start


def _take_path_entry(folder: "str | None") -> None:
    """Put the script's folder in place of the working directory that `python -m` puts first."""
    if not getattr(sys.flags, "safe_path", False):  # python -P puts neither there
        sys.path[:1] = [] if folder is None else [folder]


def _offer_to_children() -> None:
    """Let processes that the program starts find isaacgym as well: nothing is imported there.

    A new interpreter reads PYTHONPATH, a process that multiprocessing spawns takes over sys.path.
    """
    folder = os.path.dirname(FACADE)
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = (others + os.pathsep if others else "") + folder
    sys.path.insert(1, folder)  # before an isaacgym of NVIDIA's that is installed but not chosen


def _refuse(message: str) -> int:
    sys.stderr.write(message + "\n")
    return EXIT_BAD_INPUT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
