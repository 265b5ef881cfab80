"""Classic (NumPy) state calls: what they read, what they set, before and after prepare_sim."""

import copy

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from humanoid_gym.engine import gymapi

LENGTH = 0.4


def numbers(states):
    """A structured array as rows of float32."""
    return np.ascontiguousarray(states).view(np.float32).reshape(len(states), -1)


def pose_of(transform):
    return transform.to_array()


def dof_states(positions, velocities=None):
    states = np.zeros(len(positions), gymapi.DofState.dtype)
    states["pos"] = positions
    states["vel"] = np.zeros(len(positions)) if velocities is None else velocities
    return states


def chain_pose(angles, index, base=(0.0, 0.0, 0.0)):
    """Position and pitch of link `index` of the chain in `robots.chain`, hinged about y."""
    position, pitch = np.array(base, dtype=float), angles[0]
    for angle in angles[1 : index + 1]:
        position += LENGTH * np.array([np.cos(pitch), 0, -np.sin(pitch)])
        pitch += angle
    return position, pitch


@pytest.fixture
def scene(world, robots):
    """A fixed chain, a floating chain and a box in three environments, in motion."""
    made = world(3, ground=1.0)
    made.place(made.urdf(robots.chain(3), fix_base_link=True), (0, 0, 2))
    made.place(made.urdf(robots.chain(2)), (0, 2, 2), (0.5, 0.5, 0.5, 0.5))
    made.place(made.box(0.2, 0.2, 0.2), (2, 0, 0.1))
    made.start(2.0).step(10)
    return made


# ---- before prepare_sim ---------------------------------------------------------------------


def test_poses_are_known_between_create_actor_calls(world, robots):
    made = world()
    asset = made.urdf(robots.chain(3), fix_base_link=True)
    corner = gymapi.Vec3(1, 1, 1)
    for index in range(2):
        env = made.gym.create_env(made.sim, -corner, corner, 2)
        turn = gymapi.Quat.from_axis_angle(gymapi.Vec3(0, 0, 1), np.pi / 2)
        pose = gymapi.Transform(gymapi.Vec3(1, 2, 3 + index), turn)
        made.gym.create_actor(env, asset, pose, "arm", index, 0)
        hand = made.gym.find_actor_rigid_body_handle(env, 0, "link2")
        found = made.gym.get_rigid_transform(env, hand)
        # At position zero the chain lies along its x axis, which the pose turns to y.
        expected = [1, 2 + 2 * LENGTH, 3 + index, 0, 0, np.sqrt(0.5), np.sqrt(0.5)]
        assert pose_of(found) == pytest.approx(expected, abs=1e-6)
        other = made.gym.create_actor(env, asset, gymapi.Transform(), "other", index, 0)
        body = made.gym.get_actor_rigid_body_handle(env, other, 1)
        assert pose_of(made.gym.get_rigid_transform(env, body)) == pytest.approx(
            [0, 0, 0, 0, 0, 0, 1]
        )


