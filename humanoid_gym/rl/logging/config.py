"""Where a training's numbers go."""

from dataclasses import dataclass, field
from typing import Tuple

SINKS = ("tensorboard", "wandb", "mlflow", "jsonl", "csv")
"""Names of what a report can be written to."""


@dataclass(frozen=True)
class LoggingConfig:
    """Settings of `TrainingLog`."""

    sinks: Tuple[str, ...] = field(default=("tensorboard",), metadata={"choices": SINKS})
    """Any of tensorboard, wandb (Weights & Biases), mlflow, jsonl (JSON lines) and csv; [] for
    none. The top-level setting `logger` is a shorthand."""
    project: str = "humanoid_gym"
    """Project of Weights & Biases, experiment of MLflow."""
    mlflow_uri: str = ""
    """MLflow's tracking store; '': the environment variable MLFLOW_TRACKING_URI or else a SQLite
    file in the run folder."""
