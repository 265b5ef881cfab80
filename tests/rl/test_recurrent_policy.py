"""A policy with a memory: collected, learned from, saved and played."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from cue_recall import CueRecall
from saved_states import assert_same_state
from sync_guard import SyncGuard

from humanoid_gym.config import ConfigError
from humanoid_gym.rl import (
    ActorCritic,
    ActorCriticConfig,
    Agent,
    PPOConfig,
    Runner,
    RunnerConfig,
    TrainConfig,
)
from humanoid_gym.rl.networks import gaussian_log_prob
from humanoid_gym.rl.ppo import PPO, evaluate_states, num_minibatches, ppo_loss
from humanoid_gym.rl.rollout_storage import RolloutStorage

SMALL = ActorCriticConfig(
    actor_hidden=(16,), critic_hidden=(16,), memory="gru", memory_size=16, initial_std=0.5
)
ALGORITHM = PPOConfig(
    gamma=0.5,
    lam=0.9,
    reward_scale=1.0,
    learning_rate=3e-3,
    learning_rate_schedule="constant",
)


class Go:
    requested = False


def make(folder: Path, policy=SMALL, num_envs=12, seed=0, **runner_settings) -> Runner:
    """Episodes of 8 steps in rollouts of 5: they begin, end and go on anywhere in a rollout."""
    runner = RunnerConfig(horizon=5, max_iterations=4, save_interval=2)
    config = TrainConfig(
        policy=policy, algorithm=ALGORITHM, runner=replace(runner, **runner_settings)
    )
    return Runner(CueRecall(num_envs), config, folder, seed=seed)


def collected(folder: Path, policy=SMALL, rollouts=3) -> Runner:
    """A runner with a full storage, and some training behind it."""
    runner = make(folder, policy)
    runner.begin()
    for _ in range(rollouts - 1):
        runner.collect(Go())
        losses = runner.update()
        runner.finish_iteration(losses)
    runner.collect(Go())
    return runner


POLICIES = {
    "gru": SMALL,
    "lstm": replace(SMALL, memory="lstm"),
    "two layers": replace(SMALL, memory="lstm", memory_layers=2),
    "shared layers": replace(SMALL, shared_hidden=(8,)),
    "state-dependent deviation": replace(SMALL, state_dependent_std=True),
    "critic without memory": replace(SMALL, critic_memory=False, critic_observation="states"),
    "critic with state": replace(SMALL, critic_observation="both"),
}


@pytest.fixture(params=POLICIES)
def policy(request) -> ActorCriticConfig:
    return POLICIES[request.param]


def test_policy_is_recomputed_as_it_acted(tmp_path, policy):
    """Before the first gradient step every probability ratio is one, whatever was reset."""
    # else values are learned in the scale of the rollout, not in that of the critic who gave them
    runner = collected(tmp_path, replace(policy, normalize_values=False))
    assert runner.storage.done.any(0).any() and runner.storage.truncated.any()
    assert runner.storage.first_memory.actor.abs().sum() > 0.0
    batch = runner.algorithm.prepare(runner.storage)
    now = runner.actor_critic.evaluate(*batch.inputs)
    torch.testing.assert_close(now.mean, batch.means, rtol=1e-5, atol=1e-5)
    log_probs = gaussian_log_prob(batch.actions, now.mean, now.log_std)
    torch.testing.assert_close(log_probs, batch.log_probs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(now.values, batch.values, rtol=1e-5, atol=1e-4)

    terms = ppo_loss(runner.actor_critic, batch, ALGORITHM)
    assert terms.kl.item() == pytest.approx(0.0, abs=1e-6)
    assert terms.clip_fraction.item() == 0.0
    # The memory does matter: without its resets other probabilities come out.
    no_starts = batch._replace(starts=torch.zeros_like(batch.starts))
    other = runner.actor_critic.evaluate(*no_starts.inputs)
    assert (other.mean - batch.means).abs().max() > 1e-4


def values_step_by_step(networks: ActorCritic, storage: RolloutStorage):
    """Values of one environment after the other, as a critic lives through them."""
    horizon, num_envs = storage.rewards.shape
    values = torch.zeros(horizon + 1, num_envs)
    final_values = torch.zeros(horizon, num_envs)

    def value(obs, state, memory):
        features = networks.critic_input(obs, state).unsqueeze(0)
        output, memory = networks.critic_memory.step(features, memory)
        return networks.value_normalizer.denormalize(networks.critic(output)).item(), memory

    with torch.no_grad():
        for n in range(num_envs):
            memory = storage.first_memory.critic[n : n + 1]
            for t in range(horizon + 1):
                obs, state = storage.observations[t, n], storage.states[t, n]
                values[t, n], memory = value(obs, state, memory)
                if t == horizon:
                    break
                last, last_state = storage.final_observations[t, n], storage.final_states[t, n]
                final_values[t, n], _ = value(last, last_state, memory)
                if storage.terminated[t, n] or storage.truncated[t, n]:
                    memory = torch.zeros_like(memory)
    return values, final_values


def test_values_are_those_of_a_critic_that_lives_through_the_rollout(tmp_path, policy):
    runner = collected(tmp_path, policy)
    storage = runner.storage
    expected, expected_final = values_step_by_step(runner.actor_critic, storage)
    evaluate_states(runner.actor_critic, storage)
    torch.testing.assert_close(storage.values, expected, rtol=1e-4, atol=1e-5)
    rows = storage.truncated
    assert rows.any()
    torch.testing.assert_close(
        storage.final_values[rows], expected_final[rows], rtol=1e-4, atol=1e-5
    )


def test_two_short_rollouts_are_valued_like_a_long_one(tmp_path):
    runner = make(tmp_path, horizon=10)
    runner.begin()
    runner.collect(Go())
    networks, whole = runner.actor_critic, runner.storage
    evaluate_states(networks, whole)

    half = RolloutStorage.for_networks(networks, 5, 12, torch.device("cpu"))
    for first in (0, 5):
        half.begin()
        for name in ("observations", "final_observations", "terminated", "truncated"):
            rows = getattr(half, name)
            rows.copy_(getattr(whole, name)[first : first + len(rows)])
        evaluate_states(networks, half)
        torch.testing.assert_close(half.values, whole.values[first : first + 6])
    torch.testing.assert_close(half.memory.critic, whole.memory.critic)


def test_valuing_a_rollout_twice_gives_the_same(tmp_path):
    runner = collected(tmp_path)
    evaluate_states(runner.actor_critic, runner.storage)
    values, memory = runner.storage.values.clone(), runner.storage.memory.critic.clone()
    evaluate_states(runner.actor_critic, runner.storage)
    assert torch.equal(runner.storage.values, values)
    assert torch.equal(runner.storage.memory.critic, memory)


def test_environment_that_restarts_out_of_turn_is_forgotten(tmp_path):
    runner = collected(tmp_path)
    storage = runner.storage
    mask = torch.zeros(12, dtype=torch.bool)
    mask[3] = True
    assert storage.memory.actor[3].abs().sum() > 0.0
    storage.replace_environments([3], [5])
    storage.cut_episodes(mask)
    runner.algorithm.prepare(storage)
    for memory in storage.memory:
        assert not memory[3].any()
        assert memory[4].any()
    assert torch.equal(storage.first_memory.actor[3], storage.first_memory.actor[5])
    assert torch.equal(storage.observations[:, 3], storage.observations[:, 5])


def test_minibatches_hold_whole_environments(tmp_path):
    runner = collected(tmp_path)
    storage = runner.storage
    batch = runner.algorithm.prepare(storage)
    part = batch.select(torch.tensor([7, 2]))
    assert torch.equal(part.actions, storage.actions[:, [7, 2]].transpose(0, 1))
    assert torch.equal(part.starts[:, 0], torch.zeros(2, dtype=torch.bool))
    assert torch.equal(part.starts[:, 1:], storage.done[:-1, [7, 2]].t())
    assert torch.equal(part.actor_memory, storage.first_memory.actor[[7, 2]])
    alone = runner.actor_critic.evaluate(*part.inputs)
    together = runner.actor_critic.evaluate(*batch.inputs)
    torch.testing.assert_close(alone.mean, together.mean[[7, 2]])
    torch.testing.assert_close(alone.values, together.values[[7, 2]])


@pytest.mark.parametrize(
    ("algorithm", "match"),
    [
        (PPOConfig(num_minibatches=13), "num_minibatches is 13, .* only 12 of them"),
        (PPOConfig(minibatch_size=12), "minibatch_size is 12, .* horizon 5 times"),
        (PPOConfig(minibatch_size=25), "divisor of the 12 environments"),
    ],
)
def test_minibatches_that_split_sequences_are_refused(tmp_path, algorithm, match):
    config = TrainConfig(policy=SMALL, algorithm=algorithm, runner=RunnerConfig(horizon=5))
    with pytest.raises(ConfigError, match=match):
        Runner(CueRecall(12), config, tmp_path)
    assert not list(tmp_path.iterdir())


def test_minibatches_of_whole_sequences_are_counted():
    assert num_minibatches(PPOConfig(num_minibatches=12), 60, 5) == 12
    assert num_minibatches(PPOConfig(minibatch_size=15), 60, 5) == 4


@pytest.mark.parametrize(("memory", "expected"), [("none", False), ("gru", True), ("lstm", True)])
def test_only_a_policy_with_memory_recalls_the_cue(tmp_path, memory, expected):
    policy = replace(SMALL, memory=memory)
    config = TrainConfig(
        policy=policy,
        algorithm=ALGORITHM,
        runner=RunnerConfig(horizon=12, max_iterations=12, randomize_episode_phase=False),
    )
    runner = Runner(CueRecall(64), config, tmp_path)
    runner.learn()
    mean_return = runner.statistics.summary()[1].item()
    if expected:
        assert mean_return > 6.0  # of at most 8
    else:
        assert mean_return < 2.0  # the best without memory is the first step's 1


@pytest.mark.parametrize("memory", ["gru", "lstm"])
@pytest.mark.parametrize("stop_at", [10, 13])  # between two rollouts, and inside one
def test_resume_continues_bit_for_bit(tmp_path, memory, stop_at):
    policy = replace(SMALL, memory=memory, critic_observation="both", state_dependent_std=True)
    whole = make(tmp_path / "whole", policy)
    whole.learn()

    class Stop:
        steps = 0

        @property
        def requested(self) -> bool:
            self.steps += 1
            return self.steps > stop_at

    first = make(tmp_path / "first", policy)
    first.begin()
    stop = Stop()
    while first.collect(stop):
        first.finish_iteration(first.update())
    path = first.saver.save("last.pt")

    second = make(tmp_path / "second", policy, seed=99)
    second.load(path)
    second.learn()
    assert_same_state(second.state_dict(), whole.state_dict())


def test_agent_plays_as_the_policy_was_collected(tmp_path):
    runner = collected(tmp_path)
    storage = runner.storage
    agent = Agent(runner.actor_critic, 12)
    agent.memory = storage.first_memory.actor
    for t in range(5):
        actions = agent(storage.observations[t])
        torch.testing.assert_close(actions, storage.means[t])
        agent.forget(storage.done[t].long())
    torch.testing.assert_close(agent.memory, storage.memory.actor)


def test_agent_samples_with_its_generator(tmp_path):
    networks = make(tmp_path).actor_critic
    obs = torch.randn(3, 12, 2)
    played = []
    for _ in range(2):
        agent = Agent(networks, 12, greedy=False, generator=torch.Generator().manual_seed(4))
        played.append(torch.stack([agent(o) for o in obs]))
    assert torch.equal(*played)
    assert agent.memory.any()


def test_playing_without_keeping_the_memory_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match="Agent"):
        make(tmp_path).actor_critic.act_greedily(torch.zeros(12, 2))


@pytest.mark.parametrize("memory", ["gru", "lstm"])
def test_nothing_waits_for_the_device(memory):
    """On device "meta": the path of an accelerator, and no value to read."""
    policy = replace(SMALL, memory=memory, critic_observation="both", state_dependent_std=True)
    networks = ActorCritic(2, 1, policy, 1).to("meta")
    storage = RolloutStorage.for_networks(networks, 5, 12, torch.device("meta"))
    optimizer = torch.optim.SGD(networks.parameters(), lr=0.1)
    done = torch.zeros(12, dtype=torch.int64, device="meta")
    observations = {"obs": storage.observations[0], "states": storage.states[0]}
    extras = {
        "time_outs": done,
        "final_observation": storage.observations[0],
        "final_states": storage.states[0],
    }
    ppo = PPO(networks, ALGORITHM)
    with SyncGuard():
        storage.begin()
        for t in range(5):
            storage.store_observations(t, observations)
            storage.store_policy(t, networks.act(observations["obs"], memory=storage.memory.actor))
            storage.store_ends(t, done, extras)
        storage.cut_episodes(done.bool())
        batch = ppo.prepare(storage)
        ppo_loss(networks, batch, ALGORITHM).loss.backward()
        optimizer.step()


def test_few_long_rollouts_are_not_split_into_empty_parts(tmp_path):
    """4 environments x 400 steps are samples enough for 6 threads, but environments stay whole."""
    runner = make(tmp_path, num_envs=4, horizon=400, max_iterations=1)
    config = replace(ALGORITHM, num_minibatches=1, gradient_accumulation=5)
    ppo = PPO(runner.actor_critic, config)
    runner.begin()
    runner.collect(Go())
    metrics = ppo.update(ppo.prepare(runner.storage))
    assert all(torch.isfinite(value) for value in metrics.values())


def test_gradient_does_not_depend_on_the_number_of_threads(tmp_path):
    """Slices hold whole environments; together they give the gradient of all at once."""
    runner = make(tmp_path, num_envs=64, horizon=16, max_iterations=1)
    runner.begin()
    runner.collect(Go())
    networks = runner.actor_critic
    batch = runner.algorithm.prepare(runner.storage)
    expected = torch.autograd.grad(
        ppo_loss(networks, batch, ALGORITHM).loss, networks.actor[0].weight
    )
    runner.algorithm._differentiate(batch, 1.0)
    torch.testing.assert_close(networks.actor[0].weight.grad, expected[0], rtol=1e-4, atol=1e-6)