def test_the_simulation_starts_from_what_was_set_before(world, robots):
    made = world(gravity=(0, 0, 0))
    asset = made.urdf(robots.chain(2), fix_base_link=True, default_dof_drive_mode=1)
    corner = gymapi.Vec3(1, 1, 1)
    gym, sim = made.gym, made.sim
    env = gym.create_env(sim, -corner, corner, 1)
    gym.create_actor(env, asset, gymapi.Transform(), "arm", 0, 0)
    gym.create_actor(env, made.box(0.1, 0.1, 0.1), gymapi.Transform(), "box", 0, 1)
    props = gym.get_actor_dof_properties(env, 0)
    props["stiffness"], props["damping"] = 400.0, 40.0
    gym.set_actor_dof_properties(env, 0, props)

    assert gym.set_actor_dof_states(env, 0, dof_states([0.3, -0.5], [0.1, 0.2]), gymapi.STATE_ALL)
    assert gym.set_actor_dof_position_targets(env, 0, np.array([0.3, -0.5], "f4"))
    gym.set_rigid_transform(env, 3, gymapi.Transform(gymapi.Vec3(0, 3, 1)))
    gym.set_rigid_linear_velocity(env, 3, gymapi.Vec3(0, 0, 2))

    position, pitch = chain_pose([0.3, -0.5], 1)
    found = pose_of(gym.get_rigid_transform(env, 2))
    assert found[:3] == pytest.approx(position, abs=1e-6)
    assert Rotation.from_quat(found[3:]).as_rotvec() == pytest.approx([0, pitch, 0], abs=1e-6)
    gym.prepare_sim(sim)
    assert gym.get_actor_dof_states(env, 0, gymapi.STATE_ALL)["pos"] == pytest.approx([0.3, -0.5])
    assert gym.get_actor_dof_states(env, 0, gymapi.STATE_ALL)["vel"] == pytest.approx([0.1, 0.2])
    assert gym.get_rigid_linear_velocity(env, 3).z == pytest.approx(2)
    for _ in range(120):
        gym.simulate(sim)
    assert gym.get_actor_dof_states(env, 0, gymapi.STATE_ALL)["pos"] == pytest.approx(
        [0.3, -0.5], abs=1e-3
    )
    box = gym.get_rigid_transform(env, 3).p
    assert (box.y, box.z) == pytest.approx((3, 1 + 2 * 2), abs=1e-4)


def test_an_unstable_environment_returns_to_what_was_set_before(world, robots, caplog):
    made = world(gravity=(0, 0, 0))
    asset = made.urdf(robots.chain(2), fix_base_link=True)
    gym, sim = made.gym, made.sim
    envs = [gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), 1) for _ in range(2)]
    for index, env in enumerate(envs):
        gym.create_actor(env, asset, gymapi.Transform(), "arm", index, 0)
        gym.set_actor_dof_states(env, 0, dof_states([0.3 + index, -0.5]), gymapi.STATE_ALL)
    gym.prepare_sim(sim)
    gym.set_actor_dof_states(envs[1], 0, dof_states([0, 0], [np.nan, 0]), gymapi.STATE_ALL)
    gym.simulate(sim)
    found = gym.get_actor_dof_states(envs[1], 0, gymapi.STATE_ALL)
    assert numbers(found) == pytest.approx(np.array([[1.3, 0], [-0.5, 0]]))
    if sim.simulation.device.type == "cpu":  # a GPU's host does not wait to know
        assert "unstable" in caplog.text


# ---- reading --------------------------------------------------------------------------------


def test_body_states_are_those_of_the_tensors(scene):
    per_env = scene.body.view(3, -1, 13).numpy()
    for index, env in enumerate(scene.envs):
        states = numbers(scene.gym.get_env_rigid_body_states(env, 3))
        assert np.allclose(states, per_env[index], atol=1e-6)
        second = numbers(scene.gym.get_actor_rigid_body_states(env, 1, gymapi.STATE_ALL))
        assert np.allclose(second, per_env[index, 4:7], atol=1e-6)
        assert np.array_equal(
            numbers(scene.gym.get_actor_dof_states(env, 1, gymapi.STATE_ALL)),
            scene.dof.view(3, -1, 2)[index, 3:].numpy(),
        )
    every = scene.gym.get_sim_rigid_body_states(scene.sim, gymapi.STATE_ALL)
    assert every.dtype == gymapi.RigidBodyState.dtype
    assert np.allclose(numbers(every), scene.body.numpy(), atol=1e-6)


