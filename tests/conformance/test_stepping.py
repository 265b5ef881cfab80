"""Stepping: time, substeps, parameters that change, timers, the order of calls."""

import time

import pytest
import torch

from humanoid_gym.engine import gymapi, gymtorch

G = 9.81


@pytest.fixture
def falling(world):
    """A ball in free fall in two environments."""
    made = world(2, ground=None)
    return made.place(made.sphere(0.1), (0, 0, 100)).start()


def test_frames_and_simulated_time(falling):
    gym, sim = falling.gym, falling.sim
    assert (gym.get_frame_count(sim), gym.get_sim_time(sim)) == (0, 0.0)
    for _ in range(5):
        gym.simulate(sim)
        gym.fetch_results(sim, True)
    assert gym.get_frame_count(sim) == 5
    assert gym.get_sim_time(sim) == pytest.approx(5 / 60)


def test_elapsed_time_is_wall_time(falling):
    before = falling.gym.get_elapsed_time(falling.sim)
    time.sleep(0.02)
    assert 0.02 <= falling.gym.get_elapsed_time(falling.sim) - before < 5


def test_substeps_divide_a_step(world):
    def after(**params):
        made = world(1, **params)
        made.place(made.box(0.2, 0.2, 0.2), (0, 0, 0.3), (0.3, 0.2, 0.1, 0.92)).start()
        return made.seconds(0.5).root

    assert torch.equal(after(dt=1 / 60, substeps=2), after(dt=1 / 120, substeps=1))
    assert not torch.equal(after(dt=1 / 60, substeps=2), after(dt=1 / 60, substeps=1))


def test_free_fall_takes_the_step_asked_for(world):
    made = world(1, ground=None, dt=0.01, substeps=4)
    made.place(made.sphere(0.1), (0, 0, 100)).start().step(50)
    t, h = 0.5, 0.0025
    assert float(made.root[0, 9]) == pytest.approx(-G * t, rel=1e-5)
    assert float(made.root[0, 2]) == pytest.approx(100 - 0.5 * G * t * (t + h), abs=1e-4)


def test_simulated_time_does_not_outrun_wall_time(falling):
    gym, sim = falling.gym, falling.sim
    gym.sync_frame_time(sim)
    start = time.perf_counter()
    for _ in range(6):
        gym.simulate(sim)
        gym.sync_frame_time(sim)
    assert time.perf_counter() - start >= 0.99 * 6 / 60


def test_performance_timers_tell_where_the_time_went(falling):
    gym, sim = falling.gym, falling.sim
    gym.create_performance_timers(sim)
    gym.sync_frame_time(sim)
    for _ in range(3):
        gym.simulate(sim)
        gym.sync_frame_time(sim)
    timers = gym.get_performance_timers(sim)
    assert isinstance(timers, gymapi.PerformanceTimers)
    assert timers.physics_sim > 0
    assert timers.frame_idling > 0
    assert timers.total_time >= timers.physics_sim + timers.frame_idling
    assert gym.get_performance_timers(sim).physics_sim == 0
    gym.destroy_performance_timers(sim)


def test_parameters_are_copies(falling):
    gym, sim = falling.gym, falling.sim
    params = gym.get_sim_params(sim)
    params.gravity.z = 5.0
    assert gym.get_sim_params(sim).gravity.z == pytest.approx(-G)
    falling.step()
    assert float(falling.root[0, 9]) < 0


def test_gravity_changes_while_simulating(falling):
    gym, sim = falling.gym, falling.sim
    falling.step(6)
    params = gym.get_sim_params(sim)
    params.gravity = gymapi.Vec3(3.0, 0, 0)
    gym.set_sim_params(sim, params)
    before = falling.root[:, 7:10].clone()
    falling.step(6)
    change = falling.root[:, 7:10] - before
    assert torch.allclose(change, torch.tensor([0.3, 0.0, 0.0]).expand(2, 3), atol=1e-5)


def test_what_cannot_change_says_so(falling):
    params = falling.gym.get_sim_params(falling.sim)
    params.up_axis = gymapi.UP_AXIS_Y
    with pytest.raises(NotImplementedError, match="up_axis is fixed by prepare_sim"):
        falling.gym.set_sim_params(falling.sim, params)


