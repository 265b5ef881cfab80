"""What the Warp backend does on a GPU only: streams, an old driver, flags that are read later."""

import contextlib
import logging
from types import SimpleNamespace

import pytest
import torch

pytest.importorskip("mujoco_warp")

import warp as wp
from pretend_cuda import Event, no_waiting, pretend_cuda

from humanoid_gym.engine.backend import overflow, warp_arrays
from humanoid_gym.engine.backend.overflow import OverflowWatch

GPU = torch.device("cuda", 0)


@pytest.fixture
def backend(world, monkeypatch):
    """Boxes on the ground in two environments."""
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", "warp")

    def build():
        w = world(num_envs=2)
        for height in (0.1, 0.35):
            w.place(w.box(0.2, 0.2, 0.2), (0.0, 0.02, height))
        return w.start().simulation.backend

    return build


class Stream:
    """As PyTorch knows one."""

    device = GPU

    def __init__(self, handle):
        self.cuda_stream = handle


@pytest.fixture
def streams(backend, monkeypatch):
    """A backend that believes to be on a GPU, and what Warp is told."""
    made, told = backend(), []

    @contextlib.contextmanager
    def scope(stream, **options):
        told.append(("begin", stream, options))
        yield
        told.append(("end", stream))

    monkeypatch.setattr(warp_arrays, "_STREAMS", {})
    monkeypatch.setattr(wp, "stream_from_torch", lambda stream: ["Warp's", stream.cuda_stream])
    monkeypatch.setattr(wp, "ScopedStream", scope)
    monkeypatch.setattr(wp, "ScopedDevice", lambda device: contextlib.nullcontext())
    made._warp_device = SimpleNamespace(is_cuda=True)
    return made, told


def test_warp_works_on_pytorchs_stream(streams, monkeypatch):
    """Without waiting for Warp's own one: whatever is under way there, PyTorch's order counts."""
    backend, told = streams
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream(7))
    with backend._stream():
        told.append("work")
    shared = ["Warp's", 7]
    assert told == [("begin", shared, {"sync_enter": False}), "work", ("end", shared)]


def test_a_stream_is_shared_once(streams, monkeypatch):
    """Warp would forget it when the first of two objects for it is collected."""
    backend, told = streams
    for handle in (7, 9, 7):
        monkeypatch.setattr(torch.cuda, "current_stream", lambda device, h=handle: Stream(h))
        with backend._stream():
            pass
    begun = [entry[1] for entry in told if entry[0] == "begin"]
    assert begun[0] is begun[2]
    assert begun[0] is not begun[1]


def test_cudas_rules_order_the_default_stream(streams, monkeypatch):
    backend, told = streams
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream(0))
    with backend._stream():
        pass
    assert told == []


def test_a_driver_without_conditional_nodes_takes_every_iteration(backend, monkeypatch, caplog):
    plain, old = backend(), backend()
    device = old._warp_device
    old._warp_device = SimpleNamespace(is_cuda=True, free_memory=1 << 40)
    monkeypatch.setattr(wp, "is_conditional_graph_supported", lambda: False)
    with caplog.at_level(logging.WARNING):
        old._create(0)
    assert "always takes 100 iterations" in caplog.text
    assert not old._model.opt.graph_conditional
    old._warp_device = device
    old._model.opt.iterations = plain._model.opt.iterations = 5
    start = plain.save()
    for made in (plain, old):
        for name, part in made._split(start).items():
            wp.to_torch(getattr(made._data, name)).copy_(part)
        for _ in range(20):
            made._advance(1, True)
    for name in ("qpos", "qvel"):
        ours, expected = (wp.to_torch(getattr(m._data, name)) for m in (old, plain))
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


def test_flags_are_read_when_they_arrived_and_nothing_waits(monkeypatch, caplog):
    arrived = []

    class LateEvent(Event):
        def query(self):
            return bool(arrived)

    monkeypatch.setattr(overflow, "LOOK_EVERY", 2)
    with pretend_cuda(monkeypatch) as device:
        monkeypatch.setattr(torch.cuda, "Event", LateEvent)
        flags = torch.tensor([0, 1, 9], dtype=torch.int32, device=device)
        watch = OverflowWatch(flags)
        for _ in range(4):
            watch.look()
        assert flags.elem.tolist() == [0, 0, 0]  # fetched once
        assert not any(watch.counts.values())
        arrived.append(True)
        with no_waiting():
            watch.look()
    assert {what: n for what, n in watch.counts.items() if n} == {"constraints": 2, "contacts": 1}
    assert len(caplog.records) == 2


def test_nothing_is_fetched_while_somebody_captures(monkeypatch):
    monkeypatch.setattr(overflow, "LOOK_EVERY", 1)
    with pretend_cuda(monkeypatch) as device:
        flags = torch.ones(2, dtype=torch.int32, device=device)
        watch = OverflowWatch(flags)
        monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
        watch.look()
        assert flags.elem.tolist() == [1, 1]
        monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
        watch.look()
        assert flags.elem.tolist() == [0, 0]