def test_body_states_follow_changed_masses_and_scale(world, robots):
    made = world(2, ground=None)
    made.place(made.urdf(robots.chain(3)), (0, 0, 2))
    corner = gymapi.Vec3(1, 1, 1)
    gym, sim = made.gym, made.sim
    asset = made.placements[0][0]
    envs = [gym.create_env(sim, -corner, corner, 2) for _ in range(2)]
    for index, env in enumerate(envs):
        gym.create_actor(env, asset, gymapi.Transform(gymapi.Vec3(0, 0, 2)), "arm", index, 0)
        gym.set_actor_scale(env, 0, 1.0 + 0.5 * index)
        props = gym.get_actor_rigid_body_properties(env, 0)
        props[2].com = gymapi.Vec3(0.1 * index, 0.02, 0.0)
        gym.set_actor_rigid_body_properties(env, 0, props)
        gym.set_actor_dof_states(env, 0, dof_states([0.4, 1.0, -1.0], [3, -2, 1]), 3)
    before = np.concatenate([gym.get_env_rigid_body_states(env, 3) for env in envs])
    body = torch.from_numpy(numbers(before).copy())
    gym.prepare_sim(sim)
    acquired = gym.acquire_rigid_body_state_tensor(sim)
    assert torch.allclose(acquired.tensor, body, atol=1e-5)
    gym.simulate(sim)
    gym.refresh_rigid_body_state_tensor(sim)
    after = numbers(gym.get_sim_rigid_body_states(sim, gymapi.STATE_ALL))
    assert np.allclose(after, acquired.tensor.numpy(), atol=1e-5)


def test_flags_choose_the_parts_of_a_state(scene):
    env = scene.envs[0]
    both = numbers(scene.gym.get_env_rigid_body_states(env, gymapi.STATE_ALL))
    poses = numbers(scene.gym.get_env_rigid_body_states(env, gymapi.STATE_POS))
    velocities = numbers(scene.gym.get_env_rigid_body_states(env, gymapi.STATE_VEL))
    assert np.array_equal(poses[:, :7], both[:, :7])
    assert not poses[:, 7:].any()
    assert np.array_equal(velocities[:, 7:], both[:, 7:])
    assert not velocities[:, :7].any()
    assert not numbers(scene.gym.get_env_rigid_body_states(env, gymapi.STATE_NONE)).any()


def test_single_bodies_and_vectors_of_bodies(scene):
    gym, envs = scene.gym, scene.envs
    rows = scene.body.view(3, -1, 13).numpy()
    handles = [gym.get_rigid_handle(env, "actor1", "link1") for env in envs]
    assert handles == [6, 6, 6]
    assert gym.get_rigid_name(envs[0], 6) == "link1"
    assert gym.get_rigid_handle(envs[0], "actor1", "no such body") == -1
    assert gym.get_rigid_handle(envs[0], "nobody", "link1") == -1
    assert pose_of(gym.get_rigid_transform(envs[1], 6)) == pytest.approx(rows[1, 6, :7])
    assert gym.get_rigid_linear_velocity(envs[1], 6).to_array() == pytest.approx(rows[1, 6, 7:10])
    assert gym.get_rigid_angular_velocity(envs[1], 6).to_array() == pytest.approx(rows[1, 6, 10:])
    assert np.array_equal(numbers(gym.get_vec_rigid_transform(envs, handles)), rows[:, 6, :7])
    linear = gym.get_vec_rigid_linear_velocity(envs, handles)
    assert linear.dtype == gymapi.Vec3.dtype
    assert np.allclose(numbers(linear), rows[:, 6, 7:10], atol=1e-6)
    spin = gym.get_vec_rigid_angular_velocity(envs, handles)
    assert np.array_equal(numbers(spin), rows[:, 6, 10:])
    dofs = gym.get_vec_actor_dof_states(envs, [0, 0, 0], gymapi.STATE_ALL)
    assert dofs.shape == (3, 3)
    assert np.array_equal(dofs["pos"], scene.dof.view(3, -1, 2)[:, :3, 0].numpy())


