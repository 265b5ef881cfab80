"""Recurrent layers against PyTorch's own, on sequences that are cut by hand."""

import itertools

import pytest
import torch
from torch import nn

from humanoid_gym.rl.networks.memory import Memory, NoMemory

KINDS = [("lstm", 1), ("lstm", 2), ("gru", 1), ("gru", 3)]
N, T, INPUTS, SIZE = 5, 9, 4, 6


def reference(memory: Memory, kind: str, num_layers: int) -> nn.Module:
    """PyTorch's whole-sequence module with the same weights."""
    module = (nn.LSTM if kind == "lstm" else nn.GRU)(INPUTS, SIZE, num_layers)
    for layer, cell in enumerate(memory.cells):
        for name, value in cell.named_parameters():
            getattr(module, f"{name}_l{layer}").data.copy_(value)
    return module


def unpacked(memory: torch.Tensor, kind: str, num_layers: int):
    """Hidden state in the form that nn.LSTM and nn.GRU take: (num_layers, N, SIZE) each."""
    if kind == "gru":
        return memory.view(-1, num_layers, SIZE).transpose(0, 1).contiguous()
    parts = memory.view(-1, num_layers, 2, SIZE).permute(2, 1, 0, 3)
    return parts[0].contiguous(), parts[1].contiguous()


def run_by_segments(module, kind, num_layers, inputs, memory, starts):
    """Each environment alone, one call per unbroken segment."""
    outputs, last = [], []
    for n in range(inputs.shape[0]):
        cuts = sorted({0, *starts[n].nonzero().flatten().tolist(), T})
        pieces, state = [], unpacked(memory[n : n + 1], kind, num_layers)
        for begin, end in itertools.pairwise(cuts):
            if starts[n, begin]:
                state = None  # zeros, by PyTorch's convention
            piece, state = module(inputs[n, begin:end].unsqueeze(1), state)
            pieces.append(piece.squeeze(1))
        outputs.append(torch.cat(pieces))
        parts = [state] if kind == "gru" else list(state)
        last.append(torch.stack(parts, dim=1).flatten())  # layer by layer, its parts together
    return torch.stack(outputs), torch.stack(last)


@pytest.fixture(params=KINDS, ids=lambda p: f"{p[0]}-{p[1]}")
def case(request):
    kind, num_layers = request.param
    torch.manual_seed(1)
    memory = Memory(INPUTS, SIZE, num_layers, kind)
    starts = torch.rand(N, T) < 0.3
    starts[0] = False
    starts[1, 0] = True
    starts[2] = True
    inputs = torch.randn(N, T, INPUTS)
    before = torch.randn(N, memory.width)
    return kind, num_layers, memory, inputs, before, starts


def test_sequences_match_pytorch_segment_by_segment(case):
    kind, num_layers, memory, inputs, before, starts = case
    module = reference(memory, kind, num_layers)
    expected, last = run_by_segments(module, kind, num_layers, inputs, before, starts)
    torch.testing.assert_close(memory(inputs, before, starts), expected, rtol=1e-5, atol=1e-6)
    recollection = memory.recollect(inputs, before, starts)
    torch.testing.assert_close(recollection.features, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(recollection.memory[:, -1], last, rtol=1e-5, atol=1e-6)


def test_gradients_match_pytorch_segment_by_segment(case):
    kind, num_layers, memory, inputs, before, starts = case
    module = reference(memory, kind, num_layers)
    weights = torch.randn(N, T, SIZE)
    expected, _ = run_by_segments(module, kind, num_layers, inputs, before, starts)
    (expected * weights).sum().backward()
    (memory(inputs, before, starts) * weights).sum().backward()
    for layer, cell in enumerate(memory.cells):
        for name, value in cell.named_parameters():
            theirs = getattr(module, f"{name}_l{layer}").grad
            torch.testing.assert_close(value.grad, theirs, rtol=1e-4, atol=1e-5)


def test_steps_one_by_one_are_the_sequence(case):
    _, _, memory, inputs, before, starts = case
    whole = memory.recollect(inputs, before, starts)
    for t in range(T):
        before = torch.where(starts[:, t : t + 1], torch.zeros(()), before)
        output, before = memory.step(inputs[:, t], before)
        torch.testing.assert_close(output, whole.features[:, t])
        torch.testing.assert_close(before, whole.memory[:, t])


def test_nothing_crosses_the_start_of_an_episode(case):
    """Not even NaN, which a product with zero would let through."""
    _, _, memory, inputs, before, starts = case
    starts[:] = False
    starts[:, 4] = True
    clean = memory(inputs, before, starts)
    dirty = inputs.clone()
    dirty[:, :4] = float("nan")
    assert torch.equal(memory(dirty, before, starts)[:, 4:], clean[:, 4:])
    inputs.requires_grad_()
    (gradient,) = torch.autograd.grad(memory(inputs, before, starts)[:, 4:].sum(), inputs)
    assert not gradient[:, :4].any()
    assert gradient[:, 4:].any()


def test_a_network_without_memory_passes_its_input_on():
    memory, inputs = NoMemory(), torch.randn(N, T, INPUTS)
    nothing = torch.zeros(N, 0)
    starts = torch.ones(N, T, dtype=torch.bool)
    assert memory(inputs, nothing, starts) is inputs
    recollection = memory.recollect(inputs, nothing, starts)
    assert recollection.features is inputs
    assert recollection.memory.shape == (N, T, 0)
    assert list(memory.parameters()) == []
