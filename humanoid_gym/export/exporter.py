"""Writes a policy in several formats, each only after it was found to act as the trained one."""

from pathlib import Path
from typing import Dict, Iterable, NamedTuple, Optional, Tuple

import torch

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.deployment.policy_interface import Description
from humanoid_gym.export import onnx_format, tensorrt_format, torchscript_format
from humanoid_gym.export.policy_graph import PolicyGraph
from humanoid_gym.export.recording import Recording
from humanoid_gym.export.verification import Comparison, Run, check, compare
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.whole_file import write_atomically

FORMATS = ("onnx", "torchscript", "tensorrt")
PRECISIONS: Dict[str, torch.dtype] = {"fp32": torch.float32, "fp16": torch.float16}
"""Precisions of a TensorRT engine."""
TOLERANCE = 1e-5
"""Largest difference of an action from the trained policy's."""
HALF_TOLERANCE = 0.05
"""The same in half precision, whose numbers are a thousandth apart."""


class Exported(NamedTuple):
    """What became of one format."""

    format: str
    path: Path
    comparison: Optional[Comparison]
    """With the trained policy; None: not written here."""
    remedy: str = ""
    """Where it was not written: why, and how to."""


class Exporter:
    """A trained policy, what is known of it and its robot, and observations to compare it on."""

    def __init__(
        self,
        networks: ActorCritic,
        description: Description,
        recording: Recording,
        tolerance: float = TOLERANCE,
    ) -> None:
        """Prepare; nothing is written yet.

        Args:
            networks: trained, on the CPU.
            description: goes with the policy.
            recording: observations to compare on.
            tolerance: largest difference of an action.

        Raises:
            ConfigError: the networks are not of this task, or it does not limit its observations
                as its description says.
        """
        self.networks = networks
        self.description = description
        self.recording = recording
        self.tolerance = tolerance
        self.graph = PolicyGraph(networks, description)
        _check_limit(description, recording)

    def export(
        self, folder: Path, name: str, formats: Iterable[str], precision: str = "fp32"
    ) -> "list[Exported]":
        """Write files, and the metadata as JSON beside them.

        Each file is compared with the trained policy first, and appears whole or not at all.

        Args:
            folder: created if it is missing.
            name: of the files, without their ends.
            formats: of `FORMATS`.
            precision: of a TensorRT engine, of `PRECISIONS`.

        Raises:
            ConfigError: an unknown format, or a package is missing.
            ExportError: an exported policy differs too much, or TensorRT could not build an engine;
                its file is not written.
            OSError: a file cannot be written.
        """
        formats = check_formats(formats)
        write = {
            "onnx": lambda: self._onnx(folder / f"{name}.onnx"),
            "torchscript": lambda: self._torchscript(folder / f"{name}.pt"),
            "tensorrt": lambda: self._tensorrt(folder, name, precision),
        }
        exported = [write[wanted]() for wanted in formats]
        write_atomically(folder / f"{name}.json", (self.description.to_json() + "\n").encode())
        return exported

    def _onnx(self, path: Path) -> Exported:
        content = onnx_format.onnx_bytes(self.graph, self.description)
        comparison = self._write(path, content, onnx_format.onnx_run(content), self.tolerance)
        return Exported("onnx", path, comparison)

    def _torchscript(self, path: Path) -> Exported:
        content = torchscript_format.torchscript_bytes(self.graph, self.description)
        run = torchscript_format.torchscript_run(content, self.graph)
        return Exported("torchscript", path, self._write(path, content, run, self.tolerance))

    def _tensorrt(self, folder: Path, name: str, precision: str) -> Exported:
        """Write the ONNX file that the engine is built from, and the engine where that can be."""
        graph, tolerance, source = self.graph, self.tolerance, folder / f"{name}.onnx"
        if precision != "fp32":
            graph = PolicyGraph(self.networks, self.description, PRECISIONS[precision])
            tolerance = max(tolerance, HALF_TOLERANCE)
            source = folder / f"{name}_{precision}.onnx"
        content = onnx_format.onnx_bytes(graph, self.description)
        self._write(source, content, onnx_format.onnx_run(content), tolerance)
        path = folder / f"{source.stem}.engine"
        missing = tensorrt_format.what_is_missing()
        if missing:
            command = tensorrt_format.trtexec_line(source, path, graph)
            return Exported("tensorrt", path, None, f"{missing}; where there is both: {command}")
        engine = tensorrt_format.engine_bytes(content, graph)
        run = tensorrt_format.engine_run(engine, graph)
        return Exported("tensorrt", path, self._write(path, engine, run, tolerance))

    def _write(self, path: Path, content: bytes, run: Run, tolerance: float) -> Comparison:
        comparison = compare(run, self.networks, self.graph, self.recording)
        check(path.name, comparison, tolerance)
        write_atomically(path, content)
        return comparison


def check_formats(formats: Iterable[str]) -> Tuple[str, ...]:
    """Return formats once each, in the order given.

    Raises:
        ConfigError: an unknown one, or none at all.
    """
    wanted = tuple(dict.fromkeys(formats))
    for name in wanted:
        if name not in FORMATS:
            known = ", ".join(FORMATS)
            raise ConfigError(
                f"unknown format '{name}' (known: {known}); nearest: '{nearest(name, FORMATS)}'"
            )
    if not wanted:
        raise ConfigError(f"no format; choose from {', '.join(FORMATS)}")
    return wanted


def _check_limit(description: Description, recording: Recording) -> None:
    """Refuse to limit observations in the file where the task itself, after all, does not.

    Raises:
        ConfigError: a recorded one is beyond the limit.
    """
    limit = description.clip_observations
    if limit is not None and bool((recording.observations.abs() > limit).any()):
        raise ConfigError(
            f"task {description.task} is said to limit its observations to {limit:g}, but made one "
            f"of {float(recording.observations.abs().max()):g}; say that there is no limit, in a "
            "legacy task with task.env.clipObservations=inf"
        )
