import numpy as np
import pytest
import torch

from humanoid_gym.rl.normalizer import Normalizer


def test_batches_merge_to_the_statistics_of_the_whole():
    rng = np.random.default_rng(0)
    # A mean far larger than the spread: a naive sum of squares in float32 loses all of it.
    data = rng.normal([0.0, 1e4, -3.0], [1.0, 0.1, 50.0], size=(3000, 3)).astype(np.float32)
    normalizer = Normalizer(3)
    for part in np.split(data, [1, 2, 50, 1000, 1024]):
        normalizer.update(torch.from_numpy(part))
    exact = data.astype(np.float64)
    np.testing.assert_allclose(normalizer.mean, exact.mean(0), rtol=1e-12)
    np.testing.assert_allclose(normalizer.variance, exact.var(0), rtol=1e-9)
    assert normalizer.count == 3000


def test_order_and_split_do_not_matter():
    data = torch.randn(100, 4) * 7.0 + 2.0
    one, many = Normalizer(4), Normalizer(4)
    one.update(data)
    for row in data.flip(0).split(9):
        many.update(row.reshape(-1, 1, 4))  # any leading shape
    torch.testing.assert_close(one.variance, many.variance)
    torch.testing.assert_close(one.mean, many.mean)


def test_normalizes_clips_and_inverts():
    data = torch.randn(1000, 2) * torch.tensor([3.0, 0.5]) + torch.tensor([10.0, -1.0])
    normalizer = Normalizer(2, clip=1.5)
    normalizer.update(data)
    expected = (data - data.mean(0)) / data.std(0, correction=0)
    torch.testing.assert_close(normalizer(data), expected.clamp(-1.5, 1.5), rtol=1e-3, atol=1e-4)
    free = Normalizer(2)
    free.update(data)
    torch.testing.assert_close(free.denormalize(free(data)), data)


def test_identity_before_the_first_batch_and_finite_for_a_constant():
    normalizer = Normalizer(2)
    data = torch.tensor([[3.0, -4.0]])
    assert torch.equal(normalizer(data), data)
    normalizer.update(data.repeat(50, 1))
    assert torch.equal(normalizer(data), torch.zeros(1, 2))


def test_state_is_saved_with_the_module():
    normalizer, restored = Normalizer(2), Normalizer(2)
    normalizer.update(torch.randn(30, 2))
    restored.load_state_dict(normalizer.state_dict())
    data = torch.randn(5, 2)
    assert torch.equal(normalizer(data), restored(data))
    normalizer.update(data)
    restored.update(data)
    assert torch.equal(normalizer.variance, restored.variance)


@pytest.mark.parametrize("clip", [5.0, float("inf")])
def test_input_is_not_modified(clip):
    normalizer = Normalizer(2, clip=clip)
    data = torch.full((3, 2), 9.0)
    normalizer(data)
    assert (data == 9.0).all()
