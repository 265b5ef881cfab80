"""The walking task on a terrain."""

from typing import Any

import pytest
import torch
from recorded_capture import PretendingGpu
from sync_guard import SyncGuard
from test_captured_step import outcome
from walking_settings import LEGS, commands, config

from humanoid_gym.tasks.snapshot import tensor_attributes
from humanoid_gym.tasks.terrain import KINDS, mirrored_scan, scan_grid
from humanoid_gym.tasks.walking.walk import Walk

TERRAIN = {
    "proportions": dict.fromkeys(KINDS, 1.0),
    "levels": 2,
    "columns": len(KINDS),
    "border": 2.0,
    "curriculum": True,
    "height_scan": {"observer": "policy"},
}
N = 2 * len(KINDS)
ALL = torch.ones(N, dtype=torch.bool)


def make(cls: type = Walk, terrain: dict = TERRAIN, **changes: Any) -> Walk:
    return cls(config(asset=LEGS, num_envs=N, terrain=terrain, **changes))


def place(task: Walk) -> Walk:
    """Put two robots on a tile of each kind, one at each level."""
    task.terrain_level.copy_(torch.arange(N) % 2)
    task.root_state[:, :3] = task.terrain_start
    task.commanded_distance.zero_()
    task.restart(ALL)
    assert torch.equal(task.terrain_level, torch.arange(N) % 2)
    assert torch.equal(task.terrain_column, torch.arange(N) // 2)
    return task


@pytest.fixture(scope="module")
def task() -> Walk:
    task = make()
    task.reset()
    return task


def test_robots_begin_standing_on_every_tile(task: Walk):
    place(task)
    soles = task.config.standing_height + 0.01
    assert torch.allclose(task.root_state[:, 2] - task.terrain_start[:, 2], torch.tensor(soles))
    for _ in range(25):
        task.step(task.zero_actions())
    ends = task.extras["terminations"]
    assert not ends["low"].any()
    assert not ends["fault"].any()
    level = [kind not in ("rough", "waves") for kind in KINDS for _ in range(2)]
    under = task.course.ground.height(task.root_state[:, :2])
    height = (task.root_state[:, 2] - under)[level]
    assert (height - task.config.standing_height).abs().max() < 0.06
    weight = task.body_force[:, :, 2].sum(1)
    assert weight.mean().item() == pytest.approx(task.weight, rel=0.1)


def test_heights_count_from_the_ground(task: Walk):
    place(task)
    task.step(task.zero_actions())
    feet = task.body_state[:, task.feet.tolist(), :3]
    ground = task.course.ground
    soles = feet[..., 2] - task.config.sole_depth - ground.height(feet[..., :2])
    assert torch.allclose(task.quantities.foot_height, soles)
    base = task.root_state[:, 2] - ground.beneath(task.root_state[:, :2])
    assert torch.allclose(task.quantities.height, base)
    assert (task.root_state[:, 2] < 0.0).any()  # in the pits, where they have not fallen
    assert not task.compute_termination().any()


def test_who_sees_the_ground():
    widths = {}
    for observer in ("nobody", "critic", "policy"):
        task = make(terrain={**TERRAIN, "height_scan": {"observer": observer}})
        widths[observer] = task.num_obs, task.num_states
        if observer == "critic":
            task.reset()
            scan = task.course.ground.scan(task.root_state, task.config.standing_height)
            assert torch.equal(task.states_buf[:, -187:], scan)
    obs, states = widths["nobody"]
    assert widths["critic"] == (obs, states + 187)
    assert widths["policy"] == (obs + 187, states + 187)


def test_the_scan_is_part_of_the_mirror_image(task: Walk):
    """Points change sides; those ahead stay ahead."""
    scan = task.config.terrain.height_scan
    ahead, left = scan_grid(scan)
    image = mirrored_scan(scan)
    assert torch.equal(image.apply(ahead), ahead)
    assert torch.allclose(image.apply(left), -left, atol=1e-6)
    assert task.mirror().obs.width == task.num_obs


def test_levels_change_where_episodes_end_and_are_reported():
    """Told to walk 1 m in 2 s, robots that stand are demoted; some find themselves 5 m away."""
    task = make(episode_length=100, commands=commands(fixed=[0.5, 0.0, 0.0]))
    task.reset()
    place(task)
    for _ in range(20):
        task.step(task.zero_actions())
    assert (task.progress_buf == 20).all()
    assert task.commanded_distance.median().item() == pytest.approx(1.0, abs=0.05)
    reported = task.extras["episode_metrics"]["terrain_level"]
    assert reported.tolist() == [0.0, 1.0] * len(KINDS)
    carried = torch.arange(N) < 6
    task.terrain_start[carried, 0] -= 5.0
    task.reset()
    level = task.terrain_level
    assert level[carried][::2].eq(1).all()
    assert level[carried].le(1).all()  # the last level's robots go on at any
    assert level[~carried].eq(0).all()
    assert not task.commanded_distance.any()


def test_saved_state_continues_bit_for_bit():
    task, other = make(episode_length=8), make(episode_length=8)
    task.reset(), other.reset()
    generator = torch.Generator().manual_seed(0)
    actions = torch.randn(20, N, 12, generator=generator)
    for action in actions[:7]:
        task.step(action)
    other.load_state_dict(task.state_dict())
    for action in actions[7:]:
        expected, ours = outcome(task.step(action)), outcome(other.step(action))
        assert [name for name in ours if not torch.equal(ours[name], expected[name])] == []
    for name, tensor in tensor_attributes(task).items():
        assert torch.equal(getattr(other, name), tensor), name


def test_a_step_never_waits_for_a_gpu():
    class GpuWalk(PretendingGpu, Walk):
        pass

    task = make(GpuWalk)
    task.reset()
    started = task.course.start.clone()
    with SyncGuard():
        task.compute_observations()
        task.course.follow(task.commands[:, :2], task.commands[:, :2], 0.02, task.progress_buf)
        task.course.begin(ALL, task.root_state[:, :3] + 9.0, ~task.fault_buf)
        task.compute_episode_metrics()
    assert (task.course.start != started).any(1).all()
    assert task.terrain_start is task.course.start


def test_everything_follows_from_the_seed():
    def walk(seed: int) -> dict[str, torch.Tensor]:
        task = make(seed=seed)
        task.reset()
        for _ in range(5):
            task.step(0.5 * torch.ones(N, 12))
        return {name: tensor.clone() for name, tensor in tensor_attributes(task).items()}

    first, again, other = walk(1), walk(1), walk(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["terrain_start"], other["terrain_start"])
