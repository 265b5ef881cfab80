"""Classic (NumPy) calls that set targets of drives: per actor, per DOF, per joint."""

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi


def test_targets_per_actor_and_per_dof(world, robots):
    made = world(2, gravity=(0, 0, 0))
    drive = {"driveMode": gymapi.DOF_MODE_POS, "stiffness": 300.0, "damping": 30.0}
    made.place(made.urdf(robots.chain(2), fix_base_link=True), (0, 0, 2), dofs=drive)
    made.place(made.urdf(robots.chain(1), fix_base_link=True), (0, 2, 2), dofs=drive).start()
    gym, env = made.gym, made.envs[1]
    assert gym.set_actor_dof_position_targets(env, 0, np.array([0.5, -0.25]))
    gym.set_dof_target_position(env, 2, torch.tensor([0.75]))
    assert gym.get_actor_dof_position_targets(env, 0).tolist() == [0.5, -0.25]
    assert gym.get_dof_target_position(env, 1) == gym.get_joint_target_position(env, 1) == -0.25
    made.seconds(2.0)
    pos = made.dof.view(2, 3, 2)[:, :, 0]
    assert pos[1].tolist() == pytest.approx([0.5, -0.25, 0.75], abs=1e-3)
    assert pos[0].abs().max() < 1e-6
    gym.set_joint_target_position(env, 2, -0.5)
    made.seconds(2.0)
    assert gym.get_dof_position(env, 2) == pytest.approx(-0.5, abs=1e-3)


def test_velocity_targets(world, robots):
    made = world(1, gravity=(0, 0, 0))
    drive = {"driveMode": gymapi.DOF_MODE_VEL, "stiffness": 0.0, "damping": 50.0}
    made.place(made.urdf(robots.chain(2), fix_base_link=True), (0, 0, 2), dofs=drive).start()
    gym, env = made.gym, made.envs[0]
    gym.set_actor_dof_velocity_targets(env, 0, [1.0, 0.0])
    gym.set_dof_target_velocity(env, 1, 2.0)
    assert gym.get_actor_dof_velocity_targets(env, 0).tolist() == [1.0, 2.0]
    made.seconds(1.0)
    assert gym.get_dof_velocity(env, 0) == pytest.approx(1.0, abs=0.02)
    assert gym.get_joint_velocity(env, 1) == pytest.approx(2.0, abs=0.02)


def test_targets_are_zero_where_only_states_were_set_before_prepare(world, robots):
    made = world(1, gravity=(0, 0, 0))
    drive = {"driveMode": gymapi.DOF_MODE_POS, "stiffness": 300.0, "damping": 30.0}
    made.place(made.urdf(robots.chain(1), fix_base_link=True), dofs=drive)
    start = np.array([(0.5, 0.0)], gymapi.DofState.dtype)
    made.start(edit=lambda gym, env, _: gym.set_actor_dof_states(env, 0, start, gymapi.STATE_ALL))
    assert made.gym.get_dof_position(made.envs[0], 0) == 0.5
    made.seconds(2.0)
    assert made.gym.get_dof_position(made.envs[0], 0) == pytest.approx(0.0, abs=1e-3)


def test_a_fixed_joint_has_no_target(world):
    text = """<robot name="r"><link name="a"/><link name="b"><inertial><mass value="1"/>
      <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>
      <joint name="weld" type="fixed"><parent link="a"/><child link="b"/></joint></robot>"""
    made = world(1)
    made.place(made.urdf(text, fix_base_link=True)).start()
    gym, env = made.gym, made.envs[0]
    assert gym.get_joint_target_position(env, 0) == gym.get_joint_velocity(env, 0) == 0.0
    with pytest.raises(ValueError, match=r"'weld' is fixed"):
        gym.set_joint_target_position(env, 0, 1.0)
