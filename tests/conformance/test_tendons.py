"""Tendons and actuators: what the file says, what a client sets, what the joints then do.

The length of a fixed tendon is offset + sum of coefficient x joint position. At rest each joint's
own spring k and the tendon balance the actuation force:
k q_i + c_i [K (length - rest) + K_limit (length beyond its limits)] = f_i.
"""

import math

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi

SPRING = 5.0
INERTIA = 0.02

JOINT = f"""<body name="b{{0}}" pos="0 {{0}} 1">
  <inertial pos="0 0 0" mass="1" diaginertia="{INERTIA} {INERTIA} {INERTIA}"/>
  <joint name="j{{0}}" axis="0 1 0" stiffness="{SPRING}" damping="1"/></body>"""

HAND = f"""<mujoco><worldbody><body name="root">
    <inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>{JOINT.format(0)}{JOINT.format(1)}
  </body></worldbody>
  <actuator>
    <motor name="m1" joint="j1" gear="7" ctrllimited="true" ctrlrange="-1 2"/>
    <motor name="m0" joint="j0"/>
  </actuator>
  <tendon>
    <fixed name="idle"><joint joint="j0" coef="1"/></fixed>
    <fixed name="pair" stiffness="30" damping=".1" springlength=".05" limited="true"
      range="-.2 .3"><joint joint="j0" coef="2"/><joint joint="j1" coef="-1.5"/></fixed>
  </tendon></mujoco>"""


def start(world, num_envs=1, before_start=None, **options):
    scene = world(num_envs=num_envs, gravity=(0, 0, 0))
    asset = scene.mjcf(HAND, **options)
    if before_start:
        before_start(scene.gym, asset)
    return scene.place(asset).start()


def properties(scene, env=0):
    return scene.gym.get_actor_tendon_properties(scene.envs[env], 0)


def change(scene, env=0, **values):
    """Change properties of the tendon 'pair'."""
    props = properties(scene, env)
    for name, value in values.items():
        setattr(props[1], name, value)
    assert scene.gym.set_actor_tendon_properties(scene.envs[env], 0, props)


def settled(scene, forces):
    """Joint positions at rest under constant actuation forces, shape (num_envs, 2)."""
    scene.set("dof_actuation_force", torch.tensor(forces * scene.num_envs, dtype=torch.float32))
    scene.seconds(5.0)
    assert scene.dof[:, 1].abs().max() < 1e-5
    return scene.dof[:, 0].reshape(scene.num_envs, 2).double().numpy()


def balance(forces, stiffness, rest, coefficients=(2.0, -1.5), offset=0.0):
    """Where the equation above puts the joints for one linear tendon spring."""
    c = np.array(coefficients)
    matrix = SPRING * np.eye(2) + stiffness * np.outer(c, c)
    return np.linalg.solve(matrix, np.array(forces) + stiffness * (rest - offset) * c)


def test_the_asset_says_what_the_file_says(world):
    scene = start(world, tendon_limit_stiffness=4.0)
    gym, asset = scene.gym, scene.gym.get_actor_asset(scene.envs[0], 0)
    assert gym.get_asset_tendon_count(asset) == gym.get_actor_tendon_count(scene.envs[0], 0) == 2
    assert [gym.get_asset_tendon_name(asset, i) for i in range(2)] == ["idle", "pair"]
    assert gym.find_asset_tendon_index(asset, "pair") == 1
    assert gym.find_actor_tendon_index(scene.envs[0], 0, "gone") == -1
    assert gym.get_asset_fixed_tendon_joint_name(asset, 1, 1) == "j1"
    assert gym.get_asset_fixed_tendon_joint_coefficients(asset, 1) == [2.0, -1.5]
    assert gym.find_actor_fixed_tendon_joint_index(scene.envs[0], 0, 1, "j1") == 1
    assert gym.find_actor_fixed_tendon_joint_index(scene.envs[0], 0, 0, "j1") == -1
    pair = gym.get_asset_tendon_properties(asset)[1]
    assert pair.type == gymapi.TENDON_FIXED
    assert (pair.num_joints, pair.num_attachments) == (2, 0)
    assert (pair.stiffness, pair.damping, pair.limit_stiffness) == (30.0, 0.1, 4.0)
    assert pair.fixed_spring_rest_length == 0.05
    assert (pair.fixed_lower_limit, pair.fixed_upper_limit) == (-0.2, 0.3)
    assert pair.is_fixed_limited


