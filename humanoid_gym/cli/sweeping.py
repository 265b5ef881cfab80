"""python train.py --multirun: Hydra expands and launches the jobs, each with its own run folder."""

import itertools
import sys
from typing import Callable, Iterator, List, Sequence

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from humanoid_gym.cli.composing import CONFIG_DIR, Composed, from_hydra, prepare, values_of


def combinations(overrides: Sequence[str]) -> Iterator[List[str]]:
    """Yield the overrides of each job, as Hydra's basic sweeper combines comma-separated values.

    Sweeps without a list of values, such as interval(0, 1), keep to Hydra's own plugins; there is
    no job to look at before they choose one.

    Raises:
        ConfigError: an override that cannot be read.
    """
    alternatives = [values_of(override) for override in overrides]
    for job in itertools.product(*alternatives):
        yield list(job)


def sweep(overrides: Sequence[str], job: Callable[[Composed], bool]) -> None:
    """Run one job for each combination of values.

    Args:
        overrides: as for a single run, with sweeps such as seed=1,2,3 among them.
        job: called with each configuration; False ends the sweep.

    Raises:
        ConfigError: an override that cannot be read.
    """

    def run_job(config: DictConfig) -> None:
        hydra_config = HydraConfig.get()
        composed = from_hydra(config, str(hydra_config.runtime.choices["task"]))
        # jobs that start within one second still get run folders of their own
        experiment = composed.settings["experiment"]
        composed.settings["experiment"] = "_".join(
            filter(None, [str(experiment), f"job{hydra_config.job.num}"])
        )
        if not job(composed):
            raise SystemExit(0)

    sys.argv = [sys.argv[0], "--multirun", *prepare(overrides)]  # hydra.main reads the process's
    hydra.main(version_base="1.3", config_path=str(CONFIG_DIR), config_name="config")(run_job)()
