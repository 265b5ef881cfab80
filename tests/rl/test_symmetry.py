"""Learning from mirror images."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from point_mass import PointMass
from ppo_samples import (
    NUM_ACTIONS,
    NUM_OBS,
    POLICY,
    fill_rollout,
    make_batch,
    small_networks,
)
from recording_execution import RecordingExecution
from rsl_rl_learner import rsl_rl_ppo
from sync_guard import SyncGuard
from tensordict import TensorDict

from humanoid_gym.config import ConfigError
from humanoid_gym.mirror import MirrorMap, Reflection, signs
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig
from humanoid_gym.rl.ppo import PPO, Batch, PPOConfig, ppo_loss
from humanoid_gym.rl.ppo.symmetry import Mirror, declared_mirror_map, with_mirror_images
from humanoid_gym.rl.runner import Runner, RunnerConfig, TrainConfig

CPU = torch.device("cpu")
# the first two columns of the observation change places, so do the outer two actions
OBS = Reflection((1, 0, 2, 3, 4, 5, 6), (1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0))
ACTIONS = Reflection((2, 1, 0), (1.0, -1.0, 1.0))
MAP = MirrorMap(obs=OBS, actions=ACTIONS)


def mirrored_obs(x: torch.Tensor) -> torch.Tensor:
    a, b, c, d, e, f, g = x.unbind(-1)
    return torch.stack([b, a, -c, -d, e, f, -g], -1)


def mirrored_actions(x: torch.Tensor) -> torch.Tensor:
    a, b, c = x.unbind(-1)
    return torch.stack([c, -b, a], -1)


def augmented_batch(size: int) -> Batch:
    batch = make_batch(size)
    return batch._replace(mirrored_observations=mirrored_obs(batch.observations))


def augmentation(env, obs, actions):
    """What rsl_rl asks of a task: the originals and, after them, the mirror images."""
    if obs is not None:
        both = torch.cat([obs["policy"], mirrored_obs(obs["policy"])])
        obs = TensorDict({"policy": both}, batch_size=[len(both)])
    if actions is not None:
        actions = torch.cat([actions, mirrored_actions(actions)])
    return obs, actions


@pytest.mark.parametrize("schedule", ["fixed", "adaptive"])
@pytest.mark.parametrize(("augments", "coefficient"), [(True, 0.0), (False, 0.7), (True, 0.7)])
def test_update_matches_rsl_rl(augments, coefficient, schedule):
    networks, batch = small_networks(), augmented_batch(64)
    settings = {"value_loss_coef": 0.8, "entropy_coef": 0.02, "learning_rate": 1e-3}
    reference = rsl_rl_ppo(
        networks,
        batch,
        num_learning_epochs=5,
        num_mini_batches=1,
        schedule=schedule,
        desired_kl=0.5,
        max_grad_norm=1e9,
        symmetry_cfg={
            "env": None,
            "data_augmentation_func": augmentation,
            "use_data_augmentation": augments,
            "use_mirror_loss": coefficient > 0.0,
            "mirror_loss_coeff": coefficient,
        },
        **settings,
    )
    theirs = reference.update()
    config = PPOConfig(
        num_epochs=5,
        num_minibatches=1,
        learning_rate_schedule="adaptive" if schedule == "adaptive" else "constant",
        kl_target=0.5,
        max_grad_norm=None,
        bounds_loss_coef=0.0,
        symmetry_augmentation=augments,
        mirror_loss_coef=coefficient,
        **settings,
    )
    metrics = PPO(networks, config, mirror_map=MAP).update(batch)

    assert metrics["learning_rate"].item() == pytest.approx(reference.learning_rate)
    assert metrics["mirror"].item() == pytest.approx(theirs["symmetry"], rel=1e-3)
    ours = [*networks.actor.parameters(), *networks.critic.parameters()]
    others = [*reference.actor.mlp.parameters(), *reference.critic.mlp.parameters()]
    for a, b in zip(ours, others, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=4e-6)


def test_images_follow_the_originals_with_their_old_log_probs():
    batch = augmented_batch(5)
    both = with_mirror_images(batch, Mirror(MAP, CPU))
    torch.testing.assert_close(both.observations[5:], mirrored_obs(batch.observations))
    torch.testing.assert_close(both.actions[5:], mirrored_actions(batch.actions))
    for name in ("log_probs", "advantages", "values", "returns"):
        original, doubled = getattr(batch, name), getattr(both, name)
        assert torch.equal(doubled, torch.cat([original, original])), name


def symmetric_networks() -> ActorCritic:
    """Linear networks that commute with the mirror: averages over both sides of random weights."""
    config = ActorCriticConfig(actor_hidden=(), critic_hidden=(), initial_std=0.7)
    networks = ActorCritic(NUM_OBS, NUM_ACTIONS, config)
    g = torch.Generator().manual_seed(0)
    with torch.no_grad():
        weight = torch.randn(NUM_ACTIONS, NUM_OBS, generator=g)
        image = mirrored_actions(mirrored_obs(weight).T).T
        networks.actor[0].weight.copy_((weight + image) / 2.0)
        row = torch.randn(1, NUM_OBS, generator=g)
        networks.critic[0].weight.copy_((row + mirrored_obs(row)) / 2.0)
    return networks


def test_a_symmetric_policy_is_not_pulled_and_sees_nothing_new():
    networks, batch = symmetric_networks(), augmented_batch(40)
    with_loss = PPOConfig(mirror_loss_coef=3.0, symmetry_augmentation=True)
    terms = ppo_loss(networks, batch, with_loss, Mirror(MAP, CPU))
    alone = ppo_loss(networks, batch, PPOConfig())
    assert terms.mirror.item() == pytest.approx(0.0, abs=1e-10)
    for name in ("loss", "policy", "value", "bounds", "kl", "clip_fraction"):
        torch.testing.assert_close(getattr(terms, name), getattr(alone, name), msg=name)


def test_the_mirror_loss_makes_a_policy_symmetric():
    networks, mirror = small_networks(), Mirror(MAP, CPU)
    batch = augmented_batch(128)._replace(advantages=torch.zeros(128))
    config = PPOConfig(
        mirror_loss_coef=1.0,
        learning_rate=1e-2,
        learning_rate_schedule="constant",
        num_epochs=30,
        num_minibatches=1,
    )
    before = ppo_loss(networks, batch, config, mirror).mirror
    PPO(networks, config, mirror_map=MAP).update(batch)
    after = ppo_loss(networks, batch, config, mirror).mirror
    assert after < 0.2 * before


def test_prepared_images_are_of_raw_observations_normalized_like_any_other():
    networks = small_networks()
    skewed = torch.randn(500, NUM_OBS) * torch.arange(1.0, 8.0) + torch.arange(7.0)
    networks.update_observation_statistics(skewed)
    storage = fill_rollout(networks)
    raw = storage.observations[:-1].flatten(0, 1).clone()
    expected = networks.observation_normalizer(mirrored_obs(raw))
    batch = PPO(networks, PPOConfig(mirror_loss_coef=1.0), mirror_map=MAP).prepare(storage)
    torch.testing.assert_close(batch.mirrored_observations, expected)
    assert PPO(networks, PPOConfig()).prepare(storage).mirrored_observations.shape == (48, 0)


def test_the_critics_states_are_mirrored_too():
    config = ActorCriticConfig(actor_hidden=(8,), critic_hidden=(8,), critic_observation="states")
    torch.manual_seed(0)
    networks = ActorCritic(NUM_OBS, NUM_ACTIONS, config, num_states=2)
    full_map = MirrorMap(obs=OBS, actions=ACTIONS, states=signs(1, -1))
    settings = PPOConfig(symmetry_augmentation=True)
    mirror = PPO(networks, settings, mirror_map=full_map).mirror
    states = torch.randn(6, 2)
    batch = augmented_batch(6)._replace(
        states=states, mirrored_states=states * torch.tensor([1.0, -1.0])
    )
    both = with_mirror_images(batch, mirror)
    torch.testing.assert_close(both.states[6:, 1], -states[:, 1])
    ppo_loss(networks, batch, settings, mirror).loss.backward()
    assert networks.critic[0].weight.grad.abs().sum() > 0.0
    with pytest.raises(ConfigError, match="leaves out the states"):
        PPO(networks, settings, mirror_map=MAP)


@pytest.mark.parametrize("augments", [True, False])
def test_symmetry_does_not_wait_for_the_device(augments):
    config = PPOConfig(symmetry_augmentation=augments, mirror_loss_coef=0.5)
    ppo = PPO(small_networks(), config, mirror_map=MAP)
    batch = augmented_batch(32)
    ppo.update(batch)
    with SyncGuard():
        ppo.update(batch)


@pytest.mark.parametrize("augments", [True, False])
def test_symmetry_can_be_captured_in_a_graph(augments):
    config = PPOConfig(
        symmetry_augmentation=augments,
        mirror_loss_coef=0.5,
        entropy_coef=0.1,
        final_entropy_coef=0.0,
        num_epochs=2,
    )
    batch, weights = augmented_batch(32), []
    for execution in (RecordingExecution(), None):
        generator = torch.Generator().manual_seed(0)
        ppo = PPO(small_networks(), config, generator, MAP, execution)
        for progress in (0.0, 0.5):  # the second with another weight of the entropy
            ppo.update(batch, progress)
        weights.append(torch.cat([p.detach().flatten() for p in ppo.parameters]))
    torch.testing.assert_close(*weights)


class MirroredMass(PointMass):
    """The point mass with its mirror image declared: everything changes its sign."""

    def mirror(self) -> MirrorMap:
        return MirrorMap(obs=signs(-1, -1), actions=signs(-1))


def train_config(**settings) -> TrainConfig:
    return TrainConfig(
        policy=ActorCriticConfig(actor_hidden=(16,), critic_hidden=(16,)),
        algorithm=PPOConfig(**settings),
        runner=RunnerConfig(horizon=16, max_iterations=20),
    )


def test_a_training_learns_a_symmetric_policy(tmp_path: Path):
    config = train_config(symmetry_augmentation=True, mirror_loss_coef=1.0, learning_rate=3e-3)
    runner = Runner(MirroredMass(32), config, tmp_path, seed=1)
    runner.learn()
    obs = torch.rand(200, 2) * 2.0 - 1.0
    push, image = (runner.actor_critic.act_greedily(x) for x in (obs, -obs))
    assert (push + image).abs().mean() < 0.1 * push.abs().mean()
    assert runner.statistics.summary()[0] > 0.0


def test_symmetry_without_a_map_stops_at_the_start(tmp_path: Path):
    for settings in ({"symmetry_augmentation": True}, {"mirror_loss_coef": 0.1}):
        with pytest.raises(ConfigError, match=r"mirror map \(a method mirror\(\)\)"):
            Runner(PointMass(4), train_config(**settings), tmp_path)


def test_a_map_of_other_sizes_is_refused():
    env = MirroredMass(2)
    env.mirror = lambda: MirrorMap(obs=signs(-1), actions=signs(-1))
    with pytest.raises(ConfigError, match="for 1 observations, 1 actions and 0 states; the task"):
        declared_mirror_map(env, PPOConfig(symmetry_augmentation=True))
    assert declared_mirror_map(env, PPOConfig()) is None  # nobody asks


def test_a_robot_without_a_mirror_image_is_refused_with_the_remedy():
    env = MirroredMass(2)

    def lopsided() -> MirrorMap:
        raise ValueError("one arm")

    env.mirror = lopsided
    remedy = r"one arm; to learn .* set train\.algorithm\.symmetry_augmentation=false and train\."
    with pytest.raises(ConfigError, match=remedy):
        declared_mirror_map(env, PPOConfig(mirror_loss_coef=1.0))
    assert declared_mirror_map(env, PPOConfig()) is None


class InformedMass(MirroredMass):
    """Knows more than the policy sees, and its mirror map leaves that out."""

    num_states = 3

    def reset(self):
        return self._with_states(super().reset())

    def step(self, actions):
        obs, reward, done, extras = super().step(actions)
        extras["final_states"] = torch.zeros(self.num_envs, 3)
        return self._with_states(obs), reward, done, extras

    def _with_states(self, obs):
        return {**obs, "states": torch.zeros(self.num_envs, 3)}


def test_states_that_nobody_reads_need_no_mirror_image(tmp_path: Path):
    config = train_config(symmetry_augmentation=True)
    config = replace(config, runner=RunnerConfig(horizon=4, max_iterations=1))
    Runner(InformedMass(4), config, tmp_path / "blind").learn()
    policy = replace(config.policy, critic_observation="states")
    with pytest.raises(ConfigError, match=r"set train\.policy\.critic_observation=obs"):
        Runner(InformedMass(4), replace(config, policy=policy), tmp_path / "seeing")


def test_policies_with_memory_have_no_mirror_image():
    config = ActorCriticConfig(actor_hidden=(8,), critic_hidden=(8,), memory="gru", memory_size=4)
    networks = ActorCritic(NUM_OBS, NUM_ACTIONS, config)
    with pytest.raises(ConfigError, match=r"cannot be used with policy\.memory"):
        PPO(networks, PPOConfig(mirror_loss_coef=1.0), mirror_map=MAP)


def test_without_symmetry_nothing_is_reported():
    assert "mirror" not in PPO(small_networks(), PPOConfig()).update(make_batch(8))
    assert POLICY.memory == "none"
