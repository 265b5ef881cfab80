import signal
from pathlib import Path

import numpy as np
import pytest
import torch

gymnasium = pytest.importorskip("gymnasium")
from gymnasium.vector import AutoresetMode, SyncVectorEnv  # noqa: E402

from humanoid_gym.adapters.gymnasium_env import GymnasiumVecEnv  # noqa: E402
from humanoid_gym.config import ConfigError  # noqa: E402
from humanoid_gym.rl import (  # noqa: E402
    ActorCriticConfig,
    PPOConfig,
    Runner,
    RunnerConfig,
    TrainConfig,
)
from humanoid_gym.rl.interruption import Interruption  # noqa: E402

LENGTH = 5  # steps of an episode of `Counter`


class Counter(gymnasium.Env):
    """Observes (episode, step); ends after LENGTH steps, or at once where the action is low."""

    def __init__(self, number: int = 0, low: float = -2.0, high: float = 6.0):
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1, 2))
        self.action_space = gymnasium.spaces.Box(low, high, (1,))
        self.episode = 100 * number
        self.actions = []

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.seed = seed
        self.episode += 1
        self.age = 0
        return self._observation(), {}

    def step(self, action):
        self.actions.append(float(action[0]))
        self.age += 1
        terminated = bool(action[0] <= self.action_space.low[0])
        return self._observation(), float(self.age), terminated, self.age >= LENGTH, {}

    def _observation(self):
        return np.array([[self.episode, self.age]], dtype=np.float32)


def counters(mode=AutoresetMode.SAME_STEP, num_envs=2, **bounds):
    makers = [lambda number=number: Counter(number, **bounds) for number in range(num_envs)]
    return SyncVectorEnv(makers, autoreset_mode=mode)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_an_ended_episode_leaves_its_last_observation_and_shows_the_next_ones_first(mode):
    env = GymnasiumVecEnv(counters(mode))
    assert (env.num_envs, env.num_obs, env.num_actions, env.max_episode_length) == (2, 2, 1, 0)
    assert env.reset()["obs"].tolist() == [[1, 0], [101, 0]]
    middle, down = torch.zeros(2, 1), torch.tensor([[0.0], [-1.0]])
    for t in range(1, LENGTH):
        obs, reward, done, extras = env.step(middle)
        assert obs["obs"].tolist() == [[1, t], [101, t]]
        assert torch.equal(extras["final_observation"], obs["obs"])
        assert reward.tolist() == [t, t]
        assert not done.any()
        assert not extras["time_outs"].any()
    obs, reward, done, extras = env.step(down)  # the second one terminates as its time is over
    assert extras["final_observation"].tolist() == [[1, LENGTH], [101, LENGTH]]
    assert obs["obs"].tolist() == [[2, 0], [102, 0]]
    assert done.tolist() == [True, True]
    assert extras["time_outs"].tolist() == [True, False]
    assert extras["reward_terms"]["reward"].tolist() == [LENGTH, LENGTH]
    obs, reward, done, extras = env.step(down)  # no step is lost: the new episodes go on at once
    assert reward.tolist() == [1, 1]
    assert extras["final_observation"].tolist() == [[2, 1], [102, 1]]
    assert obs["obs"].tolist() == [[2, 1], [103, 0]]
    assert done.tolist() == [False, True]


def test_actions_are_mapped_to_the_bounds_and_clipped():
    inner = counters()
    env = GymnasiumVecEnv(inner)
    env.reset()
    for value in (0.0, 0.5, 1.0, 7.0):
        env.step(torch.full((2, 1), value))
    assert inner.envs[0].actions == [2.0, 4.0, 6.0, 6.0]


def test_actions_in_the_environments_own_units_are_clipped_only():
    inner = counters()
    env = GymnasiumVecEnv(inner, rescale_actions=False)
    env.reset()
    for value in (0.5, 7.0):
        env.step(torch.full((2, 1), value))
    assert inner.envs[0].actions == [0.5, 6.0]


def test_unbounded_actions_pass_as_they_are():
    inner = counters(low=-np.inf, high=np.inf)
    env = GymnasiumVecEnv(inner)
    env.reset()
    env.step(torch.full((2, 1), 123.0))
    assert inner.envs[0].actions == [123.0]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_first_episodes_are_cut_at_random_ages_as_time_outs(mode):
    env = GymnasiumVecEnv(counters(mode, num_envs=40), max_episode_length=LENGTH)
    env.reset()
    env.randomize_episode_phase()
    lengths, age = [], torch.zeros(40)
    first = torch.ones(40, dtype=torch.bool)
    for _ in range(2 * LENGTH):
        obs, _, done, extras = env.step(torch.zeros(40, 1))
        age += 1
        assert torch.equal(extras["time_outs"], done)
        assert torch.equal(extras["final_observation"][:, 1], age)
        lengths += age[done & first].tolist()
        assert (age[done & ~first] == LENGTH).all()
        assert (obs["obs"][done, 1] == 0).all()
        first &= ~done
        age[done] = 0
    assert set(lengths) == {1, 2, 3, 4, 5}


