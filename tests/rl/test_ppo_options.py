"""Options of PPO that are off or constant by default."""

import copy
import itertools
import math
from dataclasses import replace

import pytest
import torch
from ppo_samples import NUM_ACTIONS, NUM_OBS, fill_rollout, make_batch, small_networks
from recording_execution import RecordingExecution
from rsl_rl_learner import rsl_rl_ppo
from sync_guard import SyncGuard

from humanoid_gym.mirror import MirrorMap, signs
from humanoid_gym.rl.networks import ActorCriticConfig, Evaluation
from humanoid_gym.rl.ppo import PPO, PPOConfig, ppo_loss
from humanoid_gym.rl.ppo.evaluation import ReturnScale
from humanoid_gym.rl.ppo.learning_rate import LearningRates
from humanoid_gym.rl.ppo.symmetry import Mirror
from humanoid_gym.rl.rollout_storage import RolloutStorage

CPU = torch.device("cpu")


def rates_after(config: PPOConfig, epochs: list[list[float]]) -> list[float]:
    """The rate after each epoch of an iteration whose minibatches diverge as listed."""
    rates = LearningRates(config, CPU)
    rates.begin_iteration(0.0)
    result = []
    for number, epoch in enumerate(epochs):
        for kl in epoch:
            rates.observe(torch.tensor(kl), share=1.0 / len(epoch))
        rates.end_epoch(is_last=number == len(epochs) - 1)
        result.append(rates.policy.item())
    return result


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        # near half of 0.02 and below: x 1.5, between: as it is, above twice: / 1.5
        ("gradient_step", [1.5e-3 * 1.5 / 1.5, 1e-3]),
        ("epoch", [1e-3, 1e-3 / 1.5]),  # epochs' means: 0.02 and 0.05
        ("iteration", [1e-3, 1e-3 / 1.5]),  # the last epoch's mean: 0.05
    ],
)
def test_the_rate_adapts_as_often_as_configured(interval, expected):
    config = PPOConfig(learning_rate=1e-3, kl_target=0.02, adapt_every=interval)
    epochs = [[0.0, 0.005, 0.055], [0.1, 0.03, 0.02]]
    assert rates_after(config, epochs) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("interval", "times"), [("gradient_step", 6), ("epoch", 3), ("iteration", 1)]
)
def test_an_update_adapts_the_rate_as_often_as_configured(interval, times):
    """The samples are of another policy: every look at the divergence finds it too far."""
    config = PPOConfig(
        num_epochs=3, num_minibatches=2, learning_rate=1e-3, kl_target=1e-6, adapt_every=interval
    )
    rate = PPO(small_networks(), config).update(make_batch(16))["learning_rate"]
    assert rate.item() == pytest.approx(1e-3 / 1.5**times)


def test_an_epochs_divergence_is_the_mean_over_its_samples():
    batch = make_batch(10)  # in minibatches of 3, 3, 2 and 2
    kl = ppo_loss(small_networks(), batch, PPOConfig()).kl.item()
    settings = {"num_epochs": 1, "learning_rate": 1e-9, "learning_rate_range": (1e-12, 1.0)}
    for target, factor in (
        (kl / 2.1, 1 / 1.5),
        (kl / 1.9, 1.0),
        (kl / 0.55, 1.0),
        (kl / 0.45, 1.5),
    ):
        config = PPOConfig(kl_target=target, adapt_every="epoch", **settings)
        rate = PPO(small_networks(), config).update(batch)["learning_rate"]
        assert rate.item() == pytest.approx(1e-9 * factor)


def test_an_epochs_divergence_does_not_reach_the_next():
    config = PPOConfig(learning_rate=1e-3, kl_target=0.02, adapt_every="epoch")
    epochs = [[0.03, 0.03], [0.005, 0.005], [0.005, 0.005]]
    assert rates_after(config, epochs) == pytest.approx([1e-3, 1.5e-3, 2.25e-3], rel=1e-5)


@pytest.mark.parametrize("schedule", ["linear", "constant"])
def test_other_schedules_do_not_look_at_the_divergence(schedule):
    config = PPOConfig(learning_rate=1e-3, learning_rate_schedule=schedule)
    assert rates_after(config, [[5.0], [0.0]]) == pytest.approx([1e-3, 1e-3])


