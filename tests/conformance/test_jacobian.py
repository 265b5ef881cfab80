"""Jacobians and mass matrices against MuJoCo's own functions on a hand-built model."""

import mujoco
import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi, gymtorch

URDF = """<robot name="arm">
  <link name="base"><inertial><origin xyz="0.05 -0.02 0.03"/><mass value="3"/>
    <inertia ixx="0.04" iyy="0.05" izz="0.06" ixy="0.002" ixz="0.001" iyz="-0.003"/>
    </inertial></link>
  <link name="upper"><inertial><origin xyz="0.1 0 0.02"/><mass value="2"/>
    <inertia ixx="0.015" iyy="0.03" izz="0.02" ixy="0" ixz="0.001" iyz="0"/></inertial></link>
  <link name="plate"><inertial><origin xyz="0 0.01 0"/><mass value="0.5"/>
    <inertia ixx="0.002" iyy="0.001" izz="0.003" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="finger"><inertial><origin xyz="0 0 0.05"/><mass value="0.7"/>
    <inertia ixx="0.001" iyy="0.002" izz="0.001" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="side"><inertial><origin xyz="0 0.1 0"/><mass value="1"/>
    <inertia ixx="0.003" iyy="0.001" izz="0.003" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <joint name="a_shoulder" type="continuous"><origin xyz="0.1 0 0.2" rpy="0.3 0 0"/>
    <parent link="base"/><child link="upper"/><axis xyz="0 1 0"/></joint>
  <joint name="b_weld" type="fixed"><origin xyz="0.2 0 0" rpy="0 0.4 0"/>
    <parent link="upper"/><child link="plate"/></joint>
  <joint name="c_slide" type="prismatic"><origin xyz="0 0 0.05"/>
    <parent link="plate"/><child link="finger"/><axis xyz="0 0.6 0.8"/>
    <limit lower="-1" upper="1" effort="100" velocity="100"/></joint>
  <joint name="d_side" type="continuous"><origin xyz="0 0.2 0"/>
    <parent link="base"/><child link="side"/><axis xyz="1 0 0"/></joint>
</robot>"""

MJCF = """<mujoco><option gravity="0 0 0"/><compiler angle="radian" eulerseq="XYZ"/><worldbody>
  <body name="base">{root}
    <inertial pos="0.05 -0.02 0.03" mass="3" fullinertia="0.04 0.05 0.06 0.002 0.001 -0.003"/>
    <body name="upper" pos="0.1 0 0.2" euler="0.3 0 0"><joint type="hinge" axis="0 1 0"/>
      <inertial pos="0.1 0 0.02" mass="2" fullinertia="0.015 0.03 0.02 0 0.001 0"/>
      <body name="plate" pos="0.2 0 0" euler="0 0.4 0">
        <inertial pos="0 0.01 0" mass="0.5" diaginertia="0.002 0.001 0.003"/>
        <body name="finger" pos="0 0 0.05"><joint type="slide" axis="0 0.6 0.8"/>
          <inertial pos="0 0 0.05" mass="0.7" diaginertia="0.001 0.002 0.001"/></body></body></body>
    <body name="side" pos="0 0.2 0"><joint type="hinge" axis="1 0 0"/>
      <inertial pos="0 0.1 0" mass="1" diaginertia="0.003 0.001 0.003"/></body>
  </body></worldbody></mujoco>"""
NAMES = ["base", "upper", "plate", "finger", "side"]
ARMATURE = [0.0, 0.2, 0.5]
ROOT = [0.3, -0.2, 1.1, 0.1, -0.5, 0.3, 0.8, 0.4, -0.3, 0.2, 1.5, -2.0, 0.7]