def test_frames_of_dofs_and_joints(world, robots):
    made = world(1, gravity=(0, 0, 0))
    made.place(made.urdf(robots.chain(2), fix_base_link=True), (0, 0, 2))
    made.place(made.urdf(robots.chain(1)), (0, 1, 2)).start()
    gym, env = made.gym, made.envs[0]
    gym.set_actor_dof_states(env, 0, dof_states([0.5, 0.2]), gymapi.STATE_POS)
    position, pitch = chain_pose([0.5, 0.2], 1, (0, 0, 2))
    frame = gym.get_dof_frame(env, 1)
    assert frame.origin.to_array() == pytest.approx(position, abs=1e-6)
    assert frame.axis.to_array() == pytest.approx([0, 1, 0], abs=1e-6)
    frames = gym.get_actor_dof_frames(env, 0)
    assert frames.dtype == gymapi.DofFrame.dtype
    assert numbers(frames)[1] == pytest.approx([*position, 0, 1, 0], abs=1e-6)
    joint = gym.get_joint_transform(env, 1)
    assert joint.p.to_array() == pytest.approx(position, abs=1e-6)
    assert joint.r.to_array() == pytest.approx(Rotation.from_euler("y", pitch).as_quat(), abs=1e-6)
    assert numbers(gym.get_actor_joint_transforms(env, 0))[1] == pytest.approx(pose_of(joint))
    assert gym.get_joint_position(env, 1) == gym.get_dof_position(env, 1) == pytest.approx(0.2)
    assert gym.get_dof_position(env, 2) == 0.0  # the next actor's


# ---- setting --------------------------------------------------------------------------------


def test_dof_states_are_set_at_once(scene, tolerance):
    gym, env = scene.gym, scene.envs[1]
    before = scene.dof.clone().view(3, -1, 2)
    velocities = gym.get_actor_dof_states(env, 1, gymapi.STATE_ALL)["vel"]
    assert gym.set_actor_dof_states(env, 1, dof_states([0.7, 0.8], [9, 9]), gymapi.STATE_POS)
    found = gym.get_actor_dof_states(env, 1, gymapi.STATE_ALL)
    assert found["pos"] == pytest.approx([0.7, 0.8])
    assert np.array_equal(found["vel"], velocities)
    scene.refresh()
    after = scene.dof.view(3, -1, 2)
    assert after[1, 3:, 0].tolist() == pytest.approx([0.7, 0.8])
    changed = torch.zeros_like(before, dtype=torch.bool)
    changed[1, 3:, 0] = True
    assert torch.equal(after[~changed], before[~changed])
    gym.set_actor_dof_states(env, 1, dof_states([0, 0], [2, -2]), gymapi.STATE_VEL)
    found = gym.get_actor_dof_states(env, 1, gymapi.STATE_ALL)
    assert numbers(found) == pytest.approx(np.array([[0.7, 2], [0.8, -2]]))
    assert numbers(gym.get_actor_rigid_body_states(env, 1, 3)) == pytest.approx(
        scene.refresh().body.view(3, -1, 13)[1, 4:7].numpy(), abs=tolerance(1e-12, 1e-6), rel=1e-6
    )


def test_setting_what_is_there_changes_no_bit(world, robots):
    def run(interfere):
        made = world(2)
        made.place(made.urdf(robots.chain(3)), (0, 0, 1)).place(
            made.box(0.2, 0.2, 0.2), (1, 1, 0.1)
        )
        made.start().step(20)
        for _ in range(20):
            if interfere:
                states = made.gym.get_sim_rigid_body_states(made.sim, gymapi.STATE_ALL)
                made.gym.set_sim_rigid_body_states(made.sim, states, gymapi.STATE_ALL)
                for env in made.envs:
                    dofs = made.gym.get_actor_dof_states(env, 0, gymapi.STATE_ALL)
                    made.gym.set_actor_dof_states(env, 0, dofs, gymapi.STATE_ALL)
                    where = made.gym.get_rigid_transform(env, 4)
                    made.gym.set_rigid_transform(env, 4, where)
            made.step()
        return made.simulation.backend.save()

    assert torch.equal(run(False), run(True))


def test_saved_body_states_come_back_whole(scene):
    saved = np.copy(scene.gym.get_sim_rigid_body_states(scene.sim, gymapi.STATE_ALL))
    roots, dofs = scene.root.clone(), scene.dof.clone()
    scene.step(25)
    assert not torch.allclose(scene.dof, dofs, atol=1e-2)
    assert scene.gym.set_sim_rigid_body_states(scene.sim, saved, gymapi.STATE_ALL)
    scene.refresh()
    assert torch.allclose(scene.root, roots, atol=1e-5)
    assert torch.allclose(scene.dof, dofs, atol=1e-4)
    assert numbers(saved) == pytest.approx(scene.body.numpy(), abs=1e-4)