def taken_steps(**settings) -> tuple[list[float], list[float]]:
    """First weight of the actor before each gradient step and at the end, and the rates."""
    config = PPOConfig(num_epochs=6, num_minibatches=2, max_grad_norm=None, **settings)
    networks = small_networks()
    ppo = PPO(networks, config, torch.Generator().manual_seed(0))
    weights, rates = [], []
    step = ppo.optimizer.step

    def watched(skip=None):
        weights.append(networks.actor[0].weight[0, 0].item())
        rates.append(ppo.learning_rate.item())
        step(skip)

    ppo.optimizer.step = watched
    batch = ppo.prepare(fill_rollout(networks))
    for _ in range(2):
        ppo.update(batch)
        batch = ppo.prepare(fill_rollout(networks))
    return [*weights, networks.actor[0].weight[0, 0].item()], rates


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_an_iteration_takes_no_more_steps_once_the_policy_went_too_far(optimizer):
    settings = {
        "learning_rate": 0.02,
        "learning_rate_schedule": "constant",
        "optimizer": optimizer,
    }
    free, _ = taken_steps(**settings)
    held, _ = taken_steps(**settings, kl_stop=0.1)
    moved = [a != b for a, b in itertools.pairwise(held)]
    first_iteration = moved[:12]
    stop = first_iteration.index(False)
    assert 1 <= stop < 12
    assert first_iteration == [True] * stop + [False] * (12 - stop)  # no step after the first stop
    assert held[: stop + 1] == free[: stop + 1]  # and until then the very same ones
    assert moved[12]  # the next iteration starts anew


def test_a_stopped_iteration_does_not_go_on_changing_the_rate():
    _, rates = taken_steps(learning_rate=0.02, kl_target=0.02, kl_stop=0.1)
    assert min(rates) > 1e-3  # twelve divisions by 1.5 would lead to 1.5e-4
    weights, _ = taken_steps(learning_rate=0.02, kl_target=0.02, kl_stop=0.1)
    assert weights.count(weights[11]) > 1


def test_entropy_bonus_decays_linearly():
    networks = small_networks()
    config = PPOConfig(
        entropy_coef=0.1,
        final_entropy_coef=0.02,
        num_epochs=1,
        num_minibatches=1,
        value_loss_coef=0.0,
        bounds_loss_coef=0.0,
        max_grad_norm=None,
    )
    ppo = PPO(networks, config)
    batch = make_batch(16)._replace(advantages=torch.zeros(16))
    for progress, coefficient in ((0.0, 0.1), (0.25, 0.08), (1.0, 0.02), (1.5, 0.02)):
        ppo.update(batch, progress)
        # the entropy of a Gaussian grows by one nat per action and unit of log std
        gradient = networks.action_std.raw.grad
        torch.testing.assert_close(gradient, torch.full((NUM_ACTIONS,), -coefficient))


