import logging

import pytest
import torch
from recorded_graph import RecordedGraph
from torch import nn

from humanoid_gym.rl.capture import CapturedStep

CPU = torch.device("cpu")


class Training:
    """A few layers and Adam over fixed tensors."""

    def __init__(self, graph=None):
        torch.manual_seed(0)
        self.network = nn.Sequential(nn.Linear(4, 8), nn.ELU(inplace=True), nn.Linear(8, 1))
        self.rate = torch.tensor(0.01)
        self.optimizer = torch.optim.Adam(self.network.parameters(), self.rate, fused=True)
        self.inputs = torch.zeros(16, 4)
        self.calls = 0
        self.step = CapturedStep(self._step, CPU, "gradient step", graph=graph)

    def _step(self):
        self.calls += 1
        loss = (self.network(self.inputs) - self.inputs.sum(-1, keepdim=True)).square().mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 0.5)
        self.optimizer.step()
        self.rate.mul_(torch.where(norm > 1.0, 0.9, 1.1))
        return loss.detach()

    def train(self, count):
        g = torch.Generator().manual_seed(1)
        losses = []
        for _ in range(count):
            self.inputs.copy_(torch.randn(16, 4, generator=g))
            losses.append(self.step().clone())
        return torch.stack([*losses, self.rate]), torch.cat(
            [p.detach().flatten() for p in self.network.parameters()]
        )


def test_replayed_steps_equal_plain_ones():
    graph = RecordedGraph()
    captured, plain = Training(graph), Training()
    for ours, expected in zip(captured.train(12), plain.train(12), strict=True):
        assert torch.equal(ours, expected)
    assert (plain.calls, captured.calls, graph.replays) == (12, 4, 9)
    assert captured.step.captured
    assert not plain.step.captured


def test_a_new_capture_works_with_the_new_tensors():
    training, plain = Training(RecordedGraph()), Training()
    training.train(6)
    plain.train(6)
    for t in (training, plain):
        t.optimizer.load_state_dict(t.optimizer.state_dict())  # other tensors from here on
        t.optimizer.param_groups[0]["lr"] = t.rate
    training.step = CapturedStep(training._step, CPU, "gradient step", graph=RecordedGraph())
    for ours, expected in zip(training.train(6), plain.train(6), strict=True):
        assert torch.equal(ours, expected)


@pytest.mark.parametrize(
    "graph",
    [
        RecordedGraph(complaint="it waits for the device at here.py:7"),
        RecordedGraph(error=RuntimeError("it waits for the device at here.py:7\nmore")),
    ],
)
def test_what_cannot_be_captured_runs_plainly_with_one_warning(graph, caplog):
    captured, plain = Training(graph), Training()
    with caplog.at_level(logging.WARNING):
        results = captured.train(8)
    for ours, expected in zip(results, plain.train(8), strict=True):
        assert torch.equal(ours, expected)
    assert captured.calls == 8
    (record,) = caplog.records
    message = record.getMessage()
    assert "gradient step" in message
    assert "it waits for the device at here.py:7" in message
    assert "\n" not in message


def test_a_cpu_runs_plainly_and_says_nothing(caplog):
    step = CapturedStep(lambda: 3, CPU, "sum", enabled=True)
    assert [step() for _ in range(6)] == [3] * 6
    assert not step.captured
    assert not caplog.records


def test_a_step_inside_a_larger_capture_is_part_of_it():
    class Inside(RecordedGraph):
        within_another = True

    calls = []
    step = CapturedStep(lambda: calls.append(1), CPU, "part", graph=Inside())
    for _ in range(6):
        step()
    assert len(calls) == 6
