"""A CUDA device that is not there: the path a program takes on a GPU, run on the CPU.

Inside `pretend_cuda`, tensors made on device "cuda" say they are there, and operations on them are
computed on the CPU. A tensor of the CPU among them is an error, as on a GPU (0-d ones are allowed,
as there), and so is whatever makes the host wait while `no_waiting` is on. Warp's CPU device does
the physics. `torch.cuda.CUDAGraph` records operations without doing them, as a GPU does, and
replays them on the same memory.

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
LOOK_UPS = {aten.index_select.default, aten.gather.default, aten.index.Tensor}


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

    def tolist(self):
        return self.cpu().tolist()

    def numpy(self, *, force=False):
        if not force:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return self.cpu().numpy()

    device = property(lambda self: CUDA)
    is_cuda = property(lambda self: True)
    is_cpu = property(lambda self: False)

    def __repr__(self, *args, **kwargs):
        return f"CudaTensor({self.elem!r})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return dispatch(func, args, kwargs or {})


class WaitsError(RuntimeError):
    """The host would wait for the GPU here."""


state = {"no_waiting": False, "graph": None}


def unwrap(value):
    return value.elem if isinstance(value, CudaTensor) else value


def wrap(value):
    known = isinstance(value, torch.Tensor) and not isinstance(value, CudaTensor)
    return CudaTensor(value) if known else value


def dispatch(func, args, kwargs):
    flat = tree_flatten((args, kwargs))[0]
    tensors = [value for value in flat if isinstance(value, torch.Tensor)]
    ours = [value for value in tensors if isinstance(value, CudaTensor)]
    others = left_on_the_host(func, tensors)
    device = kwargs.get("device")
    # `.to(other)` of one of ours asks PyTorch's C++ for its device
    to_cuda = device is not None and torch.device(device).type in ("cuda", "meta")
    if device is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    if kwargs.get("pin_memory"):  # pinned memory needs a driver
        kwargs = {**kwargs, "pin_memory": False}
    if not ours:
        return arrive(func, args, kwargs, tensors) if to_cuda else func(*args, **kwargs)
    if func not in COPIES and others:
        raise RuntimeError(
            f"{func}: tensors on the CPU and on the GPU: {[t.shape for t in others]}"
        )
    graph = state["graph"]
    if state["no_waiting"] or graph is not None:
        check_waiting(func, flat, device is not None and not to_cuda, others)
    if graph is not None:
        return graph.add(func, args, kwargs)
    result = func(*tree_map(unwrap, args), **tree_map(unwrap, kwargs))
    if device is not None and not to_cuda:
        return result.clone()  # what comes to the host is a copy
    if func is aten.copy_.default:
        return args[0]
    if func is aten._local_scalar_dense.default:
        return result
    return return_and_correct_aliasing(func, args, kwargs, tree_map(wrap, result))


def left_on_the_host(func, tensors):
    """Tensors that should be on the GPU; PyTorch moves indices there, and 0-d ones."""
    others = [t for t in tensors if not isinstance(t, CudaTensor) and t.ndim > 0]
    if func in INDEXING and state["graph"] is None and not state["no_waiting"]:
        return [t for t in others if t.dtype.is_floating_point]
    return others


def arrive(func, args, kwargs, tensors):
    """A tensor is made on the GPU, or comes there from the host."""
    if tensors and (state["no_waiting"] or state["graph"]):
        raise WaitsError(f"{func}: copies from the host")
    if state["graph"] is not None:
        return state["graph"].add(func, args, kwargs)
    return tree_map(wrap, func(*args, **kwargs))


def check_waiting(func, flat, to_host, others):
    if func in WAITS or to_host or (func is aten.copy_.default and others):
        raise WaitsError(f"{func}: the host waits")
    if func in INDEXING and any(
        isinstance(v, CudaTensor) and v.dtype in (torch.bool, torch.uint8) for v in flat[1:]
    ):
        raise WaitsError(f"{func}: a mask as an index")


class PretendMode(TorchDispatchMode):
    """Catches what makes tensors: no tensor of ours among their arguments."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return dispatch(func, args, kwargs or {})


@contextlib.contextmanager
def no_waiting():
    """Whatever makes the host wait for the GPU raises `WaitsError`."""
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
            raise WaitsError("torch.tensor: copies from the host")
        return CudaTensor(made)

    return tensor


class Generator(torch.Generator):
    """Of the CPU, wherever it is said to be."""

    def __new__(cls, device=None):
        return super().__new__(cls, "cpu")


