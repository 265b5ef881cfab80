"""The reference motions in resources/motions, measured with MuJoCo's kinematics and dynamics."""

import csv
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import product
from pathlib import Path

import mujoco
import numpy as np
import pytest
import yaml
from urdf_robot import Robot, floats, mujoco_model

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources/motions/humanoid24"
DOCUMENT = FOLDER.parent / "README.md"
URDF = ROOT / "resources/urdf/humanoid24/humanoid24.urdf"
CLIPS = ("greet", "squat", "balance", "walk", "jump")
SLOW = ("greet", "squat", "balance")
FEET = ("left_foot", "right_foot")
BASE = ["base_x", "base_y", "base_z", "base_qx", "base_qy", "base_qz", "base_qw"]
RATE = 50
GRAVITY = 9.81
NEAR = 5e-4  # m: a sole whose corners are all lower is on the ground


@pytest.fixture(scope="module")
def robot():
    return Robot(URDF)


@pytest.fixture(scope="module")
def model():
    return mujoco_model(URDF)


class Clip:
    """A file's numbers, and where MuJoCo puts the robot with them."""

    def __init__(self, name, model, robot):
        with (FOLDER / f"{name}.csv").open(newline="") as file:
            self.header, *rows = list(csv.reader(file))
        self.rows = np.array(rows, float)
        self.joint_names = self.header[8:]
        self.joints = self.rows[:, 8:]
        self.model, self.robot = model, robot
        self.qpos = np.zeros((len(self.rows), model.nq))
        self.qpos[:, :3] = self.rows[:, 1:4]
        self.qpos[:, 3:7] = self.rows[:, [7, 4, 5, 6]]
        self.dofs = [model.joint(name).dofadr[0] for name in self.joint_names]
        self.qpos[:, [model.joint(name).qposadr[0] for name in self.joint_names]] = self.joints

    def limit(self, what):
        joints = [self.robot.joints[name] for name in self.joint_names]
        return np.array([float(joint.find("limit").get(what)) for joint in joints])

    @cached_property
    def poses(self):
        """Centre of mass (T, 3), links' origins (T, B, 3) and rotations; pairs that touch."""
        data = mujoco.MjData(self.model)
        center, place, rotation, touching = [], [], [], set()
        for qpos in self.qpos:
            data.qpos[:] = qpos
            mujoco.mj_fwdPosition(self.model, data)
            center.append(data.subtree_com[1].copy())
            place.append(data.xpos.copy())
            rotation.append(data.xmat.reshape(-1, 3, 3).copy())
            for contact in data.contact:
                bodies = (self.model.body(self.model.geom_bodyid[geom]) for geom in contact.geom)
                touching.add(tuple(sorted(body.name for body in bodies)))
        return np.array(center), np.array(place), np.array(rotation), touching

    def link(self, name):
        return self.poses[1][:, self.model.body(name).id]

    def moved(self, link, local):
        """Points (P, 3) of a link in the world, shape (T, P, 3)."""
        rotation = self.poses[2][:, self.model.body(link).id]
        return self.link(link)[:, None] + local @ np.swapaxes(rotation, 1, 2)

    @cached_property
    def corners(self):
        """Lower corners of the feet's boxes (T, 2, 4, 3)."""
        feet = []
        for foot in FEET:
            ((centre, turn, box),) = (s for s in self.robot.shapes(foot) if s[2].tag == "box")
            np.testing.assert_array_equal(turn, np.eye(3))
            half = floats(box, "size") / 2.0
            feet.append([centre + half * [a, b, -1.0] for a, b in product((-1, 1), (-1, 1))])
        return np.stack([self.moved(f, np.array(p)) for f, p in zip(FEET, feet, strict=True)], 1)

    @cached_property
    def planted(self):
        return self.corners[..., 2].max(-1) < NEAR  # (T, 2)

    @cached_property
    def contacts(self):
        """Where the soles' capsules touch flat ground (T, 2, 4, 3)."""
        feet = []
        for foot in FEET:
            ends = self.robot.capsule_ends(foot, "collision")
            down = [end - [0, 0, radius] for a, b, radius in ends for end in (a, b)]
            feet.append(self.moved(foot, np.array(down) - self.robot.position(foot)))
        return np.stack(feet, 1)

    @cached_property
    def velocity(self):
        """Of all degrees of freedom by central differences (T, nv), at rest at both ends."""
        velocity = np.zeros((len(self.qpos), self.model.nv))
        for i in range(1, len(velocity) - 1):
            before, after = self.qpos[i - 1], self.qpos[i + 1]
            mujoco.mj_differentiatePos(self.model, velocity[i], 2.0 / RATE, before, after)
        return velocity

    def forces(self, moving):
        """Joint torques (T, 24), and force (T, 3) and torque about the origin on the soles.

        The ground's force is divided among all points that touch, with the least squares.
        """
        data = mujoco.MjData(self.model)
        acceleration = np.gradient(self.velocity, 1.0 / RATE, axis=0)
        torques, wrenches = [], []
        for i, qpos in enumerate(self.qpos):
            data.qpos[:] = qpos
            data.qvel[:], data.qacc[:] = moving * self.velocity[i], moving * acceleration[i]
            mujoco.mj_inverse(self.model, data)
            force = data.qfrc_inverse.copy()
            wrenches.append(np.append(force[:3], data.xmat[1].reshape(3, 3) @ force[3:6]))
            wrenches[-1][3:] += np.cross(qpos[:3], force[:3])
            points = [(foot, p) for foot in (0, 1) if self.planted[i, foot] for p in range(4)]
            jacobian = np.zeros((3 * len(points), self.model.nv))
            for row, (foot, p) in enumerate(points):
                body, place = self.model.body(FEET[foot]).id, self.contacts[i, foot, p]
                part = np.zeros((3, self.model.nv))
                mujoco.mj_jac(self.model, data, part, None, place, body)
                jacobian[3 * row : 3 * row + 3] = part
            if points:
                ground = np.linalg.lstsq(jacobian[:, :6].T, force[:6], rcond=None)[0]
                force -= jacobian.T @ ground
            torques.append(force[self.dofs])
        return np.array(torques), np.array(wrenches)


