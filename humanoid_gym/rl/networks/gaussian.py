"""The distribution of actions: a diagonal Gaussian, and where its standard deviation comes from."""

import math
from typing import Any, NamedTuple, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 the name that PyTorch's users know

_LOG_2_PI = math.log(2.0 * math.pi)


class Gaussian(NamedTuple):
    """A diagonal Gaussian for each sample."""

    mean: Tensor
    """Shape (..., num_actions)."""
    log_std: Tensor
    """Shape (num_actions,) if it is the same for all samples, else (..., num_actions)."""


def gaussian_log_prob(actions: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Log density of a diagonal Gaussian.

    Args:
        actions: shape (..., num_actions).
        mean: shape (..., num_actions).
        log_std: shape (num_actions,) or (..., num_actions).

    Returns:
        Shape (...,).
    """
    z = (actions - mean) * torch.exp(-log_std)
    return -0.5 * z.square().sum(-1) - log_std.sum(-1) - 0.5 * actions.shape[-1] * _LOG_2_PI


def gaussian_entropy(log_std: Tensor) -> Tensor:
    """Entropy [nats] of a diagonal Gaussian.

    Args:
        log_std: shape (..., num_actions).

    Returns:
        Shape (...,).
    """
    return log_std.sum(-1) + 0.5 * log_std.shape[-1] * (1.0 + _LOG_2_PI)


def gaussian_kl(
    old_mean: Tensor, old_log_std: Tensor, new_mean: Tensor, new_log_std: Tensor
) -> Tensor:
    """KL(old || new) [nats] of diagonal Gaussians.

    Args:
        old_mean: shape (..., num_actions).
        old_log_std: shape (num_actions,) or (..., num_actions).
        new_mean: shape (..., num_actions).
        new_log_std: shape (num_actions,) or (..., num_actions).

    Returns:
        Shape (...,).
    """
    precision = torch.exp(-2.0 * new_log_std)
    from_std = new_log_std - old_log_std + 0.5 * (torch.exp(2.0 * old_log_std) * precision - 1.0)
    return 0.5 * ((old_mean - new_mean).square() * precision).sum(-1) + from_std.sum(-1)


class ActionStd(nn.Module):
    """Standard deviation of the action noise: one number per action, or a function of the state.

    Either way it is made of raw numbers, which may take any value, by `forward`.
    """

    raw: nn.Parameter
    """What is learned, if it does not depend on the state. Shape (num_actions,)."""

    def __init__(
        self,
        num_actions: int,
        initial: float,
        learned: bool,
        state_dependent: bool,
        parametrization: str,
        bounds: Tuple[float, float],
    ) -> None:
        """Start at `initial` everywhere.

        Args:
            num_actions: width of the action.
            initial: standard deviation at the start.
            learned: whether it changes.
            state_dependent: whether an actor's output is the source of the raw numbers.
            parametrization: "exp" or "softplus".
            bounds: smallest and largest standard deviation.
        """
        super().__init__()
        self.state_dependent = state_dependent
        self._softplus = parametrization == "softplus"
        self._bounds = bounds
        # Of the softplus the inverse, written so that nothing overflows.
        inverse = initial + math.log(-math.expm1(-initial))
        self.initial_raw = inverse if self._softplus else math.log(initial)
        """The raw number of the standard deviation at the start."""
        if not state_dependent:
            raw = torch.full((num_actions,), self.initial_raw)
            self.raw = nn.Parameter(raw, requires_grad=learned)

    def forward(self, raw: Tensor) -> Tensor:
        """Return log standard deviations for raw numbers, in the same shape."""
        log_std = torch.log(F.softplus(raw) + _TINY) if self._softplus else raw
        low, high = self._bounds
        if low == 0.0 and high == math.inf:
            return log_std
        low = math.log(low) if low > 0.0 else -math.inf
        return _ReturningClamp.apply(log_std, low, math.log(high) if high < math.inf else high)


_TINY = 1e-30
"""Keeps the logarithm finite."""


class _ReturningClamp(torch.autograd.Function):
    """Clamps, and lets gradients pass that lead back inside.

    The gradient of `torch.clamp` is zero outside, where a number could never leave again.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, low: float, high: float) -> Tensor:  # noqa: ANN401
        """Return values in [low, high]."""
        ctx.save_for_backward(values)
        ctx.bounds = low, high
        return values.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tuple[Tensor, None, None]:  # noqa: ANN401
        """Stop what would push a value further out; descent moves against the gradient."""
        (values,), (low, high), (gradient,) = ctx.saved_tensors, ctx.bounds, gradients
        outward = ((values <= low) & (gradient > 0.0)) | ((values >= high) & (gradient < 0.0))
        return gradient.masked_fill(outward, 0.0), None, None
