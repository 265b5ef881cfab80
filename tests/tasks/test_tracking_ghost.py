"""The reference as lines, for a user at the viewer."""

import numpy as np
from tracking_settings import STILL, config, motion

from humanoid_gym.deployment.description import Link
from humanoid_gym.tasks.tracking.ghost import COLOR, skeleton
from humanoid_gym.tasks.tracking.motion_tracking import MotionTracking


def link(name: str, parent: int) -> Link:
    nowhere, upright = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)
    return Link(name, parent, nowhere, upright, 1.0, nowhere)


def test_bodies_are_joined_to_the_nearest_one_above():
    links = [link("base", -1), link("hip", 0), link("knee", 1), link("foot", 2), link("arm", 0)]
    assert skeleton(links, ["foot", "base", "arm"]).tolist() == [[1, 0], [1, 2]]
    assert skeleton(links, ["foot", "hip", "arm"]).tolist() == [[1, 0]]  # an arm of its own
    assert skeleton(links, ["base"]).shape == (0, 2)


def test_lines_are_where_a_robot_is_that_does_as_the_reference():
    bodies = ["pelvis", "left_shin", "left_foot"]
    task = MotionTracking(
        config(**STILL, num_envs=2, bodies=bodies, limb_ends=[], motion=motion(start="beginning"))
    )
    task.reset()
    ghost = task.controls()
    task.step(task.zero_actions())
    lines, colors = ghost.frame()
    assert lines.shape == (2, 2, 3)
    assert colors.shape == (2, 3)
    np.testing.assert_allclose(colors, [COLOR] * 2)
    names = task.gym.get_actor_rigid_body_names(task.gym.get_env(task.sim, 0), 0)
    place = {name: task.body_state[0, names.index(name), 0:3].numpy() for name in bodies}
    expected = [[place["pelvis"], place["left_shin"]], [place["left_shin"], place["left_foot"]]]
    np.testing.assert_allclose(lines, expected, atol=0.02)  # it is dropped from 1 cm
