"""TorchScript: the graph for programs with libtorch, the metadata as an extra file in it."""

import io
import warnings
from typing import Any

import numpy as np
import torch

from humanoid_gym.deployment.description import FORMAT, Deployment
from humanoid_gym.export.policy_graph import PolicyGraph, signature
from humanoid_gym.export.verification import Run


def torchscript_bytes(graph: PolicyGraph, deployment: Deployment) -> bytes:
    """Return the policy as the content of a TorchScript file; `torch.jit.load` reads it.

    Args:
        graph: of the policy.
        deployment: goes into the file as its extra file `FORMAT`.
    """
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # PyTorch calls TorchScript deprecated
        traced: Any = torch.jit.trace(signature(graph), graph.example(2))
        torch.jit.save(torch.jit.freeze(traced.eval()), file, {FORMAT: deployment.to_json()})
    return file.getvalue()


def torchscript_run(content: bytes) -> Run:
    """Return the policy in a TorchScript file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module: Any = torch.jit.load(io.BytesIO(content))
    has_memory = len(list(module.graph.inputs())) > 2  # the module itself and the observation

    def run(observation: np.ndarray, memory: np.ndarray) -> Any:  # noqa: ANN401 - a Run's result
        with torch.no_grad():
            if has_memory:
                given = module(torch.from_numpy(observation), torch.from_numpy(memory))
                return tuple(tensor.numpy() for tensor in given)
            given = module(torch.from_numpy(observation))
        return (*(tensor.numpy() for tensor in given), memory)

    return run
