"""What a graph of a step cannot repeat is named; what it can is brought to its place."""

from types import SimpleNamespace

import pytest
import torch

from humanoid_gym.tasks.held_tensors import HeldTensors


def owner(**attributes):
    return SimpleNamespace(last=torch.zeros(3), **attributes)


def objection(change, **attributes):
    """What is said of a step that changes a task so."""
    task = owner(**attributes)
    held = HeldTensors(task, ("ignored",))
    change(task)
    return held.objection(task)


def set_to(name, value):
    return lambda task: setattr(task, name, value)


def view_and_base():
    base = torch.zeros(4, 2)
    return {"state": base, "position": base[:, 0]}


@pytest.mark.parametrize(
    ("change", "attributes", "expected"),
    [
        (set_to("new", torch.zeros(2)), {}, "attribute 'new' appeared; create it"),
        (set_to("new", 3), {}, "attribute 'new' appeared; create it"),
        (set_to("last", torch.zeros(4)), {}, r"was torch.float32 of shape (3,) on cpu and is"),
        (set_to("last", None), {}, "and is None now"),
        (
            set_to("state", torch.ones(4, 2)),
            view_and_base(),
            "'state' is replaced, and 'position' shares its memory",
        ),
        (set_to("count", 2), {"count": 1}, "'count' changed from 1 to 2; keep it in a tensor"),
        (set_to("parts", [1]), {"parts": [1, 2]}, "'parts' has other entries now"),
        (set_to("parts", {"b": 1}), {"parts": {"a": 1}}, "'parts['a']' is gone"),
        (set_to("parts", {"a": 2}), {"parts": {"a": 1}}, "'parts['a']' changed from 1 to 2"),
        (
            set_to("parts", [torch.zeros(1)]),
            {"parts": [torch.zeros(1)]},
            "'parts[0]' is another tensor now; write into it with copy_",
        ),
    ],
)
def test_what_cannot_be_repeated_is_named(change, attributes, expected):
    assert expected in objection(change, **attributes)


@pytest.mark.parametrize(
    ("change", "attributes"),
    [
        (lambda task: task.last.add_(1.0), {}),
        (set_to("last", torch.ones(3)), {}),
        (set_to("ignored", 2), {"ignored": 1}),
        (set_to("handles", [2] * 300), {"handles": [1] * 300}),
        (set_to("name", "a"), {"name": "a"}),
    ],
)
def test_what_can_is_not(change, attributes):
    assert objection(change, **attributes) == ""


def test_exchanged_tensors_are_read_before_they_are_written():
    task = SimpleNamespace(left=torch.tensor([1.0]), right=torch.tensor([2.0]))
    left, right = task.left, task.right
    held = HeldTensors(task, ())
    task.left, task.right = right, left
    held.write_back(task)
    assert (task.left is left, task.right is right) == (True, True)
    assert (left.item(), right.item()) == (2.0, 1.0)


def test_a_tensor_of_another_shape_cannot_be_brought_to_its_place():
    task = owner()
    held = HeldTensors(task, ())
    task.last = torch.zeros(2, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"'last' was torch.float32 of shape \(3,\).*in place"):
        held.write_back(task)
