"""TorchScript: the graph for programs with libtorch, the metadata as an extra file in it."""

import io
import warnings
from typing import Any

import numpy as np
import torch

from humanoid_gym.deployment.description import FORMAT
from humanoid_gym.deployment.policy_file import MEMORY, OBSERVATION, PolicyAnswer, answer_of
from humanoid_gym.deployment.policy_interface import Description
from humanoid_gym.export.policy_graph import PolicyGraph, signature
from humanoid_gym.export.verification import Run


def torchscript_bytes(graph: PolicyGraph, description: Description) -> bytes:
    """Return the policy as the content of a TorchScript file; `torch.jit.load` reads it.

    Args:
        graph: of the policy.
        description: goes into the file as its extra file `FORMAT`.
    """
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # PyTorch calls TorchScript deprecated
        traced: Any = torch.jit.trace(signature(graph), graph.example(2))
        torch.jit.save(torch.jit.freeze(traced.eval()), file, {FORMAT: description.to_json()})
    return file.getvalue()


def torchscript_run(content: bytes, graph: PolicyGraph) -> Run:
    """Return the policy in a TorchScript file.

    Args:
        content: of the file.
        graph: that it was made of.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module: Any = torch.jit.load(io.BytesIO(content))

    def run(observation: np.ndarray, memory: np.ndarray) -> PolicyAnswer:
        given = {OBSERVATION: observation, MEMORY: memory}
        with torch.no_grad():
            found = module(*(torch.from_numpy(given[name]) for name in graph.inputs))
        outputs = (found,) if isinstance(found, torch.Tensor) else found
        return answer_of(graph.outputs, [output.numpy() for output in outputs], memory)

    return run
