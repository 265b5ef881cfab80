"""TensorRT engines, built from the ONNX file through the Python API of TensorRT 10.12 and newer.

Networks are strongly typed: the types in the ONNX file are those that the engine computes in, so
that half precision is a matter of the graph that was exported.
"""

from pathlib import Path
from typing import Dict, Tuple

import numpy as np
import torch

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.policy_file import (
    ACTION,
    COMMAND,
    MEMORY,
    NEXT_MEMORY,
    OBSERVATION,
    PolicyAnswer,
    answer_of,
)
from humanoid_gym.export.policy_graph import PolicyGraph
from humanoid_gym.export.verification import ExportError, Run
from humanoid_gym.extras import require

USUAL_BATCH, LARGEST_BATCH = 1, 4096
"""Robots that an engine is made for: the number that it is fastest at, and the most."""

Shapes = Dict[str, Tuple[int, int]]


def what_is_missing() -> str:
    """Return why no engine can be built here; empty if one can."""
    try:
        require("tensorrt", "tensorrt")
    except ConfigError:
        return "TensorRT is not installed"
    return "" if torch.cuda.is_available() else "there is no GPU"


def trtexec_line(onnx_file: Path, engine_file: Path, graph: PolicyGraph) -> str:
    """Return the command that builds the engine on the machine that has the GPU."""
    options = [
        f"--{name}Shapes={_words(input_shapes(graph, count))}"
        for name, count in (("min", 1), ("opt", USUAL_BATCH), ("max", LARGEST_BATCH))
    ]
    files = f"--onnx={onnx_file.name} --saveEngine={engine_file.name}"
    return f"trtexec {files} --stronglyTyped {' '.join(options)}"


def engine_bytes(onnx_content: bytes, graph: PolicyGraph) -> bytes:
    """Build an engine for the GPU of this machine, for 1 to `LARGEST_BATCH` robots.

    Args:
        onnx_content: of the ONNX file, in the precision that the engine shall have.
        graph: that it was made of.

    Raises:
        ConfigError: TensorRT is not installed.
        ExportError: TensorRT could not build it.
    """
    trt = require("tensorrt", "tensorrt")
    builder = trt.Builder(trt.Logger(trt.Logger.WARNING))
    # ignored since TensorRT 11, where every network is strongly typed
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, trt.Logger(trt.Logger.WARNING))
    if not parser.parse(onnx_content):
        raise ExportError(f"TensorRT cannot read the ONNX file: {parser.get_error(0)}")
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)  # 10 bits of mantissa are less than single precision
    profile = builder.create_optimization_profile()
    sizes = [input_shapes(graph, count) for count in (1, USUAL_BATCH, LARGEST_BATCH)]
    for name in sizes[0]:
        profile.set_shape(name, *(shapes[name] for shapes in sizes))
    config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise ExportError("TensorRT could not build the engine; see its messages above")
    return bytes(engine)


def engine_run(content: bytes, graph: PolicyGraph) -> Run:
    """Return the policy in an engine, run on the GPU of this machine."""
    trt = require("tensorrt", "tensorrt")
    runtime = trt.Runtime(trt.Logger(trt.Logger.WARNING))
    engine = runtime.deserialize_cuda_engine(content)
    context = engine.create_execution_context()

    def run(observation: np.ndarray, memory: np.ndarray) -> PolicyAnswer:
        given = {OBSERVATION: observation, MEMORY: memory}
        inputs = {n: torch.from_numpy(given[n]).cuda() for n in input_shapes(graph, 1)}
        outputs = _outputs(graph, len(observation))
        for name, tensor in inputs.items():
            context.set_input_shape(name, tuple(tensor.shape))
        for name, tensor in {**inputs, **outputs}.items():
            context.set_tensor_address(name, tensor.data_ptr())
        stream = torch.cuda.current_stream()
        context.execute_async_v3(stream.cuda_stream)
        stream.synchronize()
        return answer_of(outputs, [tensor.cpu().numpy() for tensor in outputs.values()], memory)

    return run


def input_shapes(graph: PolicyGraph, count: int) -> Shapes:
    """Return the shapes of a graph's inputs, for `count` robots."""
    widths = {OBSERVATION: graph.num_obs, MEMORY: graph.memory_width}
    return {name: (count, widths[name]) for name in graph.inputs}


def _outputs(graph: PolicyGraph, count: int) -> Dict[str, torch.Tensor]:
    widths = {
        ACTION: graph.num_actions,
        COMMAND: graph.num_commands,
        NEXT_MEMORY: graph.memory_width,
    }
    return {name: torch.empty(count, widths[name], device="cuda") for name in graph.outputs}


def _words(shapes: Shapes) -> str:
    return ",".join(f"{name}:{rows}x{columns}" for name, (rows, columns) in shapes.items())
