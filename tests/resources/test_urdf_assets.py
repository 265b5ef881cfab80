"""The robots in resources/urdf, read with the standard library and checked with MuJoCo."""

import re
import subprocess
import sys
from pathlib import Path

import mujoco
import numpy as np
import pytest
import yaml
from urdf_robot import (
    MIRROR,
    Robot,
    assert_mirrored_inertia,
    assert_physical,
    floats,
    mirrorable,
    mujoco_inertia,
    mujoco_model,
    twin,
)

ROOT = Path(__file__).resolve().parents[2]
HUMANOID = ROOT / "resources/urdf/humanoid/humanoid.urdf"
CARTPOLE = ROOT / "resources/urdf/cartpole/cartpole.urdf"
DOCUMENT = ROOT / "docs/humanoid_model.md"

PUBLIC_MASS = 40.844  # nv_humanoid.xml of IsaacGymEnvs aeed298, as MuJoCo compiles it
PUBLIC_GEAR = {
    **dict.fromkeys(("abdomen_z", "abdomen_y", "abdomen_x", "shoulder1", "shoulder2"), 67.5),
    **dict.fromkeys(("hip_x", "hip_z", "elbow"), 45.0),
    **{"hip_y": 135.0, "knee": 90.0, "ankle_y": 22.5, "ankle_x": 22.5},
}


@pytest.fixture(scope="module")
def humanoid():
    return Robot(HUMANOID)


@pytest.mark.parametrize("path", [HUMANOID, CARTPOLE])
def test_inertias_are_positive_definite_and_obey_the_triangle_inequality(path):
    assert_physical(Robot(path))


def test_a_flat_inertia_fails_the_check(tmp_path):
    broken = tmp_path / "broken.urdf"
    broken.write_text(re.sub(r'ixx="[^"]+"', 'ixx="9"', CARTPOLE.read_text()))
    with pytest.raises(AssertionError):
        assert_physical(Robot(broken))


@pytest.mark.parametrize("path", [HUMANOID, CARTPOLE])
def test_inertia_is_that_of_the_visible_shapes(path):
    robot = Robot(path)
    for link in robot.links:
        com, inertia = mujoco_inertia(robot, link)
        _, stated_com, stated_inertia = robot.inertial(link)
        np.testing.assert_allclose(stated_com, com, atol=1e-6, err_msg=link)
        tolerance = 1e-5 * np.trace(inertia)
        np.testing.assert_allclose(stated_inertia, inertia, atol=tolerance, err_msg=link)


def test_humanoid_has_21_limited_hinges_and_no_dummy_links(humanoid):
    assert len(humanoid.links) == 22
    assert set(humanoid.links) - set(humanoid.parent) == {"torso"}
    assert len(humanoid.joints) == 21
    for name, joint in humanoid.joints.items():
        limit = joint.find("limit")
        assert joint.get("type") == "revolute"
        assert float(limit.get("lower")) < 0.0 < float(limit.get("upper")), name
        assert np.isclose(np.linalg.norm(floats(joint.find("axis"), "xyz")), 1.0, atol=1e-5)
    for link in humanoid.links:
        mass, _, inertia = humanoid.inertial(link)
        assert mass > 0.15, link
        assert np.linalg.eigvalsh(inertia)[0] > 5e-5, link


def test_efforts_per_mass_are_within_a_quarter_of_the_public_humanoid(humanoid):
    mass = humanoid.mass()
    for name, joint in humanoid.joints.items():
        effort = float(joint.find("limit").get("effort"))
        gear = PUBLIC_GEAR[re.sub("^(left|right)_", "", name)]
        assert abs(effort / mass / (gear / PUBLIC_MASS) - 1.0) < 0.25, name


def test_left_and_right_are_mirror_images(humanoid):
    for link in humanoid.links:
        if link.startswith("right_"):
            continue
        assert_mirrored_inertia(humanoid, link)
        np.testing.assert_array_equal(
            humanoid.position(link), MIRROR @ humanoid.position(twin(link))
        )
        for kind in ("visual", "collision"):
            here = mirrorable(humanoid, link, kind, np.eye(3))
            there = mirrorable(humanoid, twin(link), kind, MIRROR)
            np.testing.assert_allclose(here, there, atol=1e-5)


def test_joints_are_mirrored_so_that_equal_angles_are_mirror_poses(humanoid):
    for name, left in humanoid.joints.items():
        right = humanoid.joints[twin(name)]
        if name == twin(name):
            continue
        assert left.find("limit").attrib == right.find("limit").attrib
        # A reflection keeps an axis' component along its normal and flips the other two.
        axis = -MIRROR @ floats(right.find("axis"), "xyz")
        np.testing.assert_array_equal(floats(left.find("axis"), "xyz"), axis)