def test_actuators_in_file_order(world):
    scene = start(world)
    env, gym = scene.envs[0], scene.gym
    asset = gym.get_actor_asset(env, 0)
    assert gym.get_asset_actuator_count(asset) == gym.get_actor_actuator_count(env, 0) == 2
    joints = [gym.get_asset_actuator_joint_name(asset, i) for i in range(2)]
    assert joints == ["j1", "j0"]
    assert [gym.get_actor_actuator_name(env, 0, i) for i in range(2)] == ["m1", "m0"]
    assert gym.get_actor_actuator_joint_name(env, 0, 0) == "j1"
    assert gym.find_asset_actuator_index(asset, "m0") == 1
    assert gym.find_actor_actuator_index(env, 0, "gone") == -1
    first, second = gym.get_asset_actuator_properties(asset)
    assert (first.type, first.motor_effort, second.motor_effort) == ("motor", 7.0, 1.0)
    assert first.control_limited
    assert (first.lower_control_limit, first.upper_control_limit) == (-1.0, 2.0)
    assert not second.control_limited
    assert not first.force_limited
    assert gym.get_actor_actuator_properties(env, 0)[0] == first
    modes = gym.get_asset_dof_properties(asset)["driveMode"]
    assert (modes == gymapi.DOF_MODE_EFFORT).all(), "a motor decides, whatever the options say"


def test_the_spring_pulls_to_its_rest_length(world):
    scene = start(world)
    change(scene, is_fixed_limited=False)
    expected = balance([0.3, 0.2], 30.0, 0.05)
    np.testing.assert_allclose(settled(scene, [0.3, 0.2])[0], expected, atol=1e-5)


@pytest.mark.parametrize(("force", "limit"), [(4.0, 0.3), (-4.0, -0.2), (0.2, None)])
def test_limits_are_springs_outside_a_dead_band(world, force, limit):
    scene = start(world)
    change(scene, stiffness=0.0, limit_stiffness=80.0)
    hardness = 0.0 if limit is None else 80.0
    expected = balance([force, 0.0], hardness, limit or 0.0)
    np.testing.assert_allclose(settled(scene, [force, 0.0])[0], expected, atol=1e-5)


def test_limits_that_are_switched_off(world):
    scene = start(world)
    change(scene, stiffness=0.0, limit_stiffness=80.0, is_fixed_limited=False)
    np.testing.assert_allclose(settled(scene, [4.0, 0.0])[0], [4.0 / SPRING, 0.0], atol=1e-5)


def test_damping_slows_the_length_down(world):
    scene = start(world)
    change(scene, stiffness=0.0, damping=0.2, is_fixed_limited=False)
    scene.set_dofs(scene.envs[0], 0, stiffness=0.0, damping=0.0)
    scene.set("dof_state", torch.tensor([[0.0, 3.0], [0.0, 4.0]]))
    scene.seconds(0.2)
    # Across the coefficients nothing acts; along them I v' = -d |c|^2 v.
    c = np.array([2.0, -1.5]) / 2.5
    velocity = scene.dof[:, 1].double().numpy()
    across = np.array([-c[1], c[0]])
    assert velocity @ across == pytest.approx(np.array([3.0, 4.0]) @ across, rel=1e-5)
    decay = math.exp(-0.2 * 2.5**2 * 0.2 / INERTIA)
    assert velocity @ c == pytest.approx(0.0, abs=max(2 * decay, 0.02))


def test_the_offset_adds_to_the_length(world):
    scene = start(world)
    change(scene, is_fixed_limited=False)
    gym, env = scene.gym, scene.envs[0]
    assert gym.get_actor_tendon_offset(env, 0, 1) == 0.0
    assert gym.set_actor_tendon_offset(env, 0, 1, torch.tensor([0.4]))
    assert gym.get_actor_tendon_offset(env, 0, 1) == pytest.approx(0.4)
    expected = balance([0.0, 0.0], 30.0, 0.05, offset=0.4)
    np.testing.assert_allclose(settled(scene, [0.0, 0.0])[0], expected, atol=1e-5)


def test_coefficients_can_be_set(world):
    scene = start(world)
    change(scene, is_fixed_limited=False)
    call = scene.gym.set_actor_fixed_tendon_joint_coefficients
    assert call(scene.envs[0], 0, 1, [1.0, 0.5])
    read = scene.gym.get_actor_fixed_tendon_joint_coefficients(scene.envs[0], 0, 1)
    assert read == [1.0, 0.5]
    expected = balance([0.1, 0.2], 30.0, 0.05, (1.0, 0.5))
    np.testing.assert_allclose(settled(scene, [0.1, 0.2])[0], expected, atol=1e-5)


