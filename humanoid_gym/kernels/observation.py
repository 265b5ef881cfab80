"""Assembly of an observation from named quantities."""

from typing import List

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
