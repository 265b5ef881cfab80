"""Frames: what positions, orientations and velocities are relative to, and of which point."""

import math

import pytest
import torch

from humanoid_gym.engine import gymapi, gymtorch

HALF = math.sqrt(0.5)


LOPSIDED = """<robot name="r"><link name="body"><inertial><origin xyz="0.5 0 0"/><mass value="2"/>
  <inertia ixx="0.2" iyy="0.2" izz="0.2" ixy="0" ixz="0" iyz="0"/></inertial></link></robot>"""


def test_root_velocity_is_that_of_the_centre_of_mass(world):
    """A body whose COM lies off its origin, spinning without moving: the COM stands still."""
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.urdf(LOPSIDED), (0, 0, 1)).start()
    w.root[0, 7:13] = torch.tensor([0.3, 0.0, 0.0, 0.0, 0.0, 2.0])
    w.set("actor_root_state", w.root)
    w.seconds(1.0)
    assert w.root[0, 7:10].tolist() == pytest.approx([0.3, 0, 0], abs=0.02)
    assert w.root[0, 10:13].tolist() == pytest.approx([0, 0, 2], abs=0.02)
    # After 2 rad the COM has moved 0.3 m from (0.5, 0): the origin is half a metre behind it.
    com = torch.tensor([0.8, 0.0])
    arm = 0.5 * torch.tensor([torch.cos(torch.tensor(2.0)), torch.sin(torch.tensor(2.0))])
    assert w.root[0, :2].tolist() == pytest.approx((com - arm).tolist(), abs=0.02)
    assert torch.allclose(w.body, w.root, atol=1e-5)


def test_root_velocity_is_the_same_where_no_body_states_were_acquired(world):
    w = world(ground=None, gravity=(0, 0, 0))
    env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    w.gym.create_actor(env, w.urdf(LOPSIDED), gymapi.Transform(), "r", 0, 0)
    fixed = w.box(1, 1, 1, fix_base_link=True)
    w.gym.create_actor(env, fixed, gymapi.Transform(gymapi.Vec3(0, 5, 0)), "fixed", 0, 0)
    w.gym.prepare_sim(w.sim)
    root = gymtorch.wrap_tensor(w.gym.acquire_actor_root_state_tensor(w.sim))
    root[0, 3:13] = torch.tensor([0.0, 0.0, HALF, HALF, 0.3, 0.0, 0.0, 1.0, 0.0, 1.0])
    w.set("actor_root_state", root)
    for _ in range(60):
        w.gym.simulate(w.sim)
    w.gym.refresh_actor_root_state_tensor(w.sim)
    # No force acts, and all principal moments are equal: both velocities stay.
    assert root[0, 7:].tolist() == pytest.approx([0.3, 0, 0, 1, 0, 1], abs=0.02)
    assert root[1].tolist() == [0, 5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_body_states_of_a_chain_are_its_kinematics(world, robots):
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.urdf(robots.chain(2), fix_base_link=True), (1, 2, 3)).start()
    w.dof.copy_(torch.tensor([[0.3, 1.0], [-0.7, 2.0]]))
    w.set("dof_state", w.dof)
    w.gym.simulate(w.sim)
    w.refresh()
    q = w.dof[:, 0].double()
    qd = w.dof[:, 1].double()
    # About y: a link at angle a points to (cos a, 0, -sin a).
    elbow = torch.tensor([1 + 0.4 * torch.cos(q[0]), 2.0, 3 - 0.4 * torch.sin(q[0])])
    assert w.body[2, :3].tolist() == pytest.approx(elbow.tolist(), abs=1e-5)
    assert w.body[2, 10:13].tolist() == pytest.approx([0, float(qd.sum()), 0], abs=1e-5)
    com = -0.4 * qd[0] * torch.stack((torch.sin(q[0]), 0 * q[0], torch.cos(q[0])))
    a = q.sum()
    com -= 0.2 * qd.sum() * torch.stack((torch.sin(a), 0 * a, torch.cos(a)))
    assert w.body[2, 7:10].tolist() == pytest.approx(com.tolist(), abs=1e-5)


