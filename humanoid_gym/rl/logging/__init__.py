"""Where a training's numbers go: a display, and any of five sinks of one small class each.

`report.py` names what is logged, `training_log.py` writes it everywhere and survives failures.
"""

from humanoid_gym.rl.logging.config import LoggingConfig
from humanoid_gym.rl.logging.report import Report
from humanoid_gym.rl.logging.training_log import TrainingLog

__all__ = ["LoggingConfig", "Report", "TrainingLog"]