def test_saved_states_of_bodies_with_several_joints_come_back(world):
    made = world(1, gravity=(0, 0, 0), ground=None)
    path = made.folder / "ball.xml"
    path.write_text("""<mujoco><worldbody><body name="base"><freejoint/>
      <geom type="sphere" size="0.1"/>
      <body name="arm" pos="0.2 0 0.1" euler="10 20 30">
        <joint name="x" axis="1 0 0" pos="0 0 -0.05"/><joint name="y" axis="0 1 0.3"/>
        <joint name="z" type="slide" axis="0 0 1"/><geom type="sphere" size=".1"/>
      </body></body></worldbody></mujoco>""")
    asset = made.gym.load_asset(made.sim, str(made.folder), path.name, gymapi.AssetOptions())
    made.place(asset, (0, 0, 1)).start()
    gym, env = made.gym, made.envs[0]
    wanted = dof_states([1.1, -0.7, 0.3], [2.0, -3.0, 0.5])
    gym.set_actor_dof_states(env, 0, wanted, gymapi.STATE_ALL)
    saved = gym.get_actor_rigid_body_states(env, 0, gymapi.STATE_ALL)
    gym.set_actor_dof_states(env, 0, dof_states([0.2, 0.1, 0.0]), gymapi.STATE_ALL)
    gym.set_actor_rigid_body_states(env, 0, saved, gymapi.STATE_ALL)
    found = gym.get_actor_dof_states(env, 0, gymapi.STATE_ALL)
    assert numbers(found) == pytest.approx(numbers(wanted), abs=1e-4)


def test_moving_the_root_alone_carries_the_rest(scene):
    gym, env = scene.gym, scene.envs[2]
    dofs = gym.get_actor_dof_states(env, 1, gymapi.STATE_ALL)
    states = gym.get_actor_rigid_body_states(env, 1, gymapi.STATE_ALL)
    before = numbers(states).copy()
    states["pose"]["p"]["z"][0] += 1.5
    gym.set_actor_rigid_body_states(env, 1, states, gymapi.STATE_POS)
    assert np.array_equal(gym.get_actor_dof_states(env, 1, gymapi.STATE_ALL), dofs)
    after = numbers(gym.get_actor_rigid_body_states(env, 1, gymapi.STATE_ALL))
    before[:, 2] += 1.5
    assert after == pytest.approx(before, abs=1e-5)


def test_a_root_is_placed_and_pushed(scene):
    gym, env = scene.gym, scene.envs[1]
    others = np.delete(scene.root.clone().numpy(), 5, axis=0)
    turn = gymapi.Quat.from_axis_angle(gymapi.Vec3(1, 0, 0), 0.5)
    gym.set_rigid_transform(env, 7, gymapi.Transform(gymapi.Vec3(1, -1, 3), turn))
    gym.set_rigid_linear_velocity(env, 7, gymapi.Vec3(1, 2, 3))
    gym.set_rigid_angular_velocity(env, 7, gymapi.Vec3(-1, 0, 2))
    expected = [1, -1, 3, np.sin(0.25), 0, 0, np.cos(0.25), 1, 2, 3, -1, 0, 2]
    scene.refresh()
    assert scene.root[5].tolist() == pytest.approx(expected, abs=1e-6)
    assert np.array_equal(np.delete(scene.root.numpy(), 5, axis=0), others)
    scene.step(6)
    t = 6 * scene.dt
    z = 3 + 3 * t - 0.5 * 9.81 * t**2
    assert gym.get_rigid_transform(env, 7).p.z == pytest.approx(z, abs=0.02)


