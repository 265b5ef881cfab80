"""Calls that few programs make: states of bodies by environment and tensor, names, one sensor."""

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi, gymtorch


@pytest.fixture
def boxes(world):
    """Two boxes that float in each of two environments."""
    w = world(num_envs=2, ground=None, gravity=(0, 0, 0))
    for x in (0.0, 1.0):
        w.place(w.box(0.2, 0.2, 0.2), (x, 0.0, 1.0))
    return w.start()


def test_the_bodies_of_one_environment_are_set(boxes):
    gym, env = boxes.gym, boxes.envs[1]
    states = gym.get_env_rigid_body_states(env, gymapi.STATE_ALL)
    states["pose"]["p"]["z"] += 0.5
    states["vel"]["linear"]["x"] = 2.0
    assert gym.set_env_rigid_body_states(env, states, gymapi.STATE_ALL)
    boxes.refresh()
    assert boxes.body[:, 2].tolist() == pytest.approx([1.0, 1.0, 1.5, 1.5])
    assert boxes.body[:, 7].tolist() == pytest.approx([0.0, 0.0, 2.0, 2.0])


def test_all_bodies_are_set_from_a_tensor(boxes):
    states = boxes.body.clone()
    states[:, 2] += torch.tensor([0.0, 0.1, 0.2, 0.3])
    states[3, 7:10] = torch.tensor([1.0, 0.0, -1.0])
    assert boxes.gym.set_rigid_body_state_tensor(boxes.sim, gymtorch.unwrap_tensor(states))
    torch.testing.assert_close(boxes.refresh().body, states, atol=1e-5, rtol=1e-5)


def test_targets_of_single_joints_are_read(world, robots):
    w = world(ground=None)
    asset = w.urdf(robots.chain(2), fix_base_link=True)
    w.place(asset, dofs={"driveMode": gymapi.DOF_MODE_POS}).start()
    gym, env = w.gym, w.envs[0]
    targets = np.zeros(2, gymapi.DofState.dtype)
    targets["pos"], targets["vel"] = [0.25, -0.5], [1.0, 2.0]
    gym.set_actor_dof_position_targets(env, 0, targets["pos"].astype(np.float32))
    gym.set_actor_dof_velocity_targets(env, 0, targets["vel"].astype(np.float32))
    joints = [gym.find_actor_joint_handle(env, 0, f"joint{i}") for i in range(2)]
    assert [gym.get_joint_target_position(env, joint) for joint in joints] == [0.25, -0.5]
    assert [gym.get_joint_target_velocity(env, joint) for joint in joints] == [1.0, 2.0]


def test_parts_of_an_asset_have_names_and_places(world, robots):
    w = world()
    gym, asset = w.gym, w.urdf(robots.chain(2), fix_base_link=True)
    bodies, joints = ["base", "link0", "link1"], ["joint0", "joint1"]
    assert [gym.get_asset_rigid_body_name(asset, i) for i in range(3)] == bodies
    assert gym.get_asset_rigid_body_dict(asset) == {name: i for i, name in enumerate(bodies)}
    assert gym.get_asset_joint_names(asset) == joints
    assert [gym.get_asset_joint_name(asset, i) for i in range(2)] == joints
    assert [gym.get_asset_dof_name(asset, i) for i in range(2)] == joints
    assert [gym.find_asset_joint_index(asset, name) for name in (*joints, "none")] == [0, 1, -1]
    box = w.box(1.0, 1.0, 1.0)
    (shapes,) = gym.get_asset_rigid_body_shape_indices(box)
    assert (shapes.start, shapes.count) == (0, 1)


def test_sensors_are_counted_through_an_environment(world):
    """The first one is that of the second of two boxes, which falls freely."""
    w = world(num_envs=2)
    plain, sensed = w.box(0.2, 0.2, 0.2), w.box(0.2, 0.2, 0.2)
    w.gym.create_asset_force_sensor(sensed, 0, gymapi.Transform())
    w.place(plain, (0.0, 0.0, 0.1)).place(sensed, (1.0, 0.0, 3.0)).start()
    w.step(2)
    for env in range(2):
        read = w.gym.get_sensor(w.envs[env], 0)
        assert read.get_global_index() == env
        assert read.get_forces().force.z == pytest.approx(-1000.0 * 0.2**3 * 9.81, rel=1e-4)
    with pytest.raises(IndexError, match="force sensor"):
        w.gym.get_sensor(w.envs[0], 1)
