"""A critic that reads what the policy must not see."""

from dataclasses import replace

import pytest
import torch
from cue_recall import CueRecall
from point_mass import PointMass

from humanoid_gym.config import ConfigError, build
from humanoid_gym.rl import ActorCritic, ActorCriticConfig, Runner, RunnerConfig, TrainConfig
from humanoid_gym.rl.ppo import PPO, PPOConfig, evaluate_states
from humanoid_gym.rl.rollout_storage import RolloutStorage

SMALL = ActorCriticConfig(actor_hidden=(16,), critic_hidden=(16,))
READING = {what: replace(SMALL, critic_observation=what) for what in ("states", "both")}


class StateTells(CueRecall):
    """The reward is the cue, whatever is done, and no observation shows it."""

    def _observe(self):
        return {"obs": torch.zeros(self.num_envs, 2), "states": self.cue.unsqueeze(1).clone()}

    def step(self, actions):
        return super().step(self.cue.unsqueeze(1))  # a perfect action: the reward is 1 ...

    def rewarded(self, result):
        observations, _, done, extras = result
        return observations, extras["final_states"][:, 0], done, extras


class Rewarding(StateTells):
    def step(self, actions):
        return self.rewarded(super().step(actions))  # ... and then the cue


@pytest.mark.parametrize("critic", ["obs", "states", "both"])
def test_critic_predicts_what_only_the_state_tells(tmp_path, critic):
    config = TrainConfig(
        policy=replace(SMALL, critic_observation=critic),
        algorithm=PPOConfig(gamma=0.5, reward_scale=1.0, learning_rate=3e-3, num_epochs=4),
        runner=RunnerConfig(horizon=8, max_iterations=15),
    )
    runner = Runner(Rewarding(64), config, tmp_path)
    runner.learn()
    evaluate_states(runner.actor_critic, runner.storage)
    values, cues = runner.storage.values[:-1], runner.storage.states[:-1].sum(-1)
    if critic == "obs":
        assert runner.storage.states.shape[-1] == 0
        assert values.std() < 0.3  # one guess for all
    else:
        # Half of the future counts at each step: a step is worth 1 to almost 2 in its cue's sign.
        assert ((values * cues) > 0.5).all()


@pytest.mark.parametrize("critic", ["states", "both"])
def test_policy_does_not_depend_on_the_states(critic):
    networks = ActorCritic(3, 2, READING[critic], num_states=4)
    obs, states = torch.randn(5, 3), torch.randn(5, 4, requires_grad=True)
    starts, none = torch.zeros(5, dtype=torch.bool), torch.zeros(5, 0)
    evaluation = networks.evaluate(obs, states, starts, none, none)
    (gradient,) = torch.autograd.grad(evaluation.values.sum(), states, retain_graph=True)
    assert gradient.abs().min() > 0.0
    assert torch.autograd.grad(evaluation.mean.sum(), states, allow_unused=True) == (None,)
    assert networks.critic[0].in_features == (4 if critic == "states" else 7)


def test_states_are_normalized_by_their_own_statistics():
    networks = ActorCritic(3, 2, READING["both"], num_states=4)
    obs, states = torch.randn(500, 3) * 5.0, torch.randn(500, 4) * 100.0 + 1e3
    networks.update_observation_statistics(obs, states)
    scaled = (states - states.mean(0)) / states.std(0, correction=0)
    torch.testing.assert_close(
        networks.normalized_states(states), scaled.clamp(-5.0, 5.0), rtol=1e-3, atol=1e-3
    )
    expected = networks.critic(
        torch.cat([networks.observation_normalizer(obs), networks.normalized_states(states)], -1)
    )
    torch.testing.assert_close(networks.value(obs, states), expected.squeeze(-1))
    other = ActorCritic(3, 2, READING["both"], num_states=4)
    other.load_state_dict(networks.state_dict())
    assert torch.equal(other.value(obs, states), networks.value(obs, states))


def test_the_states_of_a_rollout_enter_their_statistics():
    networks = ActorCritic(2, 1, READING["states"], num_states=1)
    storage = RolloutStorage.for_networks(networks, 4, 3, torch.device("cpu"))
    storage.states.normal_()
    PPO(networks, PPOConfig()).prepare(storage)
    seen = storage.states[:-1]  # the last belongs to the next rollout
    torch.testing.assert_close(networks.state_normalizer.mean.float(), seen.mean((0, 1)))
    assert networks.state_normalizer.count == 12


def test_truncated_episodes_are_bootstrapped_with_their_final_states():
    networks = ActorCritic(2, 1, READING["states"], num_states=1)
    storage = RolloutStorage.for_networks(networks, 4, 3, torch.device("cpu"))
    storage.states.normal_()
    storage.final_states.fill_(torch.nan)
    storage.truncated[2, 1] = True
    storage.final_states[2, 1] = 0.7
    expected = networks.value(torch.zeros(1, 2), torch.full((1, 1), 0.7)).squeeze()
    batch = PPO(networks, PPOConfig()).prepare(storage)
    torch.testing.assert_close(storage.final_values[2, 1], expected)
    assert all(torch.isfinite(tensor).all() for tensor in batch)


def test_task_without_states_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"no states .*critic_observation=obs"):
        Runner(PointMass(4), TrainConfig(policy=READING["states"]), tmp_path)


def test_environment_that_hides_final_states_is_named(tmp_path):
    class Hiding(CueRecall):
        def step(self, actions):
            result = super().step(actions)
            del result[3]["final_states"]
            return result

    runner = Runner(Hiding(4), TrainConfig(policy=READING["both"]), tmp_path)
    with pytest.raises(ValueError, match=r'no extras\["final_states"\]'):
        runner.learn()


def test_shared_layers_cannot_feed_a_critic_that_must_not_read_them():
    with pytest.raises(ConfigError, match="shared_hidden layers read the observation"):
        build(ActorCriticConfig, {"shared_hidden": [8], "critic_observation": "states"}, "policy")
