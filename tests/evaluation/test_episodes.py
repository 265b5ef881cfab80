"""Episodes are counted per environment, so that short ones do not crowd out long ones."""

from typing import Any, Dict, Tuple

import torch
from torch import Tensor

from humanoid_gym.evaluation.episodes import play_episodes


class Metronome:
    """Environment i ends its episodes every `periods[i]` steps, with reward i + 1 per step."""

    num_obs, num_states, num_actions, max_episode_length = 1, 0, 1, 100
    device = torch.device("cpu")

    def __init__(self, *periods: int) -> None:
        self.num_envs = len(periods)
        self.periods = torch.tensor(periods)
        self.age = torch.zeros(self.num_envs, dtype=torch.long)

    def reset(self) -> Dict[str, Tensor]:
        self.age.zero_()
        return {"obs": self.age.float().unsqueeze(1)}

    def step(self, actions: Tensor) -> Tuple[Dict[str, Tensor], Tensor, Tensor, Dict[str, Any]]:
        self.age += 1
        done = self.age == self.periods
        speed = self.age.float()
        self.age[done] = 0
        reward = torch.arange(1.0, self.num_envs + 1.0)
        extras = {"metrics": {"speed": speed}, "faults": done & (self.periods == 2)}
        extras["episode_metrics"] = {"distance": speed * (speed + 1.0) / 2.0}
        extras["terminations"] = {"late": done & (self.periods == 7), "early": self.periods == 2}
        return {"obs": self.age.float().unsqueeze(1)}, reward, done, extras

    def randomize_episode_phase(self) -> None: ...

    def timings(self) -> Dict[str, float]:
        return {}

    def state_dict(self) -> Dict[str, Any]:
        return {}

    def load_state_dict(self, state: Dict[str, Any]) -> None: ...

    def close(self) -> None: ...


def test_each_environment_plays_its_share():
    episodes = play_episodes(Metronome(2, 7), lambda obs: obs, num_episodes=5)
    # shares 3 and 2: the short environment may not fill in while the long one runs
    assert sorted(episodes.lengths) == [2, 2, 2, 7, 7]
    assert sorted(episodes.returns) == [2, 2, 2, 14, 14]
    assert sorted(episodes.metrics["speed"]) == [1.5, 1.5, 1.5, 4.0, 4.0]
    assert sorted(episodes.metrics["distance"]) == [3.0, 3.0, 3.0, 28.0, 28.0]
    assert sorted(episodes.terminations["late"]) == [0.0, 0.0, 0.0, 1.0, 1.0]
    assert sum(episodes.terminations["early"]) == 3.0
    assert episodes.faults == 3


def test_fewer_episodes_than_environments():
    episodes = play_episodes(Metronome(3, 1, 1), lambda obs: obs, num_episodes=1)
    assert episodes.lengths == [3]


def test_frames_are_taken_before_each_step():
    ages = []
    env = Metronome(3)
    play_episodes(env, lambda obs: obs, 1, lambda: ages.append(int(env.age[0])))
    assert ages == [0, 1, 2]


def test_policy_is_told_after_each_step_whose_episode_ended():
    told = []
    play_episodes(
        Metronome(3, 2), lambda obs: obs, 2, forget=lambda done: told.append(done.tolist())
    )
    assert told == [[False, False], [False, True], [True, False]]


class Plain(Metronome):
    """Reports only what each environment must."""

    def step(self, actions: Tensor) -> Tuple[Dict[str, Tensor], Tensor, Tensor, Dict[str, Any]]:
        obs, reward, done, _ = super().step(actions)
        return obs, reward, done, {"metrics": {}}


def test_one_environment_that_reports_nothing_else():
    episodes = play_episodes(Plain(3), lambda obs: obs, num_episodes=2)
    assert episodes.returns == [3.0, 3.0] and episodes.lengths == [3.0, 3.0]
    assert episodes.metrics == {} and episodes.terminations == {} and episodes.faults == 0


def test_no_episodes():
    assert play_episodes(Metronome(2), lambda obs: obs, num_episodes=0).returns == []
