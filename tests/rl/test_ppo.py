import math
from dataclasses import replace

import pytest
import torch
from ppo_samples import (
    NUM_ACTIONS,
    NUM_OBS,
    OLD_LOG_STD,
    POLICY,
    fill_rollout,
    make_batch,
    small_networks,
)
from rsl_rl_learner import rsl_rl_ppo
from torch.distributions import Independent, Normal, kl_divergence

from humanoid_gym.config import ConfigError
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.ppo import (
    METRICS,
    PPO,
    Batch,
    PPOConfig,
    adapted_learning_rate,
    num_minibatches,
    ppo_loss,
)
from humanoid_gym.rl.ppo.minibatches import shuffled_minibatches


@pytest.fixture
def networks() -> ActorCritic:
    return small_networks()


def reference_loss(networks: ActorCritic, batch: Batch, config: PPOConfig):
    """The published formulas, sample by sample, with torch.distributions."""
    policy = Independent(
        Normal(networks.actor(batch.observations), networks.log_std.exp()), 1, validate_args=False
    )
    values = networks.critic(batch.observations)[:, 0]
    ratios = torch.exp(policy.log_prob(batch.actions) - batch.log_probs)
    total = torch.zeros(())
    for i, ratio in enumerate(ratios):
        advantage = batch.advantages[i]
        lowest, highest = 1 - config.clip_range, 1 + config.clip_range
        total = total - min(ratio * advantage, max(lowest, min(ratio, highest)) * advantage)
        error = (values[i] - batch.returns[i]) ** 2
        if config.clip_value_loss:
            step = max(-config.clip_range, min(values[i] - batch.values[i], config.clip_range))
            error = max(error, (batch.values[i] + step - batch.returns[i]) ** 2)
        total = total + config.value_loss_coef * error
        for mean in policy.mean[i]:
            excess = max(abs(mean) - config.action_bound, 0.0)
            total = total + config.bounds_loss_coef * excess**2
    return total / len(ratios) - config.entropy_coef * policy.entropy().mean()


def gradients(loss, networks):
    networks.zero_grad()
    loss.backward()
    return {n: p.grad.clone() for n, p in networks.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    "config",
    [
        PPOConfig(),
        PPOConfig(clip_value_loss=False, entropy_coef=0.01),
        PPOConfig(bounds_loss_coef=3.0, action_bound=0.05, clip_range=0.5, value_loss_coef=0.7),
    ],
)
def test_loss_and_gradients_match_the_formulas(networks, config):
    batch = make_batch(50)
    terms = ppo_loss(networks, batch, config)
    expected = reference_loss(networks, batch, config)
    torch.testing.assert_close(terms.loss, expected)
    ours, theirs = gradients(terms.loss, networks), gradients(expected, networks)
    for name, gradient in theirs.items():
        torch.testing.assert_close(ours[name], gradient, rtol=1e-4, atol=1e-6)


def test_kl_and_clip_fraction_match_torch_distributions(networks):
    batch = make_batch(40)
    terms = ppo_loss(networks, batch, PPOConfig())
    old = Normal(batch.means, OLD_LOG_STD.exp())
    new = Normal(networks.actor(batch.observations), networks.log_std.exp())
    torch.testing.assert_close(terms.kl, kl_divergence(old, new).sum(-1).mean().detach())
    ratio = (new.log_prob(batch.actions).sum(-1) - batch.log_probs).exp()
    outside = ((ratio < 0.8) | (ratio > 1.2)).float().mean()
    torch.testing.assert_close(terms.clip_fraction, outside)


@pytest.mark.parametrize("schedule", ["fixed", "adaptive"])
def test_update_matches_rsl_rl(networks, schedule):
    batch = make_batch(64)
    # One minibatch, so that the order of the samples is no matter; no gradient clipping, since
    # rsl_rl clips the two networks apart; no bounds loss, which it does not have.
    reference = rsl_rl_ppo(
        networks,
        batch,
        num_learning_epochs=5,
        num_mini_batches=1,
        value_loss_coef=0.8,
        entropy_coef=0.02,
        learning_rate=1e-3,
        schedule=schedule,
        desired_kl=0.5,
        max_grad_norm=1e9,
    )
    reference.update()
    config = PPOConfig(
        num_epochs=5,
        num_minibatches=1,
        value_loss_coef=0.8,
        entropy_coef=0.02,
        learning_rate=1e-3,
        learning_rate_schedule="adaptive" if schedule == "adaptive" else "constant",
        kl_target=0.5,
        max_grad_norm=1e9,
        bounds_loss_coef=0.0,
    )
    ppo = PPO(networks, config)
    metrics = ppo.update(batch)

    assert metrics["learning_rate"].item() == pytest.approx(reference.learning_rate)
    theirs = [*reference.actor.mlp.parameters(), *reference.critic.mlp.parameters()]
    ours = [*networks.actor.parameters(), *networks.critic.parameters()]
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=2e-6)
    torch.testing.assert_close(
        networks.log_std, reference.actor.distribution.log_std_param, rtol=1e-4, atol=2e-6
    )


