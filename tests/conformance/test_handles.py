"""Finding one's way: names, handles and indices in three domains."""

import numpy as np
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


def test_indices_asked_for_while_the_environment_is_being_built(world, robots):
    """As nearly every program asks: after each actor, before the next one."""
    w = world(ground=None)
    gym, corner = w.gym, gymapi.Vec3(1.0, 1.0, 1.0)
    texts = (robots.pendulum(joint="continuous"), robots.chain(3), robots.pendulum())
    assets = [w.urdf(text, fix_base_link=True) for text in texts]
    rows = []
    for index in range(3):
        env = gym.create_env(w.sim, -corner, corner, 3)
        gym.create_actor(env, assets[0], gymapi.Transform(), "before", index, 0)
        gym.create_actor(env, assets[1], gymapi.Transform(), "asked", index, 0)
        body = gym.find_actor_rigid_body_index(env, 1, "link1", SIM)
        dof = gym.find_actor_dof_index(env, 1, "joint1", SIM)
        joint = gym.find_actor_joint_index(env, 1, "joint1", SIM)
        rows.append((gym.get_actor_index(env, 1, SIM), body, dof, joint))
        gym.create_actor(env, assets[2], gymapi.Transform(), "after", index, 0)
    first, per_env = np.array([1, 4, 2, 2]), np.array([3, 2 + 4 + 2, 1 + 3 + 1, 1 + 3 + 1])
    np.testing.assert_array_equal(rows, [first + index * per_env for index in range(3)])


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
    assert [gym.get_actor_handle(env, index) for index in (0, 1)] == [0, 1]
    assert gym.get_actor_dof_names(env, 1) == ["joint0", "joint1", "joint2"]
    assert gym.get_actor_rigid_body_names(env, 0) == ["base", "bob"]
    assert gym.get_actor_joint_dict(env, 1) == {"joint0": 0, "joint1": 1, "joint2": 2}
    assert gym.get_actor_rigid_body_dict(env, 0) == {"base": 0, "bob": 1}


def test_handles_that_do_not_exist(pair):
    gym, env = pair.gym, pair.envs[0]
    assert gym.get_actor_handle(env, 2) == -1
    assert gym.find_actor_handle(env, "nobody") == -1
    with pytest.raises(IndexError, match=r"actor handle 2 does not exist; .* has 2 actors"):
        gym.get_actor_dof_properties(env, 2)
    with pytest.raises(IndexError, match="-1 is what a look-up returns"):
        gym.get_actor_name(env, -1)
    for call in ("rigid_body", "dof", "joint"):
        assert getattr(gym, f"find_actor_{call}_index")(env, -1, "base", SIM) == -1
        assert getattr(gym, f"find_actor_{call}_handle")(env, -1, "base") == -1
        assert getattr(gym, f"get_actor_{call}_index")(env, 0, 99, SIM) == -1
        assert getattr(gym, f"get_actor_{call}_handle")(env, 0, 99) == -1
        with pytest.raises(IndexError, match="actor handle 5 does not exist"):
            getattr(gym, f"find_actor_{call}_index")(env, 5, "base", SIM)
    with pytest.raises(IndexError, match="get_env: index 3 does not exist; the sim has 3"):
        gym.get_env(pair.sim, 3)


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


@pytest.fixture
def arm(world):
    """Two environments with two arms of three links, the last one welded on."""
    text = """<robot name="arm"><link name="base"/><link name="link"/><link name="tip"/>
      <joint name="hinge" type="revolute"><parent link="base"/><child link="link"/>
        <origin xyz="0 0 0.2"/><limit lower="-1" upper="1" effort="1" velocity="1"/></joint>
      <joint name="weld" type="fixed"><parent link="link"/><child link="tip"/></joint>
    </robot>"""
    w = world(num_envs=2, ground=None)
    asset = w.urdf(text, fix_base_link=True)
    return w.place(asset, (0, 0, 1)).place(asset, (1, 0, 1)).start()


@pytest.mark.parametrize(("domain", "row"), [(ACTOR, 1), (ENV, 3), (SIM, 7)])
def test_joint_indices_count_fixed_joints(arm, domain, row):
    gym, env = arm.gym, arm.envs[1]
    assert gym.find_actor_joint_index(env, 1, "weld", domain) == row
    assert gym.get_actor_joint_index(env, 1, 1, domain) == row
    assert gym.find_actor_joint_index(env, 1, "nothing", domain) == -1


def test_joint_handles_names_and_types(arm):
    gym, env = arm.gym, arm.envs[1]
    assert gym.get_actor_joint_dict(env, 0) == {"hinge": 0, "weld": 1}
    assert gym.get_actor_joint_count(env, 1) == 2
    handle = gym.find_actor_joint_handle(env, 1, "weld")
    assert handle == gym.get_actor_joint_handle(env, 1, 1) == 3
    assert handle == gym.get_joint_handle(env, "actor1", "weld")
    assert gym.get_joint_name(env, handle) == "weld"
    assert gym.get_joint_handle(env, "nobody", "weld") == -1
    assert gym.get_joint_handle(env, "actor1", "nothing") == -1
    asset = gym.get_actor_asset(env, 0)
    types = [gym.get_asset_joint_type(asset, i) for i in range(2)]
    assert [gym.get_joint_type_string(t) for t in types] == ["Revolute", "Fixed"]
    assert gym.get_dof_type_string(gym.get_asset_dof_type(asset, 0)) == "Rotation"
    assert gym.get_dof_type_string(gymapi.DOF_TRANSLATION) == "Translation"
    with pytest.raises(IndexError, match="joint handle 4 does not exist"):
        gym.get_joint_name(env, 4)


def test_body_handles_and_names(arm):
    gym, env = arm.gym, arm.envs[1]
    handle = gym.get_rigid_handle(env, "actor1", "tip")
    assert handle == gym.find_actor_rigid_body_handle(env, 1, "tip") == 5
    assert gym.get_rigid_name(env, handle) == "tip"
    assert gym.get_actor_root_rigid_body_handle(env, 1) == 3
    assert gym.get_rigid_handle(env, "actor1", "nothing") == -1


def test_shapes_of_each_body(world):
    text = """<robot name="shapes"><link name="a"/><link name="b"/>
      <joint name="j" type="continuous"><parent link="a"/><child link="b"/></joint></robot>"""
    sphere = "<collision><geometry><sphere radius='0.1'/></geometry></collision>"
    text = text.replace('<link name="a"/>', f'<link name="a">{sphere}</link>')
    text = text.replace('<link name="b"/>', f'<link name="b">{sphere}{sphere}</link>')
    w = world(ground=None)
    w.place(w.urdf(text)).start()
    ranges = w.gym.get_actor_rigid_body_shape_indices(w.envs[0], 0)
    assert [(r.start, r.count) for r in ranges] == [(0, 1), (1, 2)]
    assert w.gym.get_actor_rigid_shape_count(w.envs[0], 0) == 3


def test_lists_and_dictionaries_belong_to_the_program(pair):
    gym, env = pair.gym, pair.envs[0]
    asset = gym.get_actor_asset(env, 1)
    for names in (
        gym.get_actor_rigid_body_names(env, 1),
        gym.get_actor_dof_names(env, 1),
        gym.get_actor_joint_names(env, 1),
        gym.get_asset_rigid_body_names(asset),
        gym.get_asset_dof_names(asset),
    ):
        names.clear()
    assert gym.get_actor_rigid_body_names(env, 1)[0] == "base"
    assert gym.find_actor_dof_index(env, 1, "joint2", ACTOR) == 2