def stated(row):
    """This model's figure in a row of the document's first table."""
    (line,) = [line for line in DOCUMENT.read_text().splitlines() if line.startswith(f"| {row}")]
    return float(line.split("|")[3])


def test_mass_stature_and_root_height_are_as_documented(humanoid):
    low, high = humanoid.lowest_and_highest()
    assert humanoid.mass() == pytest.approx(62.0, abs=1e-9)
    assert high - low == pytest.approx(1.65, abs=1e-4)
    assert stated("mass") == pytest.approx(humanoid.mass(), abs=0.05)
    assert stated("stature") == pytest.approx(high - low, abs=1e-3)
    assert stated("root height, standing") == pytest.approx(-low, abs=1e-3)


def test_soles_are_level_and_surround_the_centre_of_mass(humanoid):
    sole = [
        end - [0.0, 0.0, radius]
        for foot in ("left_foot", "right_foot")
        for *ends, radius in humanoid.capsule_ends(foot, "collision")
        for end in ends
    ]
    x, _, z = np.array(sole).T
    assert len(sole) == 8
    np.testing.assert_allclose(z, humanoid.lowest_and_highest()[0], atol=1e-4)
    parts = [(humanoid.inertial(link), humanoid.position(link)) for link in humanoid.links]
    com = sum(mass * (place + com) for (mass, com, _), place in parts) / humanoid.mass()
    assert min(x) + 0.03 < com[0] < max(x) - 0.03
    assert abs(com[1]) < 1e-6


def test_mujoco_reads_the_same_humanoid(humanoid):
    model = mujoco_model(HUMANOID)
    assert model.nv == 27
    assert model.ngeom == 18
    assert model.body_mass.sum() == pytest.approx(humanoid.mass())
    assert model.body("left_thigh").mass[0] == humanoid.inertial("left_thigh")[0]


def test_links_two_joints_apart_hardly_ever_touch():
    """Only parent and child may overlap; a permanent hidden contact would cripple the hips."""
    model = mujoco_model(HUMANOID)
    data = mujoco.MjData(model)
    pairs = [
        {"pelvis", "left_thigh"},
        {"pelvis", "right_thigh"},
        {"upper_waist", "pelvis"},
        {"left_shin", "left_foot"},
        {"right_shin", "right_foot"},
    ]
    rng, touching, deepest = np.random.default_rng(0), 0, 0.0
    low, high = model.jnt_range[1:].T
    for _ in range(2000):
        data.qpos[7:] = rng.uniform(low, high)
        mujoco.mj_fwdPosition(model, data)
        for contact in data.contact:
            bodies = {model.body(model.geom_bodyid[geom]).name for geom in contact.geom}
            if bodies in pairs:
                touching, deepest = touching + 1, min(deepest, contact.dist)
    assert touching < 0.005 * 2000
    assert deepest > -0.015
    data.qpos[7:] = 0.0
    mujoco.mj_fwdPosition(model, data)
    assert data.ncon == 0


def test_task_has_the_documented_passive_joints_and_heights():
    task = yaml.safe_load((ROOT / "cfg/task/humanoid.yaml").read_text())
    rows = DOCUMENT.read_text().split("<!-- table: passive -->")[1].split("<!-- end -->")[0]
    documented = {}
    for row in rows.strip().splitlines()[2:]:
        name, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        values = (float(cell.split("→")[1]) for cell in cells)
        documented[name] = dict(zip(("stiffness", "damping", "armature"), values, strict=True))
    given = {name.replace("*_", ""): values for name, values in task["joints"].items()}
    assert given == documented
    assert task["root_height"] == stated("root height at reset")


def test_generating_again_gives_the_same_files(tmp_path):
    document = tmp_path / "document.md"
    tables_removed = re.sub(
        r"(<!-- table: \w+ -->).*?(<!-- end -->)", r"\1\n\2", DOCUMENT.read_text(), flags=re.S
    )
    document.write_text(tables_removed)
    assert tables_removed != DOCUMENT.read_text()
    script = HUMANOID.with_name("generate.py")
    options = ["--urdf", tmp_path / "new.urdf", "--document", document]
    subprocess.run([sys.executable, script, *options], check=True)
    assert (tmp_path / "new.urdf").read_bytes() == HUMANOID.read_bytes()
    assert document.read_bytes() == DOCUMENT.read_bytes()


def test_cartpole_slides_four_metres_each_way_under_a_free_pole():
    robot = Robot(CARTPOLE)
    limit = robot.joints["slider_to_cart"].find("limit")
    assert (float(limit.get("lower")), float(limit.get("upper"))) == (-4.0, 4.0)
    assert robot.joints["cart_to_pole"].get("type") == "continuous"
    assert robot.parent == {"cart": "rail", "pole": "cart"}
    ((_, _, box),) = robot.shapes("pole")
    assert floats(box, "size")[2] == 1.0
