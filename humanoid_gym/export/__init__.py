"""Trained policies as files for robots: ONNX, TorchScript, TensorRT.

Start reading at `exporter.py: Exporter.export`. What runs them is `humanoid_gym.deployment`.
"""

from humanoid_gym.export.exporter import Exported, Exporter
from humanoid_gym.export.policy_graph import PolicyGraph
from humanoid_gym.export.recording import Recording, record
from humanoid_gym.export.verification import Comparison, ExportError

__all__ = [
    "Comparison",
    "ExportError",
    "Exported",
    "Exporter",
    "PolicyGraph",
    "Recording",
    "record",
]
