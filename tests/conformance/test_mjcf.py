"""Robots from MJCF files: what a client finds in them and how they move."""

import mujoco
import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi

WALKER = """<mujoco model="walker">
  <compiler angle="degree" inertiafromgeom="true"/>
  <default><geom friction=".7 .1 .1" density="900"/>
    <joint armature=".02" damping=".1" limited="true"/></default>
  <worldbody>
    <geom name="floor" type="plane" size="1 1 1"/>
    <body name="torso" pos="0 0 5">
      <freejoint name="root"/>
      <geom type="sphere" size=".2"/>
      <body name="right" pos="0 -.3 0" euler="10 20 30">
        <joint name="hip_x" axis="1 0 0" range="-60 60" pos="0 0 .1" stiffness="3"/>
        <joint name="hip_y" axis="0 1 0" range="-90 30" pos="0 0 .1"/>
        <geom type="capsule" fromto="0 0 0 0 0 -.4" size=".05"/>
        <body name="sensor" pos="0 0 -.2"><geom size=".02" density="5"/></body>
        <body name="foot" pos="0 0 -.4">
          <joint name="ankle" axis="0 1 0" range="-45 45"/>
          <joint name="reach" type="slide" axis="0 0 1" range="-.1 .1"/>
          <geom type="ellipsoid" size=".1 .05 .03"/>
        </body>
      </body>
      <body name="left" pos="0 .3 0"><joint name="tail" range="-10 10"/><geom size=".1"/></body>
    </body>
  </worldbody>
  <actuator><motor joint="ankle" gear="15"/><motor joint="hip_x" gear="7"/></actuator>
</mujoco>"""


def reference(text=WALKER):
    return mujoco.MjModel.from_xml_string(text)


def test_names_counts_and_order(world):
    scene = world()
    gym, asset = scene.gym, scene.mjcf(WALKER)
    bodies = ["torso", "right", "sensor", "foot", "left"]
    assert gym.get_asset_rigid_body_names(asset) == bodies
    dofs = ["hip_x", "hip_y", "ankle", "reach", "tail"]
    assert gym.get_asset_dof_names(asset) == dofs
    assert gym.get_asset_dof_count(asset) == 5
    assert gym.get_asset_dof_type(asset, 3) == gymapi.DOF_TRANSLATION
    assert gym.get_asset_dof_dict(asset)["tail"] == 4
    assert gym.find_asset_rigid_body_index(asset, "foot") == 3
    assert gym.get_asset_joint_count(asset) == 6, "the fixed joint counts"
    assert gym.get_asset_rigid_shape_count(asset) == 5


def test_bodies_without_joints_are_kept_when_collapsing(world):
    """Bi-DexHands counts 26 bodies of a hand loaded so, two of them without a joint."""
    scene = world()
    asset = scene.mjcf(WALKER, collapse_fixed_joints=True)
    assert scene.gym.find_asset_rigid_body_index(asset, "sensor") == 2
    assert scene.gym.get_asset_rigid_body_count(asset) == 5


def test_dof_properties_come_from_the_file(world):
    scene = world()
    props = scene.gym.get_asset_dof_properties(scene.mjcf(WALKER))
    np.testing.assert_allclose(props["lower"][:3], np.radians([-60, -90, -45]), rtol=1e-6)
    np.testing.assert_allclose(props["upper"][3], 0.1, rtol=1e-6)
    assert props["hasLimits"].all()
    np.testing.assert_allclose(props["armature"], 0.02)
    np.testing.assert_allclose(props["damping"], 0.1)
    np.testing.assert_allclose(props["stiffness"], [3, 0, 0, 0, 0])
    assert (props["friction"] == 0.0).all()
    motors = [mode == gymapi.DOF_MODE_EFFORT for mode in props["driveMode"]]
    assert motors == [True, False, True, False, False]


def test_masses_are_mujocos(world):
    scene = world()
    scene.place(scene.mjcf(WALKER)).start()
    model = reference()
    for index, props in enumerate(
        scene.gym.get_actor_rigid_body_properties(scene.envs[0], 0), start=1
    ):
        assert props.mass == pytest.approx(model.body_mass[index], rel=1e-6)
        com = (props.com.x, props.com.y, props.com.z)
        np.testing.assert_allclose(com, model.body_ipos[index], atol=1e-7)


