"""Files of motions: ours there and back, those of other programs, and those that are none."""

import csv
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motion_samples import STRAIGHT, clip_of, random_clip, refusal
from numpy.testing import assert_allclose

from humanoid_gym.config import ConfigError
from humanoid_gym.motion import read_clip, write_clip

JOINTS = ("left hip", "knee, left", 'the "neck"', "gelenk_ä")


def assert_same(found, clip, atol):
    assert found.joint_names == clip.joint_names
    for name in ("time", "base_position", "base_orientation", "joint_position"):
        assert_allclose(getattr(found, name), getattr(clip, name), atol=atol, err_msg=name)


def test_our_files_there_and_back(tmp_path):
    clip = random_clip(JOINTS)
    path = tmp_path / "new" / "walk.CSV"
    write_clip(path, clip)
    found = read_clip(path, ["other"] * 9, 3.0)  # what the file says counts
    assert found.name == "walk"
    assert_same(found, clip, 1e-6)
    with open(path, newline="", encoding="utf-8") as file:
        header = next(csv.reader(file))
    base = "time,base_x,base_y,base_z,base_qx,base_qy,base_qz,base_qw"
    assert header == [*base.split(","), *JOINTS]
    assert [entry.name for entry in path.parent.iterdir()] == ["walk.CSV"]


finite = st.floats(-1e3, 1e3)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.floats(1e-4, 10.0), min_size=1, max_size=8),
    numbers=st.lists(st.tuples(finite, finite, finite, finite), min_size=9, max_size=9),
    angle=finite,
)
def test_any_numbers_come_back(tmp_path_factory, steps, numbers, angle):
    time = np.concatenate(([0.0], np.cumsum(steps)))
    table = np.array(numbers)[: len(time)]
    turn = np.tile((0.0, np.sin(angle), 0.0, np.cos(angle)), (len(time), 1))
    clip = clip_of(time, ("a",), table[:, 3:], table[:, :3], turn)
    path = tmp_path_factory.mktemp("clip") / "any.csv"
    write_clip(path, clip)
    assert_same(read_clip(path), clip, 1e-5)


def test_columns_in_any_order_after_a_spreadsheets_mark(tmp_path):
    path = tmp_path / "sheet.csv"
    names = "knee,base_qw,base_qz,base_qy,base_qx,base_z,base_y,base_x, time ,hip"
    rows = ["0.5,1,0,0,0,0.9,0.2,0.1,3.0,-0.5", "", "0.6,1,0,0,0,0.9,0.2,0.3,3.5,-0.6", "  "]
    path.write_text("\ufeff" + "\r\n".join([names, *rows]), encoding="utf-8")
    clip = read_clip(path)
    assert clip.joint_names == ("knee", "hip")
    assert clip.time.tolist() == [0.0, 0.5]
    assert clip.base_position.tolist() == [[0.1, 0.2, 0.9], [0.3, 0.2, 0.9]]
    assert clip.base_orientation.tolist() == [list(STRAIGHT)] * 2
    assert clip.joint_position.tolist() == [[0.5, -0.5], [0.6, -0.6]]


def test_without_a_header_columns_are_base_quaternion_joints(tmp_path):
    path = tmp_path / "lafan.csv"
    path.write_text("0.1,0.2,0.9,0,0,0.6,0.8,0.5,-0.5\n0.3,0.2,0.9,0,0,0.8,0.6,0.7,-0.7\n")
    clip = read_clip(path, ["hip", "knee"], 30.0)
    assert clip.name == "lafan"
    assert clip.joint_names == ("hip", "knee")
    assert_allclose(clip.time, [0.0, 1 / 30])
    assert clip.base_position.tolist() == [[0.1, 0.2, 0.9], [0.3, 0.2, 0.9]]
    assert_allclose(clip.base_orientation, [[0, 0, 0.6, 0.8], [0, 0, 0.8, 0.6]])
    assert clip.joint_position.tolist() == [[0.5, -0.5], [0.7, -0.7]]
    assert refusal(path) == "the file does not name its joints; give their names"
    assert refusal(path, ["hip", "knee"]) == (
        "the file does not say its rate; give the frames per second "
        "(30 for Unitree's retargeted LAFAN1)"
    )
    assert "expected 10 columns, base x y z, quaternion x y z w, joints (3), got 9" in refusal(
        path, ["hip", "knee", "ankle"], 30.0
    )
    for rate in (0.0, -1.0, np.nan, np.inf):
        assert "expected a rate above 0 frames per second" in refusal(path, ["hip", "knee"], rate)


