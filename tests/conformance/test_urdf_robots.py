"""Robots from URDF files: Isaac Gym's order, merging, limits and file names."""

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi

INERTIAL = (
    '<inertial><mass value="{mass}"/>'
    '<inertia ixx=".1" iyy=".1" izz=".1" ixy="0" ixz="0" iyz="0"/></inertial>'
)


def link(name, inside="", mass=1.0):
    return f'<link name="{name}">{INERTIAL.format(mass=mass)}{inside}</link>'


def joint(name, parent, child, kind="revolute", inside="", **attributes):
    more = " ".join(f'{key}="{value}"' for key, value in attributes.items())
    ends = f'<parent link="{parent}"/><child link="{child}"/>'
    return f'<joint name="{name}" type="{kind}" {more}>{ends}{inside}</joint>'


def robot(*parts):
    return f"<robot name='r'>{''.join(parts)}</robot>"


FOUR_LEGS = robot(
    link("base"),
    *(link(f"{leg}_{part}") for leg in ("LF", "RF", "LH", "RH") for part in ("HIP", "FOOT")),
    *(joint(f"{leg}_HAA", "base", f"{leg}_HIP") for leg in ("LF", "RF", "LH", "RH")),
    *(
        joint(f"{leg}_ANKLE", f"{leg}_HIP", f"{leg}_FOOT", "fixed", dont_collapse=keep)
        for leg, keep in (("LF", "true"), ("RF", "false"), ("LH", "true"), ("RH", "true"))
    ),
)


def test_siblings_come_in_byte_order_of_their_joints(world):
    scene = world()
    asset = scene.urdf(FOUR_LEGS)
    assert scene.gym.get_asset_dof_names(asset) == ["LF_HAA", "LH_HAA", "RF_HAA", "RH_HAA"]
    names = scene.gym.get_asset_rigid_body_names(asset)
    assert names == [
        "base", "LF_HIP", "LF_FOOT", "LH_HIP", "LH_FOOT", "RF_HIP", "RF_FOOT", "RH_HIP", "RH_FOOT"
    ]  # fmt: skip
    assert scene.gym.get_asset_joint_dict(asset)["RH_ANKLE"] == 7


def test_numbers_in_names_sort_as_bytes(world):
    scene = world()
    fingers = ("joint_0", "joint_4", "joint_8", "joint_12")
    text = robot(
        link("palm"),
        *(link(f"tip_{name}") for name in fingers),
        *(joint(name, "palm", f"tip_{name}") for name in fingers),
    )
    names = scene.gym.get_asset_dof_names(scene.urdf(text))
    assert names == ["joint_0", "joint_12", "joint_4", "joint_8"]


def test_fixed_joints_collapse_unless_the_file_says_no(world):
    scene = world()
    asset = scene.urdf(FOUR_LEGS, collapse_fixed_joints=True)
    names = scene.gym.get_asset_rigid_body_names(asset)
    assert "RF_FOOT" not in names
    assert {"LF_FOOT", "LH_FOOT", "RH_FOOT"} < set(names)
    scene.place(asset).start()
    masses = {
        name: props.mass
        for name, props in zip(
            names, scene.gym.get_actor_rigid_body_properties(scene.envs[0], 0), strict=True
        )
    }
    assert (masses["RF_HIP"], masses["LF_HIP"]) == (2.0, 1.0)


def test_limits_and_defaults(world):
    scene = world()
    limit = '<limit lower="-.5" upper=".7" effort="30" velocity="4"/>'
    dynamics = '<dynamics damping=".2" friction=".1"/>'
    text = robot(
        link("a"), link("b"), link("c"), link("d"), link("e"),
        joint("limited", "a", "b", "revolute", limit + dynamics),
        joint("bare", "a", "c", "revolute"),
        joint("turning", "a", "d", "continuous", limit),
        joint("sliding", "a", "e", "prismatic", limit),
    )  # fmt: skip
    asset = scene.urdf(text)
    names = scene.gym.get_asset_dof_names(asset)
    props = dict(zip(names, scene.gym.get_asset_dof_properties(asset), strict=True))
    assert [bool(props[n]["hasLimits"]) for n in ("limited", "bare", "turning", "sliding")] == [
        True, False, False, True
    ]  # fmt: skip
    assert props["limited"]["lower"] == np.float32(-0.5)
    assert (props["limited"]["effort"], props["limited"]["velocity"]) == (30.0, 4.0)
    assert props["limited"]["damping"] == np.float32(0.2)
    assert props["limited"]["friction"] == np.float32(0.1)
    assert props["bare"]["velocity"] == 100.0
    assert props["bare"]["effort"] > 1e30
    types = [scene.gym.get_asset_dof_type(asset, index) for index in range(4)]
    sliding = names.index("sliding")
    assert types[sliding] == gymapi.DOF_TRANSLATION
    assert types[names.index("bare")] == gymapi.DOF_ROTATION


