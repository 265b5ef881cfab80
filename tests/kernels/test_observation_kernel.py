"""Assembly of observations."""

import torch

from humanoid_gym.kernels.observation import scaled_columns


def test_columns_keep_their_order_and_scale():
    height = torch.tensor([1.0, 2.0])
    velocity = torch.tensor([[3.0, 4.0], [5.0, 6.0]])
    observation = scaled_columns([height, velocity], torch.tensor([1.0, 10.0, 0.5]))
    assert observation.tolist() == [[1.0, 30.0, 2.0], [2.0, 50.0, 3.0]]
