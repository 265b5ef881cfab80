"""A policy in an ONNX file, with its metadata: onnxruntime and NumPy, nothing else."""

from pathlib import Path
from typing import Any, Iterable, NamedTuple, Tuple, Union

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.description import FORMAT, Deployment
from humanoid_gym.deployment.policy_interface import Description, read_description, robot_of
from humanoid_gym.extras import require

OBSERVATION, MEMORY = "observation", "memory"
"""Inputs of the graph; the second only where the policy has a memory."""
ACTION, COMMAND, NEXT_MEMORY = "action", "command", "next_memory"
"""Outputs of the graph: what the policy answers, clipped; what that asks of the motors, where the
task describes them; and its memory, where it has one, to be given to it at the next step."""


class PolicyAnswer(NamedTuple):
    """What a policy makes of an observation."""

    action: np.ndarray
    """Clipped action, shape (N, A)."""
    command: np.ndarray
    """Torques [N m] or position targets [rad], shape (N, A); width 0 where the task does not
    describe its robot."""
    memory: np.ndarray
    """After the step, shape (N, width); width 0 where there is none."""


def answer_of(
    names: Iterable[str], outputs: Iterable[np.ndarray], memory: np.ndarray
) -> PolicyAnswer:
    """Sort what a graph returned.

    Args:
        names: of its outputs.
        outputs: in the same order.
        memory: that it was given.
    """
    named = dict(zip(names, outputs))
    action = named[ACTION]
    return PolicyAnswer(action, named.get(COMMAND, action[:, :0]), named.get(NEXT_MEMORY, memory))


class PolicyFile:
    """Runs a policy from its file."""

    def __init__(self, path: Union[str, Path]) -> None:
        """Load it, for one thread: a policy is too small to share.

        Args:
            path: .onnx file written by humanoid_gym.

        Raises:
            FileNotFoundError: there is none.
            ConfigError: it is no ONNX file, has no metadata of ours, or does not agree with them.
        """
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"policy '{path}' not found")
        self._session = _session(self.path)
        self.description = _metadata(self._session, self.path)
        """What is known of the policy, and of its robot where the task describes it."""
        self.memory_width = _widths(self._session, self.description, self.path)
        self._outputs = [node.name for node in self._session.get_outputs()]

    @property
    def deployment(self) -> Deployment:
        """The robot's description.

        Raises:
            ConfigError: the task does not describe its robot.
        """
        without = "there is neither a safety filter nor a runner for it, only PolicyFile"
        return robot_of(self.description, str(self.path), without)

    def no_memory(self, count: int = 1) -> np.ndarray:
        """Return the memory of nothing, shape (count, width)."""
        return np.zeros((count, self.memory_width), np.float32)

    def __call__(self, observation: np.ndarray, memory: np.ndarray) -> PolicyAnswer:
        """Act.

        Args:
            observation: shape (N, num_obs), float32.
            memory: shape (N, memory_width), float32.
        """
        inputs = {OBSERVATION: observation}
        if self.memory_width:
            inputs[MEMORY] = memory
        return answer_of(self._outputs, self._session.run(self._outputs, inputs), memory)


def _session(path: Path) -> Any:  # noqa: ANN401 - onnxruntime.InferenceSession
    runtime = require("onnxruntime", "deployment")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors come as exceptions
    try:
        return runtime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has a type for each status, without a common base
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path}: not a policy that onnxruntime can load: {reason}") from error


def _metadata(session: Any, path: Path) -> Description:  # noqa: ANN401
    properties = session.get_modelmeta().custom_metadata_map
    if FORMAT not in properties:
        raise ConfigError(
            f"{path}: an ONNX file without metadata of humanoid_gym; write it with "
            "python -m humanoid_gym.export"
        )
    return read_description(properties[FORMAT], str(path))


def _widths(session: Any, description: Description, path: Path) -> int:  # noqa: ANN401
    """Return the width of the memory, once the graph has been found to agree with the metadata."""
    found = {node.name: node.shape[-1] for node in session.get_inputs() + session.get_outputs()}
    actions = description.num_actions
    expected: Tuple[Tuple[str, int], ...] = (
        (OBSERVATION, description.num_obs),
        (ACTION, actions),
        *([(COMMAND, actions)] if isinstance(description, Deployment) else []),
    )
    for name, width in expected:
        if found.get(name) != width:
            raise ConfigError(
                f"{path}: the graph's '{name}' has width {found.get(name)}, the metadata say "
                f"{width}; export the policy again"
            )
    return int(found.get(MEMORY, 0))
