"""Our environments as other libraries see them; docs/adapters.md trains with the real ones."""

import pytest
import torch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.extras import require


class Steps:
    """Two environments that count; the second ends at step 2 by time, the first at 3 by failure.

    Like tasks do, it overwrites the tensors that it returned.
    """

    num_envs, num_obs, num_states, num_actions, max_episode_length = 2, 3, 1, 1, 10
    device = torch.device("cpu")

    def __init__(self):
        self.obs, self.states = torch.zeros(2, 3), torch.zeros(2, 1)
        self.reward, self.done = torch.zeros(2), torch.zeros(2, dtype=torch.long)
        self.time_outs = torch.zeros(2, dtype=torch.bool)
        self.count = 0
        self.phases_drawn = False

    def reset(self):
        self.count = 0
        return {"obs": self.obs.fill_(0.0), "states": self.states.fill_(0.0)}

    def step(self, actions: Tensor):
        assert actions.shape == (2, 1)
        self.count += 1
        self.obs.fill_(self.count)
        self.states.fill_(10.0 * self.count)
        self.reward.copy_(torch.tensor([1.0, 2.0]) * self.count)
        self.time_outs.copy_(torch.tensor([False, self.count == 2]))
        self.done.copy_(torch.tensor([self.count == 3, self.count == 2]))
        terms = {"a": self.reward}
        extras = {"time_outs": self.time_outs, "reward_terms": terms, "metrics": {"b": self.reward}}
        return {"obs": self.obs, "states": self.states}, self.reward, self.done, extras

    def randomize_episode_phase(self):
        self.phases_drawn = True

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]

    def close(self):
        pass


class Blind(Steps):
    """The same without privileged states."""

    num_states = 0


ACTIONS = torch.zeros(2, 1)


def test_rsl_rl_gets_copies_in_groups():
    pytest.importorskip("tensordict")
    from humanoid_gym.adapters.rsl_rl_env import RslRlVecEnv

    env = RslRlVecEnv(inner := Steps())
    before = env.get_observations()
    with torch.inference_mode():
        obs, reward, done, extras = env.step(ACTIONS)
        env.step(ACTIONS)
    assert before["policy"].eq(0).all()
    assert obs["policy"].eq(1).all()
    assert obs["critic"].eq(10).all()
    assert reward.tolist() == [1, 2]
    assert done.tolist() == [0, 0]
    assert extras["log"]["/reward_term/a"] == 1.5
    assert env.episode_length_buf.tolist() == [2, 0]
    assert env.obs_groups == {"actor": ["policy"], "critic": ["critic"]}
    inner.obs.add_(1.0)  # not an inference tensor
    env.episode_length_buf = torch.tensor([3, 4])
    assert inner.phases_drawn


def test_tasks_without_states_have_none_for_the_critic():
    pytest.importorskip("tensordict")
    pytest.importorskip("gymnasium")
    from humanoid_gym.adapters.rsl_rl_env import RslRlVecEnv
    from humanoid_gym.adapters.skrl_env import SkrlVecEnv

    env = RslRlVecEnv(Blind())
    assert set(env.get_observations().keys()) == {"policy"}
    assert env.obs_groups == {"actor": ["policy"], "critic": ["policy"]}
    env = SkrlVecEnv(Blind())
    env.reset()
    assert env.state() is None and env.state_space is None
    assert env.render() is None
    env.close()


def test_skrl_gets_columns_and_states():
    pytest.importorskip("gymnasium")
    from humanoid_gym.adapters.skrl_env import SkrlVecEnv

    env = SkrlVecEnv(Steps())
    obs, info = env.reset()
    assert obs.shape == (2, 3)
    assert info == {}
    assert env.observation_space.shape == (3,)
    assert env.state_space.shape == (1,)
    assert env.action_space.low.tolist() == [-1]
    env.step(ACTIONS)
    obs, reward, terminated, truncated, info = env.step(ACTIONS)
    assert reward.tolist() == [[2], [4]]
    assert terminated.tolist() == [[False], [False]]
    assert truncated.tolist() == [[False], [True]]
    assert env.state().tolist() == [[20], [20]]
    assert info["episode"] == {"Reward / a": 3.0, "Metric / b": 3.0}
    _, _, terminated, truncated, _ = env.step(ACTIONS)
    assert terminated.tolist() == [[True], [False]]
    assert truncated.tolist() == [[False], [False]]
    assert obs.eq(2).all()


def test_rl_games_gets_spaces_and_state():
    pytest.importorskip("rl_games")
    from humanoid_gym.adapters.rl_games_env import RlGamesVecEnv

    env = RlGamesVecEnv(inner := Steps())
    info = env.get_env_info()
    assert info["observation_space"].shape == (3,)
    assert info["state_space"].shape == (1,)
    assert env.get_number_of_agents() == info["agents"] == 1
    obs = env.reset()
    _, reward, done, infos = env.step(ACTIONS)
    assert obs["obs"].eq(0).all()
    assert infos["time_outs"].tolist() == [False, False]
    state = env.get_env_state()
    env.step(ACTIONS)
    assert reward.tolist() == [1, 2]
    assert done.tolist() == [0, 0]
    env.set_env_state(state)
    assert inner.count == 1
    env.set_env_state(None)
    assert inner.count == 1
    assert not env.has_action_masks()
    env.seed(3)
    env.set_train_info(10, object())
    assert "state_space" not in RlGamesVecEnv(Blind()).get_env_info()


def test_rl_games_finds_what_was_registered():
    pytest.importorskip("rl_games")
    from rl_games.common import env_configurations, vecenv

    from humanoid_gym.adapters.rl_games_env import register

    register("steps", inner := Steps())
    kind = env_configurations.configurations["steps"]
    assert kind["env_creator"](seed=1) is inner
    assert vecenv.create_vec_env("steps", 2).env is inner


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(ConfigError, match=r"no_such is not installed: .*humanoid-gym\[this\]"):
        require("no_such.thing", "this")
    assert require("os.path", "this").join("a", "b") == "a/b"
