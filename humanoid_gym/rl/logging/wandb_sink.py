"""Reports to Weights & Biases."""

from pathlib import Path
from typing import Any, Mapping, Optional

from humanoid_gym.extras import require
from humanoid_gym.rl.logging.report import ENV_STEPS, Report


class WandbSink:
    """One run of a project; WANDB_MODE=offline keeps it on this machine until `wandb sync`."""

    def __init__(self, directory: Path, project: str, settings: Mapping[str, Any]) -> None:
        """Prepare to log; nothing is written yet.

        Args:
            directory: folder of the run; its name becomes the run's.
            project: the project it belongs to.
            settings: the run's whole configuration.

        Raises:
            ConfigError: wandb is not installed.
        """
        self._wandb = require("wandb", "wandb")
        self._directory = directory
        self._project = project
        self._settings = dict(settings)
        self._run: Any = None  # None: not open
        self._id: Optional[str] = None

    def open(self) -> None:
        """Start the run, or continue it after a failure."""
        self._run = self._wandb.init(
            project=self._project,
            name=self._directory.name,
            dir=str(self._directory),
            config=self._settings,
            id=self._id,
            resume="allow" if self._id else None,
        )
        self._id = self._run.id
        # every curve over environment steps
        self._run.define_metric(ENV_STEPS)
        self._run.define_metric("*", step_metric=ENV_STEPS)

    def write(self, report: Report) -> None:
        """Record one iteration."""
        if self._run is None:
            raise RuntimeError("open the sink first")
        self._run.log(dict(report))

    def close(self) -> None:
        """Finish the run."""
        run, self._run = self._run, None
        if run is not None:
            run.finish()
