"""Where environments are, and what a scene demands of them."""

import pytest

from humanoid_gym.engine import gymapi, gymtorch


def make_sim(axis=gymapi.UP_AXIS_Z):
    gym, params = gymapi.acquire_gym(), gymapi.SimParams()
    params.up_axis = axis
    return gym, gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)


@pytest.mark.parametrize(
    ("axis", "origins"),
    [
        (gymapi.UP_AXIS_Z, [(0, 0, 0), (3, 0, 0), (0, 4, 0), (3, 4, 0), (0, 8, 0)]),
        (gymapi.UP_AXIS_Y, [(0, 0, 0), (3, 0, 0), (0, 0, 5), (3, 0, 5), (0, 0, 10)]),
    ],
)
def test_the_grid_of_environments(axis, origins, backend):
    gym, sim = make_sim(axis)
    corners = gymapi.Vec3(-1, -1, -1), gymapi.Vec3(2, 3, 4)
    came = [gym.get_env_origin(gym.create_env(sim, *corners, 2)) for _ in origins]
    assert [(o.x, o.y, o.z) for o in came] == origins


def test_an_origin_is_a_copy_and_environments_may_share_one(backend):
    gym, sim = make_sim()
    for _ in range(3):
        env = gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        gym.get_env_origin(env).x = 5.0
        assert gym.get_env_origin(env) == gymapi.Vec3()
    assert gym.get_env_count(sim) == 3
    assert gym.get_env(sim, 2) is env


def test_states_are_relative_to_the_origin(world):
    w = world(num_envs=4)
    w.place(w.box(0.2, 0.2, 0.2), (0.5, 0, 0.1)).start(spacing=300.0).step(30)
    assert gymapi.acquire_gym().get_env_origin(w.envs[3]).x > 100
    assert w.root[:, 0].tolist() == pytest.approx([0.5] * 4, abs=1e-3)
    assert w.root[:, 2].tolist() == pytest.approx([0.1] * 4, abs=1e-3)


def test_y_up(backend, tmp_path):
    """Gravity along -y and a ground with normal y: a box comes to rest on it."""
    gym, sim = make_sim(gymapi.UP_AXIS_Y)
    plane = gymapi.PlaneParams()
    plane.normal = gymapi.Vec3(0, 1, 0)
    gym.add_ground(sim, plane)
    asset = gym.create_box(sim, 0.2, 0.4, 0.6, gymapi.AssetOptions())
    env = gym.create_env(sim, gymapi.Vec3(-1, -1, -1), gymapi.Vec3(1, 1, 1), 1)
    gym.create_actor(env, asset, gymapi.Transform(gymapi.Vec3(0, 1, 0)), "box", 0, 0)
    gym.prepare_sim(sim)
    root = gymtorch.wrap_tensor(gym.acquire_actor_root_state_tensor(sim))
    for _ in range(120):
        gym.simulate(sim)
    gym.refresh_actor_root_state_tensor(sim)
    assert root[0, 1].item() == pytest.approx(0.2, abs=2e-3)


def test_wrong_rows_of_the_grid(backend):
    gym, sim = make_sim()
    with pytest.raises(ValueError, match="num_per_row must be at least 1, got 0"):
        gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), 0)


def test_wrong_arguments_of_set_up_calls(world):
    w = world()
    with pytest.raises(TypeError, match="create_env: lower must be of class Vec3, got list"):
        w.gym.create_env(w.sim, [0, 0, 0], gymapi.Vec3(), 1)
    env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    with pytest.raises(TypeError, match="create_actor: asset must be of class Asset, got NoneType"):
        w.gym.create_actor(env, None, gymapi.Transform())
    with pytest.raises(TypeError, match="pose must be of class Transform, got Vec3"):
        w.gym.create_actor(env, w.box(1, 1, 1), gymapi.Vec3())


def test_environments_hold_the_same_assets(world):
    w = world(num_envs=2)
    first, second = w.box(0.1, 0.1, 0.1), w.sphere(0.1, fix_base_link=True)
    for asset in (first, second):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        w.gym.create_actor(env, asset, gymapi.Transform())
    with pytest.raises(ValueError, match=r"environment 1: actor 0 .* sphere, in environment 0"):
        w.gym.prepare_sim(w.sim)
    w = world()
    asset = w.box(0.1, 0.1, 0.1)
    for count in (1, 2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        for _ in range(count):
            w.gym.create_actor(env, asset, gymapi.Transform())
    with pytest.raises(ValueError, match="environment 1 has 2 actors, environment 0 has 1"):
        w.gym.prepare_sim(w.sim)


def test_a_sim_without_actors(backend):
    gym, sim = make_sim()
    with pytest.raises(RuntimeError, match="no environments; call create_env"):
        gym.prepare_sim(sim)
    gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    with pytest.raises(ValueError, match="environment 0 has no actors; call create_actor"):
        gym.prepare_sim(sim)


def test_the_scene_is_complete_after_prepare(world):
    w = world()
    asset = w.box(0.1, 0.1, 0.1)
    w.place(asset, (0, 0, 1)).start()
    with pytest.raises(RuntimeError, match="create_actor: the scene is complete since prepare_sim"):
        w.gym.create_actor(w.envs[0], asset, gymapi.Transform())
    with pytest.raises(RuntimeError, match="create_env: the scene is complete since prepare_sim"):
        w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    with pytest.raises(RuntimeError, match="add_ground: the scene is complete"):
        w.gym.add_ground(w.sim, gymapi.PlaneParams())
    with pytest.raises(RuntimeError, match="prepare_sim was called before"):
        w.gym.prepare_sim(w.sim)


def test_stepping_an_empty_sim_counts_no_frame(world):
    w = world()
    w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    with pytest.raises(RuntimeError, match="simulate: call prepare_sim first"):
        w.gym.simulate(w.sim)
    assert w.gym.get_frame_count(w.sim) == 0
    assert w.gym.get_sim_time(w.sim) == 0.0


def test_everything_on_a_destroyed_sim_is_one_error(world):
    w = world()
    asset = w.box(0.1, 0.1, 0.1)
    w.place(asset, (0, 0, 1)).start().step()
    w.gym.destroy_sim(w.sim)
    assert w.root[0, 2].item() == pytest.approx(1.0, abs=0.1)  # the program's own tensor
    calls = {
        "simulate": (w.sim,),
        "fetch_results": (w.sim, True),
        "refresh_dof_state_tensor": (w.sim,),
        "create_env": (w.sim, gymapi.Vec3(), gymapi.Vec3(), 1),
        "get_sim_params": (w.sim,),
        "get_actor_rigid_body_properties": (w.envs[0], 0),
        "create_actor": (w.envs[0], asset, gymapi.Transform()),
        "destroy_sim": (w.sim,),
    }
    for name, arguments in calls.items():
        with pytest.raises(RuntimeError, match=f"{name}: the sim was destroyed by destroy_sim"):
            getattr(w.gym, name)(*arguments)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("simulate", "Sim from create_sim"), ("get_actor_count", "Env from create_env")],
)
def test_wrong_first_arguments(name, expected, backend):
    for wrong in (None, 3, gymapi.Vec3()):
        with pytest.raises(
            TypeError, match=f"{name}: a {expected} expected .* {type(wrong).__name__}"
        ):
            getattr(gymapi.acquire_gym(), name)(wrong)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        getattr(gymapi.acquire_gym(), name)()
