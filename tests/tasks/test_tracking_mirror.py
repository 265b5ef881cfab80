"""The tracking task's mirror map, against the simulator: the mirrored motion, robot and actions."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from isaacgym import gymtorch
from reflected_states import assert_mirrored_steps, mirrored_joints, mirrored_root
from tracking_settings import LEG_BODIES, ON_LEGS, SETTINGS, config, motion

from humanoid_gym.config import ConfigError
from humanoid_gym.motion import make_clip, read_clip, write_clip
from humanoid_gym.tasks.mirrored_robot import mirrored_links
from humanoid_gym.tasks.task_config import find_asset
from humanoid_gym.tasks.tracking.motion_tracking import MotionTracking

PAIRS = 24
WALK = "resources/motions/humanoid24/walk.csv"


def motion_and_image(folder: Path) -> list[str]:
    """Write a walk whose joints all move, and its mirror image, which turns to the other side."""
    clip, phase = read_clip(WALK), np.random.default_rng(0).uniform(0.0, 6.0, 24)
    joints = clip.joint_position + 0.1 * np.sin(5.0 * clip.time[:, None] + phase)
    state = np.zeros((len(clip.time), 13))
    state[:, 0:3], state[:, 3:7] = clip.base_position, clip.base_orientation
    image = mirrored_joints(clip.joint_names, torch.from_numpy(joints)).numpy()
    root = mirrored_root(torch.from_numpy(state)).numpy()
    paths = [folder / "a.csv", folder / "b.csv"]
    for path, base, position in zip(paths, (state, root), (joints, image), strict=True):
        made = make_clip(path, clip.time, clip.joint_names, base[:, 0:3], base[:, 3:7], position)
        write_clip(path, made)
    return [str(path) for path in paths]


def put_mirrored_pairs(task: MotionTracking) -> None:
    """Disturbed robots at random frames in the first half, their reflections in the rest."""
    draw = torch.Generator().manual_seed(0)
    first, half = task.motions.first, slice(0, PAIRS)
    frame = torch.randint(0, int(first[1]) - 50, (PAIRS,), generator=draw)
    task.frame.copy_(torch.cat([frame, frame + first[1]]))
    task.first_frame.copy_(task.frame)
    start, names = task.reference(task.frame), task.robot.joint_names
    noise = [torch.randn(PAIRS, task.num_actions, generator=draw) for _ in range(2)]
    task.joint_position[half] = start.joint_position[half] + 0.05 * noise[0]
    task.joint_velocity[half] = start.joint_velocity[half] + 0.3 * noise[1]
    task.root_state[half] = start.base[half]
    task.root_state[half, 2] += 0.02
    task.root_state[half, 7:13] += torch.randn(PAIRS, 6, generator=draw) * 0.2
    task.root_state[PAIRS:] = mirrored_root(task.root_state[half])
    for joints in (task.joint_position, task.joint_velocity):
        joints[PAIRS:] = mirrored_joints(names, joints[half])
    for actions in (task.actions, task.previous_actions):
        actions.zero_()
    task.gym.set_actor_root_state_tensor(task.sim, gymtorch.unwrap_tensor(task.root_state))
    task.gym.set_dof_state_tensor(task.sim, gymtorch.unwrap_tensor(task.dof_state))
    task.progress_buf.fill_(1)


@pytest.mark.parametrize("observe_position", [False, True])
def test_the_mirrored_motion_is_tracked_in_the_mirror(tmp_path: Path, observe_position: bool):
    # these two have their origins in the middle of the base, whatever the joints are
    bodies = [name for name in SETTINGS["bodies"] if name not in ("pelvis", "torso")]
    changes = {"observe_position": observe_position, "bodies": bodies, "num_envs": 2 * PAIRS}
    task = MotionTracking(config(motion=motion(files=motion_and_image(tmp_path)), **changes))
    task.reset()
    put_mirrored_pairs(task)
    assert_mirrored_steps(task, PAIRS)


def test_mirror_images_of_motions_are_motions(tmp_path: Path):
    """They are what the image's own file gives; joints that the robot lacks are left out."""
    original, image = motion_and_image(tmp_path)
    clip = read_clip(original)
    more = clip._replace(
        joint_names=("finger", *clip.joint_names[::-1]),
        joint_position=np.hstack([clip.joint_position[:, :1], clip.joint_position[:, ::-1]]),
    )
    write_clip(Path(original), more)
    expected = MotionTracking(config(motion=motion(files=[original, image]))).motions
    found = MotionTracking(config(motion=motion(files=[original], mirrored=True))).motions
    assert found.names == ("a", "a mirrored")
    for a, b in zip(found.frames, expected.frames, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    assert torch.equal(found.first, expected.first)
    assert torch.equal(found.part_first, expected.part_first)


def test_a_robot_that_is_not_symmetric_shows_no_mirror_images(tmp_path: Path):
    urdf = Path(find_asset(SETTINGS["asset"])).read_text()
    place = urdf.index("xyz=", urdf.index('<joint name="left_elbow"'))
    lopsided = tmp_path / "robot.urdf"
    lopsided.write_text(urdf[:place] + 'xyz="0 0 -0.3" was="' + urdf[place + 5 :])
    changes = {"asset": str(lopsided), "motion": motion(mirrored=True)}
    with pytest.raises(ConfigError, match=r"task\.motion\.mirrored: .* 'left_elbow' has no"):
        MotionTracking(config(**changes))


def test_bodies_without_a_counterpart_are_refused():
    task = MotionTracking(config(**ON_LEGS))
    lopsided = [name for name in LEG_BODIES if name != "right_shin"]
    task.config = dataclasses.replace(task.config, bodies=tuple(lopsided))
    with pytest.raises(ValueError, match=r"link 'left_shin' has no counterpart .* among pelvis, "):
        task.mirror()


def test_links_at_one_place_are_told_apart_by_their_joints(tmp_path: Path):
    """Two links on each side whose origins and axes are the same, moved about other axes."""
    joint = """<joint name="{0}" type="revolute"><parent link="{1}"/><child link="{0}"/>
<limit lower="-1" upper="1" effort="1" velocity="1"/><origin xyz="{2}"/><axis xyz="{3}"/></joint>
<link name="{0}"/>"""
    parts = [
        joint.format("r_swing", "base", "0 -0.1 0", "0 1 0"),
        joint.format("r_spread", "r_swing", "0 0 0", "1 0 0"),
        joint.format("l_spread", "base", "0 0.1 0", "1 0 0"),
        joint.format("l_swing", "l_spread", "0 0 0", "0 1 0"),
    ]
    path = tmp_path / "robot.urdf"
    path.write_text(f'<robot name="r"><link name="base"/>{"".join(parts)}</robot>')
    names = ["base", "r_swing", "r_spread", "l_spread", "l_swing"]
    assert mirrored_links(str(path), names) == (0, 4, 3, 2, 1)
