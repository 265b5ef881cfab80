import math

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from humanoid_gym.rl.actor_critic import (
    ActorCritic,
    ActorCriticConfig,
    gaussian_entropy,
    gaussian_kl,
    gaussian_log_prob,
)


@pytest.fixture
def gaussians():
    torch.manual_seed(0)
    mean, other = torch.randn(2, 11, 4)
    log_std, other_log_std = 0.5 * torch.randn(2, 4)
    return mean, log_std, other, other_log_std


def test_closed_forms_match_torch_distributions(gaussians):
    mean, log_std, other_mean, other_log_std = gaussians
    one = Independent(Normal(mean, log_std.exp()), 1)
    other = Independent(Normal(other_mean, other_log_std.exp()), 1)
    actions = one.sample()
    torch.testing.assert_close(gaussian_log_prob(actions, mean, log_std), one.log_prob(actions))
    torch.testing.assert_close(gaussian_entropy(log_std), one.entropy()[0])
    torch.testing.assert_close(
        gaussian_kl(mean, log_std, other_mean, other_log_std), kl_divergence(one, other)
    )


def test_kl_of_equal_distributions_is_exactly_zero(gaussians):
    mean, log_std, *_ = gaussians
    assert not gaussian_kl(mean, log_std, mean, log_std).any()


def test_samples_have_the_stated_distribution():
    torch.manual_seed(0)
    networks = ActorCritic(3, 2, ActorCriticConfig(initial_std=0.5))
    obs = torch.ones(1, 3).expand(20000, 3)
    step = networks.act(obs, torch.Generator().manual_seed(1))
    torch.testing.assert_close(step.actions.std(0), torch.full((2,), 0.5), rtol=0.02, atol=0)
    torch.testing.assert_close(step.actions.mean(0), step.mean[0], rtol=0, atol=0.02)
    torch.testing.assert_close(networks.act_greedily(obs), step.mean)
    expected = Normal(step.mean, 0.5).log_prob(step.actions).sum(-1)
    torch.testing.assert_close(step.log_probs, expected)


def test_generator_decides_the_noise():
    networks = ActorCritic(3, 2, ActorCriticConfig())
    one, other = (networks.act(torch.ones(5, 3), torch.Generator().manual_seed(1)) for _ in "ab")
    assert torch.equal(one.actions, other.actions)


def test_values_are_in_return_units():
    networks = ActorCritic(3, 2, ActorCriticConfig())
    returns = torch.randn(1000) * 40.0 + 300.0
    networks.update_value_statistics(returns)
    obs = torch.randn(8, 3)
    expected = networks.critic(obs).squeeze(-1) * returns.std(correction=0) + returns.mean()
    torch.testing.assert_close(networks.value(obs), expected)


def test_normalization_can_be_turned_off():
    config = ActorCriticConfig(
        normalize_observations=False, normalize_values=False, observation_clip=math.inf
    )
    networks = ActorCritic(3, 2, config)
    obs = 100.0 * torch.randn(50, 3)
    networks.update_observation_statistics(obs)
    networks.update_value_statistics(100.0 * torch.randn(50))
    torch.testing.assert_close(networks.value(obs), networks.critic(obs).squeeze(-1))


def test_orthogonal_layers():
    config = ActorCriticConfig(initialization="orthogonal", actor_hidden=(64, 32))
    first, _, second, _, last = ActorCritic(16, 4, config).actor
    identity = torch.eye(16)
    torch.testing.assert_close(first.weight.T @ first.weight, 2.0 * identity, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        second.weight @ second.weight.T, 2.0 * torch.eye(32), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(last.weight @ last.weight.T, 1e-4 * torch.eye(4), atol=1e-8, rtol=0)
    assert not last.bias.any()
