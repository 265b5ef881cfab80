"""python train.py --multirun: Hydra expands and launches the jobs, each with its own run folder."""

import importlib.util
import itertools
import sys
from typing import Callable, Iterator, List, Sequence

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from humanoid_gym.cli import config_folders
from humanoid_gym.cli.composing import (
    Composed,
    from_hydra,
    is_for_hydra,
    prepare,
    values_of,
)
from humanoid_gym.cli.resuming import continued
from humanoid_gym.config import ConfigError


def combinations(overrides: Sequence[str]) -> Iterator[List[str]]:
    """Yield the overrides of each job, as Hydra's basic sweeper combines comma-separated values.

    Sweeps without a list of values, such as interval(0, 1), keep to Hydra's own plugins; there is
    no job to look at before they choose one.

    Raises:
        ConfigError: an override that cannot be read.
    """
    alternatives = [values_of(override) for override in overrides if not is_for_hydra(override)]
    for job in itertools.product(*alternatives):
        yield list(job)


_LAUNCHERS = {
    "joblib": "hydra_joblib_launcher",
    "submitit_local": "hydra_submitit_launcher",
    "submitit_slurm": "hydra_submitit_launcher",
}
"""Option of hydra/launcher -> its plugin, where that is a package of its own."""


class JobError(RuntimeError):
    """A job that a launcher ran in another process broke down; its own output says why."""


def check_launcher(overrides: Sequence[str]) -> None:
    """Look whether the launcher that a sweep asks for is there, before Hydra does at length.

    Raises:
        ConfigError: it is a package that is not installed.
    """
    for override in overrides:
        name, _, option = override.partition("=")
        plugin = _LAUNCHERS.get(option) if name == "hydra/launcher" else None
        if plugin is not None and not _installed(f"hydra_plugins.{plugin}"):
            package = plugin.replace("_", "-")
            raise ConfigError(f"{override} needs {package}: pip install 'humanoid-gym[sweeps]'")


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it would be part of
        return False


def sweep(overrides: Sequence[str], job: Callable[[Composed], bool]) -> None:
    """Run one job for each combination of values.

    Args:
        overrides: as for a single run, with sweeps such as seed=1,2,3 among them, and settings of
            Hydra such as hydra/launcher=joblib.
        job: called with each configuration, where the launcher says: here one after the other, in
            other processes, on other machines. False ends the sweep.

    Raises:
        ConfigError: an override that cannot be read.
        SystemExit: a job raised an exception.
    """

    def run_job(config: DictConfig) -> None:
        hydra_config = HydraConfig.get()
        overrides = list(hydra_config.overrides.task)
        task_name = str(hydra_config.runtime.choices["task"])
        composed = continued(overrides) or from_hydra(config, task_name, overrides)
        # jobs that start within one second still get run folders of their own
        experiment = composed.settings["experiment"]
        composed.settings["experiment"] = "_".join(
            filter(None, [str(experiment), f"job{hydra_config.job.num}"])
        )
        if not job(composed):
            raise SystemExit(0)

    sys.argv = [sys.argv[0], "--multirun", *prepare(overrides)]  # hydra.main reads the process's
    folder = str(config_folders.folders()[0])
    hydra.main(version_base="1.3", config_path=folder, config_name="config")(run_job)()
