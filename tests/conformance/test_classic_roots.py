"""Classic state calls on roots with joints or COMs of their own, and on several robots at once."""

import math

import numpy as np
import pytest

from humanoid_gym.engine import gymapi

EFFORT = gymapi.DOF_MODE_EFFORT

LOPSIDED = """<robot name="r"><link name="body"><inertial><origin xyz="0.5 0 0"/><mass value="2"/>
  <inertia ixx="0.2" iyy="0.2" izz="0.2" ixy="0" ixz="0" iyz="0"/></inertial></link></robot>"""

CART = """<mujoco><worldbody><body name="cart">
  <joint name="slide" type="slide" axis="1 0 0"/><joint name="turn" axis="0 0 1" pos="0.1 0 0"/>
  <geom size="0.1"/><body name="pole" pos="0 0 0.3"><joint name="hinge" axis="0 1 0"/>
  <geom size="0.1" pos="0 0 0.4"/></body></body></worldbody></mujoco>"""


def dof_states(positions, velocities):
    states = np.zeros(len(positions), gymapi.DofState.dtype)
    states["pos"], states["vel"] = positions, velocities
    return states


@pytest.mark.parametrize("prepared", [False, True])
def test_velocity_is_that_of_the_centre_of_mass(world, prepared):
    """The COM goes straight on with what was set, the origin turns about it."""
    w = world(ground=None, gravity=(0, 0, 0))
    gym, sim = w.gym, w.sim
    env = gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    gym.create_actor(env, w.urdf(LOPSIDED), gymapi.Transform(gymapi.Vec3(0, 0, 1)), "a", 0, 0)
    if prepared:
        gym.prepare_sim(sim)
    gym.set_rigid_linear_velocity(env, 0, gymapi.Vec3(0.3, 0, 0))
    gym.set_rigid_angular_velocity(env, 0, gymapi.Vec3(0, 0, 2))
    if not prepared:
        gym.prepare_sim(sim)
    assert gym.get_rigid_linear_velocity(env, 0).to_array() == pytest.approx([0.3, 0, 0], abs=1e-6)
    for _ in range(60):
        gym.simulate(sim)
    place = gym.get_rigid_transform(env, 0).p
    origin = (0.5 + 0.3 - 0.5 * math.cos(2), -0.5 * math.sin(2), 1)
    assert (place.x, place.y, place.z) == pytest.approx(origin, abs=0.02)
    velocity = gym.get_rigid_linear_velocity(env, 0).to_array()
    assert velocity == pytest.approx([0.3, 0, 0], abs=0.02)


@pytest.mark.parametrize("flags", [gymapi.STATE_POS, gymapi.STATE_VEL])
def test_flags_choose_what_is_set(world, flags):
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.box(0.1, 0.1, 0.1), (0, 0, 1)).start()
    states = w.gym.get_actor_rigid_body_states(w.envs[0], 0, gymapi.STATE_ALL)
    states["pose"]["p"]["z"], states["vel"]["linear"]["x"] = 2.0, 3.0
    w.gym.set_actor_rigid_body_states(w.envs[0], 0, states, flags)
    expected = [2.0, 0.0] if flags == gymapi.STATE_POS else [1.0, 3.0]
    assert w.refresh().root[0, [2, 7]].tolist() == expected


