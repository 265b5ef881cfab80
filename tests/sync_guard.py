"""Traps whatever would make the host wait for a GPU, or could not be captured in a CUDA graph.

No GPU is needed. Two ways to run code under the guard:

    with SyncGuard():                 # real values: tensors of the CPU stand in for a GPU's
        runner.collect(...)

    with SyncGuard():                 # also finds tensors left on the wrong device
        step_of(networks.to("meta"))  # device "meta": shapes without values, and not "cpu"

The first takes the code's CPU path wherever it asks for `device.type == "cpu"`; let the test
replace that question. The second takes the path of an accelerator, and any mixture with a tensor of
the CPU is an error, 0-d ones included: a graph would bake their value in. `SyncGuard(record=True)`
goes on after a violation and lists all of them in `found`, with the line of ours that did it.
Inside a TorchScript function the exception arrives as a bare RuntimeError; record there, or set
HUMANOID_GYM_JIT=0, to see the reason.
"""

import traceback
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten

_WAITING = {
    "_local_scalar_dense": "reads a value (item, float, int, bool, if)",
    "is_nonzero": "reads a value",
    "item": "reads a value",
    "equal": "reads whether all are equal",
    "allclose": "reads whether all are close",
    "nonzero": "its shape depends on values",
    "nonzero_numpy": "its shape depends on values",
    "argwhere": "its shape depends on values",
    "masked_select": "its shape depends on values",
    "bincount": "its shape depends on values",
    "_unique": "its shape depends on values",
    "_unique2": "its shape depends on values",
    "unique_dim": "its shape depends on values",
    "unique_dim_consecutive": "its shape depends on values",
    "unique_consecutive": "its shape depends on values",
    "_assert_async": "stops the device's work",
    "multinomial": "checks its weights on the host",
    "linalg_svd": "its solver waits for the host",
    "_linalg_svd": "its solver waits for the host",
    "_linalg_eigh": "its solver waits for the host",
    "linalg_eig": "its solver waits for the host",
    "linalg_inv": "checks its result on the host",
    "linalg_solve": "checks its result on the host",
    "linalg_cholesky": "checks its result on the host",
}
_INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_")
_READING = {
    Tensor.tolist: "tolist",
    Tensor.item: "item",
    Tensor.numpy: "numpy",
    Tensor.__array__: "numpy",
    Tensor.cpu: "cpu",
    Tensor.__bool__: "bool",
    Tensor.__float__: "float",
    Tensor.__int__: "int",
    Tensor.__index__: "int",
    Tensor.__contains__: "in",
    Tensor.nonzero: "nonzero",
    Tensor.pin_memory: "pin_memory",
}
_CREATING = {torch.tensor: "tensor", torch.as_tensor: "as_tensor", torch.from_numpy: "from_numpy"}


class HostSyncError(AssertionError):
    """The host would wait for the device, or a graph capture would fail or bake a value in."""


class SyncGuard:
    """Context manager that raises `HostSyncError` where the host would wait for a GPU.

    Args:
        record: go on and list the violations in `found` instead of raising.
        allow: names of operators or calls that may be used, e.g. "tolist", "_local_scalar_dense".
    """

    def __init__(self, record: bool = False, allow: Iterable[str] = ()) -> None:
        self.found: list[str] = []
        self._record = record
        self._allowed = frozenset(allow)
        self._modes = (_Operators(self._report), _Calls(self._report))

    def __enter__(self) -> "SyncGuard":
        for mode in self._modes:
            mode.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for mode in reversed(self._modes):
            mode.__exit__(kind, error, trace)

    def _report(self, name: str, reason: str) -> None:
        if name in self._allowed:
            return
        message = f"{name}: {reason}, at {_our_line()}"
        if not self._record:
            raise HostSyncError(message)
        self.found.append(message)


class _Operators(TorchDispatchMode):
    """Looks at every operator that PyTorch executes, whoever calls it (TorchScript too)."""

    def __init__(self, report: Callable[[str, str], None]) -> None:
        super().__init__()
        self._report = report

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.namespace == "aten":
            name = func.overloadpacket.__name__
            reason = _WAITING.get(name) or _reason_by_arguments(name, func, args, kwargs)
            if reason:
                self._report(name, reason)
        return func(*args, **kwargs)


def _reason_by_arguments(name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> str:
    if name == "repeat_interleave" and func is not aten.repeat_interleave.self_int:
        return "" if kwargs.get("output_size") is not None else "without output_size"
    if name in _INDEXING and _has_mask(args[1]) and not _is_masked_fill(name, args):
        return "a boolean mask as index"
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    devices = {tensor.device.type for tensor in tensors}
    if name == "_to_copy" and kwargs.get("device") is not None:
        devices.add(kwargs["device"].type)
    if "cpu" in devices and len(devices) > 1:
        return "between host and device" if "copy" in name else "mixes tensors of host and device"
    return ""


def _has_mask(indices: Iterable[Tensor | None]) -> bool:
    return any(i is not None and i.dtype in (torch.bool, torch.uint8) for i in indices)


def _is_masked_fill(name: str, args: Any) -> bool:
    """Whether PyTorch turns `x[mask] = number` into masked_fill_, which does not wait."""
    masks_only = all(index is None or index.dtype == torch.bool for index in args[1])
    accumulates = len(args) > 3 and args[3]
    return name != "index" and masks_only and args[2].numel() == 1 and not accumulates


class _Calls(TorchFunctionMode):
    """Looks at calls that a tensor of the CPU answers without an operator."""

    def __init__(self, report: Callable[[str, str], None]) -> None:
        super().__init__()
        self._report = report

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in _READING:
            self._report(_READING[func], "reads values on the host")
        elif func in _CREATING and not (args and isinstance(args[0], Tensor)):
            self._report(_CREATING[func], "copies from the host, waiting; fill a tensor instead")
        return func(*args, **(kwargs or {}))


def _our_line() -> str:
    """The innermost line outside PyTorch and this file."""
    for frame in reversed(traceback.extract_stack()):
        if "/torch/" not in frame.filename and frame.filename != __file__:
            return f"{frame.filename}:{frame.lineno}: {frame.line}"
    return "unknown"