def test_a_fixed_base_is_moved_with_its_arm(scene):
    gym, env = scene.gym, scene.envs[0]
    hand = gym.get_rigid_transform(env, 3).p
    base = gym.get_rigid_transform(env, 0)
    base.p.x += 0.3
    gym.set_rigid_transform(env, 0, base)
    assert gym.get_rigid_transform(env, 3).p.x == pytest.approx(hand.x + 0.3, abs=1e-6)
    scene.step(1)
    assert gym.get_rigid_transform(env, 0).p.x == pytest.approx(base.p.x)


def test_a_link_is_placed_by_its_joint_or_not_at_all(scene):
    gym, env = scene.gym, scene.envs[0]
    gym.set_actor_dof_states(env, 0, dof_states([0.1, 0.2, 0.3]), gymapi.STATE_ALL)
    position, pitch = chain_pose([0.1, 0.9], 1, (0, 0, 2))
    turn = gymapi.Quat(*Rotation.from_euler("y", pitch).as_quat())
    gym.set_rigid_transform(env, 2, gymapi.Transform(gymapi.Vec3(*position), turn))
    found = gym.get_actor_dof_states(env, 0, gymapi.STATE_ALL)["pos"]
    assert found == pytest.approx([0.1, 0.9, 0.3], abs=1e-6)
    gym.set_rigid_angular_velocity(env, 2, gymapi.Vec3(0, 4, 0))
    assert gym.get_actor_dof_states(env, 0, gymapi.STATE_ALL)["vel"] == pytest.approx([0, 4, 0])
    with pytest.raises(ValueError, match=r"'link1'.*joint cannot.*root"):
        gym.set_rigid_transform(env, 2, gymapi.Transform(gymapi.Vec3(5, 5, 5)))
    with pytest.raises(ValueError, match="set_rigid_linear_velocity"):
        gym.set_rigid_linear_velocity(env, 2, gymapi.Vec3(0, 3, 0))


# ---- wrong input ----------------------------------------------------------------------------


def wrong_calls():
    transform, vector = gymapi.Transform(), gymapi.Vec3()
    yield "get_rigid_transform", (8,), IndexError, "8 does not exist; environment 0 has 8 bodies"
    yield "get_rigid_transform", (-1,), IndexError, "-1 is what a look-up returns"
    yield "set_rigid_transform", (99, transform), IndexError, "99 does not exist"
    yield "set_rigid_linear_velocity", (99, vector), IndexError, "99 does not exist"
    yield "get_dof_position", (5,), IndexError, "5 DOFs"
    yield "get_joint_position", (-2,), IndexError, "5 joints"
    yield "get_actor_dof_states", (3, 3), IndexError, "3 actors"
    yield "get_actor_dof_states", (0, 4), ValueError, "STATE_ALL"
    yield "set_actor_dof_states", (0, dof_states([1]), 3), ValueError, "3 states expected, got 1"
    yield "set_actor_dof_states", (0, np.zeros(3, "U3"), 3), TypeError, "dtype"
    yield "set_actor_dof_position_targets", (0, [1, 2]), ValueError, "3 numbers expected, got 2"
    yield "set_actor_dof_position_targets", (0, ["a"] * 3), TypeError, "3 numbers expected"
    yield (
        "set_env_rigid_body_states",
        (np.zeros(7, gymapi.RigidBodyState.dtype), 3),
        ValueError,
        "8",
    )


@pytest.mark.parametrize(("call", "arguments", "error", "message"), list(wrong_calls()))
def test_wrong_handles_and_arrays_are_named(scene, call, arguments, error, message):
    before = scene.simulation.backend.save()
    with pytest.raises(error, match=message):
        getattr(scene.gym, call)(scene.envs[0], *arguments)
    assert torch.equal(scene.simulation.backend.save(), before)


def test_getters_return_copies(scene):
    gym, env = scene.gym, scene.envs[0]
    states = gym.get_actor_rigid_body_states(env, 2, gymapi.STATE_ALL)
    kept = copy.deepcopy(states)
    states["pose"]["p"].fill((9, 9, 9))
    assert np.array_equal(gym.get_actor_rigid_body_states(env, 2, gymapi.STATE_ALL), kept)
