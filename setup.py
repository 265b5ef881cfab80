"""Installation metadata; every tool's settings are in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

# Ranges hold versions that the tests have run with; constraints.txt pins the newest of them.
# The embedded engine needs Python 3.11; the tests have run on 3.11, 3.12 and 3.13. On older
# versions the package installs without it, for use beside NVIDIA's own Isaac Gym (Python 3.8),
# where torch comes with that installation.
EMBEDDED = "; python_version >= '3.11'"
WARP = ["mujoco-warp>=4.0,<4.1" + EMBEDDED, "warp-lang>=1.19,<1.20" + EMBEDDED]
EXPORT = ["onnx>=1.17,<2", "onnxruntime>=1.20,<2", "onnxscript>=0.5,<1"]
BROWSER = ["viser>=1.1,<2"]

SHIPPED = ("cfg", "resources")


class BuildWithSettings(build_py):
    """Puts settings and robots into the package where pip copies it; a clone has them beside it."""

    def run(self) -> None:
        """Copy the package, then what humanoid_gym/shipped.py looks for in it."""
        super().run()
        if not self.editable_mode:
            for name in SHIPPED:
                source = Path(__file__).with_name(name)
                target = Path(self.build_lib) / "humanoid_gym" / name
                shutil.copytree(source, target, dirs_exist_ok=True)


setup(
    name="humanoid-gym",
    version="0.1.0",
    description="Vectorized humanoid environments and an open engine with Isaac Gym's API",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="humanoid_gym contributors",
    license="BSD-3-Clause",
    classifiers=[f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)],
    python_requires=">=3.8",
    # The facade's folder is no package of ours: it is where the name isaacgym leads.
    packages=[
        *find_packages(include=["humanoid_gym", "humanoid_gym.*"]),
        "humanoid_gym.facade.isaacgym",
    ],
    cmdclass={"build_py": BuildWithSettings},
    package_data={"humanoid_gym": ["py.typed", "facade/setup.py", "evaluation/report/*.j2"]},
    install_requires=[
        "numpy",
        "torch",
        "hydra-core>=1.3.2,<1.4",
        "omegaconf>=2.3,<2.4",
        "PyYAML>=6.0,<7",
        "rich>=13,<16",
        "tensorboard",
        "imageio",
        "imageio-ffmpeg",
        "mujoco>=4.0,<4.1" + EMBEDDED,
        "trimesh>=5.0,<6" + EMBEDDED,
        "numpy>=2.0,<3" + EMBEDDED,
        "torch>=2.13,<2.14" + EMBEDDED,
    ],
    extras_require={
        "gymnasium": ["gymnasium[mujoco]>=1.1,<2"],
        "rsl-rl": ["rsl-rl-lib>=5.5,<6" + EMBEDDED],
        "rl-games": ["rl-games>=1.6.1,<1.7"],
        "wandb": ["wandb>=0.31,<1"],
        "mlflow": ["mlflow>=3.17,<4"],
        "skrl": ["skrl>=2.0,<3"],
        "report": ["matplotlib>=3.8,<4", "Jinja2>=3.1,<4"],
        "browser": BROWSER,
        "sweeps": ["hydra-joblib-launcher>=1.2,<2", "hydra-submitit-launcher>=1.2,<2"],
        "export": EXPORT,
        "deployment": ["onnxruntime>=1.20,<2"],  # for a robot's computer: pip install --no-deps
        "tensorrt": ["tensorrt>=10.12"],
        "identification": ["scipy>=1.11,<2"],
        "gpu": WARP,
        "test": [
            *WARP,  # on its CPU device where there is no GPU
            *EXPORT,
            *BROWSER,
            "pytest>=8,<10",
            "pytest-xdist>=3,<4",
            "hypothesis>=6.100,<7",
            "scipy>=1.11,<2",
            "matplotlib>=3.8,<4",
            "Jinja2>=3.1,<4",
            "rsl-rl-lib>=5.5,<6" + EMBEDDED,
            "gymnasium[mujoco]>=1.1,<2",
            "hydra-joblib-launcher>=1.2,<2",
        ],
        "dev": [
            "ruff>=0.17,<0.18",
            "pyright>=1.1.414,<2",
            "import-linter>=2.16,<3",
            "vermin>=1.9,<2",
            "matplotlib>=3.8,<4",
        ],
    },
)