def arms(world, fixed, num_envs=3):
    """Arms in motion, one per environment, each in its own state."""
    w = world(ground=None, gravity=(0, 0, 0), num_envs=num_envs)
    asset = w.urdf(URDF, fix_base_link=fixed)
    drives = {"driveMode": gymapi.DOF_MODE_NONE, "armature": ARMATURE, "damping": 0.0}
    w.place(asset, (0, 0, 1), dofs={**drives, "stiffness": 0.0}).start()
    rng = torch.Generator().manual_seed(1)
    w.dof.copy_(torch.randn(w.dof.shape, generator=rng))
    w.root.copy_(torch.tensor(ROOT) * (1 + 0.3 * torch.rand(w.root.shape, generator=rng)))
    w.root[:, 3:7] /= w.root[:, 3:7].norm(dim=1, keepdim=True)
    if fixed:
        w.root[:, 7:] = 0
    w.set("actor_root_state", w.root)
    w.set("dof_state", w.dof)
    return w


def acquire(w, what, name="actor0"):
    return gymtorch.wrap_tensor(getattr(w.gym, f"acquire_{what}_tensor")(w.sim, name))


def refresh(w):
    w.refresh()
    assert w.gym.refresh_jacobian_tensors(w.sim)
    assert w.gym.refresh_mass_matrix_tensors(w.sim)


def mujoco_model(w, env, fixed):
    """The hand-built model in an environment's present state."""
    text = MJCF.format(root="" if fixed else "<freejoint/>")
    model = mujoco.MjModel.from_xml_string(text)
    model.dof_armature[-3:] = ARMATURE
    data = mujoco.MjData(model)
    dof, root = w.dof.view(-1, 3, 2)[env].double().numpy(), w.root[env].double().numpy()
    quaternion = root[[6, 3, 4, 5]] / np.linalg.norm(root[3:7])
    if fixed:
        model.body("base").pos, model.body("base").quat = root[:3], quaternion
    else:
        data.qpos[:7] = [*root[:3], *quaternion]
    data.qpos[-3:], data.qvel[-3:] = dof[:, 0], dof[:, 1]
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_makeM(model, data)
    return model, data


def to_free_joint(model, data):
    """Takes Isaac Gym's root velocity to a free joint's, the DOFs unchanged."""
    change = np.eye(model.nv)
    if model.nv > 3:
        body = model.body("base").id
        arm = data.xipos[body] - data.xpos[body]
        # v_origin = v_com + arm x spin
        change[:3, 3:6] = [[0, -arm[2], arm[1]], [arm[2], 0, -arm[0]], [-arm[1], arm[0], 0]]
        change[3:6, 3:6] = data.xmat[body].reshape(3, 3).T
    return change


@pytest.mark.parametrize("fixed", [True, False])
def test_jacobians_are_those_of_the_centres_of_mass(world, fixed):
    w = arms(world, fixed)
    jacobian = acquire(w, "jacobian")
    w.step()
    refresh(w)
    assert tuple(jacobian.shape) == ((3, 4, 6, 3) if fixed else (3, 5, 6, 9))
    for env in range(3):
        model, data = mujoco_model(w, env, fixed)
        change = to_free_joint(model, data)
        for row, name in enumerate(NAMES[1:] if fixed else NAMES):
            linear, angular = np.zeros((3, model.nv)), np.zeros((3, model.nv))
            mujoco.mj_jacBodyCom(model, data, linear, angular, model.body(name).id)
            expected = np.concatenate((linear, angular)) @ change
            assert np.abs(jacobian[env, row].numpy() - expected).max() < 2e-6


@pytest.mark.parametrize("fixed", [True, False])
def test_a_jacobian_takes_velocities_to_the_body_states(world, fixed):
    w = arms(world, fixed)
    jacobian = acquire(w, "jacobian")
    w.step(3)
    refresh(w)
    velocities = w.dof.view(3, 3, 2)[..., 1]
    if not fixed:
        velocities = torch.cat((w.root[:, 7:], velocities), dim=1)
    twists = torch.einsum("nbij,nj->nbi", jacobian, velocities)
    bodies = w.body.view(3, 5, 13)[:, 1 if fixed else 0 :, 7:]
    assert torch.allclose(twists, bodies, atol=1e-5)
    assert bodies.abs().max() > 1