def test_shapes_have_the_files_friction(world):
    scene = world()
    shapes = scene.gym.get_asset_rigid_shape_properties(scene.mjcf(WALKER))
    np.testing.assert_allclose([shape.friction for shape in shapes], 0.7)


def test_kinematics_are_mujocos(world, rng):
    scene = world(gravity=(0, 0, 0), ground=None, dt=1e-4, substeps=1)
    scene.place(scene.mjcf(WALKER)).start()
    model = reference()
    data = mujoco.MjData(model)
    angles = rng.uniform(-0.1, 0.1, model.nq - 7)
    data.qpos[:3], data.qpos[3:7], data.qpos[7:] = (1.0, 2.0, 3.0), (0.5, -0.5, 0.5, 0.5), angles
    mujoco.mj_kinematics(model, data)
    root = torch.tensor([[1.0, 2.0, 3.0, -0.5, 0.5, 0.5, 0.5] + [0.0] * 6])
    scene.set("actor_root_state", root)
    scene.set("dof_state", np.column_stack([angles, np.zeros_like(angles)]))
    scene.step()
    np.testing.assert_allclose(scene.body[:, :3].numpy(), data.xpos[1:], atol=1e-5)
    quats = data.xquat[1:, [1, 2, 3, 0]]
    alignment = np.abs((scene.body[:, 3:7].numpy() * quats).sum(axis=1))
    np.testing.assert_allclose(alignment, 1.0, atol=1e-5)


def test_dynamics_are_mujocos(world, rng):
    """Accelerations in free flight, with a multi-joint body and joints off the body's origin."""
    scene = world(gravity=(0, 0, 0), ground=None, dt=1e-4, substeps=1)
    scene.place(scene.mjcf(WALKER, max_angular_velocity=1e6)).start()
    model = reference()
    model.opt.gravity[:] = 0.0
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
    data = mujoco.MjData(model)
    data.qpos[:3], data.qvel[6:] = 0.0, rng.uniform(-1, 1, model.nv - 6)
    data.qfrc_applied[6:] = force = np.array([2.0, 0.0, 1.0, 0.0, 0.0])
    mujoco.mj_forward(model, data)
    scene.set("dof_state", np.column_stack([data.qpos[7:], data.qvel[6:]]))
    scene.set("dof_actuation_force", force)
    before = scene.refresh().dof[:, 1].double().numpy()
    after = scene.step().dof[:, 1].double().numpy()
    acceleration = (after - before) / 1e-4
    np.testing.assert_allclose(acceleration, data.qacc[6:], rtol=0.02, atol=0.3)


def test_the_pose_of_create_actor_places_the_root(world):
    """The file's position does not count; its orientation does, turned by the actor's."""
    turned = WALKER.replace('pos="0 0 5"', 'pos="0 0 5" euler="0 0 90"')
    scene = world(gravity=(0, 0, 0), ground=None)
    half = np.sqrt(0.5)
    scene.place(scene.mjcf(turned), (1, 2, 3), (half, 0, 0, half)).start().refresh()
    expected = gymapi.Quat(half, 0, 0, half) * gymapi.Quat(0, 0, half, half)
    np.testing.assert_allclose(scene.root[0, :3], [1, 2, 3])
    came = scene.root[0, 3:7].numpy()
    np.testing.assert_allclose(came, [expected.x, expected.y, expected.z, expected.w], atol=1e-6)


def test_a_root_without_joints_is_fixed(world):
    fixed = WALKER.replace('<freejoint name="root"/>', "")
    for text, options in ((fixed, {}), (WALKER, {"fix_base_link": True})):
        scene = world()
        scene.place(scene.mjcf(text, **options), (0, 0, 2)).start().seconds(0.5)
        np.testing.assert_array_equal(scene.root[0, :3], [0, 0, 2])
        assert scene.root[0, 7:].abs().max() == 0


CART = """<mujoco><worldbody><body name="cart">
  <joint name="slider" type="slide" axis="1 0 0"/><geom type="box" size=".2 .1 .1" mass="2"/>
  <body name="pole"><joint name="hinge" axis="0 1 0"/>
    <geom type="capsule" fromto="0 0 0 0 0 -1" size=".02" mass="1"/></body>
</body></worldbody></mujoco>"""


