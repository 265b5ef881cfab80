"""Force sensors, DOF forces, contact forces on a standing robot."""

import math
from pathlib import Path

import pytest
import torch
from scipy.spatial.transform import Rotation

from humanoid_gym.engine import gymapi, gymtorch

G = 9.81
ROOT = Path(__file__).parents[2]


NET = (True, True)
"""Forward dynamics and constraints."""


def with_sensor(
    world, position=(0, 0, 0), rotation=(0, 0, 0, 1), world_frame=False, parts=NET, **params
):
    w = world(**params)
    asset = w.box(0.2, 0.4, 0.6, density=100.0)
    props = gymapi.ForceSensorProperties()
    props.use_world_frame = world_frame
    props.enable_forward_dynamics_forces, props.enable_constraint_solver_forces = parts
    pose = gymapi.Transform(gymapi.Vec3(*position), gymapi.Quat(*rotation))
    assert w.gym.create_asset_force_sensor(asset, 0, pose, props) == 0
    return w, asset


def test_a_body_at_rest_reads_no_net_force(world):
    w, box = with_sensor(world)
    w.place(box, (0, 0, 0.3)).start().seconds(1.0)
    assert w.sensor[0].abs().max() < 0.05


def test_sensors_read_zero_before_the_first_step(world):
    w, box = with_sensor(world)
    w.place(box, (0, 0, 0.3)).start()
    w.sensor.fill_(torch.nan)
    w.contact.fill_(torch.nan)
    w.refresh()
    assert (w.sensor == 0).all()
    assert (w.contact == 0).all()


def test_a_falling_body_reads_its_weight(world):
    w, box = with_sensor(world, ground=None)
    w.place(box, (0, 0, 5)).start().step(5)
    mass = 100 * 0.2 * 0.4 * 0.6
    assert w.sensor[0].tolist() == pytest.approx([0, 0, -mass * G, 0, 0, 0], abs=1e-3)


@pytest.mark.parametrize("world_frame", [False, True])
def test_sensor_axes_and_lever_arm(world, world_frame):
    """A quarter turn about x; the weight acts at the COM, half a metre from the sensor."""
    half = math.sqrt(0.5)
    w, box = with_sensor(
        world, (0.5, 0, 0), (half, 0, 0, half), world_frame=world_frame, ground=None
    )
    w.place(box, (0, 0, 5)).start().step(3)
    weight = 100 * 0.2 * 0.4 * 0.6 * G
    force = [0, 0, -weight]
    torque = [0, -0.5 * weight, 0]  # (-0.5, 0, 0) x (0, 0, -weight)
    if not world_frame:  # sensor axes: y is the world's z, z the world's -y
        force, torque = [0, -weight, 0], [0, 0, 0.5 * weight]
    assert w.sensor[0].tolist() == pytest.approx(force + torque, rel=1e-4, abs=1e-3)


def test_two_sensors_on_a_body_share_the_force(world):
    w, box = with_sensor(world, (0, 0, 0), ground=None)
    assert w.gym.create_asset_force_sensor(box, 0, gymapi.Transform(gymapi.Vec3(0, 0.3, 0))) == 1
    w.place(box, (0, 0, 5)).start().step(3)
    a, b = w.sensor
    assert torch.equal(a[:3], b[:3])
    assert b[3].item() == pytest.approx(-0.3 * b[2].item(), rel=1e-4)


def test_a_tumbling_body_reads_the_torque_on_it(world):
    """Euler's equations with principal axes beside the body's: no torque but the applied one."""
    w = world(ground=None, gravity=(0, 0, 0), dt=0.001)
    asset = w.urdf("""<robot name="r"><link name="body"><inertial><origin xyz="0.1 0 0.2"/>
      <mass value="2"/><inertia ixx="0.3" iyy="0.5" izz="0.6" ixy="0.1" ixz="-0.05" iyz="0.08"/>
      </inertial></link></robot>""")
    props = gymapi.ForceSensorProperties()
    props.use_world_frame = True
    pose = gymapi.Transform(gymapi.Vec3(0.1, 0, 0.2))
    w.gym.create_asset_force_sensor(asset, 0, pose, props)
    w.gym.create_asset_force_sensor(asset, 0, pose)
    w.place(asset, (0, 0, 5), (0.1, 0.2, 0.3, 0.927)).start()
    w.root[0, 10:] = torch.tensor([1.0, -2.0, 3.0])
    w.set("actor_root_state", w.root)
    torque = torch.tensor([[0.4, -0.3, 0.2]])
    given = gymtorch.unwrap_tensor(torque)
    w.gym.apply_rigid_body_force_tensors(w.sim, None, given, gymapi.ENV_SPACE)
    w.step()
    assert w.sensor[0].tolist() == pytest.approx([0, 0, 0, 0.4, -0.3, 0.2], abs=0.01)
    in_body = Rotation.from_quat(w.root[0, 3:7].numpy()).inv().apply(torque[0].numpy())
    assert w.sensor[1].tolist() == pytest.approx([0, 0, 0, *in_body], abs=0.01)


