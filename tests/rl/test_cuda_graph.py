"""The learner's CUDA graphs on a GPU that is not there: streams, failures, random numbers."""

import contextlib
import logging

import pytest
import torch
from pretend_cuda import CUDA, Generator, Graph, no_waiting, pretend_cuda

from humanoid_gym.rl import capture
from humanoid_gym.rl.capture import CapturedStep, CudaGraph
from humanoid_gym.rl.execution import Execution, ExecutionConfig


@pytest.fixture
def cuda(monkeypatch):
    monkeypatch.setattr(capture, "_STREAMS", {})
    monkeypatch.setattr(capture, "_ABANDONED", [])
    with pretend_cuda(monkeypatch) as device:
        yield device


def values(tensor):
    return tensor.elem.tolist()


@pytest.mark.parametrize("setting", ["auto", "step", "off"])
def test_replays_read_and_write_the_same_tensors(cuda, setting):
    x, total, calls = torch.zeros(3, device=cuda), torch.zeros(3, device=cuda), []

    def function():
        calls.append(1)
        total.add_(x)
        return total * 2.0

    step = Execution(ExecutionConfig(capture=setting), cuda).captured(function, "sum")
    expected = 0.0
    for number in range(1, 8):
        x.fill_(float(number))
        expected += number
        with no_waiting():
            result = step()
        assert values(result) == [2.0 * expected] * 3
        assert values(total) == [expected] * 3
    assert step.captured == (setting != "off")
    assert len(calls) == (7 if setting == "off" else 4)


def test_what_cannot_be_captured_goes_on_plainly(cuda, caplog):
    x = torch.ones(3, device=cuda)
    step = CapturedStep(lambda: x * x.sum().item(), cuda, "gradient step")
    with caplog.at_level(logging.WARNING):
        for _ in range(6):
            assert values(step()) == [3.0] * 3
    (record,) = caplog.records
    assert "gradient step is NOT captured" in record.getMessage()
    assert len(capture._ABANDONED) == 1
    again = CapturedStep(lambda: x + 1.0, cuda, "another step")
    assert [values(again()) for _ in range(5)] == [[2.0] * 3] * 5
    assert again.captured


def test_generators_that_a_failed_capture_left_behind_draw_again(cuda, monkeypatch):
    class Bewildered(Generator):
        """Believes that it is being captured, until it is given another state."""

        renewed = False

        def clone_state(self):
            return self

        def graphsafe_set_state(self, state):
            self.renewed = True

    generator = Bewildered()
    default = torch.cuda.default_generators[0]
    rand = torch.rand

    def draw(*shape, device, generator):
        if isinstance(generator, Bewildered) and not generator.renewed:
            raise RuntimeError("Offset increment outside graph capture encountered unexpectedly.")
        return rand(*shape, device=device, generator=generator)

    monkeypatch.setattr(torch, "rand", draw)
    graph = CudaGraph(cuda, [generator])
    with pytest.raises(KeyError):
        graph.capture(lambda: {}["missing"])
    assert generator.renewed
    assert draw(1, device=cuda, generator=default).shape == (1,)


def test_a_graph_has_its_generators_its_stream_and_a_pool_of_its_own(cuda, monkeypatch):
    begun, registered, current = [], [], []

    @contextlib.contextmanager
    def graph_of(graph, pool, stream, capture_error_mode):
        begun.append((pool, stream, capture_error_mode))
        yield

    pools = iter(("first", "second"))
    monkeypatch.setattr(torch.cuda, "graph", graph_of)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: next(pools))
    monkeypatch.setattr(Graph, "register_generator_state", lambda _, g: registered.append(g))
    monkeypatch.setattr(torch.cuda, "stream", lambda s: contextlib.nullcontext(current.append(s)))
    generator = Generator()
    first, second = CudaGraph(cuda, [generator]), CudaGraph(cuda, [])
    first.run(lambda: None)
    warmed_up_on = current[-1]
    for graph in (first, second):
        graph.capture(lambda: None)
    # thread_local: NCCL's threads may work on; one stream, which autograd's leaves are tied to
    assert begun == [(name, warmed_up_on, "thread_local") for name in ("first", "second")]
    assert registered == [generator]
    assert {cuda: warmed_up_on} == capture._STREAMS


def test_streams_wait_for_each_other(cuda, monkeypatch):
    order = []

    class Stream:
        def __init__(self, name):
            self.name = name

        def wait_stream(self, other):
            order.append(f"{self.name} waits for {other.name}")

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: Stream("own"))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream("current"))
    CudaGraph(cuda, []).run(lambda: order.append("work"))
    assert order == ["own waits for current", "work", "current waits for own"]


def test_nothing_is_replayed_before_it_was_captured():
    with pytest.raises(RuntimeError, match="nothing was captured"):
        CudaGraph(CUDA, []).replay()
