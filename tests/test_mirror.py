"""Reflections as plain tables of columns and signs."""

import pytest
import torch

from humanoid_gym.mirror import (
    EVEN,
    ODD,
    PSEUDOVECTOR,
    VECTOR,
    Reflection,
    by_name,
    exchanged,
    joined,
    signs,
)


def test_a_moment_of_force_reflects_like_a_pseudovector():
    """r x F of the mirrored arm and force is the mirror image of the torque."""
    arm, force = torch.randn(2, 50, 3, dtype=torch.float64, generator=torch.Generator())
    torque = torch.linalg.cross(arm, force)
    mirrored = torch.linalg.cross(VECTOR.apply(arm), VECTOR.apply(force))
    torch.testing.assert_close(PSEUDOVECTOR.apply(torque), mirrored)
    assert not torch.allclose(VECTOR.apply(torque), mirrored)


def test_columns_and_signs_by_hand():
    names = ["waist_z", "left_knee", "right_hip", "left_hip", "right_knee"]
    reflection = by_name(names, odd=["waist_z"])
    assert reflection == Reflection((0, 4, 3, 2, 1), (-1.0, 1.0, 1.0, 1.0, 1.0))
    values = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])
    assert reflection.apply(values).tolist() == [[-1.0, 5.0, 4.0, 3.0, 2.0]]

    sides = exchanged(joined(EVEN, ODD))  # (right even, right odd, left even, left odd)
    assert sides.apply(torch.tensor([1.0, 2.0, 3.0, 4.0])).tolist() == [3.0, -4.0, 1.0, -2.0]
    whole = joined(signs(1, -1), sides, reflection)
    assert whole.width == 11
    image = whole.apply(torch.arange(11.0))
    assert image.tolist() == [0.0, -1.0, 4.0, -5.0, 2.0, -3.0, -6.0, 10.0, 9.0, 8.0, 7.0]


@pytest.mark.parametrize(
    ("build", "match"),
    [
        (lambda: Reflection((1, 2, 0), (1.0, 1.0, 1.0)), "does not undo itself"),
        (lambda: Reflection((1, 0), (1.0, -1.0)), "does not undo itself"),
        (lambda: Reflection((0,), (0.5,)), "does not undo itself"),
        (lambda: Reflection((3,), (1.0,)), "column 0 comes from 3"),
        (lambda: Reflection((0, 1), (1.0,)), "2 columns with 1 signs"),
        (lambda: by_name(["left_hip"], []), "'left_hip' has no 'right_hip'"),
        (lambda: by_name(["waist"], ["waits"]), "there is no 'waits' among waist"),
    ],
)
def test_tables_that_are_no_reflection(build, match):
    with pytest.raises(ValueError, match=match):
        build()