PARTS = [((True, False), -1.0), ((False, True), 1.0), ((True, True), 0.0), ((False, False), 0.0)]


@pytest.mark.parametrize(("parts", "share"), PARTS)
def test_gravity_and_contacts_can_be_sensed_apart(world, parts, share):
    """A box at rest, sensed 0.25 m beside its COM: gravity and the ground's push cancel."""
    w, box = with_sensor(world, (0.25, 0, 0), parts=parts, num_envs=2)
    w.place(box, (0, 0, 0.3)).start().seconds(1.0)
    weight = 4.8 * G
    expected = [0, 0, share * weight, 0, 0.25 * share * weight, 0]
    assert w.sensor[1].tolist() == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("parts", "share"), [((True, False), 1.0), ((False, True), 0.0)])
def test_nothing_constrains_a_falling_body(world, parts, share):
    w, box = with_sensor(world, parts=parts, ground=None)
    w.place(box, (0, 0, 5)).start()
    w.root[0, 10:] = torch.tensor([0.5, 1.0, 2.0])
    w.set("actor_root_state", w.root)
    w.step()
    assert w.sensor[0, :3].norm().item() == pytest.approx(share * 4.8 * G, abs=1e-3)


def test_constraint_forces_are_each_actors_own(world):
    w, box = with_sensor(world, parts=(False, True))
    w.place(box, (0, 0, 5)).place(box, (3, 0, 0.3)).start().step(30)
    assert w.sensor[:, 2].tolist() == pytest.approx([0.0, 4.8 * G], abs=0.05)


def test_constraint_forces_on_the_links_of_a_standing_robot_add_up_to_its_weight(world, robots):
    """A base on the ground carries an arm that a stiff drive holds: each link's share is its own.

    The net force on a link at rest is zero; gravity's part is its weight, so the rest is too.
    """
    w = world(num_envs=2)
    inertia = 'ixx="0.05" iyy="0.05" izz="0.05" ixy="0" ixz="0" iyz="0"'
    asset = w.urdf(f"""<robot name="r"><link name="base">
        <inertial><mass value="5"/><inertia {inertia}/></inertial>
        <collision><geometry><box size="1 1 0.2"/></geometry></collision></link>
      <link name="arm"><inertial><origin xyz="0.2 0 0"/><mass value="2"/><inertia {inertia}/>
        </inertial></link>
      <joint name="j" type="continuous"><origin xyz="0 0 0.5"/><parent link="base"/>
        <child link="arm"/><axis xyz="0 1 0"/></joint></robot>""")
    props = gymapi.ForceSensorProperties()
    props.enable_forward_dynamics_forces = False
    for body in range(2):
        w.gym.create_asset_force_sensor(asset, body, gymapi.Transform(), props)
    held = {"driveMode": gymapi.DOF_MODE_POS, "stiffness": 1e5, "damping": 1e4}
    w.place(asset, (0, 0, 0.1), dofs=held).start().seconds(1.0)
    forces = w.sensor.view(2, 2, 6)[:, :, 2]
    assert forces.tolist() == [pytest.approx([5 * G, 2 * G], rel=0.01)] * 2


def test_sensor_objects_read_the_last_simulate(world):
    w, box = with_sensor(world, ground=None, num_envs=2)
    w.gym.create_asset_force_sensor(box, 0, gymapi.Transform(gymapi.Vec3(0.5, 0, 0)))
    w.place(box, (0, 0, 5))
    w.place(box, (3, 0, 5)).start().step(2)
    assert w.gym.get_actor_force_sensor_count(w.envs[1], 1) == 2
    sensor = w.gym.get_actor_force_sensor(w.envs[1], 1, 1)
    assert sensor.get_global_index() == 7
    force, torque = sensor.get_forces().force, sensor.get_forces().torque
    assert (force.x, force.y, force.z) == pytest.approx((0, 0, -4.8 * G), abs=1e-3)
    assert (torque.x, torque.y, torque.z) == pytest.approx((0, -0.5 * 4.8 * G, 0), abs=1e-3)
    with pytest.raises(IndexError, match="sensor 2 does not exist"):
        w.gym.get_actor_force_sensor(w.envs[1], 1, 2)