def test_gradient_is_clipped_as_one_vector(networks):
    ppo = PPO(networks, PPOConfig(num_epochs=1, num_minibatches=1, max_grad_norm=1e-3))
    metrics = ppo.update(make_batch(32))
    assert metrics["gradient_norm"] > 1e-2
    norm = torch.cat([p.grad.flatten() for p in ppo.parameters]).norm()
    assert norm.item() == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize(("size", "count"), [(50, 4), (51, 4), (7, 5), (9, 9), (8, 1)])
def test_minibatches_weigh_samples_equally(networks, size, count):
    """With no steps taken, an epoch's mean gradient is that of all samples at once."""
    batch = make_batch(size)
    whole = gradients(ppo_loss(networks, batch, PPOConfig()).loss, networks)

    config = PPOConfig(num_epochs=3, num_minibatches=count, max_grad_norm=1e9)
    ppo = PPO(networks, config)
    seen = []

    class Recorder(torch.optim.SGD):
        def step(self, closure=None):
            seen.append({n: p.grad.clone() for n, p in networks.named_parameters()})

    ppo.optimizer = Recorder(networks.parameters(), lr=0.0)
    metrics = ppo.update(batch)
    assert len(seen) == 3 * count
    for epoch in range(3):
        for name, gradient in whole.items():
            mean = sum(g[name] for g in seen[epoch * count : (epoch + 1) * count]) / count
            torch.testing.assert_close(mean, gradient, rtol=1e-4, atol=1e-6)
    full = ppo_loss(networks, batch, config)
    for name in ("loss", "policy", "value", "kl", "clip_fraction"):
        torch.testing.assert_close(metrics[name], getattr(full, name).detach())


def test_every_sample_is_used_once_per_epoch():
    generator, cpu = torch.Generator(), torch.device("cpu")
    parts = [part for _ in range(3) for part in shuffled_minibatches(51, 4, generator, cpu)]
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    orders = [torch.cat(parts[4 * k : 4 * k + 4]) for k in range(3)]
    for order in orders:
        assert order.sort().values.tolist() == list(range(51))
    assert not torch.equal(orders[0], orders[1])


@pytest.mark.parametrize(
    ("kl", "rate", "expected"),
    [
        (0.0, 3e-4, 4.5e-4),
        (0.0099, 3e-4, 4.5e-4),  # below half of 0.02
        (0.0101, 3e-4, 3e-4),
        (0.0399, 3e-4, 3e-4),
        (0.0401, 3e-4, 2e-4),  # above twice
        (0.0, 9e-3, 1e-2),  # bounded
        (1.0, 1.2e-5, 1e-5),
        (math.nan, 3e-4, 3e-4),
    ],
)
def test_learning_rate_follows_the_kl_target(kl, rate, expected):
    result = adapted_learning_rate(torch.tensor(rate), torch.tensor(kl), PPOConfig(kl_target=0.02))
    assert result.item() == pytest.approx(expected, rel=1e-6)
    assert result.dim() == 0


def test_optimizer_uses_the_adapted_rate_also_after_loading(networks):
    config = PPOConfig(num_epochs=1, num_minibatches=1, kl_target=1e-6)
    ppo = PPO(networks, config)
    ppo.update(make_batch(16))
    ppo.load_state_dict(ppo.state_dict())
    before = networks.log_std.detach().clone()
    ppo.learning_rate.zero_()  # clamped to the lower bound at the next step
    ppo.update(make_batch(16))
    change = (networks.log_std.detach() - before).abs().max().item()
    assert 0.0 < change < 2.5e-5  # Adam moves by about its rate, 1e-5; the first was 3e-4


def test_linear_rate_falls_to_zero(networks):
    config = PPOConfig(learning_rate=1e-3, learning_rate_schedule="linear", num_epochs=1)
    ppo = PPO(networks, config)
    for progress, expected in ((0.0, 1e-3), (0.25, 7.5e-4), (1.0, 0.0), (1.5, 0.0)):
        metrics = ppo.update(make_batch(16), progress)
        assert metrics["learning_rate"].item() == pytest.approx(expected)


@pytest.mark.parametrize("schedule", ["adaptive", "linear", "constant"])
def test_update_never_waits_for_the_device(networks, monkeypatch, schedule):
    calls = []

    def forbid(name):
        original = getattr(torch.Tensor, name)

        def counted(self, *args):
            calls.append(name)
            return original(self, *args)

        monkeypatch.setattr(torch.Tensor, name, counted)

    ppo = PPO(networks, PPOConfig(learning_rate_schedule=schedule))
    batch = make_batch(64)
    ppo.update(batch)
    for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__", "nonzero"):
        forbid(name)
    ppo.update(batch)
    assert calls == []


