"""Cart-pole rewards worked by hand."""

import pytest
import torch

from humanoid_gym.kernels import cartpole


def test_reward_by_hand():
    angle = torch.tensor([0.1, -0.2, 2.0])
    cart = torch.tensor([-2.0, 1.0, 9.0])
    pole = torch.tensor([4.0, -1.0, 9.0])
    terms = cartpole.reward(angle, cart, pole, torch.tensor([False, False, True]))
    # 1 - 0.01, 1 - 0.04; -0.01 x 2, -0.01 x 1; -0.005 x 4, -0.005 x 1; a failure is -2
    assert terms["upright"].tolist() == pytest.approx([0.99, 0.96, 0.0])
    assert terms["cart_speed"].tolist() == pytest.approx([-0.02, -0.01, 0.0])
    assert terms["pole_speed"].tolist() == pytest.approx([-0.02, -0.005, 0.0])
    assert sum(terms.values()).tolist() == pytest.approx([0.95, 0.945, -2.0])