def test_value_clipping_has_a_range_of_its_own():
    """By hand: target 2, old value 0, new value 1.5; bounded to 0.3 the error is 1.7^2."""
    networks = small_networks()
    with torch.no_grad():
        networks.critic[-1].weight.zero_()
        networks.critic[-1].bias.fill_(1.5)
    batch = make_batch(4)._replace(values=torch.zeros(4), returns=torch.full((4,), 2.0))
    for settings, expected in (
        ({"clip_range": 0.2, "value_clip_range": 0.3}, 1.7**2),
        ({"clip_range": 0.2}, 1.8**2),
        ({"clip_range": 0.2, "clip_value_loss": False}, 0.5**2),
        ({"value_clip_range": 5.0}, 0.5**2),
    ):
        terms = ppo_loss(networks, batch, PPOConfig(**settings))
        assert terms.value.item() == pytest.approx(expected, rel=1e-5), settings


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (
            PPOConfig,
            {"value_clip_range": 0.3, "clip_value_loss": False},
            r"value_clip_range is 0\.3, but clip_value_loss is false",
        ),
        (
            ActorCriticConfig,
            {"freeze_normalization_after": 9, "normalize_observations": False},
            "freeze_normalization_after needs normalize_observations",
        ),
    ],
)
def test_a_setting_without_the_one_that_it_belongs_to_is_refused(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        kind(**settings)


def test_gradients_need_not_be_clipped():
    networks = small_networks()
    config = PPOConfig(num_epochs=1, num_minibatches=1, max_grad_norm=None, value_loss_coef=50.0)
    ppo = PPO(networks, config)
    metrics = ppo.update(make_batch(32))
    norm = torch.cat([p.grad.flatten() for p in ppo.parameters]).norm()
    assert norm > 10.0
    torch.testing.assert_close(metrics["gradient_norm"], norm)


def test_advantages_of_a_minibatch_can_be_normalized_as_in_rsl_rl():
    networks, batch = small_networks(), make_batch(64)
    batch = batch._replace(advantages=batch.advantages * 7.0 + 3.0)
    settings = {"value_loss_coef": 0.8, "entropy_coef": 0.02, "learning_rate": 1e-3}
    reference = rsl_rl_ppo(
        networks,
        batch,
        num_learning_epochs=4,
        num_mini_batches=1,
        schedule="fixed",
        max_grad_norm=1e9,
        normalize_advantage_per_mini_batch=True,
        **settings,
    )
    reference.update()
    config = PPOConfig(
        num_epochs=4,
        num_minibatches=1,
        learning_rate_schedule="constant",
        max_grad_norm=None,
        bounds_loss_coef=0.0,
        advantage_normalization="minibatch",
        **settings,
    )
    PPO(networks, config).update(batch)
    for a, b in zip(networks.actor.parameters(), reference.actor.mlp.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("kind", ["rollout", "minibatch", "none"])
def test_prepared_advantages_are_normalized_over_the_rollout_only_if_configured(kind):
    networks = small_networks()
    storage = fill_rollout(networks)
    batch = PPO(networks, PPOConfig(advantage_normalization=kind)).prepare(storage)
    mean, std = batch.advantages.mean().item(), batch.advantages.std().item()
    if kind == "rollout":
        assert (mean, std) == (pytest.approx(0.0, abs=1e-5), pytest.approx(1.0, rel=1e-4))
    else:
        assert abs(mean) > 0.01 and abs(std - 1.0) > 0.01


def rewards_with_ends(seed: int) -> RolloutStorage:
    g = torch.Generator().manual_seed(seed)
    storage = RolloutStorage(5, 3, NUM_OBS, NUM_ACTIONS, CPU)
    storage.rewards.copy_(torch.randn(5, 3, generator=g) * 4.0 + 1.0)
    storage.terminated[2, 0] = True
    storage.truncated[4, 1] = True
    return storage


def test_rewards_are_divided_by_the_deviation_of_the_discounted_return():
    """Step by step in plain Python, over two rollouts with ends of episodes in them."""
    gamma, seen, running = 0.9, [], [0.0, 0.0, 0.0]
    scale = ReturnScale(gamma, CPU)
    for seed in (1, 2):
        storage = rewards_with_ends(seed)
        for t in range(5):
            for i in range(3):
                running[i] = running[i] * gamma + storage.rewards[t, i].item()
                seen.append(running[i])
                if storage.terminated[t, i] or storage.truncated[t, i]:
                    running[i] = 0.0
        mean = sum(seen) / len(seen)
        deviation = math.sqrt(sum((value - mean) ** 2 for value in seen) / len(seen) + 1e-5)
        expected = storage.rewards / deviation  # before: the storage is not to change
        torch.testing.assert_close(scale.scaled(storage), expected)
    copy = ReturnScale(gamma, CPU)
    copy.load_state_dict(scale.state_dict())
    assert torch.equal(copy.scaled(rewards_with_ends(3)), scale.scaled(rewards_with_ends(3)))


def test_normalized_rewards_reach_the_returns_and_the_checkpoint():
    networks = small_networks()
    ppo = PPO(networks, PPOConfig(normalize_rewards=True))
    storage = fill_rollout(networks)
    storage.rewards.mul_(1000.0)
    batch = ppo.prepare(storage)
    assert networks.value_normalizer.scale.item() < 20.0  # thousands without
    resumed = PPO(small_networks(), PPOConfig(normalize_rewards=True))
    resumed.load_state_dict(ppo.state_dict())
    a, b = ppo.state_dict()["return_scale"], resumed.state_dict()["return_scale"]
    assert torch.equal(a["returns"], b["returns"]) and a["returns"].abs().max() > 0.0
    assert torch.isfinite(batch.returns).all()


ALL_OPTIONS = PPOConfig(
    kl_stop=0.05,
    final_entropy_coef=0.1,
    normalize_rewards=True,
    advantage_normalization="minibatch",
    value_clip_range=0.4,
    max_grad_norm=None,
    num_epochs=2,
    num_minibatches=3,
)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "muon"])
@pytest.mark.parametrize("interval", ["gradient_step", "epoch", "iteration"])
def test_no_option_waits_for_the_device(optimizer, interval):
    networks = small_networks()
    ppo = PPO(networks, replace(ALL_OPTIONS, optimizer=optimizer, adapt_every=interval))
    storage = fill_rollout(networks)
    ppo.update(ppo.prepare(storage), 0.5)  # allocates the optimizer's state
    batch, scale = ppo.prepare(storage), ReturnScale(0.99, CPU)
    with SyncGuard():
        scale.scaled(storage)
        ppo.update(batch, 0.5)


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
@pytest.mark.parametrize("execution", [RecordingExecution, None])
def test_the_critic_can_learn_alone_for_some_iterations(optimizer, execution):
    config = PPOConfig(
        critic_warmup_iterations=2,
        learning_rate=1e-3,
        optimizer=optimizer,
        weight_decay=0.0 if optimizer == "muon" else None,
        entropy_coef=0.1,
    )
    networks, batch = small_networks(), make_batch(32)
    ppo = PPO(networks, config, execution=execution and execution())

    def changed() -> tuple[bool, bool]:
        before = {name: p.detach().clone() for name, p in networks.named_parameters()}
        ppo.update(batch)
        moved = [n for n, p in networks.named_parameters() if not torch.equal(before[n], p)]
        critic = [name.startswith("critic") for name in moved]
        return any(critic), not all(critic)

    assert changed() == (True, False)
    assert ppo.learning_rate.item() == pytest.approx(1e-3)  # a divergence of 0 does not count
    resumed, state = PPO(networks, config), copy.deepcopy(ppo.state_dict())
    resumed.load_state_dict(state)
    assert changed() == (True, False)
    assert changed() == (True, True)
    ppo = resumed  # goes on after the first iteration
    assert changed() == (True, False)
    assert changed() == (True, True)


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_while_the_policy_is_held_only_the_value_loss_counts(weight):
    settings = {"value_loss_coef": 0.7, "entropy_coef": 0.1, "bounds_loss_coef": 0.5}
    config = PPOConfig(**settings, action_bound=0.05)
    terms = ppo_loss(small_networks(), make_batch(16), config, policy_weight=torch.tensor(weight))
    others = terms.policy + 0.5 * terms.bounds - 0.1 * terms.entropy
    torch.testing.assert_close(terms.loss, 0.7 * terms.value + weight * others)