@pytest.fixture(scope="module")
def clips(model, robot):
    return {name: Clip(name, model, robot) for name in CLIPS}


@pytest.fixture(params=CLIPS)
def clip(request, clips):
    return clips[request.param]


@pytest.fixture(params=SLOW)
def slow_clip(request, clips):
    return clips[request.param]


def margin(points, place):
    """Distance (m) of a place from the edge of the points' convex hull, negative outside."""
    nearest = np.inf
    for a, b in product(points, points):
        length = np.linalg.norm(b - a)
        if length < 1e-6:
            continue
        left = np.array([a[1] - b[1], b[0] - a[0]]) / length
        if np.all((points - a) @ left > -1e-6):
            nearest = min(nearest, (place - a) @ left)
    return nearest


def test_margin_is_the_distance_to_the_edge():
    square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0], [1.0, 1.0]])
    assert margin(square, np.array([0.5, 1.2])) == pytest.approx(0.5)
    assert margin(square, np.array([2.25, 1.0])) == pytest.approx(-0.25)


def test_all_clips_are_there_and_described():
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(CLIPS)
    for name in CLIPS:
        assert f"- `{name}`: " in DOCUMENT.read_text()


def test_columns_are_time_base_and_the_joints_in_the_order_of_the_urdf(clip, robot):
    movable = [name for name, joint in robot.joints.items() if joint.get("type") == "revolute"]
    assert len(movable) == 24
    assert clip.header == ["time", *BASE, *movable]
    np.testing.assert_allclose(clip.rows[:, 0], np.arange(len(clip.rows)) / RATE, atol=1e-12)
    assert 6.0 < clip.rows[-1, 0] < 20.0


def test_base_orientation_is_a_continuous_unit_quaternion(clip):
    quaternion = clip.rows[:, 4:8]
    np.testing.assert_allclose(np.linalg.norm(quaternion, axis=1), 1.0, atol=2e-6)
    assert np.all((quaternion[1:] * quaternion[:-1]).sum(1) > 0.99)
    assert quaternion[0, 3] > 0.0


def test_joints_stay_inside_their_limits_and_below_half_their_motors_speed(clip):
    assert np.all(clip.joints > clip.limit("lower") + 0.1)
    assert np.all(clip.joints < clip.limit("upper") - 0.1)
    speed = np.abs(np.diff(clip.joints, axis=0)) * RATE
    assert np.all(speed < 0.5 * clip.limit("velocity"))


@pytest.mark.parametrize("name, bound", [(n, 1.0) for n in SLOW] + [("walk", 2.5), ("jump", 6.0)])
def test_joint_speeds_are_continuous(clips, name, bound):
    velocity = clips[name].velocity
    assert np.abs(np.diff(velocity[:, 6:], axis=0)).max() < bound  # rad/s from frame to frame
    assert np.abs(np.diff(velocity[:, :3], axis=0)).max() < 0.45  # m/s; gravity alone makes 0.2


