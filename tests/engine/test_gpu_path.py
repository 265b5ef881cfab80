"""On a GPU every tensor is there, and a step never makes the host wait."""

import pytest
import torch
from pretend_cuda import CudaTensor, WaitsError, no_waiting, pretend_cuda
from worlds import World

from humanoid_gym.engine import gymapi, gymtorch

TENSORS = ("root", "dof", "body", "contact", "dof_force")


@pytest.fixture
def cuda(monkeypatch):
    pytest.importorskip("mujoco_warp")
    with pretend_cuda(monkeypatch) as device:
        yield device


@pytest.fixture
def gpu_world(tmp_path, cuda, robots):
    """Four boxes on the ground and four driven pendulums, on the GPU."""
    world = World(tmp_path, 4, use_gpu_pipeline=True)
    world.place(world.box(0.2, 0.2, 0.2), (1.0, 0.0, 0.11))
    asset = world.urdf(robots.pendulum(), fix_base_link=True)
    return world.place(asset, (0.0, 0.0, 2.0), dofs={"driveMode": gymapi.DOF_MODE_EFFORT}).start()


def test_tensors_are_on_the_gpu(gpu_world):
    for name in TENSORS:
        assert getattr(gpu_world, name).device.type == "cuda", name


def test_a_tensor_of_the_host_among_them_is_noticed(cuda):
    with pytest.raises(RuntimeError, match="on the CPU and on the GPU"):
        torch.ones(3, device=cuda) + torch.ones(3)


def test_waiting_is_noticed(cuda):
    with no_waiting(), pytest.raises(WaitsError):
        bool(torch.ones(1, device=cuda).any())


