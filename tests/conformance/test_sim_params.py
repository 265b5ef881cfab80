"""Parameters of a simulation, read and changed while it runs."""

import math

import pytest
import torch

from humanoid_gym.engine import gymapi, gymtorch


@pytest.fixture
def falling(world):
    w = world(num_envs=2, ground=None)
    return w.place(w.box(0.1, 0.1, 0.1), (0, 0, 10)).start()


def change(w, **values):
    params = w.gym.get_sim_params(w.sim)
    for name, value in values.items():
        setattr(params, name, value)
    w.gym.set_sim_params(w.sim, params)


def test_what_is_read_is_a_copy(falling):
    params = falling.gym.get_sim_params(falling.sim)
    params.gravity.z = -1.0
    assert falling.gym.get_sim_params(falling.sim).gravity.z == pytest.approx(-9.81)


def test_the_time_step_reads_as_float32():
    # What Isaac Gym shows of 0.005, as clients have logged it: 0.02 s are five steps rounded up.
    params = gymapi.SimParams()
    params.dt = 0.005
    assert params.dt == 0.004999999888241291
    assert math.ceil(0.02 / params.dt) == 5


def test_reading_and_setting_the_parameters_changes_no_bit(world):
    speeds = []
    for untouched in (True, False):
        w = world(num_envs=1, ground=None, dt=0.005)
        w.place(w.box(0.1, 0.1, 0.1), (0, 0, 10)).start()
        if not untouched:
            change(w)
        w.step(20)
        speeds.append(w.root[0].tolist())
    assert speeds[0] == speeds[1]


def test_gravity_changes_while_simulating(falling):
    w = falling
    w.step(30)
    change(w, gravity=gymapi.Vec3(2.0, 0, 0))
    before = w.root[0, 9].item()
    w.step(30)
    assert w.root[:, 9].tolist() == pytest.approx([before] * 2, abs=1e-5)
    assert w.root[:, 7].tolist() == pytest.approx([1.0] * 2, rel=1e-4)
    change(w, gravity=gymapi.Vec3(0, 0, 0))
    speed = w.root[0, 7:10].clone()
    w.step(30)
    assert torch.equal(w.root[0, 7:10], speed)


def test_gravity_survives_what_compiles_the_scene_again(world):
    w = world(ground=None)
    asset = w.box(0.1, 0.1, 0.1)
    w.place(asset, (0, 0, 10))
    env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    w.gym.create_actor(env, asset, gymapi.Transform())
    w.gym.prepare_sim(w.sim)
    change(w, gravity=gymapi.Vec3(0, 0, 3.0))
    body = gymtorch.wrap_tensor(w.gym.acquire_rigid_body_state_tensor(w.sim))
    for _ in range(60):
        w.gym.simulate(w.sim)
    w.gym.refresh_rigid_body_state_tensor(w.sim)
    assert body[0, 9].item() == pytest.approx(3.0, rel=1e-4)


def test_the_time_step_changes_while_simulating(falling):
    w = falling
    w.step(60)
    change(w, dt=1 / 240, substeps=1)
    before, state = w.root[0, 9].item(), w.root.clone()
    w.refresh()
    torch.testing.assert_close(w.root, state)
    w.step(24)
    assert w.root[0, 9].item() == pytest.approx(before - 9.81 * 24 / 240, rel=1e-4)
    assert w.gym.get_frame_count(w.sim) == 84
    assert w.gym.get_sim_time(w.sim) == pytest.approx(1.0 + 0.1)


def test_drives_keep_their_gains_when_the_time_step_changes(world, robots):
    drive = {"driveMode": gymapi.DOF_MODE_POS, "stiffness": 100.0, "damping": 5.0}
    w = world(ground=None)
    w.place(w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True), dofs=drive).start()
    w.set("dof_position_target", torch.tensor([0.5]))
    w.seconds(1.0)
    change(w, dt=1 / 100)
    w.step(600)
    q = w.dof[0, 0].item()
    assert 100.0 * (0.5 - q) == pytest.approx(2.0 * 9.81 * 0.8 * math.sin(q), rel=1e-3)


def test_nested_parameters_may_be_assigned_as_a_whole(falling):
    physx = gymapi.PhysXParams()
    physx.contact_collection = gymapi.CC_NEVER
    physx.num_position_iterations = 12
    change(falling, physx=physx)
    came = falling.gym.get_sim_params(falling.sim).physx
    assert (came.contact_collection, came.num_position_iterations) == (gymapi.CC_NEVER, 12)


def test_contact_collection_is_honoured_live(world):
    w = world()
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 0.1)).start().step(30)
    assert w.contact[0, 2].item() == pytest.approx(0.2**3 * 1000 * 9.81, rel=0.02)
    params = w.gym.get_sim_params(w.sim)
    params.physx.contact_collection = gymapi.CC_NEVER
    w.gym.set_sim_params(w.sim, params)
    w.step()
    assert w.contact[0, 2].item() == 0.0


def test_mistakes(falling):
    w = falling
    with pytest.raises(NotImplementedError, match="up_axis is fixed by prepare_sim"):
        change(w, up_axis=gymapi.UP_AXIS_Y)
    assert w.gym.get_sim_params(w.sim).up_axis == gymapi.UP_AXIS_Z
    with pytest.raises(ValueError, match="dt must be positive, got 0"):
        change(w, dt=0.0)
    with pytest.raises(ValueError, match="substeps must be at least 1"):
        change(w, substeps=0)
    with pytest.raises(ValueError, match="finite numbers expected"):
        change(w, gravity=gymapi.Vec3(0, math.nan, 0))
    with pytest.raises(TypeError, match="set_sim_params: SimParams expected, got dict"):
        w.gym.set_sim_params(w.sim, {})
    w.step()
