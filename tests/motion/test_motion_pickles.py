"""Pickles of motions: what other programs write is read, programs in them do not run."""

import builtins
import collections
import os
import pickle
import tracemalloc
import zlib

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motion_samples import random_clip, refusal
from numpy.testing import assert_allclose

from humanoid_gym.config import ConfigError
from humanoid_gym.motion import MotionClip, read_clip

JOINTS = ("hip", "knee")
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
CLIP = random_clip(JOINTS)


def retargeted(clip=CLIP):
    """As GMR and TWIST write it."""
    return {
        "fps": np.float64(30.0),
        "root_pos": clip.base_position.astype(np.float32),
        "root_rot": clip.base_orientation,
        "dof_pos": np.asfortranarray(clip.joint_position),
        "local_body_pos": None,
        "link_body_list": ["pelvis", "thigh"],
    }


def optimised(clip=CLIP):
    """As ASAP and PBHC write it."""
    motion = {
        "root_trans_offset": clip.base_position,
        "pose_aa": np.zeros((len(clip.time), 3, 3), np.float32),
        "dof": np.asfortranarray(clip.joint_position),
        "root_rot": clip.base_orientation.astype(np.float32),
        "fps": 30,
    }
    return {"kick": motion}


def assert_is_the_clip(found):
    assert found.joint_names == JOINTS
    for name in ("time", "base_position", "base_orientation", "joint_position"):
        assert_allclose(getattr(found, name), getattr(CLIP, name), atol=1e-6, err_msg=name)


@pytest.mark.parametrize("make", [retargeted, optimised])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pickles_of_every_protocol(tmp_path, make, protocol):
    path = tmp_path / "walk.pkl"
    path.write_bytes(pickle.dumps(make(), protocol=protocol))
    assert_is_the_clip(read_clip(path, JOINTS))
    assert "does not name its joints, 2 of them" in refusal(path)


@pytest.mark.parametrize("make", [retargeted, optimised])
@pytest.mark.parametrize("protocol", PROTOCOLS[2:])
def test_files_of_joblib(tmp_path, make, protocol):
    path = tmp_path / "walk.pickle"
    joblib.dump(make(), path, protocol=protocol)
    assert_is_the_clip(read_clip(path, JOINTS))


def test_pickles_of_numpy_1_and_2(tmp_path):
    path = tmp_path / "walk.pkl"
    content = pickle.dumps(retargeted(), protocol=2)
    for new, old in ((b"numpy._core", b"numpy.core"), (b"numpy.core", b"numpy._core")):
        path.write_bytes(content.replace(new, old))
        assert_is_the_clip(read_clip(path, JOINTS))


def test_plain_lists_and_a_rate_that_is_given(tmp_path):
    path = tmp_path / "lists.pkl"
    plain = {key: getattr(value, "tolist", lambda: None)() for key, value in retargeted().items()}
    del plain["fps"]
    plain["joint_names"] = list(JOINTS)
    path.write_bytes(pickle.dumps(collections.OrderedDict(plain)))
    assert "the file does not say its rate ('fps'); give it" in refusal(path)
    assert_is_the_clip(read_clip(path, ["other"], 30.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("dof_pos"), "no 'dof_pos'; found: fps, root_pos, root_rot, local_body"),
        (lambda d: d.pop("root_pos"), "no 'root_pos'; found: fps, root_rot, dof_pos"),
        (lambda d: d.update(root_rot=d["root_pos"]), "'root_rot' must have 4 columns, got shape"),
        (lambda d: d.update(root_pos=[[1, 2, 3], [4]]), "'root_pos' must be an array, got rows un"),
        (lambda d: d.update(dof_pos="abc"), "'dof_pos' must be numbers with a row for each frame"),
        (lambda d: d.update(dof_pos=np.array([["a"]])), "'dof_pos' must be numbers with a row"),
        (
            lambda d: d.update(dof_pos=np.array([[{}]])),
            "refused, as pickles may run programs: it holds an array of dtype O8",
        ),
        (lambda d: d.update(root_pos=d["root_pos"][:9]), "expected time of shape|expected base_po"),
        (lambda d: d.update(fps=0), "expected a rate above 0 frames per second, got 0"),
        (
            lambda d: d.update(joint_names=["a"]),
            "expected positions of 1 joints, as they are named",
        ),
    ],
)
def test_what_lacks_something_is_refused(tmp_path, change, message):
    content = retargeted()
    change(content)
    path = tmp_path / "walk.pkl"
    path.write_bytes(pickle.dumps(content))
    assert any(part in refusal(path, JOINTS) for part in message.split("|"))