def test_begins_and_ends_at_rest_in_the_default_pose(clip):
    given = yaml.safe_load((ROOT / "cfg/task/humanoid_walk.yaml").read_text())
    pose = [
        sum(value for key, value in given["default_pose"].items() if fnmatchcase(joint, key))
        for joint in clip.joint_names
    ]
    for end in (clip.rows[:2], clip.rows[-2:]):
        np.testing.assert_allclose(end[:, 8:], [pose, pose], atol=3e-5)
        np.testing.assert_allclose(end[:, 3], given["standing_height"], atol=1e-3)
        np.testing.assert_allclose(end[:, 4:6], 0.0, atol=1e-5)
        assert np.abs(end[1, 1:8] - end[0, 1:8]).max() < 3e-5  # 1.5 mm/s
    np.testing.assert_array_equal(clip.rows[0, 1:3], 0.0)


def test_planted_feet_stay_where_they_are_and_no_sole_is_in_the_ground(clip):
    assert clip.corners[..., 2].min() > -1e-4
    for foot in (0, 1):
        start = None
        for frame, down in enumerate(clip.planted[:, foot]):
            if not down:
                start = None
            elif start is None:
                start = clip.corners[frame, foot]
            else:
                assert np.abs(clip.corners[frame, foot] - start).max() < 1e-3, (foot, frame)


def test_links_do_not_collide(clip):
    assert clip.poses[3] == set()


def test_legs_that_cross_would_be_noticed(model, robot):
    clip = Clip("squat", model, robot)
    clip.qpos[0, model.joint("left_hip_roll").qposadr[0]] = -0.34
    clip.qpos[0, model.joint("right_hip_roll").qposadr[0]] = 0.34
    assert any("left" in a and "right" in b for a, b in clip.poses[3])


def test_centre_of_mass_is_over_the_feet_in_slow_clips(slow_clip):
    for center, points, down in zip(
        slow_clip.poses[0], slow_clip.contacts, slow_clip.planted, strict=True
    ):
        assert margin(points[down].reshape(-1, 3)[:, :2], center[:2]) > 0.01


def test_slow_clips_are_held_with_three_fifths_of_the_motors_torque(slow_clip):
    torques, wrenches = slow_clip.forces(moving=False)
    np.testing.assert_allclose(wrenches[:, 2], slow_clip.robot.mass() * GRAVITY, rtol=1e-6)
    assert np.all(np.abs(torques) < 0.6 * slow_clip.limit("effort"))


@pytest.mark.parametrize("name, share", [(n, 0.6) for n in SLOW] + [("walk", 0.6), ("jump", 0.85)])
def test_motors_are_strong_enough_for_the_motion(clips, name, share):
    torques, _ = clips[name].forces(moving=True)
    assert np.all(np.abs(torques) < share * clips[name].limit("effort"))


@pytest.mark.parametrize("name", [*SLOW, "walk"])
def test_the_ground_can_exert_the_forces_that_the_motion_takes(clips, name):
    clip = clips[name]
    weight = clip.robot.mass() * GRAVITY
    _, wrenches = clip.forces(moving=True)
    force, torque = wrenches[:, :3], wrenches[:, 3:]
    assert np.all(np.abs(force[:, 2] / weight - 1.0) < 0.2)
    assert np.all(np.linalg.norm(force[:, :2], axis=1) < 0.4 * force[:, 2])
    zmp = np.stack([-torque[:, 1], torque[:, 0]], 1) / force[:, 2:]
    for place, points, down in zip(zmp, clip.contacts, clip.planted, strict=True):
        assert margin(points[down].reshape(-1, 3)[:, :2], place) > 0.005


def test_jumps_are_ballistic_and_rise_by_5_and_10_centimetres(clips):
    clip = clips["jump"]
    height = clip.poses[0][:, 2]
    in_air = ~clip.planted.any(1)
    (edges,) = np.nonzero(np.diff(in_air.astype(int)))
    assert len(edges) == 4
    apexes = []
    for (start, end), rise in zip(edges.reshape(2, 2), (0.05, 0.10), strict=True):
        flight = height[start + 1 : end + 1]
        fall = np.diff(flight, 2) * RATE**2
        np.testing.assert_allclose(fall, -GRAVITY, atol=0.05)  # heights are rounded to 1e-5 m
        time = np.arange(len(flight)) / RATE
        parabola = np.polyfit(time, flight, 2)
        apexes.append(np.polyval(parabola, -parabola[1] / 2.0 / parabola[0]))
        duration = 2.0 * np.sqrt(2.0 * rise / GRAVITY)
        assert duration - 2.0 / RATE < (end - start) / RATE < duration
        assert apexes[-1] - height[start] == pytest.approx(rise, abs=0.028)  # lifts off in between
        corners = clip.corners[start + 1 : end + 1, :, :, 2]
        assert corners.max() == pytest.approx(rise, abs=0.01)
    assert apexes[1] - apexes[0] == pytest.approx(0.05, abs=1e-4)  # both start at one height
    sideways = clip.poses[0][:, :2]
    assert np.abs(sideways - sideways[0]).max() < 2e-5


