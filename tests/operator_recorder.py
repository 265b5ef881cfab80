"""Records PyTorch's operators and runs them again, without the Python that called them."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class OperatorRecorder(TorchDispatchMode):
    """Operators in their order, with the tensors that they left."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, list[Any]]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func.namespace == "aten" and not func.is_view:
            self.calls.append((func, args, kwargs, tree_leaves(result)))
        return result

    @torch.no_grad()
    def replay(self) -> None:
        """Run everything again, on the very tensors of the recording."""
        for func, args, kwargs, recorded in self.calls:
            for old, new in zip(recorded, tree_leaves(func(*args, **kwargs)), strict=True):
                if isinstance(old, Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)