def test_what_is_no_dictionary_of_one_motion_is_refused(tmp_path):
    path = tmp_path / "walk.pkl"
    path.write_bytes(pickle.dumps([1, 2]))
    assert refusal(path) == "expected a dictionary of arrays, got list"
    path.write_bytes(pickle.dumps({}))
    assert refusal(path) == "no 'root_pos'; found: nothing"
    path.write_bytes(pickle.dumps({"a": optimised()["kick"], "b": optimised()["kick"]}))
    assert refusal(path) == "expected one motion, got 2; write each to a file of its own"


class Calling:
    """Pickles as a call."""

    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments, *([state] if state else []))

    def __reduce__(self):
        return self.call


def ran(path):
    raise AssertionError(f"a pickle ran a program on {path}")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (Calling(ran, "x"), "test_motion_pickles.ran"),
        (Calling(os.mkdir, "made"), f"{os.mkdir.__module__}.mkdir"),
        (Calling(eval, "1/0"), f"{builtins.__name__}.eval"),
        (Calling(getattr, "", "join"), f"{builtins.__name__}.getattr"),
        (Calling(np.load, "x"), "numpy.load"),
        (Calling(zlib.decompress, b"x"), "zlib.decompress"),
        (Calling(MotionClip, *CLIP), "humanoid_gym.motion.clip.MotionClip"),
    ],
)
def test_programs_in_pickles_do_not_run(tmp_path, monkeypatch, call, name, protocol):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "walk.pkl"
    with open(path, "wb") as file:
        pickle.dump({**retargeted(), "more": call}, file, protocol=protocol)
    message = refusal(path, JOINTS)
    # protocols below 3 write the names that Python 2 had
    name = name if protocol > 2 else name.replace("builtins", "__builtin__")
    assert message.startswith(f"refused, as pickles may run programs: it holds {name}; only NumPy")
    assert [entry.name for entry in tmp_path.iterdir()] == ["walk.pkl"]


def test_what_may_be_called_cannot_be_changed(tmp_path):
    """A state given to a class or function would stay after the file is read."""
    path = tmp_path / "walk.pkl"
    for target in (
        b"cnumpy\nndarray\n",
        b"c_codecs\nencode\n",
        b"(lp0\n",
        b"ccollections\nOrderedDict\n",
    ):
        path.write_bytes(target + b"(dVfield\nI1\nsb.")
        assert "it holds a state of" in refusal(path)


def test_bytes_as_text_are_the_only_encoding(tmp_path):
    path = tmp_path / "walk.pkl"
    path.write_bytes(b"c_codecs\nencode\n(Vabc\nVrot13\ntR.")
    assert "it holds bytes as rot13" in refusal(path)


def test_objects_in_a_file_of_joblib_are_refused(tmp_path):
    """joblib pickles arrays of objects behind the array's place, which would be a second pickle."""
    path = tmp_path / "walk.pkl"
    joblib.dump({"root_pos": np.array([Calling(ran, "x")])}, path)
    assert "it holds an array of dtype O8" in refusal(path)


@pytest.mark.parametrize("write", [pickle.dump, joblib.dump])
def test_half_a_file_is_refused(tmp_path, write):
    path = tmp_path / "walk.pkl"
    with open(path, "wb") as file:
        write(retargeted(), file)
    path.write_bytes(path.read_bytes()[:700])
    assert "not readable as a pickle: " in refusal(path, JOINTS)
    path.write_bytes(b"time,base_x\n0,0\n")
    assert "not readable as a pickle: " in refusal(path, JOINTS)


def test_lengths_that_the_file_does_not_have_take_no_memory(tmp_path):
    path = tmp_path / "walk.pkl"
    content = pickle.dumps(bytearray(range(200)), protocol=5)
    length = (200).to_bytes(8, "little")
    assert content.count(length) == 1
    path.write_bytes(content.replace(length, (1 << 33).to_bytes(8, "little")))
    tracemalloc.start()
    try:
        assert "not readable as a pickle: " in refusal(path, JOINTS)
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()


def test_a_compressed_file_is_refused(tmp_path):
    path = tmp_path / "walk.pkl"
    joblib.dump(retargeted(), path, compress=3)
    assert "not readable as a pickle: " in refusal(path, JOINTS)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), write=st.sampled_from([pickle.dump, joblib.dump]))
def test_damaged_files_are_read_or_refused(tmp_path_factory, data, write):
    path = tmp_path_factory.mktemp("pickles") / "walk.pkl"
    with open(path, "wb") as file:
        write(retargeted(), file)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        assert isinstance(read_clip(path, JOINTS), MotionClip)
    except ConfigError as error:
        assert "\n" not in str(error)
