"""Where episodes begin, and how far a robot was to walk until they end."""

import pytest
import torch

from humanoid_gym.tasks.terrain import Course, TerrainConfig, TerrainCourse

N = 40
CPU = torch.device("cpu")
CONFIG = TerrainConfig(
    proportions={"stairs_up": 1.0, "slope_down": 1.0},
    levels=4,
    columns=4,
    border=5.0,
    curriculum=True,
)
ALL = torch.ones(N, dtype=torch.bool)


def make(config=CONFIG, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def uniform(low, high, shape):
        return torch.empty(shape).uniform_(low, high, generator=generator)

    return TerrainCourse(config, N, CPU, seed=0, uniform=uniform)


def middles(course):
    places = torch.from_numpy(course.terrain.middles).float()
    return places[course.level, course.column]


def test_episodes_begin_on_the_platform_of_their_tile():
    course = make()
    for _ in range(3):
        away = course.start[:, :2] - middles(course)
        assert away.abs().max() <= 0.5
        assert away.std() == pytest.approx(0.5 / 3**0.5, rel=0.2)
        assert torch.allclose(course.start[:, 2], course.ground.height(course.start[:, :2]))
        course.begin(ALL, course.start + 10.0, ALL)


def test_robots_that_follow_go_up_and_those_that_fall_go_down():
    """1 m/s for 20 s is 20 m; after 5 s a robot has fallen 4.5 m away on a tile of 16 m."""
    course = make(TerrainConfig(**{**vars(CONFIG), "tile_size": 16.0}))
    course.level.fill_(1)
    ahead, facing = torch.tensor([1.0, 0.0]).repeat(N, 1), torch.tensor([0.6, 0.8]).repeat(N, 1)
    for step in range(1, 251):
        course.follow(ahead, facing, 0.02, torch.full((N,), 1000 - step))
    assert course.commanded_way[0].tolist() == pytest.approx([3.0, 4.0], abs=1e-4)
    assert course.commanded_distance[0].item() == pytest.approx(20.0, abs=1e-3)
    place = course.start.clone()
    place[:10, 0] += 4.5  # fell
    place[10:20, 1] -= 8.5  # left the tile
    place[20:30, 0] += 7.9  # between both, had 10.1 m been commanded
    course.commanded_distance[20:30] = 10.1
    before = course.start.clone()
    under_way = torch.arange(N) < 30
    course.begin(under_way, place, torch.arange(N) != 0)
    expected = [1] + [0] * 9 + [2] * 10 + [1] * 20
    assert course.level.tolist() == expected
    assert (course.start != before).any(1).tolist() == under_way.tolist()
    assert course.commanded_way[under_way].eq(0.0).all()
    assert course.commanded_way[~under_way].ne(0.0).all()
    assert course.commanded_distance.ne(0.0).tolist() == (~under_way).tolist()


def test_a_truncated_episode_asks_for_what_was_commanded_in_it():
    """It began half-way, as all do at the start of training: 3 s at 0.5 m/s, then 1 s turned."""
    course, facing = make(), torch.tensor([0.0, 1.0]).repeat(N, 1)
    for step in range(200):
        ahead = torch.tensor([[0.5, 0.0] if step < 150 else [0.0, 0.5]]).repeat(N, 1)
        course.follow(ahead, facing, 0.02, torch.full((N,), 199 - step))
    assert course.commanded_distance[0].item() == pytest.approx((1.5**2 + 0.5**2) ** 0.5, abs=1e-4)


def test_nothing_is_decided_before_the_first_step():
    course = make()
    level = course.level.clone()
    course.begin(ALL, course.start, ALL)
    assert torch.equal(course.level, level)


def test_its_tensors_are_all_that_goes_on():
    """Another course that takes them over, and the random numbers, does what the first one does."""
    first, second = make(seed=1), make(seed=1)
    first.begin(ALL, first.start + 3.0, ALL)
    second.begin(ALL, second.start, ALL)
    for name, values in first.tensors().items():
        second.tensors()[name].copy_(values)
    for course in (first, second):
        course.follow(torch.ones(N, 2), torch.ones(N, 2), 0.02, torch.ones(N))
        course.begin(ALL, course.start + torch.linspace(0.0, 6.0, N)[:, None], ALL)
    for name, values in first.tensors().items():
        assert torch.equal(values, second.tensors()[name]), name


def test_a_plane_keeps_nothing_and_begins_at_the_origin():
    course = Course(TerrainConfig(), N, CPU)
    course.follow(torch.ones(N, 2), torch.ones(N, 2), 0.02, torch.ones(N))
    course.begin(ALL, torch.ones(N, 3), ALL)
    assert not course.start.any()
    assert course.tensors().keys() == make().tensors().keys()
    assert not course.metrics()
    points = torch.rand(N, 3, 2)
    for height in (course.ground.height, course.ground.beneath, course.ground.highest):
        assert torch.equal(height(points), torch.zeros(N, 3))
    root_state = torch.zeros(N, 13)
    root_state[:, 2], root_state[:, 6] = 0.7, 1.0
    assert torch.allclose(course.ground.scan(root_state, 0.75), torch.tensor(0.05))
