"""Assembly of observations."""

import torch

from humanoid_gym.kernels.observation import scaled_columns, with_past


def test_columns_keep_their_order_and_scale():
    height = torch.tensor([1.0, 2.0])
    velocity = torch.tensor([[3.0, 4.0], [5.0, 6.0]])
    observation = scaled_columns([height, velocity], torch.tensor([1.0, 10.0, 0.5]))
    assert observation.tolist() == [[1.0, 30.0, 2.0], [2.0, 50.0, 3.0]]


def test_the_past_is_that_of_the_same_episode():
    past = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    present = torch.tensor([[10.0, 20.0], [30.0, 40.0]])
    kept, seen = with_past(past, present, torch.tensor([False, True]))
    assert kept.tolist() == [[1.0, 2.0, 3.0, 4.0], [30.0, 40.0, 30.0, 40.0]]
    assert seen.tolist() == [[1.0, 2.0, 3.0, 4.0, 10.0, 20.0], [30.0, 40.0] * 3]
    kept, seen = with_past(past[:, :0], present, torch.tensor([False, True]))
    assert kept.shape == (2, 0) and torch.equal(seen, present)
