"""What TorchScript made of each kernel: nothing asks a GPU for a value or lives on the host."""

import importlib
import pkgutil

import pytest
import torch

import humanoid_gym.kernels
import humanoid_gym.rotation

ASKS_OR_COPIES = {
    "aten::Bool": "a branch on a tensor's value",
    "aten::Int": "a number out of a tensor",
    "aten::Float": "a number out of a tensor",
    "aten::IntImplicit": "a number out of a tensor",
    "aten::FloatImplicit": "a number out of a tensor",
    "aten::ScalarImplicit": "a number out of a tensor",
    "aten::item": "a number out of a tensor",
    "aten::_local_scalar_dense": "a number out of a tensor",
    "aten::is_nonzero": "a branch on a tensor's value",
    "aten::equal": "a branch on tensors' values",
    "aten::nonzero": "a shape that depends on values",
    "aten::masked_select": "a shape that depends on values",
    "aten::unique": "a shape that depends on values",
    "aten::tensor": "numbers of the host, copied while it waits",
    "aten::as_tensor": "numbers of the host, copied while it waits",
    "aten::cpu": "a copy to the host",
}
OF_TENSORS = {"aten::Bool", "aten::Int", "aten::Float"}
"""Of numbers they cost nothing."""


def kernels():
    """Every scripted function of the package's kernels, by its name."""
    names = [m.name for m in pkgutil.iter_modules(humanoid_gym.kernels.__path__)]
    modules = [importlib.import_module(f"humanoid_gym.kernels.{name}") for name in names]
    for module in (*modules, humanoid_gym.rotation):
        for name, value in vars(module).items():
            if isinstance(value, torch.jit.ScriptFunction):
                yield pytest.param(value, id=f"{module.__name__.rpartition('.')[2]}.{name}")


def nodes(block):
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from nodes(inner)


def complaint(node):
    kind = node.kind()
    if kind == "prim::Constant" and node.output().type().isSubtypeOf(torch._C.TensorType.get()):
        return "a tensor of the host as a constant"
    if kind == "prim::Constant" and node.output().type().kind() == "DeviceObjType":
        return "a device that it was not given"
    if kind in OF_TENSORS and next(node.inputs()).type().kind() != "TensorType":
        return ""
    return ASKS_OR_COPIES.get(kind, "")


@pytest.mark.parametrize("kernel", list(kernels()))
def test_nothing_waits_and_nothing_is_left_on_the_host(kernel):
    found = [f"{complaint(n)}: {n}" for n in nodes(kernel.inlined_graph) if complaint(n)]
    assert not found


def branches(x: torch.Tensor) -> torch.Tensor:
    if bool(x.sum() > 0.0):
        return x
    return -x


def reads(x: torch.Tensor) -> torch.Tensor:
    return x * float(x.max())


def makes(x: torch.Tensor) -> torch.Tensor:
    return x * torch.tensor([1.0, 2.0], device=x.device)


@pytest.mark.parametrize("function", [branches, reads, makes])
def test_what_waits_would_be_noticed(function):
    graph = torch.jit.script(function).inlined_graph
    assert any(complaint(node) for node in nodes(graph))
