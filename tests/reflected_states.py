"""States of a robot in the mirror, written out by hand."""

import torch


def mirrored_root(root: torch.Tensor) -> torch.Tensor:
    """Reflect in y = 0: of a quaternion, x and z of the axis; of a spin, x and z."""
    position = [1.0, -1.0, 1.0]
    spin = [-1.0, 1.0, -1.0]
    return root * torch.tensor([*position, *spin, 1.0, *position, *spin])