def test_positions_are_relative_to_the_environment(world):
    w = world(num_envs=4)
    w.place(w.box(0.3, 0.2, 0.4), (0.1, -0.2, 0.9), (0.1, 0.2, 0.3, 0.927)).start()
    origins = [w.gym.get_env_origin(env) for env in w.envs]
    assert [(o.x, o.y, o.z) for o in origins] == [(0, 0, 0), (2, 0, 0), (4, 0, 0), (6, 0, 0)]
    w.step(5)
    assert torch.equal(w.root[0], w.root[3])


def test_quaternions_are_xyzw(world, robots):
    """A quarter turn about z, set and read: the chain along x points along y."""
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.urdf(robots.chain(2), fix_base_link=True), (0, 0, 1), (0, 0, HALF, HALF)).start()
    assert w.root[0, 3:7].tolist() == pytest.approx([0, 0, HALF, HALF])
    assert w.body[2, :3].tolist() == pytest.approx([0, 0.4, 1], abs=1e-6)
    assert w.body[2, 3:7].tolist() == pytest.approx([0, 0, HALF, HALF])
    w.root[0, 3:7] = torch.tensor([0.0, HALF, 0.0, HALF])
    w.set("actor_root_state", w.root)
    w.step()
    assert w.body[2, :3].tolist() == pytest.approx([0, 0, 0.6], abs=1e-6)


def test_angular_velocity_is_in_world_axes(world):
    """A turn about the world's z of a body that lies on its side."""
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.sphere(0.3), (0, 0, 1), (HALF, 0, 0, HALF)).start()
    w.root[0, 10:] = torch.tensor([0.0, 0.0, 1.5])
    w.set("actor_root_state", w.root)
    w.seconds(1.0)
    assert w.root[0, 10:].tolist() == pytest.approx([0, 0, 1.5], abs=1e-5)
    turned = gymapi.Quat.from_axis_angle(gymapi.Vec3(0, 0, 1), 1.5)
    start = gymapi.Quat(HALF, 0, 0, HALF)
    q = turned * start
    x, y, z, s = w.root[0, 3:7].tolist()
    assert abs(x * q.x + y * q.y + z * q.z + s * q.w) == pytest.approx(1, abs=1e-4)


def test_contact_forces_have_world_axes_and_point_away_from_the_ground(world):
    w = world(num_envs=2)
    box = w.box(0.4, 0.4, 0.4, density=100.0)
    w.place(box, (0, 0, 0.2), (0, 0, math.sin(0.4), math.cos(0.4))).start().seconds(1.0)
    weight = 100 * 0.4**3 * 9.81
    for force in w.contact:
        assert force.tolist() == pytest.approx([0, 0, weight], abs=0.01 * weight)


def test_environments_of_zero_extent_share_the_world_frame(world):
    w = world(num_envs=3, ground=None)
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 1)).start(spacing=0.0)
    assert {(o.x, o.y, o.z) for o in map(w.gym.get_env_origin, w.envs)} == {(0, 0, 0)}


def test_buffers_are_rows_of_all_environments_in_order(world, robots):
    """Actors, bodies and DOFs: environment by environment, actor by actor, in asset order."""
    w = world(num_envs=2, ground=None, gravity=(0, 0, 0))
    w.place(w.urdf(robots.chain(2), fix_base_link=True), (1, 0, 0))
    w.place(w.box(0.1, 0.1, 0.1), (2, 0, 0))
    w.place(w.urdf(robots.chain(1), fix_base_link=True), (3, 0, 0)).start()
    assert w.root[:, 0].tolist() == [1, 2, 3] * 2
    assert w.body[:, 0].tolist() == pytest.approx([1, 1, 1.4, 2, 3, 3] * 2)
    w.dof[:, 0] = torch.arange(6) / 10
    w.gym.set_dof_state_tensor(w.sim, gymtorch.unwrap_tensor(w.dof))
    w.step()
    assert w.dof[:, 0].tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5], abs=1e-6)
    last = w.body[-1, 3:7].tolist()
    assert last == pytest.approx([0, math.sin(0.25), 0, math.cos(0.25)], abs=1e-6)