def test_a_step_with_every_refresh_and_setter_does_not_wait(gpu_world):
    world = gpu_world
    force = torch.zeros(4, 1, device="cuda")
    push = torch.zeros(4, world.body.shape[0] // 4, 3, device="cuda")
    for _ in range(3):
        step(world, force, push)
    with no_waiting():
        step(world, force, push)


def step(world, force, push):
    gym, sim, unwrap = world.gym, world.sim, gymtorch.unwrap_tensor
    gym.set_dof_actuation_force_tensor(sim, unwrap(force))
    gym.apply_rigid_body_force_tensors(sim, unwrap(push), None, gymapi.ENV_SPACE)
    gym.apply_rigid_body_force_at_pos_tensors(sim, unwrap(push), unwrap(push), gymapi.LOCAL_SPACE)
    gym.simulate(sim)
    world.refresh()
    down = torch.zeros(4, dtype=torch.bool, device="cuda")
    root = torch.where(down[:, None, None], 0.0, world.root.view(4, 2, 13)).view(8, 13)
    gym.set_actor_root_state_tensor(sim, unwrap(root))
    gym.set_dof_state_tensor(sim, unwrap(world.dof + 0.1))
    gym.refresh_rigid_body_state_tensor(sim)
    assert isinstance(world.body, CudaTensor)


def test_gpu_physics_without_the_gpu_pipeline_has_tensors_on_the_host(tmp_path, cuda):
    physx = gymapi.PhysXParams()
    physx.use_gpu = True
    world = World(tmp_path, 2, physx=physx)
    world.place(world.box(0.2, 0.2, 0.2), (0.0, 0.0, 0.5)).start()
    assert world.simulation.device.type == "cuda"
    assert all(getattr(world, name).device.type == "cpu" for name in ("root", "body", "contact"))
    fallen = world.step(30).root[:, 2].clone()
    assert ((fallen > 0.09) & (fallen < 0.2)).all()
    lifted = world.root.clone()
    lifted[1, 2] = 0.7
    world.set("actor_root_state", lifted, actors=[1])
    world.refresh()
    torch.testing.assert_close(world.body[:, 2], torch.stack((fallen[0], torch.tensor(0.7))))


def test_sensors_that_were_read_one_by_one_first_have_their_tensor_on_the_gpu(tmp_path, cuda):
    world = World(tmp_path, use_gpu_pipeline=True)
    asset = world.box(0.2, 0.2, 0.2)
    world.gym.create_asset_force_sensor(asset, 0, gymapi.Transform())
    env = world.gym.create_env(world.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    world.gym.create_actor(env, asset, gymapi.Transform(), "box", 0, 0)
    world.gym.prepare_sim(world.sim)
    world.gym.get_actor_force_sensor(env, 0, 0)
    sensors = world.gym.acquire_force_sensor_tensor(world.sim)
    assert gymtorch.wrap_tensor(sensors).device.type == "cuda"


def test_force_sensors_and_jacobians_do_not_wait(tmp_path, cuda, robots):
    """Of bodies that do not lie side by side, and of actors whose names alternate."""
    world = World(tmp_path, 2, use_gpu_pipeline=True)
    asset = world.urdf(robots.chain(3), fix_base_link=True)
    parts = gymapi.ForceSensorProperties()
    parts.enable_forward_dynamics_forces = False
    for body in (1, 3):
        world.gym.create_asset_force_sensor(asset, body, gymapi.Transform(), parts)

    def other_arm(gym, env, index):
        gym.create_actor(env, asset, gymapi.Transform(), "arm" if index else "spare", index, 0)

    world.place(asset).start(edit=other_arm)
    gym, sim = world.gym, world.sim
    for name in ("arm", "actor0"):
        gym.acquire_jacobian_tensor(sim, name)
        gym.acquire_mass_matrix_tensor(sim, name)

    def refresh():
        gym.simulate(sim)
        world.refresh()
        gym.refresh_jacobian_tensors(sim)
        gym.refresh_mass_matrix_tensors(sim)

    for _ in range(2):
        refresh()
    with no_waiting():
        refresh()


def recorded_and_plain(build, step):
    """Two worlds of a kind after three steps, and what replays a step of the first."""
    recorded, plain = build(), build()
    for _ in range(3):
        step(recorded)
        step(plain)
    return recorded, plain, recorded.gym.extensions.capture(recorded.sim, lambda: step(recorded))


def test_targets_set_between_replays_reach_the_drives(tmp_path, cuda, robots):
    """A recorded step that sets velocity targets only goes on with the present positions."""

    def build():
        world = World(tmp_path, 2, use_gpu_pipeline=True)
        asset = world.urdf(robots.pendulum(), fix_base_link=True)
        drive = {"driveMode": gymapi.DOF_MODE_VEL, "stiffness": 20.0, "damping": 2.0}
        return world.place(asset, dofs=drive).start()

    speed = torch.full((2, 1), 0.3, device=cuda)

    def step(world):
        world.gym.set_dof_velocity_target_tensor(world.sim, gymtorch.unwrap_tensor(speed))
        world.gym.simulate(world.sim)
        world.refresh()

    recorded, plain, replay = recorded_and_plain(build, step)
    for target in (0.5, -0.5):
        for world in (recorded, plain):
            saved = world.gym.extensions.save_state(world.sim)
            saved["position_target"] = torch.full((2, 1), target, device=cuda).double()
            world.gym.extensions.load_state(world.sim, saved)
        for _ in range(3):
            replay()
            step(plain)
        assert torch.equal(recorded.dof.elem, plain.dof.elem)
    assert not replay.failed


def test_what_became_invalid_is_recorded_anew(tmp_path, cuda):
    """A program gives an environment its own gravity between two replays."""

    def build():
        world = World(tmp_path, 2, use_gpu_pipeline=True, ground=None)
        return world.place(world.sphere(0.1), (0.0, 0.0, 5.0)).start()

    def step(world):
        world.gym.simulate(world.sim)
        world.refresh()

    recorded, plain, replay = recorded_and_plain(build, step)
    recordings = []
    for number in range(7):
        if number == 3:
            for world in (recorded, plain):
                world.simulation.backend.model_field("opt.gravity")[1, 2] = 3.0
        replay()
        step(plain)
        recordings.append(replay._recording)
        assert torch.equal(recorded.root.elem, plain.root.elem)
    assert not replay.failed
    assert recordings[3] is None  # ran as it is, which loads what changed
    assert len({id(r) for r in recordings[:3]}) == len({id(r) for r in recordings[4:]}) == 1
    assert recordings[0] is not recordings[4]
    assert recorded.root.elem[1, 9] > recorded.root.elem[0, 9]
