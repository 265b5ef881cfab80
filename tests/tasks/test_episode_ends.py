"""Why episodes ended, new starts for chosen environments, and state that only a task knows."""

from collections.abc import Iterator

import pytest
import torch
from test_legacy_task import make as make_legacy

from humanoid_gym.cli.making import make_task
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig

N = 6
CONFIG = CartpoleConfig(num_envs=N, seed=3, episode_length=20)


@pytest.fixture
def task() -> Iterator[Cartpole]:
    task = Cartpole(CONFIG)
    task.reset()
    yield task
    task.close()


def push() -> torch.Tensor:
    """Drive the even carts hard to the right, leave the odd ones alone."""
    return (torch.arange(N) % 2 == 0).float().unsqueeze(1)


def test_each_end_has_one_cause(task: Cartpole):
    causes = {"terminated": 0, "time_out": 0, "fault": 0}
    for _ in range(45):
        _, _, done, extras = task.step(push())
        masks = extras["terminations"]
        assert set(masks) == set(causes)
        assert torch.equal(sum(mask.long() for mask in masks.values()) * done, done.long())
        assert torch.equal(masks["time_out"], extras["time_outs"])
        for name, mask in masks.items():
            causes[name] += int((mask & done.bool()).sum())
    assert causes["terminated"] > 0 and causes["time_out"] > 0 and causes["fault"] == 0


def test_the_humanoid_falls():
    task = make_task("task=humanoid", "num_envs=4", "device=cpu")
    task.reset()
    fallen = 0
    for _ in range(90):
        _, _, done, extras = task.step(torch.zeros(4, 21))
        fallen += int((extras["terminations"]["fallen"] & done.bool()).sum())
    assert fallen >= 4
    task.close()


def test_a_legacy_task_tells_terminations_from_time_outs():
    task = make_legacy()
    seen = {"terminated": 0, "time_out": 0}
    action = torch.zeros(task.num_envs, 1)
    action[0] = 1.0
    for _ in range(60):
        _, _, done, extras = task.step(action)
        for name in seen:
            seen[name] += int((extras["terminations"][name] & (done != 0)).sum())
    assert seen["terminated"] > 0 and seen["time_out"] > 0


def test_chosen_environments_begin_anew_and_the_others_do_not_notice():
    touched, untouched = Cartpole(CONFIG), Cartpole(CONFIG)
    still = torch.zeros(N, 1)  # nothing falls within these few steps, so nothing is drawn
    for task in (touched, untouched):
        task.reset()
        for _ in range(5):
            task.step(still)
    mask = torch.tensor([True, False, False, True, False, False])
    before = untouched.obs_buf.clamp(-5.0, 5.0)  # as it is shown
    obs = touched.restart(mask)["obs"]
    assert torch.equal(obs[~mask], before[~mask])
    assert bool((obs[mask][:, [0, 2]].abs() <= 0.1).all())
    assert touched.progress_buf.tolist() == [0, 5, 5, 0, 5, 5]
    for _ in range(5):
        one, other = (task.step(still)[0]["obs"] for task in (touched, untouched))
        assert torch.equal(one[~mask], other[~mask])
    for task in (touched, untouched):
        task.close()


def test_an_environment_whose_state_is_nan_recovers(task: Cartpole):
    task.step(push())
    task.dof_state.view(N, -1)[2] = torch.nan  # as a task's own bug might write
    mask = torch.arange(N) == 2
    assert bool(task.restart(mask)["obs"].isfinite().all())
    for _ in range(5):
        obs, reward, _, _ = task.step(push())
        assert bool(obs["obs"].isfinite().all() and reward.isfinite().all())


class Curriculum(Cartpole):
    """Raises the level, a plain number, with every step; the reward depends on it."""

    level = 0

    def compute_reward(self):
        self.level += 1
        return {"level": torch.full((self.num_envs,), float(self.level))}

    def state_dict(self):
        return {**super().state_dict(), "level": self.level}

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.level = state["level"]


def test_a_curriculum_continues_where_it_stopped():
    one, other = Curriculum(CONFIG), Curriculum(CONFIG)
    one.reset()
    for _ in range(3):
        one.step(push())
    other.load_state_dict(one.state_dict())
    assert other.step(push())[1].tolist() == one.step(push())[1].tolist() == [4.0] * N
    one.close()
    other.close()
