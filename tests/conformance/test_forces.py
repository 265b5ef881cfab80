"""Forces and torques on bodies and classic DOF efforts: where, in which axes, for how long."""

import math

import pytest
import torch

from humanoid_gym.engine import gymapi, gymtorch

SIZE, DENSITY = (0.2, 0.4, 0.6), 100.0
MASS = DENSITY * 0.2 * 0.4 * 0.6
INERTIA = [MASS * (a * a + b * b) / 12 for a, b in ((0.4, 0.6), (0.2, 0.6), (0.2, 0.4))]
QUARTER_TURN = (0.0, 0.0, math.sqrt(0.5), math.sqrt(0.5))
"""About z: the body's x is the world's y."""


def floating_box(world, rotation=(0, 0, 0, 1), num_envs=2, **params):
    """A box without gravity in every environment; the environments lie 2 m apart along x."""
    w = world(ground=None, gravity=(0, 0, 0), num_envs=num_envs, **params)
    return w.place(w.box(*SIZE, density=DENSITY), (0, 0, 1), rotation).start()


def rows(w, value):
    """One vector for each body of the simulation, as a descriptor."""
    return gymtorch.unwrap_tensor(torch.tensor(value).repeat(w.body.shape[0], 1))


@pytest.mark.parametrize("substeps", [1, 3])
def test_a_force_acts_at_the_centre_of_mass_for_one_simulate(world, substeps):
    w = floating_box(world, substeps=substeps)
    assert w.gym.apply_rigid_body_force_tensors(w.sim, rows(w, [12.0, 0.0, 0.0]))
    w.step()
    once = 12.0 / MASS * w.dt
    assert w.root[:, 7].tolist() == pytest.approx([once, once], rel=1e-5)
    assert w.root[:, 8:].abs().max() < 1e-7
    w.step(3)
    assert w.root[:, 7].tolist() == pytest.approx([once, once], rel=1e-5)


def test_a_torque_turns_and_does_not_push(world):
    w = floating_box(world)
    assert w.gym.apply_rigid_body_force_tensors(w.sim, None, rows(w, [0.0, 0.3, 0.0]))
    w.step()
    assert w.root[0, 7:10].abs().max() < 1e-7
    assert w.root[0, 10:].tolist() == pytest.approx([0, 0.3 / INERTIA[1] * w.dt, 0], rel=1e-5)


def test_calls_before_a_simulate_add_up(world):
    w = floating_box(world)
    apply = w.gym.apply_rigid_body_force_tensors
    apply(sim=w.sim, forceTensor=rows(w, [1.0, 0.0, 0.0]), space=gymapi.ENV_SPACE)
    apply(sim=w.sim, forceTensor=rows(w, [2.0, 0.0, 0.0]), torqueTensor=None)
    w.gym.apply_body_forces(w.envs[1], 0, gymapi.Vec3(4.0, 0.0, 0.0))
    w.step()
    expected = [3.0 / MASS * w.dt, 7.0 / MASS * w.dt]
    assert w.root[:, 7].tolist() == pytest.approx(expected, rel=1e-5)


def test_one_body_is_pushed_and_the_other_environments_keep_every_bit(world):
    a, b = floating_box(world), floating_box(world)
    b.gym.apply_body_forces(env=b.envs[1], rigidHandle=0, force=None, torque=gymapi.Vec3(0, 0, 1))
    a.step()
    b.step()
    assert torch.equal(a.root[0], b.root[0])
    assert b.root[1, 12].item() == pytest.approx(1.0 / INERTIA[2] * b.dt, rel=1e-5)


@pytest.mark.parametrize("space", [gymapi.ENV_SPACE, gymapi.GLOBAL_SPACE, gymapi.LOCAL_SPACE])
def test_axes_of_a_force_and_a_torque(world, space):
    w = floating_box(world, QUARTER_TURN)
    force, torque = rows(w, [12.0, 0.0, 0.0]), rows(w, [0.1, 0.0, 0.0])
    w.gym.apply_rigid_body_force_tensors(w.sim, force, torque, space)
    w.step()
    speed = 12.0 / MASS * w.dt
    if space == gymapi.LOCAL_SPACE:
        expected = [0, speed, 0, 0, 0.1 / INERTIA[0] * w.dt, 0]
    else:  # the world's x is the body's -y
        expected = [speed, 0, 0, 0.1 / INERTIA[1] * w.dt, 0, 0]
    assert w.root[1, 7:].tolist() == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("space", "force", "position"),
    [
        (gymapi.ENV_SPACE, [0.0, 12.0, 0.0], [0.25, 0.0, 1.0]),
        (gymapi.GLOBAL_SPACE, [0.0, 12.0, 0.0], [2.25, 0.0, 1.0]),
        (gymapi.LOCAL_SPACE, [12.0, 0.0, 0.0], [0.0, -0.25, 0.0]),
    ],
)
def test_a_force_at_a_point(world, space, force, position):
    """The same push along the world's y, a quarter of a metre along x from the box of env 1."""
    for single in (False, True):
        w = floating_box(world, QUARTER_TURN)
        assert w.gym.get_env_origin(w.envs[1]).x == 2.0
        if single:
            f, p = gymapi.Vec3(*force), gymapi.Vec3(*position)
            w.gym.apply_body_force_at_pos(w.envs[1], 0, f, p, space)
        else:
            f, p = rows(w, force), rows(w, position)
            w.gym.apply_rigid_body_force_at_pos_tensors(w.sim, f, p, space)
        w.step()
        expected = [0, 12.0 / MASS * w.dt, 0, 0, 0, 0.25 * 12.0 / INERTIA[2] * w.dt]
        assert w.root[1, 7:].tolist() == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_a_force_without_a_point_acts_at_the_centre_of_mass(world):
    w = floating_box(world)
    assert w.gym.apply_rigid_body_force_at_pos_tensors(w.sim, rows(w, [12.0, 0.0, 0.0]))
    assert w.gym.apply_rigid_body_force_at_pos_tensors(w.sim, None, rows(w, [5.0, 5.0, 5.0]))
    assert w.gym.apply_rigid_body_force_tensors(w.sim)
    w.step()
    speed = 12.0 / MASS * w.dt
    assert w.root[0, 7:].tolist() == pytest.approx([speed, 0, 0, 0, 0, 0], rel=1e-5, abs=1e-7)


