"""Reports to MLflow."""

import os
import time
from pathlib import Path
from typing import Any, Dict, Mapping

from humanoid_gym.extras import require
from humanoid_gym.rl.logging.report import ENV_STEPS, Report


class MlflowSink:
    """One run of an experiment in a tracking store.

    The store is `uri`, else the environment variable MLFLOW_TRACKING_URI, else a SQLite file in the
    run folder: `mlflow ui --backend-store-uri sqlite:///<run folder>/mlflow.db` shows that one.
    """

    def __init__(
        self, directory: Path, experiment: str, uri: str, settings: Mapping[str, Any]
    ) -> None:
        """Prepare to log; nothing is written yet.

        Args:
            directory: folder of the run; its name becomes the run's.
            experiment: the experiment it belongs to.
            uri: tracking store; '' for the default.
            settings: the run's whole configuration.

        Raises:
            ConfigError: mlflow is not installed.
        """
        self._mlflow = require("mlflow", "mlflow")
        self._directory = directory
        self._experiment = experiment
        own = f"sqlite:///{directory.resolve() / 'mlflow.db'}"
        self._uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or own
        self._settings = _flat(settings)
        self._client: Any = None  # None: not open
        self._run_id = ""  # '': not created yet

    def open(self) -> None:
        """Create the run, or connect to it again after a failure."""
        self._client = self._mlflow.MlflowClient(tracking_uri=self._uri)
        if self._run_id:
            return
        found = self._client.get_experiment_by_name(self._experiment)
        experiment_id = (
            found.experiment_id if found else self._client.create_experiment(self._experiment)
        )
        run = self._client.create_run(experiment_id, run_name=self._directory.name)
        self._run_id = run.info.run_id
        param = self._mlflow.entities.Param
        params = [param(name, text) for name, text in self._settings.items()]
        for first in range(0, len(params), 100):  # the most that a store takes at once
            self._client.log_batch(self._run_id, params=params[first : first + 100])

    def write(self, report: Report) -> None:
        """Record one iteration."""
        if self._client is None:
            raise RuntimeError("open the sink first")
        step, now = int(report[ENV_STEPS]), int(1000 * time.time())
        metric = self._mlflow.entities.Metric
        metrics = [metric(name, value, now, step) for name, value in report.items()]
        self._client.log_batch(self._run_id, metrics=metrics)

    def close(self) -> None:
        """Mark the run as finished."""
        client, self._client = self._client, None
        if client is not None:
            client.set_terminated(self._run_id)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Dict[str, str]:
    """Return {"train.algorithm.gamma": "0.99", …}; MLflow's parameters are texts."""
    flat: Dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}".replace("*", "any")] = str(value)[:500]
    return flat
