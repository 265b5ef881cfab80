"""Which shapes touch: groups, filters, joints, fixed bases."""

import pytest

from humanoid_gym.engine import gymapi


def rests_on(world, upper_group, upper_mask, lower_group=0, lower_mask=0):
    """Whether a ball comes to rest on a box, rather than falling through to the ground."""
    w = world()
    w.place(w.box(1, 1, 0.5), (0, 0, 0.25), group=lower_group, mask=lower_mask)
    w.place(w.sphere(0.1), (0, 0, 0.7), group=upper_group, mask=upper_mask)
    w.start().seconds(1.5)
    height = w.root[1, 2].item()
    assert height == pytest.approx(0.6, abs=0.01) or height == pytest.approx(0.1, abs=0.01)
    return height > 0.3


@pytest.mark.parametrize(
    ("groups", "masks", "touches"),
    [
        ((0, 0), (0, 0), True),
        ((0, 1), (0, 0), False),
        ((0, -1), (0, 0), True),
        ((-1, -1), (0, 0), True),
        ((0, 0), (1, 1), False),
        ((0, 0), (1, 2), True),
        ((0, 0), (3, 2), False),
        ((0, 0), (1, 0), True),
    ],
)
def test_groups_and_filters(world, groups, masks, touches):
    assert rests_on(world, groups[0], masks[0], groups[1], masks[1]) is touches


def test_everything_touches_the_ground(world):
    w = world()
    w.place(w.sphere(0.1), (0, 0, 0.5), group=7, mask=1).start().seconds(1.0)
    assert w.root[0, 2].item() == pytest.approx(0.1, abs=0.001)


TWO_SHAPES = """<robot name="r"><link name="body">
  <inertial><mass value="2"/>
    <inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial>
  <collision><origin xyz="0 0 {first}"/><geometry><box size="0.4 0.4 0.1"/></geometry></collision>
  <collision><origin xyz="0 0 {second}"/><geometry><box size="0.4 0.4 0.1"/></geometry></collision>
</link></robot>"""


@pytest.mark.parametrize(("first", "second"), [(0.0, 0.3), (0.3, 0.0)])
def test_filters_differ_between_the_shapes_of_a_body(world, first, second):
    """A body pair with some shape pairs off: the ball falls through one slab onto the other."""
    w = world()
    slabs = w.urdf(TWO_SHAPES.format(first=first, second=second), fix_base_link=True)
    shapes = w.gym.get_asset_rigid_shape_properties(slabs)
    shapes[0 if first else 1].filter = 1  # the upper slab
    w.gym.set_asset_rigid_shape_properties(slabs, shapes)
    w.place(slabs, (0, 0, 0.5), group=0, mask=-1)
    w.place(w.sphere(0.05), (0, 0, 1.2), group=0, mask=1).start().seconds(1.5)
    assert w.root[1, 2].item() == pytest.approx(0.5 + 0.05 + 0.05, abs=0.002)


LINKS = """<robot name="r">
  <link name="a"><inertial><mass value="1"/>
    <inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial>
    <collision><geometry><sphere radius="0.3"/></geometry></collision></link>
  <link name="b"><inertial><mass value="1"/>
    <inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial>
    <collision><geometry><sphere radius="0.3"/></geometry></collision></link>
  <joint name="j" type="prismatic"><origin xyz="0.2 0 0"/><parent link="a"/><child link="b"/>
    <axis xyz="1 0 0"/><limit lower="-9" upper="9" effort="1" velocity="9"/></joint>
  <link name="c"><inertial><mass value="1"/>
    <inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial>
    <collision><geometry><sphere radius="0.3"/></geometry></collision>
    <collision><geometry><sphere radius="0.25"/></geometry></collision></link>
  <joint name="k" type="prismatic"><origin xyz="0.5 0 0"/><parent link="b"/><child link="c"/>
    <axis xyz="1 0 0"/><limit lower="-9" upper="9" effort="1" velocity="9"/></joint>
</robot>"""


@pytest.mark.parametrize("fixed", [False, True])
def test_jointed_bodies_never_collide(world, fixed):
    """Overlapping spheres on slides stay where they are, on a fixed base too."""
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.urdf(LINKS, fix_base_link=fixed), (0, 0, 1), group=0, mask=0).start().seconds(0.5)
    assert w.dof.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert (w.contact == 0).all()


def test_jointed_bodies_never_collide_whatever_their_filters(world):
    """The filters part the second link from one shape of the third; the joint from both."""
    w = world(ground=None, gravity=(0, 0, 0))
    robot = w.urdf(LINKS)
    shapes = w.gym.get_asset_rigid_shape_properties(robot)
    shapes[1].filter = shapes[2].filter = 1
    w.gym.set_asset_rigid_shape_properties(robot, shapes)
    w.place(w.box(1, 1, 1), (0, 5, 1), group=0, mask=2)
    w.place(robot, (0, 0, 1), group=0, mask=-1).start().seconds(0.5)
    assert w.dof.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert (w.contact == 0).all()


def test_friction_changes_after_prepare(world):
    w = world(gravity=(4.0, 0, -9.81), ground=0.4)
    w.place(w.box(0.4, 0.4, 0.1), (0, 0, 0.05)).start()
    shape = w.gym.get_actor_rigid_shape_properties(w.envs[0], 0)
    w.seconds(1.0)
    settled = w.root[0, 0].item()
    shape[0].friction = 0.6  # with the ground's 0.4: 0.5, still above 4 / 9.81
    w.gym.set_actor_rigid_shape_properties(w.envs[0], 0, shape)
    w.seconds(1.0)
    assert w.root[0, 0].item() == pytest.approx(settled, abs=0.05)
    shape[0].friction = 0.0  # averages to 0.2
    w.gym.set_actor_rigid_shape_properties(w.envs[0], 0, shape)
    w.seconds(1.0)
    assert w.root[0, 0].item() > settled + 0.5


def test_friction_differs_between_environments(world):
    w = world(gravity=(5.0, 0, -9.81), ground=0.0)
    corner = gymapi.Vec3(1, 1, 1)
    asset = w.box(0.4, 0.4, 0.1)
    for friction in (0.8, 1.4):  # 0.4 slides under 5 / 9.81, 0.7 holds
        shape = w.gym.get_asset_rigid_shape_properties(asset)
        shape[0].friction = friction
        w.gym.set_asset_rigid_shape_properties(asset, shape)
        env = w.gym.create_env(w.sim, -corner, corner, 2)
        w.gym.create_actor(env, asset, gymapi.Transform(gymapi.Vec3(0, 0, 0.05)), "box", 0, 0)
    w.num_envs = 0
    w.start().seconds(1.0)
    assert w.root[0, 0].item() == pytest.approx(0.5 * (5 - 0.4 * 9.81), abs=0.1)
    assert abs(w.root[1, 0].item()) < 0.05
