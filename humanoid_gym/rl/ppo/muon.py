"""Muon: momentum, orthogonalized (Jordan et al. 2024, kellerjordan.github.io/posts/muon).

torch.optim.Muon is not used: it is missing before PyTorch 2.9, reads a learning rate that is a
tensor back to the host, and multiplies in bfloat16, which most CPUs emulate.
"""

from typing import Any, Callable, Dict, Iterable, Optional, Union

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that pulls singular values towards 1, from the post named above."""


def orthogonalized(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return nearly U V^T of a matrix's singular value decomposition U S V^T.

    Newton-Schulz iterations leave the singular values between about 0.7 and 1.2.

    Args:
        matrix: shape (m, n).
        steps: iterations.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp_min(1e-7)  # its largest singular value is at most 1
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum whose steps are orthogonalized; for weight matrices of hidden layers.

    Steps are scaled so that an entry moves by about 0.2 learning rates, as with AdamW (Liu et al.
    2025, arXiv:2502.16982): both take the same learning rates. Nothing waits for the device.
    """

    def __init__(
        self,
        matrices: Union[Iterable[nn.Parameter], Iterable[Dict[str, Any]]],
        lr: Tensor,
        weight_decay: float = 0.0,
        momentum: float = 0.95,
    ) -> None:
        """Start without momentum.

        Args:
            matrices: parameters of two dimensions, or groups of them.
            lr: learning rate, 0-d, on their device; read at each step.
            weight_decay: part of a weight that is lost per step and unit of learning rate.
            momentum: weight of the past in the running mean of gradients.
        """
        defaults: Dict[str, Any] = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(matrices, defaults)
        self.found_inf: Optional[Tensor] = None
        """1 to skip a step, 0 to take it, as PyTorch's fused optimizers have it; 0-d."""

    @torch.no_grad()
    def step(self, closure: Optional[Callable[[], float]] = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take one step; a closure is not supported."""
        assert closure is None
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._step_one(matrix, matrix.grad, group)

    def _step_one(self, matrix: Tensor, gradient: Tensor, group: Dict[str, Any]) -> None:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        taken = 1.0 if self.found_inf is None else 1.0 - self.found_inf
        mean = state["momentum_buffer"]
        mean.add_((gradient - mean) * (taken * (1.0 - group["momentum"])))
        update = orthogonalized(torch.lerp(gradient, mean, group["momentum"]))
        rate = group["lr"] * taken
        matrix.mul_(1.0 - rate * group["weight_decay"])
        matrix.sub_(update * (rate * (0.2 * max(matrix.shape) ** 0.5)))
