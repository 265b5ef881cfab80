"""Property tables and objects."""

import numpy as np
import pytest
import torch

from humanoid_gym.engine.values.enums import DOF_MODE_POS
from humanoid_gym.engine.values.math_types import SpatialForce, Transform, Vec3
from humanoid_gym.engine.values.properties import (
    ActuatorProperties,
    AttractorProperties,
    DofProperties,
    DofState,
    ForceSensor,
    ForceSensorProperties,
    RigidBodyProperties,
    RigidBodyState,
    RigidShapeProperties,
    TendonProperties,
)


def test_dof_properties_are_an_aligned_record_of_40_bytes():
    dtype = DofProperties.dtype
    assert dtype.itemsize == 40
    assert dtype.isalignedstruct
    expected = "hasLimits lower upper driveMode velocity effort stiffness damping friction armature"
    assert dtype.names == tuple(expected.split())
    offsets = [dtype.fields[name][1] for name in dtype.names]
    assert offsets == list(range(0, 40, 4))


def test_dof_property_columns_become_tensors_and_take_what_programs_assign():
    props = np.zeros(4, DofProperties.dtype)
    props["driveMode"].fill(DOF_MODE_POS)
    props["stiffness"] = torch.arange(4.0)
    props["damping"][1] = np.array([2.0])[0]
    props["lower"] *= 2
    props["upper"] = [1, 2, 3, 4]
    assert torch.from_numpy(props["stiffness"]).tolist() == [0, 1, 2, 3]
    assert props["driveMode"].tolist() == [1, 1, 1, 1]
    assert props["damping"].tolist() == [0, 2, 0, 0]
    assert torch.tensor(props["upper"]).tolist() == [1, 2, 3, 4]


def test_state_records():
    assert DofState.dtype.names == ("pos", "vel")
    assert DofState.dtype.itemsize == 8
    assert RigidBodyState.dtype.itemsize == 13 * 4
    row = np.zeros(1, RigidBodyState.dtype)
    row["pose"]["p"][0] = (1, 2, 3)
    row["vel"]["angular"]["z"] = 7
    flat = row.view("f4")
    assert flat[[0, 1, 2, 12]].tolist() == [1, 2, 3, 7]


def test_shape_defaults_and_body_values():
    shape = RigidShapeProperties()
    assert (shape.friction, shape.restitution, shape.filter) == (1.0, 0.0, 0)
    assert (shape.rolling_friction, shape.torsion_friction, shape.compliance) == (0, 0, 0)
    body = RigidBodyProperties()
    body.mass += torch.tensor([1.5])
    body.com.x = np.array([0.25])
    body.inertia.y.y = 3
    assert (body.mass, body.com.x, body.inertia.y.y) == (1.5, 0.25, 3.0)
    for record in (shape, body):
        for name in dir(record):
            getattr(record, name)


def test_force_sensor_properties_and_readings():
    properties = ForceSensorProperties()
    assert properties.enable_forward_dynamics_forces
    assert properties.enable_constraint_solver_forces
    assert not properties.use_world_frame
    sensor = ForceSensor(5, SpatialForce(Vec3(1, 2, 3)))
    assert sensor.get_forces().force.y == 2.0
    assert sensor.get_global_index() == 5


def test_read_only_attributes():
    tendon = TendonProperties(num_joints=2)
    assert tendon.num_joints == 2
    with pytest.raises(AttributeError, match=r"TendonProperties\.num_joints is read-only"):
        tendon.num_joints = 3
    tendon.stiffness = torch.tensor(4.0)
    assert tendon.stiffness == 4.0
    actuator = ActuatorProperties(type="motor", motor_effort=np.array([60.0]))
    assert (actuator.type, actuator.motor_effort) == ("motor", 60.0)


def test_attractor_target_takes_an_element_of_a_structured_array():
    poses = np.zeros(2, Transform.dtype)
    poses[1] = ((1, 2, 3), (0, 0, 0, 1))
    attractor = AttractorProperties()
    attractor.target = poses[1]
    assert attractor.target == Transform(Vec3(1, 2, 3))
    attractor.target.p.z = 0
    assert poses["p"]["z"][1] == 3
