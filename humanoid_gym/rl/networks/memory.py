"""Recurrent layers whose memory ends with the episode.

What an environment is remembered by is one vector: the hidden vectors of all layers side by side,
for an LSTM with its cell vectors. Zero is the memory of nothing. A network without memory has
vectors of width zero, so that nobody needs to ask.
"""

from typing import Dict, List, NamedTuple, Tuple, Type, Union

import torch
from torch import Tensor, nn


class Recollection(NamedTuple):
    """What a memory made of a sequence."""

    features: Tensor
    """Output of the last layer at each step. Shape (N, T, size)."""
    memory: Tensor
    """Memory after each step. Shape (N, T, width)."""


class NoMemory(nn.Module):
    """Stands where a memory could be; passes its input on."""

    width = 0
    """Numbers that an environment is remembered by."""

    def forward(self, inputs: Tensor, memory: Tensor, starts: Tensor) -> Tensor:
        """Return `inputs` (..., num_inputs)."""
        return inputs

    def step(self, inputs: Tensor, memory: Tensor) -> Tuple[Tensor, Tensor]:
        """Return `inputs` (N, num_inputs) and `memory` (N, 0)."""
        return inputs, memory

    def recollect(self, inputs: Tensor, memory: Tensor, starts: Tensor) -> Recollection:
        """Return `inputs` (N, T, num_inputs) and memories (N, T, 0)."""
        return Recollection(inputs, inputs[..., :0])


class Memory(nn.Module):
    """LSTM (Hochreiter and Schmidhuber 1997) or GRU (Cho et al. 2014) over whole rollouts.

    Sequences are run step by step, with the memory set to zero where an episode starts. The shapes
    do not depend on where that is, as they would if sequences were split there and padded for one
    call of `torch.nn.LSTM`: nothing waits for the device and the update can be captured in a CUDA
    graph. On a CPU it is no slower, since padding costs more than the calls.
    """

    def __init__(self, num_inputs: int, size: int, num_layers: int, kind: str) -> None:
        """Create layers with PyTorch's default initialization.

        Args:
            num_inputs: width of the input.
            size: width of each layer.
            num_layers: number of layers.
            kind: key of `MEMORIES`.
        """
        super().__init__()
        cell = MEMORIES[kind]
        self.cells = nn.ModuleList(
            [cell(num_inputs if layer == 0 else size, size) for layer in range(num_layers)]
        )
        self._parts = 2 if cell is nn.LSTMCell else 1
        self.width = num_layers * self._parts * size
        """Numbers that an environment is remembered by."""

    def step(self, inputs: Tensor, memory: Tensor) -> Tuple[Tensor, Tensor]:
        """Take one step.

        Args:
            inputs: shape (N, num_inputs).
            memory: before the step. Shape (N, width).

        Returns:
            Output of the last layer, shape (N, size), and the memory after the step.
        """
        output, after = inputs, []
        for cell, before in zip(self.cells, memory.chunk(len(self.cells), dim=-1)):
            state = self._cell_step(cell, output, before)
            output = state[0]
            after += state
        return output, torch.cat(after, dim=-1)

    def _cell_step(self, cell: nn.Module, inputs: Tensor, before: Tensor) -> List[Tensor]:
        if self._parts == 1:
            return [cell(inputs, before)]
        hidden, cell_state = before.chunk(2, dim=-1)
        return list(cell(inputs, (hidden, cell_state)))

    def forward(self, inputs: Tensor, memory: Tensor, starts: Tensor) -> Tensor:
        """Run over sequences.

        Args:
            inputs: shape (N, T, num_inputs).
            memory: before the first step. Shape (N, width).
            starts: whether an episode starts with the step. Shape (N, T), bool.

        Returns:
            Output of the last layer. Shape (N, T, size).
        """
        features = []
        for step_inputs, start in zip(inputs.unbind(1), starts.unsqueeze(-1).unbind(1)):
            output, memory = self.step(step_inputs, memory.masked_fill(start, 0.0))
            features.append(output)
        return torch.stack(features, dim=1)

    def recollect(self, inputs: Tensor, memory: Tensor, starts: Tensor) -> Recollection:
        """Run over sequences as `forward` does, and keep the memory after each step too."""
        features, memories = [], []
        for step_inputs, start in zip(inputs.unbind(1), starts.unsqueeze(-1).unbind(1)):
            output, memory = self.step(step_inputs, memory.masked_fill(start, 0.0))
            features.append(output)
            memories.append(memory)
        return Recollection(torch.stack(features, dim=1), torch.stack(memories, dim=1))


MEMORIES: Dict[str, Type[Union[nn.LSTMCell, nn.GRUCell]]] = {
    "lstm": nn.LSTMCell,
    "gru": nn.GRUCell,
}
"""Recurrent cells by their name in configurations."""

AnyMemory = Union[Memory, NoMemory]
