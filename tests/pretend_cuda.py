"""A CUDA device that is not there: the path a program takes on a GPU, run on the CPU.

Inside `pretend_cuda`, tensors made on device "cuda" say they are there, and operations on them are
computed on the CPU. A tensor of the CPU among them is an error, as on a GPU (0-d ones are allowed,
as there), and so is whatever makes the host wait while `no_waiting` is on. Warp's CPU device does
the physics.

Nothing here says how a GPU computes; it says that everything is where it has to be.
"""

import contextlib

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map

aten = torch.ops.aten
CUDA = torch.device("cuda", 0)
WAITS = {
    aten._local_scalar_dense.default,
    aten.nonzero.default,
    aten.equal.default,
    aten.masked_select.default,
    aten.is_nonzero.default,
    aten._unique2.default,
    aten.unique_dim.default,
}
INDEXING = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default}
COPIES = {aten._to_copy.default, aten.copy_.default}


class CudaTensor(torch.Tensor):
    """Says that it is on the GPU; its values are in `elem`, a tensor of the CPU."""

    @staticmethod
    def __new__(cls, elem):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            elem.shape,
            strides=elem.stride(),
            storage_offset=elem.storage_offset(),
            dtype=elem.dtype,
            device="meta",  # to PyTorch's C++, which has no CUDA to guard here
            requires_grad=False,
        )

    def __init__(self, elem):
        self.elem = elem

    device = property(lambda self: CUDA)
    is_cuda = property(lambda self: True)
    is_cpu = property(lambda self: False)

    def __repr__(self, *args, **kwargs):
        return f"CudaTensor({self.elem!r})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return dispatch(func, args, kwargs or {})


class Waits(RuntimeError):
    """The host would wait for the GPU here."""


state = {"no_waiting": False}


def unwrap(value):
    return value.elem if isinstance(value, CudaTensor) else value


def wrap(value):
    known = isinstance(value, torch.Tensor) and not isinstance(value, CudaTensor)
    return CudaTensor(value) if known else value


def dispatch(func, args, kwargs):
    flat = tree_flatten((args, kwargs))[0]
    tensors = [value for value in flat if isinstance(value, torch.Tensor)]
    ours = [value for value in tensors if isinstance(value, CudaTensor)]
    others = [t for t in tensors if not isinstance(t, CudaTensor) and t.ndim > 0]
    device = kwargs.get("device")
    to_cuda = device is not None and torch.device(device).type == "cuda"
    if device is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    if not ours:
        result = func(*args, **kwargs)
        if state["no_waiting"] and to_cuda and tensors:
            raise Waits(f"{func}: copies from the host")
        return tree_map(wrap, result) if to_cuda else result
    if func not in COPIES and others:
        raise RuntimeError(
            f"{func}: tensors on the CPU and on the GPU: {[t.shape for t in others]}"
        )
    if state["no_waiting"]:
        check_waiting(func, flat, device is not None and not to_cuda, others)
    result = func(*tree_map(unwrap, args), **tree_map(unwrap, kwargs))
    if device is not None and not to_cuda:
        return result.clone()  # what comes to the host is a copy
    if func is aten.copy_.default:
        return args[0]
    if func is aten._local_scalar_dense.default:
        return result
    return return_and_correct_aliasing(func, args, kwargs, tree_map(wrap, result))


def check_waiting(func, flat, to_host, others):
    if func in WAITS or to_host or (func is aten.copy_.default and others):
        raise Waits(f"{func}: the host waits")
    if func in INDEXING and any(
        isinstance(v, CudaTensor) and v.dtype in (torch.bool, torch.uint8) for v in flat[1:]
    ):
        raise Waits(f"{func}: a mask as an index")


class PretendMode(TorchDispatchMode):
    """Catches what makes tensors: no tensor of ours among their arguments."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return dispatch(func, args, kwargs or {})


@contextlib.contextmanager
def no_waiting():
    """Whatever makes the host wait for the GPU raises `Waits`."""
    state["no_waiting"] = True
    try:
        yield
    finally:
        state["no_waiting"] = False


def tensor_maker(make):
    """`torch.tensor` copies to its device below the level where operations are caught."""

    def tensor(data, *, device=None, **options):
        made = make(data, **options)
        if device is None or torch.device(device).type != "cuda":
            return made
        if state["no_waiting"]:
            raise Waits("torch.tensor: copies from the host")
        return CudaTensor(made)

    return tensor


class Generator(torch.Generator):
    """Of the CPU, wherever it is said to be."""

    def __new__(cls, device=None):
        return super().__new__(cls, "cpu")


class Stream:
    """The default stream."""

    cuda_stream = 0


@contextlib.contextmanager
def pretend_cuda(monkeypatch):
    """One CUDA device, with Warp's CPU device in its place."""
    import warp as wp

    to_torch, from_torch = wp.to_torch, wp.from_torch
    cpu = None

    def device_of(device):
        nonlocal cpu
        wp.init()
        cpu = cpu or wp.get_device("cpu")
        return cpu

    monkeypatch.setattr(wp, "to_torch", lambda array: CudaTensor(to_torch(array)))
    monkeypatch.setattr(wp, "from_torch", lambda t, dtype=None: from_torch(unwrap(t), dtype=dtype))
    monkeypatch.setattr(wp, "device_from_torch", device_of)
    monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device=None: Stream())
    monkeypatch.setattr(torch, "Generator", Generator)
    monkeypatch.setattr(torch, "tensor", tensor_maker(torch.tensor))
    with PretendMode():
        yield CUDA