def test_a_local_force_takes_the_pose_that_was_just_set(world):
    """A reset and a thrust in the same frame, no body states acquired before."""
    w = floating_box(world)
    w.root[1, 3:7] = torch.tensor(QUARTER_TURN)
    w.set("actor_root_state", w.root)
    w.gym.apply_rigid_body_force_tensors(w.sim, rows(w, [12.0, 0, 0]), None, gymapi.LOCAL_SPACE)
    w.step()
    speed = 12.0 / MASS * w.dt
    assert w.root[0, 7:10].tolist() == pytest.approx([speed, 0, 0], rel=1e-5, abs=1e-7)
    assert w.root[1, 7:10].tolist() == pytest.approx([0, speed, 0], rel=1e-5, abs=1e-7)


def test_a_local_force_keeps_its_direction_while_the_body_turns_within_a_frame(world):
    w = floating_box(world, dt=0.1, substeps=10)
    w.root[:, 12] = 10.0
    w.set("actor_root_state", w.root)
    w.gym.apply_rigid_body_force_tensors(w.sim, rows(w, [12.0, 0, 0]), None, gymapi.LOCAL_SPACE)
    w.step()
    expected = [12.0 / MASS * w.dt, 0, 0]
    assert w.root[0, 7:10].tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_forces_on_links_move_joints_and_a_fixed_base_stays(world, robots):
    w = world(ground=None, gravity=(0, 0, 0))
    asset = w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True)
    w.place(asset, (0, 0, 2)).start()
    force = torch.tensor([[[100.0, 100.0, 100.0], [3.0, 0.0, 0.0]]])
    w.gym.apply_rigid_body_force_tensors(w.sim, gymtorch.unwrap_tensor(force))
    w.step()
    inertia = 2 * 0.8**2 + 0.4 * 2 * 0.05**2
    # The bob hangs 0.8 m below the pivot: a push along x turns it about -y.
    assert w.dof[0, 1].item() == pytest.approx(-3.0 * 0.8 / inertia * w.dt, rel=1e-4)
    assert w.root[0, :3].tolist() == [0, 0, 2]
    assert w.root[0, 7:].abs().max() == 0


def test_a_force_sensor_reads_the_applied_force(world):
    w = world(ground=None, gravity=(0, 0, 0))
    box = w.box(*SIZE, density=DENSITY)
    w.gym.create_asset_force_sensor(box, 0, gymapi.Transform())
    w.place(box, (0, 0, 1)).start()
    w.gym.apply_rigid_body_force_tensors(w.sim, rows(w, [3.0, 0.0, 0.0]), rows(w, [0, 0, 0.2]))
    w.step()
    # The sensor's axes have turned with the body by 5e-4 rad.
    assert w.sensor[0].tolist() == pytest.approx([3, 0, 0, 0, 0, 0.2], abs=2e-3)
    w.step()
    assert w.sensor[0].abs().max() < 1e-5


def test_contacts_carry_what_presses_and_the_net_force_stays_zero(world):
    w = world()
    box = w.box(*SIZE, density=DENSITY)
    w.gym.create_asset_force_sensor(box, 0, gymapi.Transform())
    w.place(box, (0, 0, 0.3)).start().seconds(1.0)
    for _ in range(60):
        w.gym.apply_rigid_body_force_tensors(w.sim, rows(w, [0.0, 0.0, -20.0]))
        w.step()
    assert w.contact[0].tolist() == pytest.approx([0, 0, MASS * 9.81 + 20.0], abs=0.05)
    assert w.sensor[0].abs().max() < 0.05


