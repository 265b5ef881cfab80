"""Pacing against a clock that only tests move."""

import pytest

from humanoid_gym.engine.frame_clock import FrameClock


class Time:
    def __init__(self):
        self.now = 100.0
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def clock(time):
    return FrameClock(lambda: time.now, time.sleep)


def test_waits_for_what_is_left_of_a_frame(time, clock):
    clock.sync(0.0)
    time.now += 0.01
    clock.sync(0.05)
    assert time.slept == [pytest.approx(0.04)]
    assert clock.seconds_idle == pytest.approx(0.04)


def test_late_frames_are_not_made_up_for(time, clock):
    clock.sync(0.0)
    time.now += 3.0
    clock.sync(0.05)
    clock.sync(0.10)
    assert time.slept == [pytest.approx(0.05)]


def test_short_waits_do_not_add_up_to_a_drift(time, clock):
    clock.sync(0.0)
    for frame in range(1, 101):
        time.now += 0.003
        clock.sync(0.01 * frame)
    assert time.now == pytest.approx(101.0)


def test_what_ran_free_is_not_waited_for(time, clock):
    clock.sync(0.0)
    time.now += 2.0
    clock.sync(60.0)  # a minute was simulated without drawing
    assert time.slept == []
    time.now += 0.01
    clock.sync(60.05)
    assert time.slept == [pytest.approx(0.04)]


def test_timers_count_from_the_last_reading(time, clock):
    time.now += 5.0
    clock.start_timers(1.0)
    time.now += 2.0
    first = clock.timers(1.5)
    assert (first.physics_sim, first.total_time) == pytest.approx((0.5, 2.0))
    assert clock.timers(1.5).total_time == 0.0
    assert clock.elapsed == pytest.approx(7.0)
