"""A recording that fails leaves PyTorch as it was, and says what went wrong first."""

import contextlib

import pytest
import torch

from humanoid_gym.engine.backend.capture import Recording

CUDA = torch.device("cuda", 0)
POOL = (0, 1)


class Cuda:
    """As much of PyTorch's CUDA graphs as remembers that a capture did not end."""

    def __init__(self):
        self.pools_in_use, self.drawing_refused, self.invalid = [], set(), False

    def graph(self):
        return Graph(self)

    def end_allocating(self, device_index, pool):
        if pool not in self.pools_in_use:
            raise RuntimeError("not currently recording to mempool_id")
        self.pools_in_use.remove(pool)


class Graph:
    def __init__(self, cuda):
        self.cuda, self.generators, self.pool = cuda, [], None

    def register_generator_state(self, generator):
        self.generators.append(generator)

    def capture_begin(self, pool=(1, 0), capture_error_mode="global"):
        assert pool not in self.cuda.pools_in_use
        self.pool = pool
        self.cuda.pools_in_use.append(pool)
        self.cuda.drawing_refused |= set(self.generators)

    def capture_end(self):
        if self.cuda.invalid:
            self.cuda.invalid = False
            raise RuntimeError("operation failed due to a previous error during capture")
        self.cuda.end_allocating(0, self.pool)
        self.cuda.drawing_refused -= set(self.generators)

    def replay(self):
        pass


@pytest.fixture
def cuda(monkeypatch):
    made = Cuda()
    nothing = lambda *_: None  # noqa: E731
    for name in ("Stream", "synchronize", "empty_cache"):
        monkeypatch.setattr(torch.cuda, name, nothing)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", made.graph)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: POOL)
    end = made.end_allocating
    monkeypatch.setattr(torch._C, "_cuda_endAllocateToPool", end, raising=False)
    monkeypatch.setattr(torch._C, "_cuda_releasePool", nothing, raising=False)
    return made


def fail_at_once(cuda):
    cuda.invalid = True
    raise RuntimeError("operation not permitted when stream is capturing")


def fail_at_the_end(cuda):
    cuda.invalid = True


def fail_without_cuda(cuda):
    raise KeyError("of Python")


@pytest.mark.parametrize(
    ("fail", "expected"),
    [
        (fail_at_once, "not permitted"),
        (fail_at_the_end, "previous error"),
        (fail_without_cuda, "of Python"),
    ],
)
def test_a_failed_recording_frees_generators_and_allocator(cuda, fail, expected):
    recording = Recording(CUDA, ["generator"])
    with pytest.raises((RuntimeError, KeyError), match=expected), recording.recording():
        recording.warp(lambda: lambda: None)
        fail(cuda)
    assert not cuda.drawing_refused
    assert not cuda.pools_in_use


def test_what_warp_cannot_capture_is_told(cuda):
    def launcher():
        assert not cuda.pools_in_use  # PyTorch does not capture meanwhile
        raise RuntimeError("of Warp")

    recording = Recording(CUDA, ["generator"])
    with pytest.raises(RuntimeError, match="of Warp"), recording.recording():
        recording.warp(launcher)
    assert not cuda.drawing_refused
