"""Descriptor of a tensor, as `acquire_*` returns it and the setters take it."""

import ctypes

import torch

from humanoid_gym.engine.values.enums import TensorDataType

__all__ = ["Tensor"]

DATA_TYPES = {
    torch.float32: TensorDataType.DTYPE_FLOAT32,
    torch.int32: TensorDataType.DTYPE_UINT32,
    torch.int64: TensorDataType.DTYPE_UINT64,
    torch.uint8: TensorDataType.DTYPE_UINT8,
    torch.int16: TensorDataType.DTYPE_INT16,
}


class Tensor:
    """Address, shape and type of a torch tensor, which it keeps alive.

    Args:
        tensor: contiguous tensor of one of the types in DATA_TYPES, on a CPU or CUDA device.
        own_data: whether the engine owns the memory.

    Raises:
        ValueError: the tensor is not contiguous, or its type or device has no descriptor.
    """

    def __init__(self, tensor: torch.Tensor, own_data: bool = False) -> None:
        if not tensor.is_contiguous():
            raise ValueError(
                f"Input tensor must be contiguous, got shape {tuple(tensor.shape)} with strides "
                f"{tensor.stride()}; call .contiguous() on it"
            )
        if tensor.dtype not in DATA_TYPES:
            known = ", ".join(str(kind).removeprefix("torch.") for kind in DATA_TYPES)
            raise ValueError(f"Tensor type {tensor.dtype} is not supported; convert it to {known}")
        if tensor.device.type not in ("cpu", "cuda"):
            raise ValueError(f"Tensor device {tensor.device} is not supported; use cpu or cuda")
        self.tensor = tensor
        self.own_data = own_data

    @property
    def data_address(self) -> int:
        """Address of the first element."""
        return self.tensor.data_ptr()

    @property
    def data_ptr(self) -> ctypes.c_void_p:
        """Pointer to the first element."""
        return ctypes.c_void_p(self.data_address)

    @property
    def device(self) -> int:
        """-1 for the CPU, n for cuda:n."""
        return -1 if self.tensor.device.type == "cpu" else self.tensor.device.index or 0

    @property
    def dtype(self) -> TensorDataType:
        """Element type."""
        return DATA_TYPES[self.tensor.dtype]

    @property
    def shape(self) -> list[int]:
        """Size of each dimension."""
        return list(self.tensor.shape)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self.tensor.ndim

    def __repr__(self) -> str:
        return f"Tensor(shape={self.shape}, dtype={self.dtype.name}, device={self.device})"