def test_std_can_be_fixed():
    networks = ActorCritic(NUM_OBS, NUM_ACTIONS, replace(POLICY, learn_std=False))
    ppo = PPO(networks, PPOConfig())
    ppo.update(make_batch(32))
    torch.testing.assert_close(networks.log_std.exp(), torch.full((NUM_ACTIONS,), 0.7))


def test_prepared_batch_is_normalized_and_consistent(networks):
    networks.update_observation_statistics(torch.randn(500, NUM_OBS) * 2.0)
    networks.update_value_statistics(torch.randn(500) * 5.0 + 2.0)
    storage = fill_rollout(networks)
    values = networks.value(storage.observations)
    ppo = PPO(networks, PPOConfig())
    batch = ppo.prepare(storage)

    torch.testing.assert_close(storage.values, values)
    assert batch.advantages.mean().item() == pytest.approx(0.0, abs=1e-5)
    assert batch.advantages.std().item() == pytest.approx(1.0, rel=1e-4)
    # The policy did not change since it acted: every ratio is one, nothing is clipped.
    terms = ppo_loss(networks, batch, ppo.config)
    assert terms.kl.item() == pytest.approx(0.0, abs=1e-6)
    assert terms.clip_fraction.item() == 0.0
    # In one scale, errors before and after normalization agree.
    scale = networks.value_normalizer.scale
    torch.testing.assert_close(
        (batch.returns - batch.values) * scale,
        (networks.value_normalizer.denormalize(batch.returns) - values[:-1].flatten()),
        rtol=1e-4,
        atol=1e-4,
    )


def test_a_rollout_enters_the_statistics_with_its_update(networks):
    """Returns are learned in the scale that they give; observations as the policy saw them."""
    storage = fill_rollout(networks)
    batch = PPO(networks, PPOConfig()).prepare(storage)
    assert batch.returns.mean().item() == pytest.approx(0.0, abs=1e-4)
    assert batch.returns.std(correction=0).item() == pytest.approx(1.0, rel=1e-3)
    seen = storage.observations[:-1].flatten(0, 1)  # the last belongs to the next rollout
    assert torch.equal(batch.observations, seen.clamp(-5.0, 5.0))  # nothing was known before
    statistics = networks.observation_normalizer
    torch.testing.assert_close(statistics.mean.float(), seen.mean(0))
    torch.testing.assert_close(statistics.variance.float(), seen.var(0, correction=0))
    assert statistics.count == networks.value_normalizer.count == 48


def test_only_truncated_final_observations_matter(networks):
    storage = fill_rollout(networks)
    storage.final_observations[~storage.truncated] = float("nan")
    storage.final_values.fill_(float("nan"))
    expected = networks.value(storage.final_observations[3, 2])
    batch = PPO(networks, PPOConfig()).prepare(storage)
    assert all(torch.isfinite(tensor).all() for tensor in batch)
    torch.testing.assert_close(storage.final_values[3, 2], expected)


@pytest.mark.parametrize(
    ("config", "samples", "expected"),
    [
        (PPOConfig(num_minibatches=4), 50, 4),
        (PPOConfig(minibatch_size=10), 50, 5),
        (PPOConfig(minibatch_size=50), 50, 1),
    ],
)
def test_number_of_minibatches(config, samples, expected):
    assert num_minibatches(config, samples) == expected


@pytest.mark.parametrize(
    ("config", "match"),
    [
        (PPOConfig(minibatch_size=12), "minibatch_size is 12, which does not divide the 50"),
        (PPOConfig(minibatch_size=100), "does not divide the 50"),
        (PPOConfig(num_minibatches=51), "num_minibatches is 51"),
    ],
)
def test_impossible_minibatches_name_the_numbers(config, match):
    with pytest.raises(ConfigError, match=match):
        num_minibatches(config, 50)


def test_a_single_sample_is_refused_as_it_has_no_deviation():
    with pytest.raises(ConfigError, match=r"has only 1 sample, .* raise num_envs or train\.runner"):
        num_minibatches(PPOConfig(num_minibatches=1), 1)
    alone = {"advantage_normalization": "minibatch"}
    for config in (PPOConfig(minibatch_size=1, **alone), PPOConfig(num_minibatches=3, **alone)):
        with pytest.raises(ConfigError, match="minibatch may have only 1 sample"):
            num_minibatches(config, 5)  # in three parts: two, two and one
    assert num_minibatches(PPOConfig(num_minibatches=3), 5) == 3
    # a minibatch of one environment's three steps
    assert num_minibatches(PPOConfig(num_minibatches=5, **alone), 15, sequence_length=3) == 5


def test_metrics_are_complete(networks):
    metrics = PPO(networks, PPOConfig()).update(make_batch(20))
    assert set(metrics) == {*METRICS, "learning_rate"} - {"mirror"}
    assert all(value.dim() == 0 for value in metrics.values())