OURS = "time,base_x,base_y,base_z,base_qx,base_qy,base_qz,base_qw,hip"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty; expected a motion"),
        ("\n \n", "the file is empty; expected a motion, a frame in each row"),
        (OURS, "expected a frame in each row after the header, got none"),
        (OURS.replace("qw", "w"), "no column 'base_qw'; nearest: 'base_w'; expected time,base_x,"),
        (OURS.replace("hip", "time"), "column 'time' appears twice"),
        (OURS + "\n" + "0," * 7 + "1,0\n1", "expected 9 numbers in each row, as in the first one:"),
        (OURS + "\n" + "0," * 7 + "1,x", "could not convert string 'x'"),
        (OURS + "\n0,1\n1,1\n", "expected 9 numbers in each row, as the header says, got 2"),
        (OURS + "\n" + "0," * 7 + "1,nan\n" + "1," + "0," * 6 + "1,0", "frame 0: 'hip' is nan"),
        (OURS + "\n" + "0," * 7 + "1,0\n" * 1, "expected two or more frames, got 1"),
        (b"\xff\xfe\x00", "not readable as CSV: 'utf-8' codec"),
        ("x" * 200_000 + ",1", "not readable as CSV: field larger than field limit"),
    ],
)
def test_what_is_no_csv_of_a_motion_is_refused(tmp_path, content, message):
    path = tmp_path / "broken.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message in refusal(path)


