"""Comparing what `state_dict` returns."""

import torch


def flat(state, prefix=""):
    """Every leaf of nested dicts by path."""
    if not isinstance(state, dict):
        return {prefix: state}
    return {k: v for key in state for k, v in flat(state[key], f"{prefix}/{key}").items()}


def assert_same_state(one, other):
    """Equal to the last bit, but for the wall-clock time."""
    one, other = flat(one), flat(other)
    assert one.keys() == other.keys()
    for name, value in one.items():
        if name == "/counters/elapsed":
            continue
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, other[name]), name
        else:
            assert value == other[name], name
