"""Multilayer perceptrons."""

import math
from typing import Callable, Dict, List, Sequence

from torch import nn

# In place where the gradient needs only the result, or nothing is saved.
ACTIVATIONS: Dict[str, Callable[[], nn.Module]] = {
    "elu": lambda: nn.ELU(inplace=True),
    "relu": lambda: nn.ReLU(inplace=True),
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "selu": lambda: nn.SELU(inplace=True),
    "gelu": nn.GELU,
    "leaky_relu": lambda: nn.LeakyReLU(inplace=True),
    "mish": nn.Mish,
}
"""Activations by their name in configurations."""


def hidden_layers(
    sizes: Sequence[int], activation: str, initialization: str, layer_norm: bool
) -> List[nn.Module]:
    """Return linear layers, each with its activation.

    Args:
        sizes: width of the input, then of each layer.
        activation: key of `ACTIVATIONS`.
        initialization: "default" or "orthogonal" (with gain sqrt(2)).
        layer_norm: whether to normalize each layer before its activation.
    """
    layers: List[nn.Module] = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:]):
        layers.append(linear(fan_in, fan_out, math.sqrt(2.0), initialization))
        if layer_norm:
            layers.append(nn.LayerNorm(fan_out))
        layers.append(ACTIVATIONS[activation]())
    return layers


def linear(fan_in: int, fan_out: int, gain: float, initialization: str) -> nn.Linear:
    """Return a linear layer without offset; `gain` matters to orthogonal initialization."""
    layer = nn.Linear(fan_in, fan_out)
    if initialization == "orthogonal":
        nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer
