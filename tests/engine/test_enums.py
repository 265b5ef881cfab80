"""Enumerations of the Isaac Gym interface."""

import copy
import pickle
from enum import IntEnum

import numpy as np
import pytest
import torch

from humanoid_gym.engine.values import enums

CLASSES = [
    item
    for item in vars(enums).values()
    if isinstance(item, type) and issubclass(item, IntEnum) and item is not IntEnum
]


def test_all_eighteen_enumerations_are_there():
    assert len(CLASSES) == 18


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_member_is_exported_and_survives_int_and_pickle(kind):
    for name, member in kind.__members__.items():
        assert getattr(enums, name) is member
        assert name in enums.__all__
        assert kind(int(member)) is member
        assert pickle.loads(pickle.dumps(member)) is member
        assert copy.deepcopy(member) is member
    assert kind.__doc__


def test_star_import_brings_members_and_constants_but_no_private_names():
    namespace: dict[str, object] = {}
    exec("from humanoid_gym.engine.values.enums import *", namespace)
    assert namespace["DOF_MODE_EFFORT"] == 3
    assert namespace["KEY_ESCAPE"] is enums.KeyboardInput.KEY_ESCAPE
    assert namespace["INVALID_HANDLE"] == -1
    assert "IntEnum" not in namespace


def test_published_integers():
    assert [int(mode) for mode in enums.DofDriveMode] == [0, 1, 2, 3]
    assert int(enums.UpAxis.UP_AXIS_Z) == 1
    assert int(enums.ContactCollection.CC_ALL_SUBSTEPS) == 2
    assert int(enums.TensorDataType.DTYPE_FLOAT32) == 1
    assert enums.AXIS_X | enums.AXIS_Y | enums.AXIS_Z == enums.AXIS_TRANSLATION
    assert enums.AXIS_TWIST | enums.AXIS_SWING_1 | enums.AXIS_SWING_2 == enums.AXIS_ROTATION
    assert enums.AXIS_TRANSLATION | enums.AXIS_ROTATION == enums.AXIS_ALL
    assert enums.STATE_POS | enums.STATE_VEL == enums.STATE_ALL


def test_keyboard_is_complete_and_unique():
    names = list(enums.KeyboardInput.__members__)
    assert len(names) == len({int(key) for key in enums.KeyboardInput})
    letters_and_digits = {f"KEY_{c}" for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
    numpad = {f"KEY_NUMPAD_{digit}" for digit in range(10)}
    assert letters_and_digits | numpad | {f"KEY_F{n}" for n in range(1, 13)} <= set(names)
    sides = {f"KEY_{s}_{k}" for s in ("LEFT", "RIGHT") for k in ("SHIFT", "ALT", "SUPER")}
    assert sides <= set(names)


def test_members_fill_numpy_and_torch_integers():
    column = np.zeros(3, np.int32)
    column.fill(enums.DOF_MODE_VEL)
    assert column.tolist() == [2, 2, 2]
    assert torch.tensor([enums.DOF_MODE_POS]).tolist() == [1]
    assert enums.MESH_COLLISION | enums.MESH_VISUAL == enums.MESH_VISUAL_AND_COLLISION