def test_saved_states_of_a_root_with_joints_come_back(world):
    """They move its joints, not the mount that they are fixed on."""
    w = world(ground=None, gravity=(0, 0, 0))
    half = math.sqrt(0.5)
    w.place(w.mjcf(CART), (0, 1, 2), (half, 0, 0, half)).start()
    gym, env, root = w.gym, w.envs[0], w.root.clone()
    wanted = dof_states([0.4, -0.8, 0.3], [1.0, -2.0, 3.0])
    gym.set_actor_dof_states(env, 0, wanted, gymapi.STATE_ALL)
    saved = gym.get_actor_rigid_body_states(env, 0, gymapi.STATE_ALL)
    gym.set_actor_dof_states(env, 0, dof_states([0, 0, 0], [0, 0, 0]), gymapi.STATE_ALL)
    gym.set_actor_rigid_body_states(env, 0, saved, gymapi.STATE_ALL)
    found = gym.get_actor_dof_states(env, 0, gymapi.STATE_ALL)
    assert found["pos"] == pytest.approx(wanted["pos"], abs=1e-5)
    assert found["vel"] == pytest.approx(wanted["vel"], abs=1e-5)
    assert w.refresh().root.tolist() == [pytest.approx(root[0].tolist(), abs=1e-6)]


def test_each_of_several_robots_has_its_own_joints(world, robots):
    """Between others that have more bodies than joints, and joints behind it."""
    w = world(ground=None, gravity=(0, 0, 0))
    box, chain = w.box(0.1, 0.1, 0.1), w.urdf(robots.chain(2), fix_base_link=True)
    for handle, asset in enumerate((box, chain, box, chain, chain)):
        w.place(asset, (0, handle, 0), dofs={} if asset is box else {"driveMode": EFFORT})
    w.start()
    for row, handle in enumerate((1, 3, 4)):
        states = dof_states([row + 0.1, row + 0.2], [row + 0.3, row + 0.4])
        w.gym.set_actor_dof_states(w.envs[0], handle, states, gymapi.STATE_ALL)
    for row, handle in enumerate((1, 3, 4)):
        found = w.gym.get_actor_dof_states(w.envs[0], handle, gymapi.STATE_ALL)
        assert found["pos"] == pytest.approx([row + 0.1, row + 0.2])
        assert found["vel"] == pytest.approx([row + 0.3, row + 0.4])
    expected = [[row + a, row + a + 0.2] for row in range(3) for a in (0.1, 0.2)]
    assert w.refresh().dof.tolist() == [pytest.approx(state) for state in expected]
    w.gym.apply_actor_dof_efforts(w.envs[0], 3, [1.0, 2.0])
    assert w.step().dof_force.tolist() == [0, 0, 1, 2, 0, 0]


def test_joint_transforms_are_at_the_joints_anchors(world):
    """A quarter turn about a joint beside the root's origin, which goes around it."""
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.mjcf(CART), (0, 1, 2)).start()
    gym, env = w.gym, w.envs[0]
    turned = dof_states([0.4, math.pi / 2, 0.0], [0, 0, 0])
    gym.set_actor_dof_states(env, 0, turned, gymapi.STATE_POS)
    assert gym.get_rigid_transform(env, 0).p.to_array() == pytest.approx([0.5, 0.9, 2], abs=1e-6)
    for transform in (
        gym.get_joint_transform(env, 1).to_array(),
        gym.get_actor_joint_transforms(env, 0).view(np.float32).reshape(-1, 7)[1],
    ):
        assert transform[:3] == pytest.approx([0.5, 1, 2], abs=1e-6)


def test_a_joint_that_cannot_put_its_body_in_place_stays_as_it_was(world, robots):
    """The others reach what is asked of them."""
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.urdf(robots.chain(2), fix_base_link=True)).start()
    gym, env = w.gym, w.envs[0]
    gym.set_actor_dof_states(env, 0, dof_states([0.5, 0.9], [0, 0]), gymapi.STATE_POS)
    states = gym.get_actor_rigid_body_states(env, 0, gymapi.STATE_ALL)
    states["pose"]["p"]["y"][2] += 0.5  # the hinges turn about y
    gym.set_actor_dof_states(env, 0, dof_states([0.1, 0.2], [0, 0]), gymapi.STATE_POS)
    gym.set_actor_rigid_body_states(env, 0, states, gymapi.STATE_POS)
    found = gym.get_actor_dof_states(env, 0, gymapi.STATE_POS)
    assert found["pos"] == pytest.approx([0.5, 0.2], abs=1e-5)