def test_greeting_bows_and_waves_above_the_shoulder(clips):
    clip = clips["greet"]
    joint = dict(zip(clip.joint_names, clip.joints.T, strict=True))
    assert joint["waist_pitch"].max() > 0.7
    assert joint["head_yaw"].min() < -0.7 < 0.7 < joint["head_yaw"].max()
    hand = clip.moved("right_forearm", np.array([[0.0, 0.0, -0.25]]))[:, 0]
    sway = hand[hand[:, 2] > clip.link("right_shoulder_pitch")[:, 2] + 0.15, 1]
    assert np.count_nonzero(np.diff(np.sign(np.diff(sway)))) >= 5
    assert np.ptp(sway[len(sway) // 4 : -len(sway) // 4]) > 0.1


def test_squats_are_of_increasing_depth(clips):
    height = clips["squat"].rows[:, 3]
    (lowest,) = np.nonzero((height[1:-1] < height[:-2]) & (height[1:-1] <= height[2:]))
    depths = height[0] - height[lowest + 1]
    np.testing.assert_allclose(depths, [0.12, 0.22, 0.32], atol=1e-3)


def test_balance_lifts_each_knee_to_the_hip_and_is_its_own_mirror_image(clips):
    clip = clips["balance"]
    half = len(clip.rows) // 2
    for side in ("left", "right"):
        below = clip.link(f"{side}_hip_roll")[:, 2] - clip.link(f"{side}_shin")[:, 2]
        assert below.min() < 0.08
    first, second = clip.joints[: half + 1], clip.joints[half:]
    for column, name in enumerate(clip.joint_names):
        other = {"left": "right", "right": "left"}.get(name.split("_")[0], "")
        twin = clip.joint_names.index(name.replace(name.split("_")[0], other) if other else name)
        sign = -1.0 if name.endswith(("roll", "yaw")) else 1.0
        np.testing.assert_allclose(second[:, twin], sign * first[:, column], atol=2e-5)


def test_walk_goes_forward_and_turns_left_with_swinging_arms(clips):
    clip = clips["walk"]
    assert clip.rows[:, 1].max() > 1.5
    x, y = clip.contacts[-1].mean((0, 1))[:2] - clip.contacts[0].mean((0, 1))[:2]
    assert 1.5 < x < 2.0
    assert y == pytest.approx(0.03, abs=1e-3)  # soles are longer before the ankle
    np.testing.assert_allclose(clip.rows[-1, 4:8], [0, 0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-5)
    fastest = np.diff(clip.rows[:, 1])[200:230].mean() * RATE
    assert 0.4 < fastest < 0.6
    joint = dict(zip(clip.joint_names, clip.joints.T, strict=True))
    ahead = (clip.link("right_foot") - clip.link("left_foot"))[:300, 0]
    arms = (joint["right_shoulder_pitch"] - joint["left_shoulder_pitch"])[:300]
    assert np.corrcoef(ahead, arms)[0, 1] > 0.9


def test_generating_again_gives_the_same_files(tmp_path):
    document = tmp_path / "document.md"
    emptied = re.sub(
        r"(<!-- table: \w+ -->).*?(<!-- end -->)", r"\1\n\2", DOCUMENT.read_text(), flags=re.S
    )
    document.write_text(emptied)
    assert emptied != DOCUMENT.read_text()
    options = ["--folder", tmp_path, "--document", document]
    subprocess.run([sys.executable, FOLDER / "generate.py", *options], check=True)
    for name in CLIPS:
        assert (tmp_path / f"{name}.csv").read_bytes() == (FOLDER / f"{name}.csv").read_bytes()
    assert document.read_bytes() == DOCUMENT.read_bytes()


FAULTS = """
import sys
sys.path[:0] = sys.argv[1:4]
import numpy as np
from body import JOINTS, Body
from checks import faults, measured
clip, joint, change = sys.argv[4:]
rows = np.loadtxt(clip, delimiter=",", skiprows=1)
assert not faults(measured(rows, Body()), slow=True)
rows[200, 8 + JOINTS.index(joint)] += float(change)
print(faults(measured(rows, Body()), slow=True))
"""


@pytest.mark.parametrize(
    "joint, change, complaint",
    [
        ("head_yaw", -1.35, "limit_margin"),
        ("left_elbow", -0.3, "speed_share"),
        ("left_elbow", -0.1, "speed_step"),
        ("left_hip_yaw", 0.01, "slip"),
        ("right_ankle_pitch", 0.002, "depth"),
    ],
)
def test_the_script_notices_faults(joint, change, complaint):
    paths = [FOLDER, URDF.parent, ROOT, FOLDER / "greet.csv"]
    command = [sys.executable, "-c", FAULTS, *paths, joint, str(change)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    assert complaint in found.stdout
