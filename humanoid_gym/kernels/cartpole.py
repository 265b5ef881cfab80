"""Cart-pole rewards, as the public IsaacGymEnvs Cartpole task defines them."""

from typing import Dict

import torch
from torch import Tensor

from humanoid_gym.kernels import script


@script
def reward(
    pole_angle: Tensor, cart_speed: Tensor, pole_speed: Tensor, failed: Tensor
) -> Dict[str, Tensor]:
    """Keep the pole upright and everything slow; a failure costs 2 instead.

    Args:
        pole_angle: angle from upright [rad], shape (N,).
        cart_speed: [m/s], shape (N,).
        pole_speed: [rad/s], shape (N,).
        failed: the pole fell or the cart left the track, shape (N,) bool.

    Returns:
        The terms by name, each of shape (N,); the reward is their sum.
    """
    standing = torch.logical_not(failed).to(pole_angle.dtype)
    return {
        "upright": standing * (1.0 - pole_angle.square()),
        "cart_speed": standing * -0.01 * cart_speed.abs(),
        "pole_speed": standing * -0.005 * pole_speed.abs(),
        "failure": standing * 2.0 - 2.0,
    }
