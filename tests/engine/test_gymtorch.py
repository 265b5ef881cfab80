"""Descriptors and torch tensors share memory in both directions; faults are named."""

import gc

import pytest
import torch

from humanoid_gym.engine.gymtorch import unwrap_tensor, wrap_tensor
from humanoid_gym.engine.values.enums import TensorDataType
from humanoid_gym.engine.values.tensor import Tensor


def test_descriptor_of_a_cpu_tensor():
    tensor = torch.zeros(3, 13)
    descriptor = unwrap_tensor(tensor)
    assert descriptor.data_address == tensor.data_ptr() == descriptor.data_ptr.value
    assert descriptor.device == -1
    assert descriptor.dtype is TensorDataType.DTYPE_FLOAT32
    assert descriptor.shape == [3, 13]
    assert descriptor.ndim == 2
    assert descriptor.own_data is False


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        (torch.float32, TensorDataType.DTYPE_FLOAT32),
        (torch.int32, TensorDataType.DTYPE_UINT32),
        (torch.int64, TensorDataType.DTYPE_UINT64),
        (torch.uint8, TensorDataType.DTYPE_UINT8),
        (torch.int16, TensorDataType.DTYPE_INT16),
    ],
)
def test_element_types_round_trip(dtype, kind):
    descriptor = unwrap_tensor(torch.ones(4, dtype=dtype))
    assert descriptor.dtype is kind
    wrapped = wrap_tensor(descriptor)
    assert wrapped is not None
    assert wrapped.dtype == dtype


def test_wrapping_shares_memory():
    buffer = torch.zeros(4, 2)
    wrapped = wrap_tensor(Tensor(buffer, own_data=True))
    assert wrapped is not None
    wrapped[1, 1] = 5.0
    assert buffer[1, 1] == 5.0
    wrapped.resize_(1)
    assert buffer.shape == (4, 2), "the engine keeps its own tensor object"


def test_unwrapping_a_temporary_keeps_it_alive():
    descriptor = unwrap_tensor(torch.arange(1000).to(torch.int32))
    gc.collect()
    torch.full((1000,), -1, dtype=torch.int32)
    assert descriptor.tensor.tolist() == list(range(1000))


def test_sub_blocks():
    buffer = torch.arange(24.0).view(4, 6)
    block = wrap_tensor(Tensor(buffer), offsets=(1, 2), counts=(2, 3))
    assert block is not None
    assert block.tolist() == [[8, 9, 10], [14, 15, 16]]
    block[0, 0] = -1
    assert buffer[1, 2] == -1
    tail = wrap_tensor(Tensor(buffer), offsets=(3, 0))
    assert tail is not None
    assert tail.tolist() == buffer[3:].tolist()
    head = wrap_tensor(Tensor(buffer), counts=(1, 2))
    assert head is not None
    assert head.tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("offsets", "counts"), [((4, 0), (1, 1)), ((-1, 0), None), (None, (5, 1)), ((0, 0), (-1, 1))]
)
def test_sub_blocks_outside_are_refused(offsets, counts):
    with pytest.raises(ValueError, match=r"not inside shape \(4, 6\)"):
        wrap_tensor(Tensor(torch.zeros(4, 6)), offsets, counts)


def test_sub_blocks_need_an_entry_per_dimension():
    with pytest.raises(ValueError, match="one entry for each of the 2 dimensions"):
        wrap_tensor(Tensor(torch.zeros(4, 6)), offsets=(1,))


def test_nothing_becomes_none():
    assert wrap_tensor(Tensor(torch.zeros(0, 2))) is None
    assert wrap_tensor(None) is None


def test_wrong_objects_are_refused():
    with pytest.raises(TypeError, match=r"gymapi\.Tensor expected, got Tensor; pass what acquire_"):
        wrap_tensor(torch.zeros(2))  # pyright: ignore[reportArgumentType] (the point of the test)
    with pytest.raises(TypeError, match=r"torch\.Tensor expected, got list"):
        unwrap_tensor([1.0])  # pyright: ignore[reportArgumentType]


def test_wrong_layout_dtype_and_device_are_refused():
    with pytest.raises(ValueError, match=r"must be contiguous, got shape \(3, 2\) with strides"):
        unwrap_tensor(torch.zeros(2, 3).T)
    for dtype in (torch.float64, torch.bool, torch.float16):
        with pytest.raises(ValueError, match=f"{dtype} is not supported; convert it to float32"):
            unwrap_tensor(torch.zeros(2, dtype=dtype))
    with pytest.raises(ValueError, match="device meta is not supported"):
        unwrap_tensor(torch.zeros(2, device="meta"))


def test_a_tensor_with_gradients_is_unwrapped_without_them():
    descriptor = unwrap_tensor(torch.zeros(2, requires_grad=True))
    assert not descriptor.tensor.requires_grad


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_descriptor_of_a_cuda_tensor():
    descriptor = unwrap_tensor(torch.zeros(2, device="cuda:0"))
    assert descriptor.device == 0
    wrapped = wrap_tensor(descriptor)
    assert wrapped is not None
    assert wrapped.is_cuda
