"""What an iteration reports of its update, worked by hand."""

import pytest
import torch

from humanoid_gym.rl.episode_statistics import EpisodeStatistics
from humanoid_gym.rl.reporting import explained_variance, read_report


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 3.0, 5.0, 7.0], 1.0),
        ([11.0, 13.0, 15.0, 17.0], 1.0),  # an offset is no variance
        ([4.0, 4.0, 4.0, 4.0], 0.0),
        ([0.5, 1.5, 2.5, 3.5], 0.75),  # errors half as far apart as the returns
        ([-1.0, -3.0, -5.0, -7.0], -3.0),  # errors twice as far apart
    ],
)
def test_explained_variance(values, expected):
    returns = torch.tensor([1.0, 3.0, 5.0, 7.0])
    assert explained_variance(torch.tensor(values), returns).item() == pytest.approx(expected)


def test_returns_that_are_all_alike_leave_a_finite_number():
    alike = torch.full((5,), 2.0)
    assert explained_variance(alike, alike).item() == 1.0


def test_the_deviation_is_reported_with_its_extremes_over_the_actions():
    std = torch.tensor([[0.2, 0.6, 0.5], [0.4, 1.0, 0.3]])  # on average 0.3, 0.8, 0.4
    statistics = EpisodeStatistics(1, torch.device("cpu"))
    assert read_report({"value": torch.tensor(2.5)}, std, statistics) == pytest.approx(
        {
            "episode/finished": 0.0,
            "learning/value": 2.5,
            "learning/std": 0.5,
            "learning/std_min": 0.3,
            "learning/std_max": 0.8,
        }
    )