def test_a_force_that_is_not_a_number_resets_its_environment_alone(world):
    a, b = floating_box(world), floating_box(world)
    force = torch.zeros(2, 3)
    force[1] = torch.nan
    for w in (a, b):
        w.root[:, 7] = 1.0
        w.set("actor_root_state", w.root)
        w.step()
    b.gym.apply_rigid_body_force_tensors(b.sim, gymtorch.unwrap_tensor(force))
    a.step()
    b.step()
    assert b.gym.extensions.fault_counts(b.sim).tolist() == [0, 1]
    assert torch.equal(a.root[0], b.root[0])
    assert b.root[1].tolist() == [0, 0, 1, 0, 0, 0, 1] + [0] * 6
    a.step(3)
    b.step(3)
    assert torch.equal(a.root[0], b.root[0])
    assert b.gym.extensions.fault_counts(b.sim).tolist() == [0, 1]


def test_wrong_forces_are_refused(world):
    w = floating_box(world)
    apply = w.gym.apply_rigid_body_force_tensors
    with pytest.raises(ValueError, match="6 elements expected"):
        apply(w.sim, gymtorch.unwrap_tensor(torch.zeros(3, 3)))
    with pytest.raises(TypeError, match="unwrap_tensor"):
        apply(w.sim, torch.zeros(2, 3))
    with pytest.raises(TypeError, match="float32"):
        apply(w.sim, gymtorch.unwrap_tensor(torch.zeros(2, 3, dtype=torch.int32)))
    with pytest.raises(ValueError, match="CoordinateSpace"):
        apply(w.sim, rows(w, [0.0, 0.0, 0.0]), None, 7)
    for body in (-1, 1):
        with pytest.raises(IndexError, match=f"apply_body_forces: body handle {body} "):
            w.gym.apply_body_forces(w.envs[0], body, gymapi.Vec3(1, 0, 0))


def test_forces_need_a_prepared_sim(world):
    w = world()
    with pytest.raises(RuntimeError, match="prepare_sim first"):
        w.gym.apply_rigid_body_force_tensors(w.sim, None)
    with pytest.raises(TypeError, match="Env"):
        w.gym.apply_body_forces(w.sim, 0, gymapi.Vec3(1, 0, 0))


def hinge(world, robots, mode, num_envs=1):
    w = world(ground=None, gravity=(0, 0, 0), num_envs=num_envs)
    asset = w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True)
    w.place(asset, (0, 0, 2), dofs={"driveMode": mode}).start()
    return w, w.dt / (2 * 0.8**2 + 0.4 * 2 * 0.05**2)


def test_efforts_add_up_in_a_frame_and_end_with_it(world, robots):
    w, per_effort = hinge(world, robots, gymapi.DOF_MODE_EFFORT, num_envs=2)
    assert w.gym.apply_actor_dof_efforts(w.envs[1], 0, [2.0])
    assert w.gym.apply_dof_effort(w.envs[1], 0, 3.0)
    w.step()
    assert w.dof[:, 1].tolist() == pytest.approx([0, 5.0 * per_effort], rel=1e-4)
    assert w.dof_force.tolist() == pytest.approx([0.0, 5.0])
    assert w.gym.get_actor_dof_forces(w.envs[1], 0).tolist() == pytest.approx([5.0])
    w.step(4)
    assert w.dof[:, 1].tolist() == pytest.approx([0, 5.0 * per_effort], rel=1e-4)
    assert w.dof_force.abs().max() == 0


def test_efforts_join_the_actuation_force_which_stays(world, robots):
    w, per_effort = hinge(world, robots, gymapi.DOF_MODE_EFFORT)
    w.set("dof_actuation_force", [1.0])
    w.gym.apply_actor_dof_efforts(w.envs[0], 0, [2.0])
    w.step()
    assert w.dof[0, 1].item() == pytest.approx(3.0 * per_effort, rel=1e-4)
    assert w.dof_force[0].item() == pytest.approx(3.0)
    w.step()
    assert w.dof[0, 1].item() == pytest.approx(4.0 * per_effort, rel=1e-3)
    assert w.dof_force[0].item() == pytest.approx(1.0)


def test_only_effort_dofs_take_efforts(world, robots):
    w, _ = hinge(world, robots, gymapi.DOF_MODE_POS)
    w.gym.apply_actor_dof_efforts(w.envs[0], 0, [2.0])
    w.step()
    assert w.dof[0, 1].item() == 0


def test_wrong_efforts_are_refused(world, robots):
    w, _ = hinge(world, robots, gymapi.DOF_MODE_EFFORT)
    with pytest.raises(ValueError, match="1 DOFs, got 2"):
        w.gym.apply_actor_dof_efforts(w.envs[0], 0, [1.0, 2.0])
    with pytest.raises(IndexError, match="apply_dof_effort: DOF handle 1 "):
        w.gym.apply_dof_effort(w.envs[0], 1, 1.0)


def test_dof_forces_of_an_actor_need_its_sensors(world, robots):
    w = world(ground=None)
    asset = w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True)
    env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    w.gym.create_actor(env, asset, gymapi.Transform(), "a", 0, 0)
    w.gym.prepare_sim(w.sim)
    w.gym.simulate(w.sim)
    assert w.gym.get_actor_dof_forces(env, 0).tolist() == [0.0]