def one_box(made):
    """An environment with a box on the ground, not prepared."""
    env = made.gym.create_env(made.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    pose = gymapi.Transform(gymapi.Vec3(0, 0, 0.1))
    made.gym.create_actor(env, made.box(0.2, 0.2, 0.2), pose, "box", 0, 0)
    return env


def test_programs_without_tensors_need_no_prepare_sim(world):
    made = world(1)
    env = one_box(made)
    for _ in range(60):
        made.gym.simulate(made.sim)
    assert made.gym.get_rigid_transform(env, 0).p.z == pytest.approx(0.1, abs=2e-3)
    contacts = made.gym.get_env_rigid_contacts(env)
    assert contacts["lambda"].sum() == pytest.approx(8.0 * G, rel=1e-2)
    with pytest.raises(RuntimeError, match="create_env: the scene is complete"):
        made.gym.create_env(made.sim, gymapi.Vec3(), gymapi.Vec3(), 1)


def test_programs_without_tensors_may_push_first(world):
    made = world(1, ground=None, gravity=(0, 0, 0))
    env = one_box(made)
    made.gym.apply_body_forces(env, 0, gymapi.Vec3(8.0, 0, 0), None, gymapi.ENV_SPACE)
    made.gym.simulate(made.sim)
    assert made.gym.get_rigid_linear_velocity(env, 0).x == pytest.approx(made.dt, rel=1e-5)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the pipeline would be the GPU's")
def test_programs_with_tensors_on_the_cpu_need_no_prepare_sim(world):
    made = world(1)
    one_box(made)
    tensor = made.gym.acquire_actor_root_state_tensor(made.sim)
    root = gymtorch.wrap_tensor(tensor)
    made.gym.refresh_actor_root_state_tensor(made.sim)
    assert root[0, 2].item() == pytest.approx(0.1)
    root[0, 2] = 0.5
    made.gym.set_actor_root_state_tensor(made.sim, gymtorch.unwrap_tensor(root))
    made.gym.simulate(made.sim)
    made.gym.refresh_actor_root_state_tensor(made.sim)
    assert root[0, 9].item() == pytest.approx(-G * made.dt, rel=1e-4)
    with pytest.raises(RuntimeError, match="create_env: the scene is complete"):
        made.gym.create_env(made.sim, gymapi.Vec3(), gymapi.Vec3(), 1)


def test_programs_with_tensors_on_a_gpu_need_prepare_sim(world, monkeypatch):
    made = world(1)
    one_box(made)
    made.gym.acquire_actor_root_state_tensor(made.sim)
    monkeypatch.setattr(type(made.sim), "pipeline_device", torch.device("cuda"))
    for call in ("refresh_dof_state_tensor", "simulate", "get_rigid_contacts"):
        with pytest.raises(RuntimeError, match=f"{call}.*prepare_sim"):
            getattr(made.gym, call)(made.sim)


def test_an_empty_simulation_cannot_be_stepped(world):
    made = world(1)
    with pytest.raises(RuntimeError, match=r"simulate.*prepare_sim"):
        made.gym.simulate(made.sim)


AFTER_DESTROY = [
    "simulate",
    "refresh_dof_state_tensor",
    "get_rigid_contacts",
    "get_rigid_contact_forces",
]


@pytest.mark.parametrize("call", AFTER_DESTROY)
def test_calls_after_destroy_say_so(falling, call):
    falling.gym.destroy_sim(falling.sim)
    with pytest.raises(RuntimeError, match=rf"{call}.*destroy"):
        getattr(falling.gym, call)(falling.sim)


ENV_CALLS = {
    "get_rigid_transform": (0,),
    "get_actor_rigid_body_states": (0, gymapi.STATE_ALL),
    "set_rigid_transform": (0, gymapi.Transform()),
    "get_env_rigid_contacts": (),
}


@pytest.mark.parametrize("call", ENV_CALLS)
def test_calls_on_environments_after_destroy_say_so(falling, call):
    falling.gym.destroy_sim(falling.sim)
    with pytest.raises(RuntimeError, match="destroy"):
        getattr(falling.gym, call)(falling.envs[0], *ENV_CALLS[call])


def test_a_second_simulation_lives_after_the_first(world):
    first = world(1, ground=None)
    first.place(first.sphere(0.1), (0, 0, 1)).start().step(2)
    first.gym.destroy_sim(first.sim)
    second = world(1, ground=None)
    second.place(second.sphere(0.1), (0, 0, 1)).start().step(2)
    assert second.gym.get_frame_count(second.sim) == 2


def test_assets_print_themselves(world, robots, capsys):
    made = world(1)
    asset = made.urdf(robots.pendulum(), fix_base_link=True)
    made.gym.debug_print_asset(asset, "> ")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "> pendulum: 2 bodies, 1 DOFs, 0 shapes, fixed base"
    assert lines[2] == ">     1 bob: 2 kg; joints: pivot (JOINT_REVOLUTE)"


def test_hints_that_do_nothing_are_accepted(falling):
    gym, env = falling.gym, falling.envs[0]
    assert gym.begin_aggregate(env, 1, 1, True)
    assert gym.create_aggregate(env)
    assert gym.end_aggregate(env)
    gym.destroy_env(env)
    assert (gym.get_version().major, gym.get_version().minor) == (1, 0)
    assert gymapi.carb_init("")
    assert gym.get_actor_soft_body_count(env, 0) == gym.get_sim_triangle_count(falling.sim) == 0