class Stream:
    """The default stream."""

    cuda_stream = 0

    def __init__(self, device=None):
        pass

    def wait_stream(self, stream):
        pass


class Event:
    """Of a device that has done everything when it is asked."""

    def record(self, stream=None):
        pass

    def query(self):
        return True


class Graph:
    """Operations that were asked for between `capture_begin` and `capture_end`."""

    def __init__(self):
        self.work, self.generators = [], []

    def register_generator_state(self, generator):
        self.generators.append(generator._cdata)

    def capture_begin(self, pool=None, capture_error_mode="global"):
        assert state["graph"] is None
        state["graph"] = self

    def capture_end(self):
        assert state["graph"] is self
        state["graph"] = None

    def add(self, func, args, kwargs):
        """Take an operation down; its outputs get memory, with nothing sensible in it."""
        plain = tree_map(unwrap, args), tree_map(unwrap, kwargs)
        drawn = [v for v in tree_flatten(plain)[0] if isinstance(v, torch._C.Generator)]
        if any(generator._cdata not in self.generators for generator in drawn):
            raise RuntimeError(f"{func}: the generator is not registered with the graph")
        if func._schema.is_mutable:
            self.work.append((func, *plain, None))
            written = [a.alias_info and a.alias_info.is_write for a in func._schema.arguments]
            given = dict(zip([a.name for a in func._schema.arguments], args, strict=False))
            given.update(kwargs)
            names = [a.name for a, w in zip(func._schema.arguments, written, strict=True) if w]
            outputs = [given[name] for name in names]
            if not func._schema.returns:
                return None
            return outputs[0] if len(func._schema.returns) == 1 else outputs
        # a GPU computes nothing now; the CPU refuses indices that are not computed yet
        harmless = tree_map(first_place, plain) if func in LOOK_UPS else plain
        before = [generator.get_state() for generator in drawn]
        result = func(*harmless[0], **harmless[1])
        for generator, state_before in zip(drawn, before, strict=True):
            generator.set_state(state_before)
        if not func.is_view and not shares(result, plain):
            tree_map(poison, result)
            self.work.append((func, *plain, result))
        return tree_map(wrap, result)

    def replay(self):
        for func, args, kwargs, outputs in self.work:
            result = func(*args, **kwargs)
            if outputs is not None:
                tree_map(lambda out, new: out.copy_(new), outputs, result)


@contextlib.contextmanager
def capturing_graph(graph, pool=None, stream=None, capture_error_mode="global"):
    """`torch.cuda.graph`: ends the capture whatever happens."""
    graph.capture_begin(pool, capture_error_mode)
    try:
        yield
    finally:
        graph.capture_end()


def shares(result, inputs):
    """Whether an operation gave its input back."""
    tensors = [t for t in tree_flatten(inputs)[0] if isinstance(t, torch.Tensor)]
    memory = {t.untyped_storage().data_ptr() for t in tensors}
    outputs = [t for t in tree_flatten(result)[0] if isinstance(t, torch.Tensor)]
    return any(t.untyped_storage().data_ptr() in memory for t in outputs)


def first_place(value):
    """In the place of indices, those of the first row."""
    index = isinstance(value, torch.Tensor) and not value.is_floating_point()
    return torch.zeros_like(value) if index else value


def poison(value):
    """Fill memory that a graph will write before anybody reads it."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        value.fill_(torch.nan)


def replace_torch_cuda(monkeypatch):
    """What PyTorch says of its devices, streams and graphs."""
    monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    capturing = lambda: state["graph"] is not None  # noqa: E731
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", capturing)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device=None: Stream())
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "device", lambda device: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "default_generators", [Generator()])
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", capturing_graph)
    for name in ("_cuda_endAllocateToPool", "_cuda_releasePool"):
        monkeypatch.setattr(torch._C, name, lambda *_: None, raising=False)
    for name in ("synchronize", "empty_cache", "graph_pool_handle"):
        monkeypatch.setattr(torch.cuda, name, lambda *_: None)
    monkeypatch.setattr(torch.cuda, "get_sync_debug_mode", lambda: 0)
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", lambda mode: None)


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
    monkeypatch.setattr(wp, "is_cuda_available", lambda: True)
    replace_torch_cuda(monkeypatch)
    monkeypatch.setattr(torch, "Generator", Generator)
    monkeypatch.setattr(torch, "tensor", tensor_maker(torch.tensor))
    with PretendMode():
        yield CUDA