class FreeNetworks:
    """Says whatever it is given, in double precision."""

    def __init__(self, *answer: torch.Tensor) -> None:
        self.answer = Evaluation(*answer)

    def evaluate(self, *inputs: torch.Tensor) -> Evaluation:
        return self.answer


@pytest.mark.parametrize("augmented", [False, True])
def test_gradients_match_finite_differences(augmented):
    """With respect to all that the networks say: means, deviations, values."""
    batch = make_batch(6)._replace(mirrored_observations=torch.zeros(6, NUM_OBS))
    batch = type(batch)(*[t.double() if t.is_floating_point() else t for t in batch])
    config = PPOConfig(
        entropy_coef=0.03,
        bounds_loss_coef=0.5,
        action_bound=0.01,
        value_clip_range=0.7,
        symmetry_augmentation=augmented,
    )
    reflection = signs(1, -1, 1)
    mirror = Mirror(MirrorMap(obs=signs(*[1] * NUM_OBS), actions=reflection), CPU)

    def loss(mean: torch.Tensor, log_std: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        networks = FreeNetworks(mean, log_std, values)
        return ppo_loss(networks, batch, config, mirror if augmented else None).loss

    g = torch.Generator().manual_seed(2)
    rows = 12 if augmented else 6
    answer = [
        torch.randn(*shape, generator=g, dtype=torch.float64, requires_grad=True)
        for shape in ((rows, NUM_ACTIONS), (NUM_ACTIONS,), (rows,))
    ]
    assert torch.autograd.gradcheck(loss, answer)
