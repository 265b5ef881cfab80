import pytest
import torch

from humanoid_gym.rl.episode_statistics import EpisodeStatistics

CPU = torch.device("cpu")


def play(statistics, steps, num_envs, chance, seed=0):
    """Feed random steps; keep the books in plain Python and return every finished episode."""
    g = torch.Generator().manual_seed(seed)
    running = [[] for _ in range(num_envs)]
    finished = []
    for _ in range(steps):
        a, b, speed = torch.rand(3, num_envs, generator=g)
        done = torch.rand(num_envs, generator=g) < chance
        statistics.update(a - b, done, {"a": a, "b": -b}, {"speed": speed})
        for n in range(num_envs):
            running[n].append((a[n].item(), -b[n].item(), speed[n].item()))
            if done[n]:
                finished.append(running[n])
                running[n] = []
    return finished


def expected_means(episodes):
    rows = []
    for episode in episodes:
        a, b, speed = (sum(column) for column in zip(*episode, strict=True))
        rows.append((a + b, len(episode), a, b, speed / len(episode)))
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize(
    ("num_envs", "steps", "chance", "window"),
    [
        (5, 200, 0.1, 10),  # the ring wraps around many times
        (7, 30, 0.05, 100),  # it is never full
        (50, 6, 0.5, 8),  # more episodes end in one step than it holds
        (4, 9, 1.0, 4),  # all end at once
    ],
)
def test_window_matches_plain_bookkeeping(num_envs, steps, chance, window):
    statistics = EpisodeStatistics(num_envs, CPU, window)
    finished = play(statistics, steps, num_envs, chance)
    report = statistics.report(statistics.summary().tolist())
    assert report.pop("episode/finished") == len(finished)
    assert list(report) == [
        "episode/return",
        "episode/length",
        "reward_term/a",
        "reward_term/b",
        "metric/speed",
    ]
    expected = expected_means(finished[-window:])
    assert list(report.values()) == pytest.approx(expected, rel=1e-5)


def test_nothing_is_reported_before_an_episode_ends():
    statistics = EpisodeStatistics(3, CPU)
    statistics.update(torch.ones(3), torch.zeros(3, dtype=torch.bool), {"a": torch.ones(3)}, {})
    assert statistics.report(statistics.summary().tolist()) == {"episode/finished": 0.0}


def test_works_without_terms_and_metrics():
    statistics = EpisodeStatistics(2, CPU)
    for done in (False, True):
        statistics.update(torch.tensor([1.0, 3.0]), torch.tensor([done, done]), {}, {})
    report = statistics.report(statistics.summary().tolist())
    assert report == {"episode/finished": 2.0, "episode/return": 4.0, "episode/length": 2.0}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_an_episode_with_a_nan_is_not_counted(bad):
    statistics = EpisodeStatistics(2, CPU)
    done = torch.tensor([True, True])
    statistics.update(torch.ones(2), ~done, {"a": torch.tensor([bad, 1.0])}, {})
    statistics.update(torch.ones(2), done, {"a": torch.ones(2)}, {})
    expected = {
        "episode/finished": 1.0,
        "episode/return": 2.0,
        "episode/length": 2.0,
        "reward_term/a": 2.0,
    }
    assert statistics.report(statistics.summary().tolist()) == expected
    statistics.update(torch.ones(2), done, {"a": torch.ones(2)}, {})  # the next one is clean again
    assert statistics.report(statistics.summary().tolist())["episode/finished"] == 3.0


def test_terminations_are_the_part_of_episodes_that_ended_so():
    statistics = EpisodeStatistics(4, CPU)
    done = torch.tensor([True, True, True, False])
    causes = {
        "fallen": torch.tensor([True, False, True, True]),  # the last one goes on all the same
        "time_out": torch.tensor([False, True, False, False]),
    }
    statistics.update(torch.ones(4), done, {}, {}, causes)
    report = statistics.report(statistics.summary().tolist())
    assert report["termination/fallen"] == pytest.approx(2 / 3)
    assert report["termination/time_out"] == pytest.approx(1 / 3)


def test_quantities_of_whole_episodes_are_read_where_they_end():
    statistics = EpisodeStatistics(3, CPU)
    never, some = torch.zeros(3, dtype=torch.bool), torch.tensor([True, False, True])
    for done, scale in ((never, 1.0), (some, 2.0)):
        walked = {"distance": scale * torch.tensor([3.0, 5.0, 7.0])}
        statistics.update(torch.ones(3), done, {}, {"speed": torch.ones(3)}, {}, walked)
    report = statistics.report(statistics.summary().tolist())
    assert report["metric/distance"] == pytest.approx((6.0 + 14.0) / 2)
    assert report["metric/speed"] == 1.0
    other = EpisodeStatistics(3, CPU)
    other.load_state_dict(statistics.state_dict())
    assert other.report(other.summary().tolist()) == report


