import warnings

import pytest
import torch

from humanoid_gym.waiting import listened_to


@pytest.fixture
def modes(monkeypatch: pytest.MonkeyPatch):
    """Modes that were set; setting one tells what PyTorch tells then."""
    modes = []

    def set_mode(mode):
        modes.append(mode)
        text = "Synchronization debug mode is a prototype feature and does not yet detect all"
        warnings.warn(text, UserWarning, stacklevel=1)

    monkeypatch.setattr(torch.cuda, "get_sync_debug_mode", lambda: 0)
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", set_mode)
    return modes


def test_the_first_line_that_waits_is_told_and_other_warnings_are_passed_on(modes):
    def waiting():
        warnings.warn("called a synchronizing CUDA operation", UserWarning, stacklevel=1)
        warnings.warn("called a synchronizing CUDA operation", UserWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)
        return 3

    with pytest.warns(UserWarning) as told:
        result, place = listened_to(waiting)
    line = waiting.__code__.co_firstlineno + 1
    assert (result, place) == (3, f"{__file__}:{line}")
    assert "something else" in [str(warning.message) for warning in told]
    assert modes == ["warn", 0]


def test_what_does_not_wait_is_run_in_silence(modes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert listened_to(lambda: 5) == (5, "")
    assert modes == ["warn", 0]


def test_the_mode_is_put_back_after_an_error(modes):
    with pytest.raises(ZeroDivisionError):
        listened_to(lambda: 1 / 0)
    assert modes == ["warn", 0]