@pytest.mark.parametrize("fixed", [True, False])
def test_mass_matrices_hold_armature_and_the_root(world, fixed):
    w = arms(world, fixed)
    mass = acquire(w, "mass_matrix")
    w.step()
    refresh(w)
    assert tuple(mass.shape) == ((3, 3, 3) if fixed else (3, 9, 9))
    for env in range(3):
        model, data = mujoco_model(w, env, fixed)
        expected = np.zeros((model.nv, model.nv))
        mujoco.mj_fullM(model, data, expected)
        change = to_free_joint(model, data)
        expected = change.T @ expected @ change
        assert np.abs(mass[env].numpy() - expected).max() < 2e-6


def test_mass_matrix_gives_the_kinetic_energy_of_the_bodies(world):
    """In the same coordinates as the Jacobian: the sum over the bodies, plus the armatures'."""
    w = arms(world, fixed=False)
    mass = acquire(w, "mass_matrix")
    w.step()
    refresh(w)
    rate = w.dof.view(3, 3, 2)[..., 1]
    velocities = torch.cat((w.root[:, 7:], rate), dim=1).double()
    energy = 0.5 * torch.einsum("ni,nij,nj->n", velocities, mass.double(), velocities)
    properties = w.gym.get_actor_rigid_body_properties(w.envs[0], 0)
    for env in range(3):
        expected = 0.5 * (rate[env].double() ** 2 @ torch.tensor(ARMATURE, dtype=torch.float64))
        for body, state in zip(properties, w.body.view(3, 5, 13)[env].double(), strict=True):
            x, y, z, s = state[3:7].tolist()
            turn = np.zeros(9)
            mujoco.mju_quat2Mat(turn, np.array([s, x, y, z]))
            turn = torch.from_numpy(turn.reshape(3, 3))
            i = body.inertia
            inertia = torch.tensor([[v.x, v.y, v.z] for v in (i.x, i.y, i.z)]).double()
            spin = turn.T @ state[10:]
            expected += 0.5 * body.mass * (state[7:10] @ state[7:10]) + 0.5 * spin @ inertia @ spin
        assert energy[env].item() == pytest.approx(expected.item(), rel=1e-5)


