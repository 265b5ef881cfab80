"""The first signal asks a training to stop, the next one insists, unless it is the same request."""

import signal
import time

import pytest

from humanoid_gym.rl import interruption
from humanoid_gym.rl.interruption import Interruption

pytestmark = pytest.mark.usefixtures("handled_interrupts")


def test_a_signal_that_comes_twice_at_once_is_one_request():
    with Interruption() as stop:
        assert not stop.requested
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)  # as timeout(1) sends it, to the process and its group
        assert stop.requested
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_request_acts_as_without_us(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(interruption, "SAME_REQUEST", 0.01)
    with Interruption() as stop:
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.02)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert stop.requested
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_used_context_waits_for_the_first_request_again():
    stop = Interruption()
    for _ in range(2):
        with stop:
            assert not stop.requested
            signal.raise_signal(signal.SIGINT)
            assert stop.requested
