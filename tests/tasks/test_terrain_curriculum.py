"""The curriculum's rules, for any number of robots that walked any distance."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humanoid_gym.tasks.terrain import TerrainConfig, TerrainCurriculum

LEVELS, COLUMNS, TILE = 6, 4, 8.0
SHARES = {"flat": 1.0, "rough": 1.0}


def make(num_envs, seed=0, **changes):
    settings = {"proportions": SHARES, "levels": LEVELS, "columns": COLUMNS, "tile_size": TILE}
    generator = torch.Generator().manual_seed(seed)

    def uniform(low, high, shape):
        return torch.empty(shape).uniform_(low, high, generator=generator)

    config = TerrainConfig(**{**settings, "curriculum": True, **changes})
    level = torch.zeros(num_envs, dtype=torch.long)
    column = torch.arange(num_envs) * COLUMNS // num_envs
    return TerrainCurriculum(config, level, column, uniform)


distance = st.integers(0, 160).map(lambda eighths: eighths / 8.0)
robot = st.tuples(st.integers(0, LEVELS - 1), st.booleans(), distance, distance)


@settings(deadline=None, max_examples=200)
@given(st.lists(robot, min_size=1, max_size=30), st.integers(0, 1000))
def test_promotion_demotion_and_the_way_on_from_the_last_level(robots, seed):
    curriculum = make(len(robots), seed)
    level, ended, walked, commanded = (torch.tensor(values) for values in zip(*robots, strict=True))
    curriculum.level.copy_(level)
    columns = curriculum.column.clone()
    curriculum.update(ended, walked, commanded)
    for before, now, (_, over, way, wanted) in zip(
        level.tolist(), curriculum.level.tolist(), robots, strict=True
    ):
        if not over:
            assert now == before
        elif way > TILE / 2:
            assert now == before + 1 if before < LEVELS - 1 else 0 <= now < LEVELS
        elif way < wanted / 2:
            assert now == max(before - 1, 0)
        else:
            assert now == before
    assert torch.equal(curriculum.column, columns)


def test_who_passes_the_last_level_goes_on_at_any():
    curriculum = make(6000)
    curriculum.level.fill_(LEVELS - 1)
    far = torch.full((6000,), 9.0)
    curriculum.update(torch.ones(6000, dtype=torch.bool), far, far)
    counts = torch.bincount(curriculum.level, minlength=LEVELS)
    assert ((counts - 1000).abs() < 5 * 1000**0.5).all()


def test_first_levels_and_columns():
    curriculum = make(1200, highest_first_level=2)
    counts = torch.bincount(curriculum.level, minlength=LEVELS)
    assert ((counts[:3] - 400).abs() < 5 * 400**0.5).all()
    assert counts[3:].sum() == 0
    assert torch.bincount(curriculum.column).tolist() == [300] * COLUMNS


def test_a_highest_first_level_beyond_the_last_is_the_last():
    assert make(500, highest_first_level=99).level.max() == LEVELS - 1


def test_without_curriculum_each_episode_is_on_any_tile():
    curriculum = make(4800, curriculum=False)
    half = torch.arange(4800) < 2400
    level, column = curriculum.level.clone(), curriculum.column.clone()
    none = torch.zeros(4800)
    curriculum.update(half, none, none)
    assert torch.equal(curriculum.level[~half], level[~half])
    assert torch.equal(curriculum.column[~half], column[~half])
    tiles = torch.bincount((curriculum.level * COLUMNS + curriculum.column)[half])
    assert len(tiles) == LEVELS * COLUMNS
    assert ((tiles - 100).abs() < 5 * 100**0.5).all()


def test_everything_follows_from_the_seed():
    def walk(seed):
        curriculum, generator = make(200, seed), torch.Generator().manual_seed(0)
        for _ in range(20):
            way = torch.rand(200, generator=generator) * 12.0
            curriculum.update(torch.rand(200, generator=generator) < 0.5, way, 2.0 * way.flip(0))
        return curriculum.level

    assert torch.equal(walk(1), walk(1))
    assert not torch.equal(walk(1), walk(2))