def test_an_episode_that_ends_before_it_is_cut_leaves_the_next_its_whole_length():
    env = GymnasiumVecEnv(counters(num_envs=40), max_episode_length=LENGTH)
    env.reset()
    env.randomize_episode_phase()
    assert env.step(torch.full((40, 1), -1.0))[2].all()  # all of them fail at once
    ends = [env.step(torch.zeros(40, 1))[2] for _ in range(LENGTH)]
    assert not torch.stack(ends[:-1]).any()
    assert ends[-1].all()


def test_a_second_session_draws_other_random_numbers():
    env = GymnasiumVecEnv(inner := counters(), seed=7)
    env.reset()
    assert [e.seed for e in inner.envs] == [7, 8]
    state = env.state_dict()
    env.load_state_dict(state)
    second = [e.seed for e in inner.envs]
    env.load_state_dict(env.state_dict())
    third = [e.seed for e in inner.envs]
    assert len({7, second[0], third[0]}) == 3


class Discrete(Counter):
    def __init__(self, number: int = 0):
        super().__init__(number)
        self.action_space = gymnasium.spaces.Discrete(3)


class Words(Counter):
    def __init__(self, number: int = 0):
        super().__init__(number)
        self.observation_space = gymnasium.spaces.Dict({"a": self.observation_space})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Counter(), "expected a gymnasium.vector.VectorEnv, got Counter; make it with"),
        (lambda: SyncVectorEnv([Discrete]), "action space: expected Box, got Discrete"),
        (lambda: SyncVectorEnv([Words]), "observation space: expected Box, got Dict.*Flatten"),
    ],
)
def test_what_cannot_be_learned_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        GymnasiumVecEnv(make())


def test_an_autoreset_that_cannot_be_followed_is_refused():
    env = counters()
    env.metadata = {**env.metadata, "autoreset_mode": None}
    with pytest.raises(ConfigError, match="SyncVectorEnv: cannot follow autoreset mode None"):
        GymnasiumVecEnv(env)


def test_a_gymnasium_that_is_too_old_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.delattr(gymnasium.vector, "AutoresetMode")
    with pytest.raises(ConfigError, match=r"AutoresetMode needs 1\.1; pip install -U gymnasium"):
        GymnasiumVecEnv(counters())


def test_episodes_without_a_limit_are_not_cut_at_random_ages():
    env = GymnasiumVecEnv(counters(num_envs=1))
    env.reset()
    env.randomize_episode_phase()
    ends = [bool(env.step(torch.zeros(1, 1))[2]) for _ in range(2 * LENGTH)]
    assert ends == ([False] * (LENGTH - 1) + [True]) * 2


def test_closing_closes_the_environments():
    env = GymnasiumVecEnv(inner := counters())
    env.close()
    assert inner.closed


@pytest.mark.slow
def test_learns_pendulum(tmp_path: Path):
    config = TrainConfig(
        policy=ActorCriticConfig(actor_hidden=(64, 64), critic_hidden=(64, 64), activation="tanh"),
        algorithm=PPOConfig(
            gamma=0.9,
            num_epochs=10,
            num_minibatches=16,
            learning_rate=1e-3,
            adapt_every="epoch",
            reward_scale=0.1,
        ),
        runner=RunnerConfig(horizon=64, max_iterations=100, save_interval=1000),
    )
    env = GymnasiumVecEnv(gymnasium.make_vec("Pendulum-v1", num_envs=16), seed=1)
    runner = Runner(env, config, tmp_path, seed=1)
    runner.learn()
    env.close()
    means = runner.statistics.report(runner.statistics.summary().tolist())
    assert means["episode/return"] > -350  # swinging up and holding; -1200 at the start


def test_a_resumed_run_starts_from_the_new_episodes_observations(tmp_path):
    """Stopped in the middle of a rollout, whose first half belongs to episodes that are gone."""
    config = TrainConfig(
        policy=ActorCriticConfig(actor_hidden=(4,), critic_hidden=(4,)),
        algorithm=PPOConfig(num_epochs=1, num_minibatches=1),
        runner=RunnerConfig(horizon=4, max_iterations=3, randomize_episode_phase=False),
    )

    def run(name):
        return Runner(GymnasiumVecEnv(counters()), config, tmp_path / name, writes=name == "first")

    first = run("first")
    step, calls = first.env.step, []

    def interrupt_at_step_7(actions):
        calls.append(actions)
        if len(calls) == 7:
            signal.raise_signal(signal.SIGINT)
        return step(actions)

    first.env.step = interrupt_at_step_7
    path = first.learn()
    assert len(calls) == 7
    second = run("second")
    second.load(path)
    second.begin()
    second.collect(Interruption())
    ages = second.storage.observations[0][:, 1]
    assert ages.tolist() == [0.0, 0.0]
    assert second.storage.rewards[0].tolist() == pytest.approx([0.01, 0.01])  # step 1, not 4
