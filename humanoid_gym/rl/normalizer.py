"""Running normalization of observations and values."""

from typing import Optional

import torch
from torch import Tensor, nn

from humanoid_gym.rl import distributed


class Normalizer(nn.Module):
    """Normalizes vectors by the mean and variance of everything it was shown.

    Statistics are kept in float64 and merged batch by batch with the parallel form of Welford's
    recurrence (Chan, Golub and LeVeque 1983), so their order does not matter and a large mean
    does not cancel a small variance. They are buffers: they follow the module's device and are
    saved with it. Until the first `update` the normalizer is the identity.
    """

    mean: Tensor
    variance: Tensor
    count: Tensor
    offset: Tensor
    scale: Tensor

    def __init__(
        self,
        size: int,
        clip: float = float("inf"),
        epsilon: float = 1e-5,
        freeze_after: Optional[int] = None,
    ) -> None:
        """Create an identity normalizer.

        Args:
            size: width of the vectors.
            clip: normalized values are clipped to [-clip, clip].
            epsilon: added to the variance; bounds the scale of constant entries.
            freeze_after: vectors after which the statistics stay as they are; the batch in which
                that happens still counts. None: never.
        """
        super().__init__()
        self.freeze_after = freeze_after
        self.clip = clip
        self.epsilon = epsilon
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(size, dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))
        # What `forward` needs, in float32 and up to date, so that it costs two operations.
        self.register_buffer("offset", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))

    @torch.no_grad()
    def update(self, batch: Tensor) -> None:
        """Merge a batch into the statistics; those of all processes, where there are several.

        Args:
            batch: shape (..., size), any floating type.
        """
        rows = batch.reshape(-1, self.mean.numel()).double()
        batch_variance, batch_mean = torch.var_mean(rows, dim=0, correction=0)
        batch_mean, batch_variance, batch_count = distributed.merged_moments(
            batch_mean, batch_variance, rows.shape[0]
        )
        delta = batch_mean - self.mean
        total = self.count + batch_count
        sum_of_squares = (
            self.variance * self.count
            + batch_variance * batch_count
            + delta.square() * (self.count * batch_count / total)
        )
        self._keep(self.mean + delta * (batch_count / total), sum_of_squares / total, total)

    def _keep(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        """Make these the statistics, unless they are frozen."""
        if self.freeze_after is not None:
            growing = self.count < self.freeze_after
            mean = torch.where(growing, mean, self.mean)
            variance = torch.where(growing, variance, self.variance)
            count = torch.where(growing, count, self.count)
        self.mean.copy_(mean)
        self.variance.copy_(variance)
        self.count.copy_(count)
        self.offset.copy_(self.mean)
        self.scale.copy_((self.variance + self.epsilon).sqrt())

    def forward(self, values: Tensor) -> Tensor:
        """Return (values - mean) / std, clipped. Shape as given, (..., size)."""
        normalized = (values - self.offset) / self.scale
        return normalized.clamp_(-self.clip, self.clip)

    def denormalize(self, normalized: Tensor) -> Tensor:
        """Return normalized * std + mean. Shape as given, (..., size)."""
        return normalized * self.scale + self.offset
