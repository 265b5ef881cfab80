"""ONNX: the graph, and the metadata in it."""

import contextlib
import io
import logging
import warnings
from typing import Any, Dict, Iterator

import numpy as np
import torch

from humanoid_gym.deployment.description import FORMAT, Deployment
from humanoid_gym.deployment.policy_file import MEMORY, OBSERVATION, PolicyAnswer, answer_of
from humanoid_gym.deployment.policy_interface import Description
from humanoid_gym.export.policy_graph import PolicyGraph, signature
from humanoid_gym.export.verification import Run
from humanoid_gym.extras import require

BATCH = "batch"
"""Name of the first dimension of every input and output: any number of robots."""


def onnx_bytes(graph: PolicyGraph, description: Description) -> bytes:
    """Return the policy as the content of an ONNX file.

    Args:
        graph: of the policy.
        description: goes into the metadata, as a whole under `FORMAT`, and of a robot the numbers
            that other programs look for under the names that they have in mjlab's and Isaac Lab's
            files.

    Raises:
        ConfigError: onnx or onnxscript is not installed.
    """
    onnx = require("onnx", "export")
    require("onnxscript", "export")
    batch = torch.export.Dim(BATCH, min=1)
    with _quietly():
        program: Any = torch.onnx.export(
            signature(graph),
            graph.example(2),
            input_names=graph.inputs,
            output_names=graph.outputs,
            dynamic_shapes=tuple({0: batch} for _ in graph.inputs),
            dynamo=True,
            verbose=False,
        )
    model = program.model_proto
    onnx.helper.set_model_props(model, metadata(description))
    onnx.checker.check_model(model)
    return model.SerializeToString()


def metadata(description: Description) -> Dict[str, str]:
    """Return what the ONNX file says of the policy, as words."""
    whole = {FORMAT: description.to_json(), "control_rate": _word(description.control_rate)}
    return {**whole, **_columns(description)} if isinstance(description, Deployment) else whole


def _columns(deployment: Deployment) -> Dict[str, str]:
    """Return what other programs look for, one word for each joint or row."""
    actuators, driven = deployment.actuators, [deployment.joints[i] for i in deployment.driven]
    columns = {
        "joint_names": [actuator.joint for actuator in actuators],
        "joint_stiffness": [actuator.stiffness for actuator in actuators],
        "joint_damping": [actuator.damping for actuator in actuators],
        "default_joint_pos": [joint.default_position for joint in driven],
        "action_scale": [actuator.scale for actuator in actuators],
        "observation_names": [entry.name for entry in deployment.observation],
    }
    return {name: ",".join(_word(value) for value in column) for name, column in columns.items()}


def onnx_run(content: bytes) -> Run:
    """Return the policy in an ONNX file, run by onnxruntime on one core.

    Raises:
        ConfigError: onnxruntime is not installed.
    """
    runtime = require("onnxruntime", "export")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_outputs()]
    has_memory = any(node.name == MEMORY for node in session.get_inputs())

    def run(observation: np.ndarray, memory: np.ndarray) -> PolicyAnswer:
        inputs = {OBSERVATION: observation, **({MEMORY: memory} if has_memory else {})}
        return answer_of(names, session.run(names, inputs), memory)

    return run


def _word(value: object) -> str:
    return value if isinstance(value, str) else f"{value:.9g}"


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the exporter's progress and its own deprecations to itself; errors are raised."""
    names = ("torch.onnx", "onnxscript", "onnx_ir")
    before = {name: logging.getLogger(name).level for name in names}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for name in names:
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            yield
        finally:
            for name, level in before.items():
                logging.getLogger(name).setLevel(level)
