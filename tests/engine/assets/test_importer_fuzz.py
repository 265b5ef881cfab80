"""Both importers against damaged files: a model that compiles, or one line with file and place.

FUZZ_INPUTS says how many files to try (default below); FUZZ_SEED where to start.
"""

import os
import time
import warnings

import numpy as np
import pytest
from mjcf_text import RICH
from mutations import mutant
from test_mjcf_faults import GOOD as GOOD_MJCF
from test_urdf_faults import GOOD as GOOD_URDF

from humanoid_gym.engine import gymapi
from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.assets.errors import AssetError
from humanoid_gym.engine.calls.assets import IMPORTERS

NUM_INPUTS = int(os.environ.get("FUZZ_INPUTS", "250"))
FIRST_SEED = int(os.environ.get("FUZZ_SEED", "0"))
SLOWEST = 1.0
"""Longest processor time [s] that a load may take."""

URDF_PARTS = """<robot name="parts">
  <material name="red"><color rgba="1 0 0 1"/></material>
  <link name="base">
    <inertial><origin xyz="0 0 .1" rpy=".1 .2 .3"/><mass value="2"/>
      <inertia ixx=".1" iyy=".1" izz=".1" ixy="0" ixz="0" iyz="0"/></inertial>
    <visual><geometry><box size="1 1 1"/></geometry><material name="red"/></visual>
    <collision><geometry><cylinder radius=".1" length=".3"/></geometry></collision>
    <collision><geometry><mesh filename="m.stl" scale="1 1 1"/></geometry></collision>
  </link>
  <link name="arm"><collision><origin xyz="0 0 1"/><geometry><capsule radius=".1" length="1"/>
    </geometry></collision></link>
  <link name="tip"/>
  <joint name="slide" type="prismatic"><parent link="base"/><child link="arm"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="1" effort="3" velocity="2"/><dynamics damping="1" friction=".1"/>
  </joint>
  <joint name="weld" type="fixed"><parent link="arm"/><child link="tip"/></joint>
</robot>"""
SEEDS = {".xml": (GOOD_MJCF, RICH), ".urdf": (GOOD_URDF, URDF_PARTS)}


def tetrahedron():
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype="<f4")
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("pad", "<u2")])
    triangles = np.zeros(4, dtype=record)
    triangles["corners"] = corners[[[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]]
    return bytes(80) + np.array(4, dtype="<u4").tobytes() + triangles.tobytes()


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "m.stl").write_bytes(tetrahedron())
    import trimesh  # noqa: F401 (it takes longer than any load)

    (tmp_path / "x.xml").write_text('<mujoco><body name="outside"/></mujoco>')
    return root


def attempt(folder, extension, data, options):
    """Load a file; the asset, or None where it was refused as it should be."""
    file = folder / f"robot{extension}"
    file.write_bytes(data)
    start = time.process_time()
    try:
        asset = Asset(IMPORTERS[extension](file, options, folder), options)
    except AssetError as error:
        message = str(error)
        place = message.partition(": ")[0]
        assert place.startswith(str(folder)), message
        assert place.rpartition(":")[2].isdecimal(), message
        assert "\n" not in message
        asset = None
    assert time.process_time() - start < SLOWEST
    return asset


def simulate(asset):
    """Put an accepted asset into a simulation and step it: it must compile and not crash."""
    gym = gymapi.acquire_gym()
    params = gymapi.SimParams()
    params.up_axis = gymapi.UP_AXIS_Z
    sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)
    try:
        env = gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), 1)
        gym.create_actor(env, asset, gymapi.Transform(), "robot", 0, -1)
        with warnings.catch_warnings():
            # Two parallel hinges on one body, say: MuJoCo has a word on them, but goes on.
            warnings.filterwarnings("ignore", message="Inertia matrix is too close to singular")
            gym.prepare_sim(sim)
            gym.simulate(sim)
    finally:
        gym.destroy_sim(sim)


@pytest.mark.parametrize("extension", [".xml", ".urdf"])
def test_damaged_files(folder, extension):
    refused = 0
    for seed in range(FIRST_SEED, FIRST_SEED + NUM_INPUTS):
        rng = np.random.default_rng([seed, len(extension)])
        data = mutant(rng, SEEDS[extension])
        options = gymapi.AssetOptions()
        options.collapse_fixed_joints = bool(rng.integers(2))
        options.fix_base_link = bool(rng.integers(2))
        try:
            asset = attempt(folder, extension, data, options)
            if asset is not None and seed % 5 == 0:
                simulate(asset)
        except BaseException as error:
            error.add_note(f"seed {seed}: {data!r}")
            raise
        refused += asset is None
    assert NUM_INPUTS * 0.2 < refused < NUM_INPUTS * 0.95, "the fuzzer damages, but not everything"
