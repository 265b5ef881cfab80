"""Parameter objects: strict names, coercion, live nesting, copies, what has no effect."""

import copy
import inspect
import itertools
import pickle

import numpy as np
import pytest
import torch

from humanoid_gym.engine.values import parameters
from humanoid_gym.engine.values.enums import ContactCollection, DofDriveMode, UpAxis
from humanoid_gym.engine.values.fields import Record
from humanoid_gym.engine.values.math_types import Vec3
from humanoid_gym.engine.values.parameters import (
    AssetOptions,
    PhysXParams,
    PlaneParams,
    SimParams,
    parameters_without_effect,
)

CLASSES = [
    getattr(parameters, name)
    for name in parameters.__all__
    if inspect.isclass(getattr(parameters, name))
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_name_of_dir_is_readable_and_copies_are_equal(kind):
    params = kind()
    for name in dir(params):
        getattr(params, name)
    assert copy.deepcopy(params) == pickle.loads(pickle.dumps(params)) == params
    assert parameters_without_effect(params) == []


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_attribute_has_a_docstring(kind):
    for owner in kind.__mro__:
        if owner in (Record, object):
            continue
        lines = [line.strip() for line in inspect.getsource(owner).splitlines()]
        for line, following in itertools.pairwise(lines):
            if "Field(" in line:
                assert following.startswith('"""'), f"{owner.__name__}: {line}"


def test_published_defaults():
    params = SimParams()
    assert params.dt == pytest.approx(1 / 60)
    assert (params.substeps, params.up_axis) == (2, UpAxis.UP_AXIS_Y)
    assert params.gravity == Vec3(0, -9.81, 0)
    assert params.use_gpu_pipeline is False
    assert params.physx.contact_collection is ContactCollection.CC_ALL_SUBSTEPS
    options = AssetOptions()
    assert (options.angular_damping, options.linear_damping) == (0.5, 0.0)
    assert (options.max_angular_velocity, options.max_linear_velocity) == (64.0, 1000.0)
    assert (options.density, options.thickness, options.armature) == (1000.0, 0.02, 0.0)
    assert options.vhacd_params.resolution == 100_000
    plane = PlaneParams()
    assert (plane.static_friction, plane.dynamic_friction, plane.restitution) == (1, 1, 0)


@pytest.mark.parametrize(
    ("params", "wrong", "nearest"),
    [
        (SimParams(), "substep", "substeps"),
        (SimParams(), "gravitiy", "gravity"),
        (PhysXParams(), "num_pos_iterations", "num_position_iterations"),
        (AssetOptions(), "fix_base", "fix_base_link"),
        (PlaneParams(), "staticFriction", "static_friction"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(params, wrong, nearest):
    message = f"{type(params).__name__} has no attribute '{wrong}'; nearest: '{nearest}'"
    with pytest.raises(AttributeError, match=message):
        setattr(params, wrong, 1)
    with pytest.raises(AttributeError, match=message):
        getattr(params, wrong)
    assert not hasattr(params, wrong)


def test_nested_objects_are_live_and_not_shared():
    params, other = SimParams(), SimParams()
    params.physx.contact_offset = 0.5
    params.gravity.z = -1.0
    assert params.physx.contact_offset == 0.5
    assert params.gravity == Vec3(0, -9.81, -1)
    assert other == SimParams()


def test_nested_objects_can_be_assigned_whole():
    params, physx = SimParams(), PhysXParams()
    physx.num_position_iterations = 9
    params.physx = physx
    assert params.physx.num_position_iterations == 9
    with pytest.raises(TypeError, match=r"SimParams\.physx: PhysXParams expected"):
        params.physx = {"num_threads": 1}
    params.gravity = [0, 0, -9.81]
    assert params.gravity == Vec3(0, 0, -9.81)


def test_copies_are_independent():
    params = SimParams()
    twin = copy.deepcopy(params)
    twin.physx.rest_offset = 1.0
    assert params == SimParams()
    assert twin != params


@pytest.mark.parametrize(
    "value", [2, 2.0, np.array([2.0]), np.float64(2), torch.tensor(2.0), torch.tensor([[2.0]])]
)
def test_one_number_in_any_wrapping(value):
    options = AssetOptions()
    options.armature = value
    assert options.armature == 2.0
    options.slices_per_cylinder = value
    assert type(options.slices_per_cylinder) is int


def test_enum_attributes_take_members_and_integers():
    params, options = SimParams(), AssetOptions()
    params.up_axis = 1
    assert params.up_axis is UpAxis.UP_AXIS_Z
    options.default_dof_drive_mode = int(DofDriveMode.DOF_MODE_EFFORT)
    assert options.default_dof_drive_mode is DofDriveMode.DOF_MODE_EFFORT
    with pytest.raises(ValueError, match=r"up_axis: 2 is none of UP_AXIS_Y=0, UP_AXIS_Z=1"):
        params.up_axis = 2


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("dt", "fast", "a number expected, got 'fast'"),
        ("dt", None, "a number expected, got None"),
        ("dt", [0.1, 0.2], "float"),
        ("dt", np.zeros(3), r"one number expected, got shape \(3,\)"),
        ("substeps", 2.5, "a whole number expected, got 2.5"),
        ("substeps", float("inf"), "whole number"),
        ("use_gpu_pipeline", "False", "got 'False'"),
        ("use_gpu_pipeline", [], r"a truth value expected, got \[\]"),
    ],
)
def test_wrong_types_are_refused_and_change_nothing(name, value, complaint):
    params = SimParams()
    with pytest.raises(TypeError, match=rf"SimParams\.{name}: .*{complaint}"):
        setattr(params, name, value)
    assert params == SimParams()


def test_names_without_effect():
    params = SimParams()
    params.dt = 0.01
    params.physx.num_velocity_iterations = 0
    params.physx.use_gpu = True
    params.flex.relaxation = 0.5
    assert parameters_without_effect(params) == ["physx.num_velocity_iterations", "flex.relaxation"]
    options = AssetOptions()
    options.fix_base_link = True
    options.thickness = 0.001
    options.vhacd_params.alpha = 0.1
    assert parameters_without_effect(options) == ["thickness", "vhacd_params.alpha"]
