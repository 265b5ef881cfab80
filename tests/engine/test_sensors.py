"""Force sensors, DOF forces, contact forces on a standing robot."""

import math
from pathlib import Path

import pytest
import torch

from humanoid_gym.engine import gymapi, gymtorch

G = 9.81
ROOT = Path(__file__).parents[2]


def with_sensor(world, position=(0, 0, 0), rotation=(0, 0, 0, 1), world_frame=False, **params):
    w = world(**params)
    asset = w.box(0.2, 0.4, 0.6, density=100.0)
    props = gymapi.ForceSensorProperties()
    props.use_world_frame = world_frame
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
