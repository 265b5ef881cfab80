"""Where the standard deviation of the actions comes from."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from humanoid_gym.config import ConfigError, build
from humanoid_gym.rl.networks import (
    ActorCritic,
    ActorCriticConfig,
    gaussian_entropy,
    gaussian_kl,
    gaussian_log_prob,
)
from humanoid_gym.rl.networks.gaussian import ActionStd

SMALL = {"actor_hidden": (16,), "critic_hidden": (16,)}


def action_std(
    initial=0.5, *, state_dependent=False, parametrization="exp", bounds=(0.0, math.inf)
):
    return ActionStd(3, initial, True, state_dependent, parametrization, bounds)


def test_formulas_with_a_deviation_for_each_sample_match_torch_distributions():
    torch.manual_seed(0)
    mean, other_mean, log_std, other_log_std = torch.randn(4, 6, 5, 3)
    one = Independent(Normal(mean, log_std.exp()), 1)
    other = Independent(Normal(other_mean, other_log_std.exp()), 1)
    actions = one.sample()
    torch.testing.assert_close(gaussian_log_prob(actions, mean, log_std), one.log_prob(actions))
    torch.testing.assert_close(gaussian_entropy(log_std), one.entropy())
    kl = gaussian_kl(mean, log_std, other_mean, other_log_std)
    torch.testing.assert_close(kl, kl_divergence(one, other), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("parametrization", ["exp", "softplus"])
@pytest.mark.parametrize("initial", [1e-3, 0.5, 1.0, 50.0])
def test_training_starts_with_the_configured_deviation(parametrization, initial):
    std = action_std(initial, parametrization=parametrization)
    torch.testing.assert_close(std(std.raw).exp(), torch.full((3,), initial), rtol=1e-4, atol=0)


def test_parametrizations():
    raw = torch.tensor([-30.0, -2.0, 0.0, 3.0, 30.0])
    torch.testing.assert_close(action_std()(raw), raw)
    expected = torch.nn.functional.softplus(raw.double()).log().float()
    torch.testing.assert_close(action_std(parametrization="softplus")(raw), expected)


@pytest.mark.parametrize("parametrization", ["exp", "softplus"])
def test_bounds_hold_and_do_not_hold_fast(parametrization):
    std = action_std(parametrization=parametrization, bounds=(0.2, 2.0))
    raw = torch.tensor([-9.0, 0.0, 9.0], requires_grad=True)
    values = std(raw).exp()
    torch.testing.assert_close(values[[0, 2]], torch.tensor([0.2, 2.0]))
    assert 0.2 < values[1] < 2.0
    # Descent on a loss that wants larger deviations may move the lowest, not the highest ...
    (up,) = torch.autograd.grad(-std(raw).sum(), raw)
    assert (up[:2] < 0.0).all() and up[2] == 0.0
    # ... and the other way round.
    (down,) = torch.autograd.grad(std(raw).sum(), raw)
    assert (down[1:] > 0.0).all() and down[0] == 0.0


@pytest.mark.parametrize("parametrization", ["exp", "softplus"])
def test_state_dependent_deviation_is_an_output_of_the_actor(parametrization):
    config = ActorCriticConfig(
        **SMALL, state_dependent_std=True, initial_std=0.3, std_parametrization=parametrization
    )
    torch.manual_seed(0)
    networks = ActorCritic(4, 2, config)
    obs = torch.randn(4000, 4)
    fresh = networks.act(obs)
    torch.testing.assert_close(fresh.log_std.exp(), torch.full((4000, 2), 0.3))

    torch.nn.init.normal_(networks.actor[-1].weight)
    step = networks.act(obs, torch.Generator().manual_seed(0))
    assert step.log_std.shape == (4000, 2)
    assert step.log_std.std(0).min() > 0.5
    expected = Independent(Normal(step.mean, step.log_std.exp()), 1).log_prob(step.actions)
    torch.testing.assert_close(step.log_probs, expected)
    noise = (step.actions - step.mean) / step.log_std.exp()
    torch.testing.assert_close(noise.std(0), torch.ones(2), rtol=0.05, atol=0)
    with pytest.raises(RuntimeError, match="depends on the state"):
        _ = networks.log_std


def test_fixed_deviation_is_not_a_trained_parameter():
    networks = ActorCritic(4, 2, ActorCriticConfig(**SMALL, learn_std=False))
    trained = {*networks.policy_parameters(), *networks.critic_parameters()}
    assert networks.action_std.raw not in trained
    assert len(trained) == len(list(networks.parameters())) - 1


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"initial_std": 0.1, "min_std": 0.2}, r"initial_std is 0\.1, outside of min_std 0\.2"),
        ({"max_std": 0.5}, "initial_std is 1, outside"),
        ({"min_std": 2.0, "max_std": 1.0}, "outside of min_std 2 and max_std 1"),
        ({"min_std": 0.0}, "must be > 0"),
        ({"state_dependent_std": True, "learn_std": False}, "needs learn_std"),
        ({"std_parametrization": "square"}, "one of exp, softplus"),
    ],
)
def test_impossible_deviations_are_refused(settings, match):
    with pytest.raises(ConfigError, match=match):
        build(ActorCriticConfig, settings, "train.policy")
