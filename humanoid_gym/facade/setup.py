"""A local distribution named isaacgym, for programs that ask pip for one or start other processes.

`pip install humanoid_gym/facade` puts it beside humanoid_gym. It holds no engine, only the names of
Isaac Gym's modules, and is never published.
"""

import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path
from typing import List

from setuptools import setup

ROOT = Path(__file__).resolve().parents[2]


def requirements() -> List[str]:
    """Ask for humanoid_gym from the checkout around this file, unless the environment has it.

    Where it has, a requirement by path would make pip replace an editable installation with a copy.
    """
    # pip builds in an isolated environment; these are the folders of the one it installs into.
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *sys.path}
    installed = {dist.metadata["Name"].lower() for dist in distributions(path=list(folders))}
    if installed & {"humanoid-gym", "humanoid_gym"} or not (ROOT / "setup.py").is_file():
        return []
    return [f"humanoid-gym @ {ROOT.as_uri()}"]


setup(
    name="isaacgym",
    version="1.0rc4",
    description="Isaac Gym's module names on humanoid_gym's engine; a local package, not NVIDIA's",
    python_requires=">=3.11",
    packages=["isaacgym"],
    install_requires=requirements(),
)
