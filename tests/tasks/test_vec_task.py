"""VecTask's contract, on the cart-pole and the embedded engine."""

import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from humanoid_gym import VecTask
from humanoid_gym.config import ConfigError
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig
from humanoid_gym.tasks.task_config import TaskConfig

N = 6
CONFIG = CartpoleConfig(num_envs=N, seed=3, episode_length=20)


@pytest.fixture
def task() -> Iterator[Cartpole]:
    task = Cartpole(CONFIG)
    task.reset()
    yield task
    task.close()


def actions(seed: int, steps: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(steps, N, 1, generator=generator) * 2.0 - 1.0


def still() -> torch.Tensor:
    return torch.zeros(N, 1)


def test_sizes_and_first_observation(task: Cartpole):
    assert (task.num_envs, task.num_obs, task.num_actions, task.num_states) == (N, 4, 1, 0)
    assert task.max_episode_length == 20
    assert task.device == torch.device("cpu")
    observation = task.reset()["obs"]
    assert observation.shape == (N, 4)
    assert (observation[:, [0, 2]].abs() <= 0.1).all()
    assert (observation[:, [1, 3]].abs() <= 0.25).all()
    assert observation.std(0).min() > 0.0


def test_rewards_are_the_sum_of_their_terms_and_the_public_formula(task: Cartpole):
    for action in actions(0, 15):
        task.obs_buf.fill_(torch.nan)  # a column that is not written stays NaN
        _, reward, _, extras = task.step(action)
        torch.testing.assert_close(sum(extras["reward_terms"].values()), reward)
        position, cart, angle, pole = extras["final_observation"].unbind(1)
        expected = 1.0 - angle**2 - 0.01 * cart.abs() - 0.005 * pole.abs()
        failed = (position.abs() > 3.0) | (angle.abs() > torch.pi / 2)
        expected[failed] = -2.0
        inside = extras["final_observation"].abs().amax(1) < 5.0  # not clipped
        torch.testing.assert_close(reward[inside], expected[inside])


def test_time_out_is_truncation_and_begins_a_new_episode(task: Cartpole):
    for _ in range(19):
        _, _, reset, extras = task.step(still())
        assert not reset.any() and not extras["time_outs"].any()
    observation, _, reset, extras = task.step(still())
    assert reset.bool().all() and extras["time_outs"].all()
    assert (task.progress_buf == 0).all()
    first, last = observation["obs"], extras["final_observation"]
    assert (first[:, [0, 2]].abs() <= 0.1).all()
    assert not torch.equal(first, last)
    assert not task.step(still())[2].any()


def test_failure_is_not_a_time_out_even_on_the_last_step(task: Cartpole):
    task.joints[2, 1, 0] = 2.0  # pole below the horizontal
    task.gym.set_dof_state_tensor(task.sim, gymtorch_unwrap(task.dof_state))
    task.progress_buf[:] = 19
    _, reward, reset, extras = task.step(still())
    assert reset.bool().all()
    assert extras["time_outs"].tolist() == [True, True, False, True, True, True]
    assert reward[2] == -2.0
    assert extras["final_observation"][2, 2] > torch.pi / 2


def gymtorch_unwrap(tensor: torch.Tensor) -> object:
    from isaacgym import gymtorch

    return gymtorch.unwrap_tensor(tensor)


def test_final_observation_equals_the_observation_where_no_episode_ended(task: Cartpole):
    task.progress_buf[0] = 19
    observation, _, reset, extras = task.step(still())
    assert reset.tolist() == [1, 0, 0, 0, 0, 0]
    same = (observation["obs"] == extras["final_observation"]).all(1)
    assert same.tolist() == [False, True, True, True, True, True]


def test_stages_come_in_order():
    calls = []

    class Recorder(Cartpole):
        def pre_physics_step(self, actions: torch.Tensor) -> None:
            calls.append("act")
            super().pre_physics_step(actions)

        def compute_observations(self) -> None:
            calls.append(("observe", self.progress_buf.tolist()))
            super().compute_observations()

        def compute_reward(self) -> dict:
            calls.append("reward")
            return super().compute_reward()

        def reset_envs(self, mask: torch.Tensor) -> None:
            calls.append(("reset", mask.tolist()))
            super().reset_envs(mask)

    task = Recorder(dataclasses.replace(CONFIG, num_envs=2, episode_length=2))
    task.reset()
    task.progress_buf[1] = 1
    calls.clear()
    task.step(torch.zeros(2, 1))
    assert calls == [
        "act",
        ("observe", [1, 2]),
        "reward",
        ("reset", [False, True]),
        ("observe", [1, 0]),
    ]
    task.close()


def test_control_frequency_inv_advances_several_simulation_steps():
    config = dataclasses.replace(CONFIG, control_frequency_inv=3)
    coarse, fine = Cartpole(config), Cartpole(CONFIG)
    coarse.reset(), fine.reset()
    push = torch.full((N, 1), 0.05)
    observation = coarse.step(push)[0]["obs"]
    for _ in range(3):
        expected = fine.step(push)[0]["obs"]
    assert torch.equal(observation, expected)


def test_resetting_some_leaves_the_others_bit_identical():
    one, other = Cartpole(CONFIG), Cartpole(CONFIG)
    one.reset(), other.reset()
    mask = torch.tensor([True, False, False, True, False, False])
    for i, action in enumerate(actions(1, 12) * 0.02):
        if i == 5:
            other.reset_envs(mask)
        a, b = one.step(action)[0]["obs"], other.step(action)[0]["obs"]
        assert torch.equal(a[~mask], b[~mask])
        assert torch.equal(a[mask], b[mask]) == (i < 5)


def rollout(task: Cartpole, steps: torch.Tensor) -> list[torch.Tensor]:
    out = []
    for action in steps:
        observation, reward, reset, extras = task.step(action)
        parts = (observation["obs"], reward, reset, extras["final_observation"])
        out += [part.clone() for part in parts]
    return out


def test_same_seed_same_episodes_other_seed_other_episodes():
    results = []
    for seed in (3, 3, 4):
        task = Cartpole(dataclasses.replace(CONFIG, seed=seed))
        results.append([task.reset()["obs"].clone(), *rollout(task, actions(2, 50))])
    assert all(torch.equal(a, b) for a, b in zip(results[0], results[1], strict=True))
    assert not torch.equal(results[0][0], results[2][0])


def test_saved_state_continues_bit_for_bit(task: Cartpole):
    task.randomize_episode_phase()
    rollout(task, actions(3, 17))
    saved = task.state_dict()
    expected = rollout(task, actions(4, 40))
    fresh = Cartpole(dataclasses.replace(CONFIG, seed=99))
    fresh.load_state_dict(saved)
    for a, b in zip(expected, rollout(fresh, actions(4, 40)), strict=True):
        assert torch.equal(a, b)


def test_state_of_another_task_is_refused_and_changes_nothing(task: Cartpole):
    saved = Cartpole(dataclasses.replace(CONFIG, num_envs=2)).state_dict()
    before = task.progress_buf.clone()
    with pytest.raises(ValueError, match=r"'obs_buf' is .* shape \(2, 4\); this task needs"):
        task.load_state_dict(saved)
    with pytest.raises(ValueError, match="lacks tensors, generator"):
        task.load_state_dict({"control_steps": 1})
    assert torch.equal(task.progress_buf, before)


def test_a_simulator_without_extensions_begins_new_episodes_on_loading(
    task: Cartpole, monkeypatch: pytest.MonkeyPatch
):
    rollout(task, actions(3, 5))
    monkeypatch.setattr(task, "extensions", None)
    task.load_state_dict(task.state_dict())
    assert (task.progress_buf == 0).all()
    assert (task.obs_buf[:, [0, 2]].abs() <= 0.1).all()
    with pytest.raises(NotImplementedError, match="embedded engine"):
        task.render_frame(0, (3.0, 0.0, 2.0), (0.0, 0.0, 1.0), 8, 8)


def test_diverged_environment_ends_without_reward(task: Cartpole, monkeypatch: pytest.MonkeyPatch):
    counts = torch.tensor([0, 0, 0, 0, 1, 0])
    monkeypatch.setattr(task, "extensions", SimpleNamespace(fault_counts=lambda sim: counts))
    _, reward, reset, extras = task.step(still())
    assert extras["faults"].tolist() == [False, False, False, False, True, False]
    assert reset.tolist() == [0, 0, 0, 0, 1, 0]
    assert not extras["time_outs"].any()
    assert reward[4] == 0.0 and (reward[:4] > 0.9).all()
    assert all(term[4] == 0.0 for term in extras["reward_terms"].values())
    assert not task.step(still())[3]["faults"].any()


def test_phases_are_spread_over_the_episode():
    task = Cartpole(CartpoleConfig(num_envs=256, episode_length=20))
    task.reset()
    task.randomize_episode_phase()
    assert set(task.progress_buf.tolist()) == set(range(20))


def test_torch_gets_its_threads_back_after_a_step():
    seen = []

    class Counter(Cartpole):
        def compute_observations(self) -> None:
            seen.append(torch.get_num_threads())
            super().compute_observations()

    task = Counter(CONFIG)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        task.reset()
        task.step(still())
        with pytest.raises(ValueError, match="actions"):
            task.step(torch.zeros(N))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert seen == [1, 1]


def test_wrong_actions_and_configurations_are_named(task: Cartpole):
    with pytest.raises(ValueError, match=r"actions: expected shape \(6, 1\), got \(6,\)"):
        task.step(torch.zeros(N))
    with pytest.raises(ConfigError, match="Cartpole is configured by CartpoleConfig, got TaskConf"):
        Cartpole(TaskConfig())
    with pytest.raises(ConfigError, match="must state num_obs and num_actions"):
        VecTask(TaskConfig())
    with pytest.raises(ConfigError, match="device: expected cpu or cuda"):
        Cartpole(CONFIG, "gpu0")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_without_cuda_is_refused():
    with pytest.raises(ConfigError, match="PyTorch sees no CUDA device"):
        Cartpole(CONFIG, "cuda:0")


def test_missing_robot_is_a_file_error():
    with pytest.raises(FileNotFoundError, match=r"asset 'nowhere\.urdf' not found"):
        Cartpole(dataclasses.replace(CONFIG, asset="nowhere.urdf"))


def test_timings_add_up_and_close_may_be_repeated(task: Cartpole):
    before = task.timings()
    task.step(still())
    after = task.timings()
    assert set(after) == {"physics", "observation_reward"}
    assert all(after[part] > before[part] for part in after)
    task.close()
    task.close()


class PrivilegedCartpole(Cartpole):
    """Tells a critic the age of the episode and its own position, beside the observation."""

    num_states = 2

    def compute_observations(self) -> None:
        super().compute_observations()
        self.states_buf[:, 0] = self.progress_buf
        self.states_buf[:, 1] = self.obs_buf[:, 0]


def test_final_states_are_those_before_the_reset():
    task = PrivilegedCartpole(dataclasses.replace(CONFIG, episode_length=4, clip_observations=3.0))
    observations = task.reset()
    assert observations["states"].shape == (N, 2)
    assert (observations["states"][:, 0] == 0.0).all()
    for age in (1.0, 2.0, 3.0):
        observations, _, done, extras = task.step(still())
        assert not done.any()
        assert (extras["final_states"][:, 0] == age).all()
        assert torch.equal(extras["final_states"], observations["states"])
    observations, _, done, extras = task.step(still())
    assert done.all()
    assert (extras["final_states"][:, 0] == 3.0).all()  # age 4, clipped as observations are
    assert torch.equal(extras["final_states"][:, 1], extras["final_observation"][:, 0])
    assert (observations["states"][:, 0] == 0.0).all()
    task.close()


def test_task_without_states_tells_none(task: Cartpole):
    observations, _, _, extras = task.step(still())
    assert "final_states" not in extras
    assert "states" not in observations


def test_state_of_an_earlier_version_without_buffers_for_states_loads(task: Cartpole):
    state = task.state_dict()
    del state["tensors"]["final_states_buf"]
    task.load_state_dict(state)