def test_what_cannot_be_read_at_all(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"motion '.*absent.csv' not found"):
        read_clip(tmp_path / "absent.csv")
    endings = "expected a file ending in .csv, .npz, .pkl, .pickle, got "
    (tmp_path / "a.bvh").write_text("HIERARCHY")
    assert refusal(tmp_path / "a.bvh") == endings + "'.bvh'"
    (tmp_path / "b.csv").mkdir()
    assert refusal(tmp_path / "b.csv") == endings + "a folder"
    for ending in ("npz", "pkl"):
        path = tmp_path / f"none.{ending}"
        path.touch()
        assert refusal(path) == "the file is empty; expected a motion"
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n")
        assert refusal(path) == "a pointer of Git LFS, not the motion; run git lfs pull"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_one_may_not_read(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("1")
    path.chmod(0)
    assert refusal(path) == "cannot be read: Permission denied"


def test_what_is_not_written(tmp_path):
    clip = random_clip(("base_x",))
    with pytest.raises(ConfigError, match="a joint is named 'base_x', as a column of the base is"):
        write_clip(tmp_path / "a.csv", clip)
    with pytest.raises(ConfigError, match=r"a.npz: motions are written as .csv"):
        write_clip(tmp_path / "a.npz", clip)
    assert not list(tmp_path.iterdir())


def npz_arrays(clip, bodies=3):
    """As BeyondMimic's files: the base is the first body, quaternions are w x y z."""
    frames = len(clip.time)
    positions = np.zeros((frames, bodies, 3), np.float32)
    positions[:, 0] = clip.base_position
    turns = np.tile(np.float32([1, 0, 0, 0]), (frames, bodies, 1))
    turns[:, 0] = clip.base_orientation[:, [3, 0, 1, 2]]
    joints = clip.joint_position.astype(np.float32)
    return {
        "fps": np.array([30]),
        "joint_pos": joints,
        "joint_vel": np.zeros_like(joints),
        "body_pos_w": positions,
        "body_quat_w": turns,
        "body_lin_vel_w": np.zeros_like(positions),
    }


def test_npz_with_the_poses_of_all_bodies(tmp_path):
    clip = random_clip(JOINTS)
    path = tmp_path / "mimic.npz"
    np.savez(path, **npz_arrays(clip))
    assert_same(read_clip(path, JOINTS), clip, 1e-6)
    assert "does not name its joints, 4 of them; give their names" in refusal(path)
    assert "expected positions of 2 joints, as they are named, got 4" in refusal(path, JOINTS[:2])


def test_npz_that_names_its_joints(tmp_path):
    clip = random_clip(JOINTS)
    path = tmp_path / "named.npz"
    np.savez_compressed(path, **npz_arrays(clip), joint_names=np.array(JOINTS))
    assert_same(read_clip(path, ["other"] * 9), clip, 1e-6)


def test_npz_with_the_world_as_a_body_and_the_base_as_a_joint(tmp_path):
    clip = random_clip(JOINTS)
    arrays = npz_arrays(clip)
    for key in ("body_pos_w", "body_quat_w"):
        arrays[key] = np.roll(arrays[key], 1, axis=1)
    root = np.concatenate((clip.base_position, clip.base_orientation[:, [3, 0, 1, 2]]), axis=1)
    arrays["joint_pos"] = np.concatenate((root, clip.joint_position), axis=1)
    path = tmp_path / "qpos.npz"
    bodies = np.array(["world", "pelvis", "thigh"])
    np.savez(path, **arrays, joint_names=list(JOINTS), body_names=bodies)
    assert_same(read_clip(path), clip, 1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joint_pos": None}, "no 'joint_pos'; found: fps, body_pos_w, body_quat_w, joint_vel"),
        ({"body_quat_w": None}, "no 'body_quat_w'; found: "),
        ({"fps": None}, "the file does not say its rate ('fps'); give it"),
        ({"fps": np.array(0)}, "expected a rate above 0 frames per second, got 0"),
        ({"fps": np.array([30, 30])}, "the file does not say its rate ('fps'); give it"),
        ({"joint_pos": np.array([["a"]])}, "'joint_pos' must be numbers with a row for each"),
        ({"body_pos_w": np.zeros((40, 3))}, "'body_pos_w' must have dimensions of frames, bodies"),
        ({"body_pos_w": np.zeros((40, 0, 3))}, "'body_pos_w' must have dimensions of frames, bod"),
        ({"body_quat_w": np.zeros((40, 1, 3))}, "'body_quat_w' must have 4 columns, got shape (40"),
        ({"body_pos_w": np.zeros((39, 1, 3))}, "expected base_position of shape (40, 3)"),
        (
            {"joint_pos": np.array([[None]])},
            "not readable as NPZ of plain arrays: ValueError: Object a",
        ),
    ],
)
def test_npz_that_lacks_something_is_refused(tmp_path, changes, message):
    arrays = {**npz_arrays(random_clip(JOINTS)), **changes}
    path = tmp_path / "broken.npz"
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
    assert message in refusal(path, JOINTS)


def test_npz_without_a_rate_takes_the_one_given(tmp_path):
    arrays = npz_arrays(random_clip(JOINTS, frames=11))
    del arrays["fps"]
    np.savez(tmp_path / "a.npz", **arrays)
    assert_allclose(read_clip(tmp_path / "a.npz", JOINTS, 20.0).duration, 0.5)


def test_damaged_npz_is_refused(tmp_path):
    whole, path = tmp_path / "whole.npz", tmp_path / "damaged.npz"
    np.savez_compressed(whole, **npz_arrays(random_clip(JOINTS)))
    content = whole.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "not readable as NPZ of plain arrays" in refusal(path, JOINTS)
    for place in range(0, len(content), 97):
        changed = bytearray(content)
        changed[place : place + 8] = b"\xff" * 8
        path.write_bytes(changed)
        try:
            read_clip(path, JOINTS)
        except ConfigError as error:
            assert "\n" not in str(error)
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "one.npy").rename(path)
    assert "one array, not an archive of arrays" in refusal(path, JOINTS)
