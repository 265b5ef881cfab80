"""Assembly of an observation from named quantities."""

from typing import List, Tuple

import torch
from torch import Tensor

from humanoid_gym.kernels import script


@script
def scaled_columns(quantities: List[Tensor], scale: Tensor) -> Tensor:
    """Put quantities side by side and scale each column.

    Args:
        quantities: tensors of shape (N,) or (N, width), in the order of the observation.
        scale: factor of each column, shape (num_obs,).

    Returns:
        Observation, shape (N, num_obs).
    """
    columns = [q.unsqueeze(-1) if q.dim() == 1 else q for q in quantities]
    return torch.cat(columns, dim=-1) * scale


@script
def with_past(past: Tensor, present: Tensor, begun: Tensor) -> Tuple[Tensor, Tensor]:
    """Put the observations of earlier steps before that of this one.

    Args:
        past: earlier observations side by side, the oldest first, shape (N, steps * size).
        present: observation of this step, shape (N, size).
        begun: where an episode begins now; what was before is another's, shape (N,) bool.

    Returns:
        past: the same, where an episode begins the present one repeated.
        seen: past and present, shape (N, (steps + 1) * size).
    """
    repeated = present.repeat(1, past.size(1) // present.size(1))
    past = torch.where(begun.unsqueeze(-1), repeated, past)
    return past, torch.cat((past, present), dim=-1)
