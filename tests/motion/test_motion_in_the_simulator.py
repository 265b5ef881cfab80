"""The simulator's rigid body states are the reference's, which therefore can be compared with."""

from pathlib import Path

import numpy as np
from motion_samples import random_clip
from numpy.testing import assert_allclose
from worlds import make_options

from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.motion import reference_motion
from humanoid_gym.tasks.task_config import find_asset

WALKER = Path(find_asset("resources/urdf/humanoid24/humanoid24.urdf"))


def test_set_to_a_frame_the_robots_links_are_the_references(world):
    w = world(gravity=(0.0, 0.0, 0.0), ground=None)
    asset = w.gym.load_asset(w.sim, str(WALKER.parent), WALKER.name, make_options({}))
    w.place(asset, (0, 0, 2)).start()
    joints = w.gym.get_actor_dof_names(w.envs[0], 0)
    links = w.gym.get_actor_rigid_body_names(w.envs[0], 0)
    body = read_body(WALKER, (), bare_feet=True)
    found = reference_motion(random_clip(joints[::-1]), body, joints, links, 50.0)
    for k in range(0, len(found.base_position), 13):
        base = found[2:6]
        w.set("actor_root_state", np.concatenate([part[k] for part in base])[None])
        w.set("dof_state", np.stack((found.joint_position[k], found.joint_velocity[k]), axis=-1))
        state = w.refresh().body.numpy().reshape(-1, 13)
        assert_allclose(state[:, :3], found.body_position[k], atol=1e-6)
        cosine = (state[:, 3:7] * found.body_orientation[k]).sum(-1)
        assert_allclose(np.abs(cosine), 1.0, atol=1e-6)
        assert_allclose(state[:, 7:10], found.body_velocity[k], atol=1e-5)
        assert_allclose(state[:, 10:], found.body_angular_velocity[k], atol=1e-5)
        assert_allclose(state[0, 7:10], found.base_velocity[k], atol=1e-5)