def test_forgotten_episodes_start_again():
    statistics = EpisodeStatistics(2, CPU)
    never = torch.tensor([False, False])
    statistics.update(torch.ones(2), never, {}, {})
    statistics.forget(torch.tensor([True, False]))
    statistics.update(torch.ones(2), ~never, {}, {})
    assert statistics.report(statistics.summary().tolist())["episode/length"] == 1.5


def test_steps_hold_each_value_of_the_rollout():
    statistics = EpisodeStatistics(2, CPU, horizon=3)
    never = torch.tensor([False, False])
    for t in range(3):
        statistics.update(
            torch.tensor([t, -t]).float(), never, {"a": torch.full((2,), t + 0.5)}, {}
        )
    assert statistics.columns == ["episode/return", "episode/length", "reward_term/a"]
    assert statistics.steps[..., 0].tolist() == [[0, 0], [1, -1], [2, -2]]
    assert statistics.steps[:, 0, 2].tolist() == [0.5, 1.5, 2.5]


def test_state_continues_exactly():
    one, other = EpisodeStatistics(5, CPU, 10), EpisodeStatistics(5, CPU, 10)
    play(one, 23, 5, 0.2)
    other.load_state_dict(one.state_dict())
    play(one, 17, 5, 0.2, seed=1)
    play(other, 17, 5, 0.2, seed=1)
    assert torch.equal(one.summary(), other.summary())


@pytest.mark.parametrize("names", [("height",), ("speed", "height"), ()])
def test_a_run_that_goes_on_with_other_names_begins_its_books_anew(names):
    before, after = EpisodeStatistics(3, CPU, horizon=4), EpisodeStatistics(3, CPU, horizon=4)
    play(before, 10, 3, 0.5)
    after.load_state_dict(before.state_dict())
    one, done = torch.ones(3), torch.tensor([True, False, False])
    for _ in range(2):
        after.update(one, done, {"a": one}, dict.fromkeys(names, 2.0 * one))
    report = after.report(after.summary().tolist())
    expected = {"episode/return": 1.0, "episode/length": 1.0, "reward_term/a": 1.0}
    assert report == {"episode/finished": 2.0, **expected, **{f"metric/{n}": 2.0 for n in names}}
    # the rollout under way goes on: two of its four steps were before
    seen = [[0.0] * (3 + len(names))] * 2 + [[1.0, 1.0, 1.0, *(2.0 for _ in names)]] * 2
    assert after.steps[:, 1].tolist() == seen


def test_quantities_that_come_between_known_columns_are_not_taken_for_others():
    before, after = EpisodeStatistics(2, CPU), EpisodeStatistics(2, CPU)
    one, both = torch.ones(2), torch.tensor([True, True])
    fallen = {"fallen": both}
    before.update(one, both, {}, {}, fallen)
    after.load_state_dict(before.state_dict())
    # "distance" has its column before that of "fallen"
    after.update(one, both, {}, {}, fallen, {"distance": 7.0 * one})
    report = after.report(after.summary().tolist())
    assert (report["metric/distance"], report["termination/fallen"]) == (7.0, 1.0)


def test_a_quantity_that_comes_after_the_known_ones_leaves_the_books_as_they_are():
    statistics = EpisodeStatistics(2, CPU)
    one, both = torch.ones(2), torch.tensor([True, True])
    statistics.update(one, both, {}, {"speed": 4.0 * one})
    statistics.update(one, both, {}, {"speed": 6.0 * one}, {"fallen": both})
    report = statistics.report(statistics.summary().tolist())
    assert (report["episode/finished"], report["metric/speed"]) == (4.0, 5.0)
    assert report["termination/fallen"] == 0.5  # of the first two nobody knew


def test_the_finished_episodes_of_other_settings_can_be_dropped():
    statistics = EpisodeStatistics(2, CPU)
    both, none = torch.tensor([True, True]), torch.tensor([False, False])
    statistics.update(torch.full((2,), 9.0), both, {}, {})
    statistics.update(torch.full((2,), 2.0), none, {}, {})
    statistics.forget_finished()
    assert statistics.report(statistics.summary().tolist()) == {"episode/finished": 0.0}
    statistics.update(torch.full((2,), 3.0), both, {}, {})
    report = statistics.report(statistics.summary().tolist())
    assert report == {"episode/finished": 2.0, "episode/return": 5.0, "episode/length": 2.0}