def test_a_missing_axis_is_x(world):
    scene = world(gravity=(0, 0, 0), ground=None)
    text = robot(link("a"), link("b"), joint("j", "a", "b", "prismatic"))
    scene.place(scene.urdf(text, fix_base_link=True)).start()
    scene.set("dof_state", torch.tensor([[0.3, 0.0]]))
    scene.step()
    np.testing.assert_allclose(scene.body[1, :3], [0.3, 0, 0], atol=1e-6)


def test_a_spherical_joint_has_three_dofs(world):
    scene = world(gravity=(0, 0, 0), ground=None)
    text = robot(link("a"), link("b"), joint("s", "a", "b", "spherical"))
    asset = scene.urdf(text, fix_base_link=True)
    assert scene.gym.get_asset_dof_count(asset) == 3
    scene.place(asset).start()
    for axis in range(3):
        state = torch.zeros(3, 2)
        state[axis, 0] = 0.4
        scene.set("dof_state", state)
        scene.step()
        expected = np.zeros(4)
        expected[axis], expected[3] = np.sin(0.2), np.cos(0.2)
        np.testing.assert_allclose(scene.body[1, 3:7], expected, atol=1e-5)


def test_a_root_called_world_floats_too(world):
    scene = world(ground=None)
    scene.place(scene.urdf(robot(link("world"))), (0, 0, 5)).start().seconds(0.5)
    assert scene.root[0, 2] < 4.0


def mesh(name):
    lines = ["v 0 0 0", "v 1 0 0", "v 0 1 0", "v 0 0 1", "f 1 3 2", "f 1 2 4", "f 1 4 3", "f 2 3 4"]
    name.parent.mkdir(parents=True, exist_ok=True)
    name.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("place", "filename"),
    [
        ("root/bot/meshes/m.obj", "package://bot/meshes/m.obj"),
        ("bot/meshes/m.obj", "package://bot/meshes/m.obj"),
        ("root/bot/meshes/m.obj", "../meshes/m.obj"),
        ("root/bot/urdf/m.obj", "m.obj"),
    ],
)
def test_meshes_are_found(world, tmp_path, place, filename):
    mesh(tmp_path / place)
    shape = f'<collision><geometry><mesh filename="{filename}"/></geometry></collision>'
    (tmp_path / "root/bot/urdf").mkdir(parents=True, exist_ok=True)
    (tmp_path / "root/bot/urdf/r.urdf").write_text(robot(link("a", shape)))
    scene = world()
    asset = scene.gym.load_asset(scene.sim, str(tmp_path / "root"), "bot/urdf/r.urdf")
    assert scene.gym.get_asset_rigid_shape_count(asset) == 1


def test_missing_collision_meshes_and_files_outside_are_refused(world):
    scene = world()
    for filename, expected in (
        ("gone.stl", "missing"),
        ("../../../../etc/passwd", "outside the asset root"),
        ("/etc/passwd", "outside the asset root"),
        ("package://../../etc/passwd", "outside its package"),
    ):
        shape = f'<collision><geometry><mesh filename="{filename}"/></geometry></collision>'
        with pytest.raises(ValueError, match=rf"robot\d+\.urdf:1: .*{expected}"):
            scene.urdf(robot(link("a", shape)))


def test_extensions_of_the_format(world):
    scene = world()
    shapes = (
        '<collision><geometry><capsule radius=".1" length=".4"/></geometry></collision>'
        '<collision><sdf resolution="256"/><geometry><box size="1 1 1"/></geometry></collision>'
    )
    scene.place(scene.urdf(robot(link("a", shapes)))).start()
    assert scene.gym.get_actor_rigid_shape_count(scene.envs[0], 0) == 2


def test_options_are_taken_at_each_load(world):
    scene = world()
    options = gymapi.AssetOptions()
    path = scene.folder / "r.urdf"
    path.write_text(robot(link("a"), link("b"), joint("j", "a", "b")))
    load = scene.gym.load_asset
    options.default_dof_drive_mode = gymapi.DOF_MODE_POS
    options.armature = 0.3
    first = load(scene.sim, str(scene.folder), "r.urdf", options)
    options.default_dof_drive_mode = gymapi.DOF_MODE_EFFORT
    second = load(scene.sim, str(scene.folder), "r.urdf", options)
    props = [scene.gym.get_asset_dof_properties(asset)[0] for asset in (first, second)]
    assert [p["driveMode"] for p in props] == [gymapi.DOF_MODE_POS, gymapi.DOF_MODE_EFFORT]
    assert props[0]["armature"] == np.float32(0.3)


def test_disabled_gravity_is_the_assets(world):
    scene = world(ground=None)
    scene.place(scene.urdf(robot(link("a")), disable_gravity=True), (0, 0, 1))
    scene.place(scene.urdf(robot(link("a"))), (5, 0, 1)).start().seconds(0.5)
    assert scene.root[0, 2] == pytest.approx(1.0, abs=1e-6)
    assert scene.root[1, 2] < 0.0
