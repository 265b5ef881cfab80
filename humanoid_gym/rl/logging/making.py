"""From configuration to sinks. Optional packages are imported only for the sinks that need them."""

from pathlib import Path
from typing import Any, Callable, Dict, Mapping

from humanoid_gym.rl.logging.config import LoggingConfig
from humanoid_gym.rl.logging.csv_sink import CsvSink
from humanoid_gym.rl.logging.jsonl_sink import JsonlSink
from humanoid_gym.rl.logging.sink import Sink

Settings = Mapping[str, Any]


def make_sinks(config: LoggingConfig, directory: Path, settings: Settings) -> Dict[str, Sink]:
    """Create the configured sinks; nothing is written yet.

    Args:
        config: which, and where they lead.
        directory: folder of the run.
        settings: the run's whole configuration.

    Returns:
        The sinks by name.

    Raises:
        ConfigError: one needs a package that is not installed.
    """
    return {name: _MAKERS[name](config, directory, settings) for name in config.sinks}


def _tensorboard(config: LoggingConfig, directory: Path, settings: Settings) -> Sink:
    from humanoid_gym.rl.logging.tensorboard_sink import TensorboardSink

    return TensorboardSink(directory)


def _wandb(config: LoggingConfig, directory: Path, settings: Settings) -> Sink:
    from humanoid_gym.rl.logging.wandb_sink import WandbSink

    return WandbSink(directory, config.project, settings)


def _mlflow(config: LoggingConfig, directory: Path, settings: Settings) -> Sink:
    from humanoid_gym.rl.logging.mlflow_sink import MlflowSink

    return MlflowSink(directory, config.project, config.mlflow_uri, settings)


def _jsonl(config: LoggingConfig, directory: Path, settings: Settings) -> Sink:
    return JsonlSink(directory)


def _csv(config: LoggingConfig, directory: Path, settings: Settings) -> Sink:
    return CsvSink(directory)


_MAKERS: Dict[str, Callable[[LoggingConfig, Path, Settings], Sink]] = {
    "tensorboard": _tensorboard,
    "wandb": _wandb,
    "mlflow": _mlflow,
    "jsonl": _jsonl,
    "csv": _csv,
}