def test_environments_differ_and_change_while_running(world):
    scene = start(world, num_envs=3)
    gains = (10.0, 20.0, 40.0)
    scene.step(3)
    for index, stiffness in enumerate(gains):
        change(scene, index, stiffness=stiffness, is_fixed_limited=False)
    came = settled(scene, [0.3, 0.0])
    for row, stiffness in zip(came, gains, strict=True):
        np.testing.assert_allclose(row, balance([0.3, 0.0], stiffness, 0.05), atol=1e-5)


def test_limits_of_each_environment_in_either_order(world):
    limits = (-0.2, 0.3), (-0.1, 0.1), (0.2, -0.3)
    scene = start(world, num_envs=3)
    for index, (lower, upper) in enumerate(limits):
        change(scene, index, stiffness=0.0, limit_stiffness=80.0)
        change(scene, index, fixed_lower_limit=lower, fixed_upper_limit=upper)
    for force, side in ((4.0, max), (-4.0, min)):
        for row, pair in zip(settled(scene, [force, 0.0]), limits, strict=True):
            np.testing.assert_allclose(row, balance([force, 0.0], 80.0, side(pair)), atol=1e-5)


def test_an_asset_passes_its_properties_to_later_actors(world):
    def prepare(gym, asset):
        props = gym.get_asset_tendon_properties(asset)
        props[1].stiffness = np.array([50.0], dtype=np.float32)
        props[1].is_fixed_limited = False
        assert gym.set_asset_tendon_properties(asset, props)
        assert gym.set_asset_fixed_tendon_joint_coefficients(asset, 1, np.array([1.0, 1.0]))
        assert gym.get_asset_tendon_properties(asset)[1].stiffness == 50.0

    scene = start(world, before_start=prepare)
    assert properties(scene)[1].stiffness == 50.0
    expected = balance([0.3, 0.2], 50.0, 0.05, (1.0, 1.0))
    np.testing.assert_allclose(settled(scene, [0.3, 0.2])[0], expected, atol=1e-5)


def test_a_very_stiff_tendon_is_stable(world):
    scene = start(world)
    change(scene, stiffness=1e8, is_fixed_limited=False)
    length = settled(scene, [1.0, -2.0])[0] @ [2.0, -1.5]
    assert length == pytest.approx(0.05, abs=1e-5)


def test_wrong_arguments_are_refused(world):
    scene = start(world)
    gym, env = scene.gym, scene.envs[0]
    asset = gym.get_actor_asset(env, 0)
    props = properties(scene)
    with pytest.raises(ValueError, match="2 tendon properties expected, got 1"):
        gym.set_actor_tendon_properties(env, 0, props[:1])
    with pytest.raises(TypeError, match="TendonProperties expected; it holds int"):
        gym.set_actor_tendon_properties(env, 0, [1, 2])
    props[0].stiffness = -1.0
    with pytest.raises(ValueError, match="stiffness = -1"):
        gym.set_asset_tendon_properties(asset, props)
    with pytest.raises(IndexError, match="tendon 2 does not exist"):
        gym.get_asset_tendon_name(asset, 2)
    with pytest.raises(IndexError, match=r"tendon -1 does not exist.*look-up"):
        gym.set_actor_tendon_offset(env, 0, -1, 0.0)
    with pytest.raises(ValueError, match="finite offset"):
        gym.set_actor_tendon_offset(env, 0, 0, float("nan"))
    with pytest.raises(ValueError, match="2 finite coefficients"):
        gym.set_actor_fixed_tendon_joint_coefficients(env, 0, 1, [1.0])
    with pytest.raises(IndexError, match="actuator 5 does not exist"):
        gym.get_asset_actuator_joint_name(asset, 5)
    with pytest.raises(AttributeError, match="read-only"):
        props[0].num_joints = 3


def test_coefficients_of_each_environment_its_own(world, backend):
    scene = start(world, num_envs=2)
    call = scene.gym.set_actor_fixed_tendon_joint_coefficients
    own = ((1.0, 0.5), (1.0, -1.0))
    for env, coefficients in zip(scene.envs, own, strict=True):
        change(scene, env.index, is_fixed_limited=False)
        assert call(env, 0, 1, coefficients)
    if backend == "warp":
        with pytest.raises(NotImplementedError, match=r"differ in MuJoCo's wrap_prm.*the same"):
            scene.step()
        return
    came = settled(scene, [0.1, 0.2])
    for row, coefficients in zip(came, own, strict=True):
        expected = balance([0.1, 0.2], 30.0, 0.05, coefficients)
        np.testing.assert_allclose(row, expected, atol=1e-5)