def test_contact_forces_are_the_environments_own_where_speeds_were_limited(world, robots):
    """A limited joint in one environment, a falling box in the other, no body states acquired."""
    w = world(num_envs=2)
    spinner = w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True)
    box = w.box(0.2, 0.4, 0.6, density=100.0)
    for index in range(2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(-2, -2, 0), gymapi.Vec3(2, 2, 1), 2)
        pose = gymapi.Transform(gymapi.Vec3(0, 0, 0.3 + 20 * index))
        w.gym.create_actor(env, box, pose, "box", index, 0)
        w.gym.create_actor(env, spinner, gymapi.Transform(gymapi.Vec3(0, 2, 5)), "s", index, 0)
        w.set_dofs(env, 1, velocity=1.0)
    w.gym.prepare_sim(w.sim)
    contact = gymtorch.wrap_tensor(w.gym.acquire_net_contact_force_tensor(w.sim))
    dof = gymtorch.wrap_tensor(w.gym.acquire_dof_state_tensor(w.sim))
    for _ in range(60):
        dof[0, 1] = 5.0
        w.set("dof_state", dof)
        w.gym.simulate(w.sim)
        w.gym.refresh_dof_state_tensor(w.sim)
    w.gym.refresh_net_contact_force_tensor(w.sim)
    assert dof[0, 1].item() == 1.0
    assert contact[[0, 3], 2].tolist() == pytest.approx([4.8 * G, 0.0], abs=0.5)


def test_a_sensor_on_a_missing_body_is_refused(world):
    w = world()
    assert w.gym.create_asset_force_sensor(w.box(1, 1, 1), 5, gymapi.Transform()) == -1


def test_sensors_appear_however_late_they_are_acquired(world):
    """Acquired after steps were simulated: the state goes on, the tensor is served."""
    w, box = with_sensor(world, num_envs=2)
    for index in range(2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        w.gym.create_actor(env, box, gymapi.Transform(gymapi.Vec3(0, 0, 1 + index)), "b", index, 0)
    w.gym.prepare_sim(w.sim)
    for _ in range(10):
        w.gym.simulate(w.sim)
    root = gymtorch.wrap_tensor(w.gym.acquire_actor_root_state_tensor(w.sim)).clone()
    sensor = gymtorch.wrap_tensor(w.gym.acquire_force_sensor_tensor(w.sim))
    again = gymtorch.wrap_tensor(w.gym.acquire_actor_root_state_tensor(w.sim))
    w.gym.refresh_actor_root_state_tensor(w.sim)
    assert torch.equal(root, again)
    w.gym.simulate(w.sim)
    w.gym.refresh_force_sensor_tensor(w.sim)
    assert sensor[:, 2].tolist() == pytest.approx([-4.8 * G] * 2, rel=1e-4)


def test_dof_forces_read_zero_unless_enabled(world, robots):
    w = world(ground=None)
    asset = w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True)
    for _ in range(2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        for handle in range(2):
            pose = gymapi.Transform(gymapi.Vec3(handle, 0, 2))
            w.gym.create_actor(env, asset, pose, f"a{handle}", handle, 0)
            w.set_dofs(env, handle, driveMode=gymapi.DOF_MODE_EFFORT)
        w.gym.enable_actor_dof_force_sensors(env, 1)
    w.num_envs = 0
    w.start()
    w.set("dof_actuation_force", [1.0, 2.0, 3.0, 4.0])
    w.step()
    assert w.dof_force.tolist() == [0.0, 2.0, 0.0, 4.0]


@pytest.fixture
def standing(world):
    """The humanoid on its feet, its joints held by stiff drives, leaning on nothing else."""
    w = world(num_envs=2)
    options = gymapi.AssetOptions()
    folder = str(ROOT / "resources/urdf/humanoid")
    asset = w.gym.load_asset(w.sim, folder, "humanoid.urdf", options)
    held = {"driveMode": gymapi.DOF_MODE_POS, "stiffness": 3000.0, "damping": 300.0, "effort": 1e20}
    return w.place(asset, (0, 0, 1.30), dofs=held).start(), asset


def test_the_feet_carry_the_weight(standing):
    w, asset = standing
    w.seconds(1.0)
    names = w.gym.get_asset_rigid_body_names(asset)
    mass = sum(p.mass for p in w.gym.get_actor_rigid_body_properties(w.envs[0], 0))
    contact = w.contact.view(2, len(names), 3)
    feet = [i for i, name in enumerate(names) if "foot" in name]
    assert len(feet) == 2
    for env in contact:
        assert env[feet, 2].sum().item() == pytest.approx(mass * G, rel=0.02)
        assert env[[i for i in range(len(names)) if i not in feet]].abs().max() < 1e-3
    assert (w.root[:, 2] > 1.2).all()


def test_a_sensor_follows_gravity_that_changes(world):
    w, box = with_sensor(world, ground=None)
    w.place(box, (0, 0, 5)).start().step(2)
    for gravity in (-3.0, 20.0):
        params = w.gym.get_sim_params(w.sim)
        params.gravity = gymapi.Vec3(1.0, 0, gravity)
        w.gym.set_sim_params(w.sim, params)
        w.step(2)
        expected = [4.8, 0, 4.8 * gravity, 0, 0, 0]
        assert w.sensor[0].tolist() == pytest.approx(expected, abs=1e-3)
