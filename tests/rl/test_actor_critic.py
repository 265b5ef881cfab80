import math

import pytest
import torch
from torch import nn
from torch.distributions import Independent, Normal, kl_divergence

from humanoid_gym.rl.networks import (
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


ACTIVATIONS = {
    "elu": nn.functional.elu,
    "relu": nn.functional.relu,
    "tanh": torch.tanh,
    "silu": lambda x: x * torch.sigmoid(x),
    "swish": lambda x: x * torch.sigmoid(x),
    "selu": nn.functional.selu,
    "gelu": lambda x: 0.5 * x * (1.0 + torch.erf(x / math.sqrt(2.0))),
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.01 * x),
    "mish": lambda x: x * torch.tanh(torch.log1p(torch.exp(x))),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer_norm", [False, True])
def test_layers_compute_what_their_names_say(activation, layer_norm):
    config = ActorCriticConfig(
        actor_hidden=(8,), critic_hidden=(), activation=activation, layer_norm=layer_norm
    )
    networks = ActorCritic(5, 2, config)
    obs = torch.randn(7, 5)
    first, *_, last = networks.actor
    hidden = obs @ first.weight.T + first.bias
    if layer_norm:
        mean, variance = hidden.mean(-1, keepdim=True), hidden.var(-1, correction=0, keepdim=True)
        hidden = (hidden - mean) / torch.sqrt(variance + 1e-5)
    expected = ACTIVATIONS[activation](hidden) @ last.weight.T + last.bias
    torch.testing.assert_close(networks.act_greedily(obs), expected)
    assert len(networks.critic) == 1
    networks.evaluate(obs, *unused(7)).mean.sum().backward()
    assert first.weight.grad.abs().sum() > 0.0


def unused(size):
    """States, starts and memories of samples that stand for themselves."""
    nothing = torch.zeros(size, 0)
    return nothing, torch.zeros(size, dtype=torch.bool), nothing, nothing


def test_shared_layers_are_trained_by_both_losses_and_nothing_else_is():
    config = ActorCriticConfig(actor_hidden=(8,), critic_hidden=(8,), shared_hidden=(16, 12))
    networks = ActorCritic(5, 2, config)
    assert networks.actor[0].in_features == networks.critic[0].in_features == 12
    shared = [*networks.shared.parameters()]
    obs = torch.randn(7, 5)
    policy, _, values = networks.evaluate(obs, *unused(7))
    for output, own, other in (
        (policy, networks.actor, networks.critic),
        (values, networks.critic, networks.actor),
    ):
        parameters = [*shared, *own.parameters(), *other.parameters()]
        gradients = torch.autograd.grad(
            output.sum(), parameters, retain_graph=True, allow_unused=True
        )
        count = len(shared) + len([*own.parameters()])
        assert all(gradient.abs().sum() > 0.0 for gradient in gradients[:count])
        assert all(gradient is None for gradient in gradients[count:])
    torch.testing.assert_close(networks.act_greedily(obs), policy)
    torch.testing.assert_close(networks.value(obs), values)
    # every parameter is trained, in one group
    groups = [*networks.policy_parameters(), *networks.critic_parameters()]
    assert len(groups) == len(set(groups)) == len([*networks.parameters()])


def test_normalization_can_be_frozen():
    config = ActorCriticConfig(freeze_normalization_after=30)
    networks = ActorCritic(3, 2, config)
    seen = torch.randn(40, 3)
    networks.update_observation_statistics(seen[:20])
    networks.update_observation_statistics(seen[20:])  # the batch that reaches 30 still counts
    before = {k: v.clone() for k, v in networks.observation_normalizer.state_dict().items()}
    torch.testing.assert_close(before["mean"], seen.double().mean(0))
    torch.testing.assert_close(before["variance"], seen.double().var(0, correction=0))
    assert before["count"] == 40
    networks.update_observation_statistics(100.0 * torch.randn(50, 3))
    after = networks.observation_normalizer.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