def test_buffers_are_the_same_before_and_after_prepare(world, robots):
    w = world(ground=None, num_envs=2)
    asset = w.urdf(robots.chain(2), fix_base_link=True)
    for index in range(2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        w.gym.create_actor(env, asset, gymapi.Transform(), "chain", index, 0)
    jacobian, mass = acquire(w, "jacobian", "chain"), acquire(w, "mass_matrix", "chain")
    w.gym.prepare_sim(w.sim)
    assert acquire(w, "jacobian", "chain").data_ptr() == jacobian.data_ptr()
    # About y at the first link's COM (0.2, 0, 0): y cross arm points down.
    assert jacobian[1, 0, :, 0].tolist() == pytest.approx([0, 0, -0.2, 0, 1, 0])
    assert jacobian[1, 0, :, 1].tolist() == [0] * 6
    inertia = 1 * 0.4**2 / 12
    assert mass[0, 1, 1].item() == pytest.approx(0.5 * 0.2**2 + inertia, rel=1e-5)


def test_values_change_on_refresh_only(world):
    w = arms(world, fixed=True)
    jacobian = acquire(w, "jacobian")
    before = jacobian.clone()
    w.step(5)
    assert torch.equal(jacobian, before)
    refresh(w)
    assert not torch.equal(jacobian, before)


def test_before_the_first_step_values_belong_to_the_state_that_was_set(world, robots):
    w = world(ground=None)
    w.place(w.urdf(robots.chain(1), fix_base_link=True)).start()
    jacobian, mass = acquire(w, "jacobian"), acquire(w, "mass_matrix")
    w.set("dof_state", [[0.5, 0.0]])
    refresh(w)
    assert jacobian[0, 0, 0, 0].item() == pytest.approx(-0.2 * np.sin(0.5), rel=1e-5)
    assert mass[0, 0, 0].item() == pytest.approx(0.2**2 + 0.4**2 / 12, rel=1e-5)


def test_actors_of_one_name_are_gathered_in_env_order(world, robots):
    w = world(ground=None, num_envs=2)
    chain, box = w.urdf(robots.chain(1), fix_base_link=True), w.box(1, 1, 1)
    for index in range(2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        for asset, name in ((chain, "a"), (box, "box"), (chain, "b"), (chain, "a")):
            w.gym.create_actor(env, asset, gymapi.Transform(), name, index, 0)
    w.gym.prepare_sim(w.sim)
    state = gymtorch.wrap_tensor(w.gym.acquire_dof_state_tensor(w.sim))
    state[:, 0] = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    w.set("dof_state", state)
    jacobian = acquire(w, "jacobian", "a")
    assert tuple(jacobian.shape) == (4, 1, 6, 1)
    assert tuple(acquire(w, "jacobian", "box").shape) == (2, 1, 6, 6)
    w.gym.simulate(w.sim)
    w.gym.refresh_jacobian_tensors(w.sim)
    w.gym.refresh_dof_state_tensor(w.sim)
    angles = state[[0, 2, 3, 5], 0]
    assert torch.allclose(jacobian[:, 0, 0, 0], -0.2 * torch.sin(angles), atol=1e-6)


def test_a_name_may_be_anothers_in_the_next_environment(world, robots):
    w = world(ground=None, num_envs=3)
    chain = w.urdf(robots.chain(1), fix_base_link=True)
    for index, names in enumerate(("abc", "bac", "dac")):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        for name in names:
            w.gym.create_actor(env, chain, gymapi.Transform(), name, index, 0)
    w.gym.prepare_sim(w.sim)
    angles = torch.arange(9) / 10
    w.set("dof_state", torch.stack((angles, torch.zeros(9)), dim=1))
    for name, actors in (("a", [0, 4, 7]), ("b", [1, 3]), ("c", [2, 5, 8]), ("d", [6])):
        jacobian = acquire(w, "jacobian", name)
        w.gym.refresh_jacobian_tensors(w.sim)
        assert torch.allclose(jacobian[:, 0, 0, 0], -0.2 * torch.sin(angles[actors]), atol=1e-6)


def test_one_name_for_different_assets_is_refused(world, robots):
    w = world(ground=None)
    env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
    for asset in (w.urdf(robots.chain(1)), w.urdf(robots.chain(2))):
        w.gym.create_actor(env, asset, gymapi.Transform(), "arm", 0, 0)
    with pytest.raises(ValueError, match=r"named 'arm' are made from different assets"):
        acquire(w, "jacobian", "arm")


def test_matrices_acquired_before_all_actors_were_there_are_refused(world, robots):
    w = world(ground=None)
    chain = w.urdf(robots.chain(1), fix_base_link=True)
    for index in range(2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        w.gym.create_actor(env, chain, gymapi.Transform(), "chain", index, 0)
        acquire(w, "mass_matrix", "chain")
    with pytest.raises(RuntimeError, match=r"acquire_mass_matrix_tensor\('chain'\).*before all"):
        w.gym.prepare_sim(w.sim)


def test_a_body_welded_to_the_world_has_no_jacobian(world):
    w = world(ground=None)
    w.place(w.box(1, 1, 1, fix_base_link=True)).start()
    assert acquire(w, "jacobian") is None
    assert acquire(w, "mass_matrix") is None
    refresh(w)


def test_an_unknown_name_is_refused_with_those_there_are(world):
    w = world()
    w.place(w.box(1, 1, 1)).start()
    with pytest.raises(ValueError, match=r"acquire_jacobian_tensor.*'arm'.*'actor0'"):
        w.gym.acquire_jacobian_tensor(w.sim, "arm")
