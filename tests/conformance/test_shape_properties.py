"""Friction and collision filters of shapes, per environment, before and after prepare_sim."""

import math

import pytest
import torch


def sliding(world, num_envs, asset_friction):
    """A box on a slope of 40 degrees, on a ground of friction 1."""
    slope = (9.81 * math.sin(0.7), 0, -9.81 * math.cos(0.7))
    w = world(num_envs=num_envs, gravity=slope)
    asset = w.box(0.4, 0.4, 0.1)
    shapes = w.gym.get_asset_rigid_shape_properties(asset)
    shapes[0].friction = asset_friction
    w.gym.set_asset_rigid_shape_properties(asset, shapes)
    return w.place(asset, (0, 0, 0.05)).start()


def test_friction_of_each_environment(world):
    w = sliding(world, 3, 1.0)
    frictions = (1.0, 0.3, 0.5)
    for env, friction in zip(w.envs, frictions, strict=True):
        shapes = w.gym.get_actor_rigid_shape_properties(env, 0)
        shapes[0].friction = torch.tensor(friction)
        assert w.gym.set_actor_rigid_shape_properties(env, 0, shapes)
    w.seconds(1.0)
    alone = [sliding(world, 1, friction).seconds(1.0).root[0] for friction in frictions]
    torch.testing.assert_close(w.root, torch.stack(alone))
    assert w.root[:, 7].tolist() == pytest.approx([0.0, 1.4, 0.7], abs=0.3)


@pytest.mark.parametrize("axis", [0, 1])
def test_friction_of_pairs_that_the_filters_single_out(world, axis):
    """Two boxes of two shapes each, of which only one pair may touch."""
    text = """<robot name="two"><link name="base"><inertial><mass value="1"/>
      <inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial>
      <collision><geometry><box size="0.4 0.4 0.1"/></geometry></collision>
      <collision><geometry><box size="0.1 0.1 0.1"/></geometry></collision></link></robot>"""
    w = world(num_envs=2, gravity=(3.0 * (1 - axis), 3.0 * axis, -9.81), ground=None)
    for height, fixed in ((0.05, True), (0.15, False)):
        w.place(w.urdf(text, fix_base_link=fixed), (0, 0, height), group=1)

    def edit(gym, env, _):
        for handle in (0, 1):
            shapes = gym.get_actor_rigid_shape_properties(env, handle)
            shapes[1].filter = 1 + 2 * handle
            gym.set_actor_rigid_shape_properties(env, handle, shapes)

    w.start(edit=edit)
    assert w.simulation.compiled.model.npair
    for handle in (0, 1):
        shapes = w.gym.get_actor_rigid_shape_properties(w.envs[1], handle)
        for shape in shapes:
            shape.friction = 0.1
        w.gym.set_actor_rigid_shape_properties(w.envs[1], handle, shapes)
    w.seconds(0.4)
    holds, slides = w.root[1::2, 7 + axis].tolist()
    assert holds == pytest.approx(0.0, abs=1e-2)
    assert slides == pytest.approx((3.0 - 0.1 * 9.81) * 0.4, rel=0.1)


def test_filters_change_while_simulating_where_all_environments_agree(world):
    w = world(num_envs=2)
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 0.1), group=1)
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 0.3), group=1).start()
    w.seconds(0.5)
    assert w.root[1::2, 2].tolist() == pytest.approx([0.3, 0.3], abs=2e-3)

    def same_bit(env):
        for handle in (0, 1):
            shapes = w.gym.get_actor_rigid_shape_properties(env, handle)
            shapes[0].filter = 1
            w.gym.set_actor_rigid_shape_properties(env, handle, shapes)

    same_bit(w.envs[0])
    with pytest.raises(ValueError, match="environment 1: other shapes may collide"):
        w.step()
    same_bit(w.envs[1])
    w.seconds(1.0)
    assert w.root[:, 2].tolist() == pytest.approx([0.1] * 4, abs=2e-3)


def test_environments_may_not_collide_differently(world):
    w = world(num_envs=2)
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 0.1), group=1)
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 0.3), group=1)

    def edit(gym, env, index):
        shapes = gym.get_actor_rigid_shape_properties(env, 0)
        shapes[0].filter = index
        gym.set_actor_rigid_shape_properties(env, 0, shapes)
        gym.set_actor_rigid_shape_properties(env, 1, shapes)

    with pytest.raises(ValueError, match="environment 1: other shapes may collide"):
        w.start(edit=edit)