def test_a_root_with_joints_moves_on_a_fixed_mount(world):
    scene = world(gravity=(0, 0, 0), ground=None)
    half = np.sqrt(0.5)
    scene.place(scene.mjcf(CART), (0, 0, 2), (0, 0, half, half)).start()
    assert scene.gym.get_actor_rigid_body_names(scene.envs[0], 0) == ["cart", "pole"]
    scene.set("dof_state", torch.tensor([[0.5, 0.0], [0.0, 0.0]]))
    scene.step()
    # Turned by a quarter about z, the slider's x axis is the world's y axis.
    np.testing.assert_allclose(scene.body[0, :3], [0, 0.5, 2], atol=1e-6)
    scene.set("dof_actuation_force", torch.zeros(2))
    scene.set_dofs(scene.envs[0], 0, driveMode=gymapi.DOF_MODE_EFFORT)
    scene.set("dof_actuation_force", torch.tensor([6.0, 0.0]))
    scene.set("dof_state", torch.zeros(2, 2))
    model = mujoco.MjModel.from_xml_string(CART)
    data = mujoco.MjData(model)
    data.qfrc_applied[0] = 6.0
    mujoco.mj_forward(model, data)
    scene.step()
    assert scene.dof[0, 1] / scene.dt == pytest.approx(data.qacc[0], rel=0.02)


def test_position_actuators_hold_their_target(world):
    servo = WALKER.replace(
        '<motor joint="ankle" gear="15"/>',
        '<position joint="ankle" kp="80" forcelimited="true" forcerange="-5 5"/>',
    )
    scene = world(gravity=(0, 0, 0), ground=None)
    asset = scene.mjcf(servo, fix_base_link=True)
    props = scene.gym.get_asset_dof_properties(asset)[2]
    assert props["driveMode"] == gymapi.DOF_MODE_POS
    assert (props["stiffness"], props["effort"]) == (80.0, 5.0)
    scene.place(asset).start()
    scene.set("dof_position_target", torch.tensor([0, 0, 0.3, 0, 0]))
    scene.seconds(2.0)
    assert scene.dof[2, 0] == pytest.approx(0.3, abs=1e-3)


CONTACTS = """<mujoco>
  <default><geom size=".1" mass="1"/></default>
  <worldbody><body name="root"><joint name="free" type="free"/>
    <geom name="g0" contype="0" conaffinity="0"/>
    <body name="a" pos="1 0 0"><joint type="slide" axis="1 0 0"/><geom name="ga" {a}/></body>
    <body name="b" pos="1.15 0 0"><joint type="slide" axis="1 0 0"/><geom name="gb" {b}/></body>
  </body></worldbody>{contact}</mujoco>"""
APART = {"a": 'contype="1" conaffinity="0"', "b": 'contype="1" conaffinity="0"'}


@pytest.mark.parametrize(
    ("texts", "contact", "mask", "touch"),
    [
        ({"a": "", "b": ""}, "", -1, True),
        (APART, "", -1, False),
        (APART, "", 0, True),
        ({"a": "", "b": ""}, "", 1, False),
        (APART, '<contact><pair geom1="ga" geom2="gb"/></contact>', -1, True),
        ({"a": "", "b": ""}, '<contact><exclude body1="b" body2="a"/></contact>', -1, False),
    ],
)
def test_contact_rules_act_where_the_filter_is_minus_one(world, texts, contact, mask, touch):
    scene = world(gravity=(0, 0, 0), ground=None)
    asset = scene.mjcf(CONTACTS.format(contact=contact, **texts))
    scene.place(asset, mask=mask).start().step()
    assert bool(scene.contact.abs().sum() > 0) is touch


def test_a_file_that_is_no_robot(world):
    scene = world()
    with pytest.raises(ValueError, match=r"robot\d+\.xml:1: the root element is <robot>"):
        scene.mjcf('<robot name="r"/>')
    with pytest.raises(FileNotFoundError, match=r"gone\.xml does not exist"):
        scene.gym.load_mjcf(scene.sim, str(scene.folder), "gone.xml")
