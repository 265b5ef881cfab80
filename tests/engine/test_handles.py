"""Finding one's way: handles, indices in three domains, names, the grid of environments."""

import pytest

from humanoid_gym.engine import gymapi

ACTOR, ENV, SIM = gymapi.DOMAIN_ACTOR, gymapi.DOMAIN_ENV, gymapi.DOMAIN_SIM


@pytest.fixture
def pair(world, robots):
    """Three environments with a pendulum (2 bodies, 1 DOF) and a chain (4 bodies, 3 DOFs)."""
    w = world(num_envs=3, ground=None)
    w.place(w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True), (0, 0, 1))
    return w.place(w.urdf(robots.chain(3), fix_base_link=True), (1, 0, 1)).start()


@pytest.mark.parametrize(("domain", "row"), [(ACTOR, 0), (ENV, 1), (SIM, 5)])
def test_actor_indices(pair, domain, row):
    gym, env = pair.gym, pair.envs[2]
    assert gym.get_actor_index(env, 1, domain) == row
    assert gym.find_actor_index(env, "actor1", domain) == row
    assert gym.find_actor_index(env, "nobody", domain) == -1


@pytest.mark.parametrize(("domain", "row"), [(ACTOR, 2), (ENV, 4), (SIM, 16)])
def test_body_indices(pair, domain, row):
    gym, env = pair.gym, pair.envs[2]
    assert gym.find_actor_rigid_body_index(env, 1, "link1", domain) == row
    assert gym.get_actor_rigid_body_index(env, 1, 2, domain) == row
    assert gym.find_actor_rigid_body_index(env, 1, "nothing", domain) == -1
    assert gym.find_actor_rigid_body_handle(env, 1, "link1") == 4


@pytest.mark.parametrize(("domain", "row"), [(ACTOR, 1), (ENV, 2), (SIM, 10)])
def test_dof_indices(pair, domain, row):
    gym, env = pair.gym, pair.envs[2]
    assert gym.find_actor_dof_index(env, 1, "joint1", domain) == row
    assert gym.get_actor_dof_index(env, 1, 1, domain) == row
    assert gym.find_actor_dof_index(env, 1, "nothing", domain) == -1
    assert gym.find_actor_dof_handle(env, 1, "joint1") == 2


def test_the_dof_tensor_has_the_rows_that_the_indices_say(pair):
    gym = pair.gym
    row = gym.find_actor_dof_index(pair.envs[1], 1, "joint2", SIM)
    pair.dof[row, 0] = 0.7
    pair.set("dof_state", pair.dof)
    pair.step()
    body = gym.find_actor_rigid_body_index(pair.envs[1], 1, "link2", SIM)
    turned = pair.body[:, 3:6].abs().sum(dim=1) > 0.1
    assert turned.nonzero().flatten().tolist() == [body]


def test_counts(pair):
    gym, env = pair.gym, pair.envs[0]
    assert gym.get_env_count(pair.sim) == 3
    assert gym.get_actor_count(env) == 2
    assert (gym.get_env_rigid_body_count(env), gym.get_sim_rigid_body_count(pair.sim)) == (6, 18)
    assert (gym.get_env_dof_count(env), gym.get_sim_dof_count(pair.sim)) == (4, 12)
    assert (gym.get_sim_actor_count(pair.sim), gym.get_sim_joint_count(pair.sim)) == (6, 12)
    assert gym.get_actor_dof_names(env, 1) == ["joint0", "joint1", "joint2"]
    assert gym.get_actor_rigid_body_names(env, 0) == ["base", "bob"]
    assert gym.get_actor_joint_dict(env, 1) == {"joint0": 0, "joint1": 1, "joint2": 2}
    assert gym.get_actor_rigid_body_dict(env, 0) == {"base": 0, "bob": 1}


def test_handles_that_do_not_exist(pair):
    gym, env = pair.gym, pair.envs[0]
    assert gym.get_actor_handle(env, 2) == -1
    assert gym.find_actor_handle(env, "nobody") == -1
    with pytest.raises(IndexError, match="2 actors, no handle 2"):
        gym.get_actor_dof_properties(env, 2)


def test_asset_look_ups(world, robots):
    w = world()
    asset = w.urdf(robots.chain(3))
    gym = w.gym
    assert gym.find_asset_rigid_body_index(asset, "link1") == 2
    assert gym.find_asset_dof_index(asset, "joint2") == 2
    assert gym.find_asset_rigid_body_index(asset, "x") == gym.find_asset_dof_index(asset, "x") == -1
    assert gym.get_asset_dof_type(asset, 0) == gymapi.DOF_ROTATION
    assert gym.get_asset_joint_type(asset, 0) == gymapi.JOINT_REVOLUTE
    assert [p.mass for p in gym.get_actor_rigid_body_properties(boxed(w, asset), 0)][1:] == (
        pytest.approx([1.0, 0.5, 1 / 3])
    )


def boxed(w, asset):
    env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    w.gym.create_actor(env, asset, gymapi.Transform())
    return env


@pytest.mark.parametrize(
    ("axis", "origins"),
    [
        (gymapi.UP_AXIS_Z, [(0, 0, 0), (3, 0, 0), (0, 4, 0), (3, 4, 0), (0, 8, 0)]),
        (gymapi.UP_AXIS_Y, [(0, 0, 0), (3, 0, 0), (0, 0, 5), (3, 0, 5), (0, 0, 10)]),
    ],
)
def test_the_grid_of_environments(axis, origins):
    gym, params = gymapi.acquire_gym(), gymapi.SimParams()
    params.up_axis = axis
    sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)
    corners = gymapi.Vec3(-1, -1, -1), gymapi.Vec3(2, 3, 4)
    came = [gym.get_env_origin(gym.create_env(sim, *corners, 2)) for _ in origins]
    assert [(o.x, o.y, o.z) for o in came] == origins


def test_properties_are_copies(pair):
    gym, env = pair.gym, pair.envs[0]
    gym.get_actor_dof_properties(env, 0)["stiffness"] = 99.0
    assert gym.get_actor_dof_properties(env, 0)["stiffness"][0] == 0.0
    params = gym.get_sim_params(pair.sim)
    params.gravity.z = -1.0
    assert gym.get_sim_params(pair.sim).gravity.z == pytest.approx(-9.81)


def test_gravity_changes_while_simulating(world):
    w = world(ground=None)
    w.place(w.box(0.1, 0.1, 0.1), (0, 0, 10)).start().step(30)
    params = w.gym.get_sim_params(w.sim)
    params.gravity = gymapi.Vec3(2.0, 0, 0)
    w.gym.set_sim_params(w.sim, params)
    before = w.root[0, 9].item()
    w.step(30)
    assert w.root[0, 9].item() == pytest.approx(before, abs=1e-5)
    assert w.root[0, 7].item() == pytest.approx(1.0, rel=1e-4)
    params.dt = 0.1
    with pytest.raises(NotImplementedError, match="dt is fixed"):
        w.gym.set_sim_params(w.sim, params)


def test_the_scene_is_complete_after_prepare(pair):
    asset = pair.gym.get_actor_asset(pair.envs[0], 0)
    with pytest.raises(RuntimeError, match="complete since prepare_sim"):
        pair.gym.create_actor(pair.envs[0], asset, gymapi.Transform())
