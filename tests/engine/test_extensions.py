"""Exact continuation and pictures: what Isaac Gym's API cannot say."""

import pytest
import torch

from humanoid_gym.engine import gymapi


def tumbling(world, robots):
    """Chains that fall on the ground beside a box, with forces and targets set."""
    w = world(num_envs=3)
    text = robots.chain(3).replace(
        "</inertial></link>",
        '</inertial><collision><origin xyz="0.2 0 0"/><geometry><box size="0.4 0.1 0.1"/>'
        "</geometry></collision></link>",
    )
    w.place(w.urdf(text), (0, 0, 0.5), (0.3, 0.1, 0, 0.95))
    w.place(w.box(0.2, 0.2, 0.2), (0.3, 0.1, 0.9)).start()
    for env in w.envs:
        modes = (gymapi.DOF_MODE_EFFORT, gymapi.DOF_MODE_POS, gymapi.DOF_MODE_VEL)
        w.set_dofs(env, 0, driveMode=modes, stiffness=(1.0, 30.0, 0.0), damping=0.3)
    w.set("dof_actuation_force", torch.tensor([0.5, 0, 0] * 3))
    w.set("dof_position_target", torch.tensor([0, 0.4, 0] * 3))
    w.set("dof_velocity_target", torch.tensor([0, 0, 0.8] * 3))
    return w


def test_a_loaded_state_goes_on_bit_for_bit(world, robots):
    a, b = tumbling(world, robots), tumbling(world, robots)
    a.step(25)
    saved = a.gym.extensions.save_state(a.sim)
    b.step(7)
    b.gym.extensions.load_state(b.sim, saved)
    names = ("root", "dof", "contact", "dof_force")
    a.refresh()
    b.refresh()
    for name in names:
        assert torch.equal(getattr(a, name), getattr(b, name)), name
    assert a.contact.abs().max() > 0
    for _ in range(40):
        a.step()
        b.step()
        for name in (*names, "body"):
            assert torch.equal(getattr(a, name), getattr(b, name)), name
    assert b.gym.get_frame_count(b.sim) == 65


def test_a_force_that_was_saved_acts_for_one_simulate(world):
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.box(0.2, 0.2, 0.2, density=500.0)).start()
    w.gym.apply_body_forces(w.envs[0], 0, gymapi.Vec3(12.0, 0, 0))
    saved = w.gym.extensions.save_state(w.sim)
    w.step(3)
    w.gym.extensions.load_state(w.sim, saved)
    w.step(3)
    assert w.root[0, 7].item() == pytest.approx(12.0 / 4.0 * w.dt, rel=1e-5)


def test_contacts_and_faults_are_those_of_the_loaded_state(world):
    w = world()
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 0.1)).start().step(20)
    saved = w.gym.extensions.save_state(w.sim)
    touching = len(w.gym.get_env_rigid_contacts(w.envs[0]))
    w.root[0, 2], w.root[0, 7] = 5.0, torch.nan
    w.set("actor_root_state", w.root)
    w.step()
    w.root[0, 2] = 5.0
    w.set("actor_root_state", w.root)
    w.step()
    assert w.gym.extensions.fault_counts(w.sim).tolist() == [1]
    assert len(w.gym.get_env_rigid_contacts(w.envs[0])) == 0
    w.gym.extensions.load_state(w.sim, saved)
    assert w.gym.extensions.fault_counts(w.sim).tolist() == [0]
    assert len(w.gym.get_env_rigid_contacts(w.envs[0])) == touching > 0


def test_a_saved_state_does_not_change_with_the_simulation(world, robots):
    w = tumbling(world, robots)
    saved = w.gym.extensions.save_state(w.sim)
    copy = saved["state"].clone()
    w.step(5)
    assert torch.equal(saved["state"], copy)


def test_a_state_of_another_scene_is_refused(world, robots):
    w = tumbling(world, robots)
    saved = w.gym.extensions.save_state(w.sim)
    saved["state"] = saved["state"][:2]
    with pytest.raises(ValueError, match="does not fit this scene"):
        w.gym.extensions.load_state(w.sim, saved)


def test_results_do_not_depend_on_the_number_of_threads(world, robots):
    states = []
    for threads in (1, 2, 3):
        w = world(num_envs=5, num_client_threads=threads)
        w.place(w.box(0.2, 0.3, 0.4), (0, 0, 0.5), (0.2, 0.3, 0.1, 0.9)).start().step(60)
        states.append(w.simulation.backend.save())
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2])


def test_a_picture_shows_the_actor_where_it_is(world):
    w = world(num_envs=2)
    w.place(w.box(0.5, 0.5, 0.5), (0, 0, 0.25)).start()
    for env, color in zip(w.envs, (gymapi.Vec3(1, 0, 0), gymapi.Vec3(0, 1, 0)), strict=True):
        w.gym.set_rigid_body_color(env, 0, 0, gymapi.MESH_VISUAL, color)
    view = ((2.0, 0.0, 0.8), (0.0, 0.0, 0.25), 64, 48)
    try:
        red = w.gym.extensions.render(w.sim, 0, *view)
    except RuntimeError as error:
        pytest.skip(f"no OpenGL here: {error}")
    green = w.gym.extensions.render(w.sim, 1, *view)
    assert red.shape == (48, 64, 3)
    assert red[24, 32, 0] > 2 * red[24, 32, 1]
    assert green[24, 32, 1] > 2 * green[24, 32, 0]
    w.gym.destroy_sim(w.sim)


PRESS = """
    <robot name="press">
      <link name="base">{inertial}<collision><geometry><box size="0.4 0.4 0.2"/></geometry>
      </collision></link>
      <link name="carriage">{inertial}</link>
      <link name="stamp">{inertial}<collision><geometry><box size="0.2 0.2 0.2"/></geometry>
      </collision></link>
      <joint name="lift" type="prismatic"><parent link="base"/><child link="carriage"/>
        <axis xyz="0 0 1"/><limit lower="-1" upper="1" effort="1" velocity="1"/></joint>
      <joint name="turn" type="revolute"><parent link="carriage"/><child link="stamp"/>
        <origin xyz="0 0 -0.17"/><axis xyz="0 0 1"/>
        <limit lower="-1" upper="1" effort="1" velocity="1"/></joint>
    </robot>
""".format(
    inertial='<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/>'
    "</inertial>"
)
"""The stamp's upper face is 3 cm inside the base where the lift is at 0."""


@pytest.mark.parametrize(("lift", "depth"), [(0.0, 0.03), (-0.02, 0.01), (-0.05, None)])
def test_links_that_overlap_in_a_pose_are_told(world, lift, depth):
    w = world(num_envs=2)
    w.place(w.urdf(PRESS), (0, 0, 5.0))
    w.place(w.box(0.5, 0.5, 0.5), (0, 0, 5.2)).start()  # another actor's: not the robot's own
    before = w.gym.extensions.save_state(w.sim)["state"]
    found = w.gym.extensions.self_overlaps(w.envs[1], [lift, 0.0])
    if depth is None:
        assert found == []
    else:
        assert found == [("base", "stamp", pytest.approx(depth, abs=1e-6))]
    assert torch.equal(w.gym.extensions.save_state(w.sim)["state"], before)


def test_links_that_may_not_collide_do_not_overlap(world):
    w = world(num_envs=1)
    w.place(w.urdf(PRESS), (0, 0, 5.0), mask=1).start()
    assert w.gym.extensions.self_overlaps(w.envs[0], [0.0, 0.0]) == []
