"""The learner's results do not depend on how many threads PyTorch may use."""

import threading

import pytest
import torch

from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig
from humanoid_gym.rl.ppo import PPO, PPOConfig
from humanoid_gym.rl.rollout_storage import RolloutStorage
from humanoid_gym.rl.slices import by_slices, in_parallel, num_slices
from humanoid_gym.threads import single_threaded


@pytest.fixture
def threads():
    """Set the number of threads for a while."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def learn(memory: str, config: PPOConfig) -> list[torch.Tensor]:
    """Act in a made-up world of 600 environments and learn from it."""
    torch.manual_seed(0)
    policy = ActorCriticConfig(
        actor_hidden=(100, 37), critic_hidden=(100, 37), memory=memory, memory_size=12
    )
    networks = ActorCritic(108, 21, policy)
    horizon, num_envs = 4, 600
    storage = RolloutStorage.for_networks(networks, horizon, num_envs, torch.device("cpu"))
    world = torch.Generator().manual_seed(1)
    noise = torch.Generator().manual_seed(2)
    storage.begin()
    for t in range(horizon):
        storage.store_observations(t, {"obs": torch.randn(num_envs, 108, generator=world)})
        step = networks.act(storage.observations[t], noise, storage.memory.actor)
        storage.store_policy(t, step)
        storage.rewards[t] = torch.rand(num_envs, generator=world)
        done = torch.rand(num_envs, generator=world) < 0.1
        final = torch.randn(num_envs, 108, generator=world)
        extras = {"time_outs": done, "final_observation": final}
        storage.store_ends(t, done, extras)
    storage.store_observations(horizon, {"obs": torch.randn(num_envs, 108, generator=world)})
    learner = PPO(networks, config, torch.Generator().manual_seed(3))
    metrics = learner.update(learner.prepare(storage))
    return [storage.actions, storage.values, *networks.state_dict().values(), *metrics.values()]


CONFIGS = {
    "default": PPOConfig(num_epochs=2, num_minibatches=2),
    "accumulated": PPOConfig(num_epochs=1, num_minibatches=1, gradient_accumulation=3),
}


@pytest.mark.parametrize("memory", ["none", "gru"])
@pytest.mark.parametrize("config", CONFIGS)
def test_learning_is_the_same_with_any_number_of_threads(threads, memory, config):
    results = []
    for count in (1, 2, 3, 5):
        threads(count)
        results.append(learn(memory, CONFIGS[config]))
    for result in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], result, strict=True))


def test_slices_are_the_whole_up_to_rounding():
    torch.manual_seed(0)
    layer = torch.nn.Linear(30, 40)
    rows = torch.randn(1500, 30)
    with torch.no_grad():
        (outputs,) = by_slices(lambda x: (layer(x),), rows)
        torch.testing.assert_close(outputs, layer(rows))


def test_number_of_slices_depends_on_samples_alone():
    assert [num_slices(n) for n in (1, 1023, 1024, 4096, 8192, 16384, 10**6)] == [
        *(1, 1, 2, 4, 4, 8, 8)
    ]


def test_jobs_run_on_one_thread_each_and_keep_their_order(threads):
    threads(3)
    meeting = threading.Barrier(3, timeout=30)

    def job(i: int):
        def work():
            meeting.wait()  # all three are at work at once
            return i, torch.get_num_threads(), torch.is_grad_enabled()

        return work

    with torch.no_grad():
        assert in_parallel([job(i) for i in range(3)]) == [(i, 1, True) for i in range(3)]
    assert torch.get_num_threads() == 3


def test_jobs_inside_of_single_threaded_use_what_was_allowed_outside(threads):
    threads(2)
    meeting = threading.Barrier(2, timeout=30)
    with single_threaded(), single_threaded():
        assert torch.get_num_threads() == 1
        in_parallel([meeting.wait, meeting.wait])
    assert torch.get_num_threads() == 2


def test_an_error_in_a_job_arrives(threads):
    def fail():
        raise ValueError("in a slice")

    for count in (1, 2):
        threads(count)
        with pytest.raises(ValueError, match="in a slice"):
            in_parallel([fail, fail])
        assert torch.get_num_threads() == count
