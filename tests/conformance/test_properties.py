"""Properties of bodies, shapes, DOFs and actors, per environment, before and after prepare_sim.

A randomized environment must move like one whose asset says the same numbers: to 1e-10, since both
are float64 simulations of the same mechanics; in float32 to what rounding has grown to.
"""

import math

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi

NUM_STEPS = 40


@pytest.fixture
def assert_alike(tolerance):
    """Compares positions and velocities after `run`; float32 came to 4e-6 with a bounce in it."""
    atol = tolerance(1e-10, 3e-5)
    return lambda came, expected: torch.testing.assert_close(came, expected, rtol=0, atol=atol)


def robot(masses=(3.0, 1.0, 0.5), coms=((0, 0, 0),) * 3, inertia=1.0, scale=1.0):
    """A floating box with a hinged arm that carries a slide; all lengths times scale."""

    def link(name, index, size):
        m = masses[index] * scale**3
        com = " ".join(str(scale * c) for c in coms[index])
        x, y, z = (inertia * m * scale**2 * d for d in (0.02, 0.03, 0.04))
        box = " ".join(str(scale * s) for s in size)
        return f"""<link name="{name}"><inertial><origin xyz="{com}"/><mass value="{m}"/>
          <inertia ixx="{x}" iyy="{y}" izz="{z}" ixy="{0.2 * x}" ixz="{0.1 * x}" iyz="0"/>
          </inertial>
          <collision><origin xyz="{0.02 * scale} 0 0"/><geometry><box size="{box}"/></geometry>
          </collision></link>"""

    return f"""<robot name="robot">{link("base", 0, (0.3, 0.2, 0.1))}
      {link("arm", 1, (0.1, 0.1, 0.4))}{link("hand", 2, (0.1, 0.1, 0.1))}
      <joint name="a" type="revolute"><origin xyz="{0.2 * scale} 0 {0.1 * scale}"/>
        <parent link="base"/><child link="arm"/><axis xyz="0 1 0"/>
        <limit lower="-1" upper="1" effort="50" velocity="100"/></joint>
      <joint name="b" type="prismatic"><origin xyz="0 0 {0.3 * scale}"/>
        <parent link="arm"/><child link="hand"/><axis xyz="0 0 1"/>
        <limit lower="{-0.1 * scale}" upper="{0.2 * scale}" effort="50" velocity="100"/></joint>
    </robot>"""


DRIVE = {"driveMode": gymapi.DOF_MODE_POS, "stiffness": 30.0, "damping": 1.0}


def start(world, text, num_envs=1, **options):
    """Robots that fall on the ground, each joint driven."""
    w = world(num_envs=num_envs)
    return w.place(w.urdf(text, **options), (0, 0, 0.4), dofs=DRIVE).start()


def run(w, steps=NUM_STEPS):
    """Let the drives pull and the box bounce; float64 state of each environment."""
    targets = torch.tensor([0.6, 0.1]).repeat(w.num_envs)
    w.set("dof_position_target", targets)
    w.step(steps)
    return state(w)


def state(w):
    backend = w.simulation.backend
    return torch.cat((backend.state("qpos"), backend.state("qvel")), dim=1)


def test_randomized_bodies_move_like_bodies_of_an_asset_that_says_so(world, assert_alike):
    masses, coms = (4.0, 0.7, 0.9), ((0.05, 0.02, -0.03), (0, 0.04, 0.1), (0.01, 0, 0.02))
    expected = run(start(world, robot(masses, coms)))[0]
    w = start(world, robot(), num_envs=3)
    w.gym.set_actor_rigid_body_properties(w.envs[1], 0, made_of(w, masses, coms))
    came, untouched = run(w), run(start(world, robot()))[0]
    assert_alike(came[1], expected)
    assert torch.equal(came[0], came[2])
    assert_alike(came[0], untouched)
    assert (came[1] - came[0]).abs().max() > 1e-2


def made_of(w, masses, coms):
    """Body properties with other masses, centres of mass and inertias in proportion."""
    bodies = w.gym.get_actor_rigid_body_properties(w.envs[1], 0)
    for body, mass, com in zip(bodies, masses, coms, strict=True):
        factor = mass / body.mass
        for row in (body.inertia.x, body.inertia.y, body.inertia.z):
            row.x, row.y, row.z = factor * row.x, factor * row.y, factor * row.z
        body.mass, body.com = mass, gymapi.Vec3(*com)
    return bodies


def test_an_inertia_of_other_axes_moves_like_an_assets_own(world, assert_alike):
    """Bodies that tumble freely: one environment's inertia is not in proportion to the asset's."""

    def tumbling(rows, num_envs=1):
        (xx, xy, xz), (_, yy, yz), (_, _, zz) = rows
        w = world(num_envs=num_envs, ground=None, gravity=(0, 0, 0))
        asset = w.urdf(f"""<robot name="r"><link name="body"><inertial><mass value="2"/>
          <inertia ixx="{xx}" iyy="{yy}" izz="{zz}" ixy="{xy}" ixz="{xz}" iyz="{yz}"/>
          </inertial></link></robot>""")
        w.place(asset).start()
        w.root[:, 10:] = torch.tensor([1.0, -2.0, 3.0])
        w.set("actor_root_state", w.root)
        return w

    wanted = ((0.3, 0.05, -0.02), (0.05, 0.5, 0.04), (-0.02, 0.04, 0.6))
    w = tumbling(((0.4, 0, 0), (0, 0.4, 0), (0, 0, 0.5)), num_envs=2)
    bodies = w.gym.get_actor_rigid_body_properties(w.envs[1], 0)
    bodies[0].inertia = gymapi.Mat33(*(gymapi.Vec3(*row) for row in wanted))
    w.gym.set_actor_rigid_body_properties(w.envs[1], 0, bodies)
    assert_alike(state(w.step(NUM_STEPS))[1], state(tumbling(wanted).step(NUM_STEPS))[0])


def test_properties_set_before_prepare_are_those_set_after_it(world, assert_alike):
    def edit(gym, env, index):
        bodies = gym.get_actor_rigid_body_properties(env, 0)
        bodies[0].mass, bodies[1].com.z = 2.0 + index, 0.05 * index
        gym.set_actor_rigid_body_properties(env, 0, bodies, True)
        gym.set_actor_scale(env, 0, 1.0 + 0.1 * index)

    before = world(num_envs=3)
    before.place(before.urdf(robot()), (0, 0, 0.4), dofs=DRIVE).start(edit=edit)
    after = start(world, robot(), num_envs=3)
    for index, env in enumerate(after.envs):
        edit(after.gym, env, index)
    assert_alike(run(before), run(after))


def test_the_same_value_in_every_environment_is_a_value_of_the_model(world, assert_alike):
    masses, coms = (4.0, 0.7, 0.9), ((0.05, 0.02, -0.03), (0, 0.04, 0.1), (0.01, 0, 0.02))
    w = world(num_envs=2)
    w.place(w.urdf(robot()), (0, 0, 0.4), dofs=DRIVE)

    def edit(gym, env, _):
        w.envs = [None, env]
        gym.set_actor_rigid_body_properties(env, 0, made_of(w, masses, coms))

    expected = run(start(world, robot(masses, coms)))
    assert_alike(run(w.start(edit=edit))[:1], expected)


@pytest.mark.parametrize("scale", [0.7, 1.3])
def test_a_scaled_actor_moves_like_one_whose_asset_has_these_lengths(world, scale, assert_alike):
    expected = run(start(world, robot(scale=scale)))[0]
    w = start(world, robot(), num_envs=2)
    w.gym.set_actor_scale(w.envs[1], 0, np.array([scale]))
    w.set_dofs(w.envs[1], 0, **DRIVE)
    assert_alike(run(w)[1], expected)
    assert w.gym.get_actor_scale(w.envs[1], 0) == scale
    assert w.gym.get_actor_scale(w.envs[0], 0) == 1.0


def anchored(scale=1.0):
    """A floating box whose arm is hinged beside its origin and carries a slide, in MJCF."""
    s = scale
    return f"""<mujoco><worldbody><body name="base"><freejoint/><geom size="{0.2 * s}"/>
      <body name="arm" pos="{0.2 * s} 0 {0.1 * s}">
        <joint name="a" axis="0 1 0" pos="{0.1 * s} 0 {-0.05 * s}"/>
        <geom type="box" size="{0.1 * s} {0.05 * s} {0.2 * s}" pos="0 0 {0.1 * s}"/>
        <body name="hand" pos="0 0 {0.3 * s}">
          <joint name="b" type="slide" limited="true" range="{-0.1 * s} {0.02 * s}"/>
          <geom size="{0.05 * s}"/></body></body></body></worldbody></mujoco>"""


@pytest.mark.parametrize("prepared", [False, True])
def test_scaled_joints_are_at_scaled_places_before_prepare_and_after(world, prepared, assert_alike):
    def edit(gym, env, _):
        gym.set_actor_scale(env, 0, 1.3)
        w.set_dofs(env, 0, **DRIVE)

    w = world(num_envs=2)
    w.place(w.mjcf(anchored()), (0, 0, 0.4)).start(edit=None if prepared else edit)
    if prepared:
        edit(w.gym, w.envs[1], 1)
    expected = world()
    expected.place(expected.mjcf(anchored(1.3)), (0, 0, 0.4), dofs=DRIVE).start()
    assert_alike(run(w)[1], run(expected)[0])


def test_scale_shows_in_the_properties_and_is_relative_to_the_asset(world):
    w = start(world, robot(), num_envs=2)
    gym, env = w.gym, w.envs[1]
    for scale in (3.0, 0.5, 2.0):
        gym.set_actor_scale(env, 0, scale)
    body = gym.get_actor_rigid_body_properties(env, 0)[1]
    plain = gym.get_actor_rigid_body_properties(w.envs[0], 0)[1]
    assert body.mass == pytest.approx(8 * plain.mass)
    assert body.inertia.y.y == pytest.approx(32 * plain.inertia.y.y)
    dofs = gym.get_actor_dof_properties(env, 0)
    assert dofs["upper"].tolist() == pytest.approx([1.0, 0.4])


def test_recomputed_inertia_follows_the_mass(world):
    w = start(world, robot(), num_envs=2)
    gym, env = w.gym, w.envs[0]
    bodies = gym.get_actor_rigid_body_properties(env, 0)
    before = bodies[1].inertia.x.x
    bodies[1].mass *= 3
    bodies[1].inertia.x.x = 77.0  # not looked at
    assert gym.set_actor_rigid_body_properties(env, 0, bodies, recomputeInertia=True)
    came = gym.get_actor_rigid_body_properties(env, 0)[1]
    assert came.inertia.x.x == pytest.approx(3 * before)
    assert came.inertia.x.y == pytest.approx(3 * 0.2 * before)
    came.mass /= 3
    gym.set_actor_rigid_body_properties(env, 0, [bodies[0], came, bodies[2]])
    assert gym.get_actor_rigid_body_properties(env, 0)[1].inertia.x.x == pytest.approx(3 * before)


def test_what_was_set_reads_back_and_inverses_follow(world):
    w = start(world, robot())
    gym, env = w.gym, w.envs[0]
    bodies = gym.get_actor_rigid_body_properties(env, 0)
    assert isinstance(bodies, list)
    bodies[2].mass = torch.tensor([0.1], dtype=torch.float64)
    bodies[2].invMass = 99.0
    bodies[2].com = gymapi.Vec3(0.1, -0.2, 1 / 3)
    bodies[2].inertia = gymapi.Mat33(
        gymapi.Vec3(2, 0, 0), gymapi.Vec3(0, 4, 0), gymapi.Vec3(0, 0, 5)
    )
    bodies[2].flags = gymapi.RIGID_BODY_DISABLE_GRAVITY
    gym.set_actor_rigid_body_properties(env, 0, bodies)
    bodies[2].mass = 123.0  # the program's own object from now on
    for _ in range(2):
        came = gym.get_actor_rigid_body_properties(env, 0)[2]
        assert (came.mass, came.invMass) == (0.1, pytest.approx(10.0))
        assert came.com == gymapi.Vec3(0.1, -0.2, 1 / 3)
        assert came.inertia == bodies[2].inertia
        assert came.invInertia.y.y == pytest.approx(0.25)
        assert came.flags == gymapi.RIGID_BODY_DISABLE_GRAVITY
        w.step()


def test_every_name_of_a_property_object_is_readable(world):
    w = start(world, robot())
    gym, env = w.gym, w.envs[0]
    shapes = gym.get_actor_rigid_shape_properties(env, 0)
    assert isinstance(shapes, list)
    for record in (gym.get_actor_rigid_body_properties(env, 0)[0], shapes[0]):
        for name in dir(record):
            getattr(record, name)


@pytest.mark.parametrize("flags", [gymapi.RIGID_BODY_NONE, gymapi.RIGID_BODY_DISABLE_GRAVITY])
@pytest.mark.parametrize("disable_gravity", [False, True])
def test_gravity_by_asset_and_by_body(world, flags, disable_gravity):
    w = world(num_envs=3, ground=None)
    w.place(w.box(0.1, 0.1, 0.1, disable_gravity=disable_gravity)).start()
    bodies = w.gym.get_actor_rigid_body_properties(w.envs[1], 0)
    assert bodies[0].flags == int(disable_gravity)
    bodies[0].flags = flags
    w.gym.set_actor_rigid_body_properties(w.envs[1], 0, bodies)
    w.seconds(1.0)
    falls = -9.81 * (1.0 + 0.5 * w.dt / 2)  # implicit Euler with half-length substeps
    left, edited = (0.0 if disable_gravity else -9.81), (0.0 if flags else -9.81)
    assert w.root[:, 9].tolist() == pytest.approx([left, edited, left], abs=1e-4)
    if not flags:
        assert w.root[1, 2].item() == pytest.approx(0.5 * falls, abs=0.05)


def test_the_root_velocity_is_that_of_each_environments_centre_of_mass(world):
    w = world(num_envs=2, ground=None, gravity=(0, 0, 0))
    w.place(w.box(0.2, 0.2, 0.2)).start()
    bodies = w.gym.get_actor_rigid_body_properties(w.envs[1], 0)
    bodies[0].com.x = 0.5
    w.gym.set_actor_rigid_body_properties(w.envs[1], 0, bodies)
    w.root[:, 7:13] = torch.tensor([1.0, 0.0, 0.0, 0.0, 0.0, 2.0])
    w.set("actor_root_state", w.root)
    w.refresh()
    assert w.root[:, 7:10].tolist() == [[1, 0, 0], [1, 0, 0]]
    w.seconds(0.5)
    # No force: the centre of mass goes straight on, the origin circles around it.
    straight = torch.tensor([[1.0, 0, 0]]).expand(2, 3)
    torch.testing.assert_close(w.root[:, 7:10], straight, rtol=0, atol=2e-2)
    angle = 0.5 * 2.0
    origin = [0.5 + 0.5 - 0.5 * math.cos(angle), -0.5 * math.sin(angle)]
    assert w.root[0, :2].tolist() == pytest.approx([0.5, 0.0], abs=1e-4)
    assert w.root[1, :2].tolist() == pytest.approx(origin, abs=5e-3)


def test_force_sensors_and_weight_follow_each_environments_mass(world):
    w = world(num_envs=2)
    asset = w.box(0.2, 0.2, 0.2, density=100.0)
    w.gym.create_asset_force_sensor(asset, 0, gymapi.Transform())
    w.place(asset, (0, 0, 2.0)).start()
    bodies = w.gym.get_actor_rigid_body_properties(w.envs[1], 0)
    assert bodies[0].mass == pytest.approx(0.8)
    bodies[0].mass = 5.0
    w.gym.set_actor_rigid_body_properties(w.envs[1], 0, bodies, True)
    w.step(5)
    assert w.sensor[:, 2].tolist() == pytest.approx([-0.8 * 9.81, -5.0 * 9.81], rel=1e-4)
    w.seconds(2.5)
    assert w.contact[:, 2].tolist() == pytest.approx([0.8 * 9.81, 5.0 * 9.81], rel=1e-3)


def test_body_damping_takes_the_mass_of_each_environment(world):
    w = world(num_envs=2, ground=None, gravity=(0, 0, 0))
    w.place(w.box(0.2, 0.3, 0.4, linear_damping=0.5, angular_damping=1.0)).start()
    bodies = w.gym.get_actor_rigid_body_properties(w.envs[1], 0)
    bodies[0].mass *= 7.0
    w.gym.set_actor_rigid_body_properties(w.envs[1], 0, bodies, True)
    w.root[:, 7], w.root[:, 12] = 1.0, 2.0
    w.set("actor_root_state", w.root)
    w.seconds(1.0)
    assert w.root[:, 7].tolist() == pytest.approx([math.exp(-0.5)] * 2, rel=5e-3)
    assert w.root[:, 12].tolist() == pytest.approx([2 * math.exp(-1.0)] * 2, rel=1e-2)


def test_angular_damping_acts_about_a_moved_centre_of_mass(world):
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.box(0.2, 0.3, 0.4, angular_damping=1.0)).start()
    bodies = w.gym.get_actor_rigid_body_properties(w.envs[0], 0)
    bodies[0].com.x = 0.3
    w.gym.set_actor_rigid_body_properties(w.envs[0], 0, bodies)
    w.root[:, 7], w.root[:, 12] = 1.0, 2.0
    w.set("actor_root_state", w.root)
    w.seconds(1.0)
    assert w.root[0, 12].item() == pytest.approx(2 * math.exp(-1.0), rel=1e-2)
    assert w.root[0, 7:9].tolist() == pytest.approx([1.0, 0.0], abs=1e-2)


def test_the_cap_of_stiff_drives_follows_the_inertia(world, robots):
    """A saturating drive far stiffer than a substep resolves holds a heavy and a light load."""
    drive = {"driveMode": gymapi.DOF_MODE_POS, "stiffness": 1e7, "damping": 1e3, "effort": 200.0}
    w = world(num_envs=2, ground=None)
    text = robots.pendulum(joint="continuous")
    w.place(w.urdf(text, fix_base_link=True), dofs=drive).start()
    bodies = w.gym.get_actor_rigid_body_properties(w.envs[1], 0)
    bodies[1].mass *= 5.0
    w.gym.set_actor_rigid_body_properties(w.envs[1], 0, bodies, True)
    w.step()
    drives = w.simulation.drives
    # MuJoCo's inverse weight of a hinge is one over its inertia about the axis.
    arm = [m * 0.8**2 + 0.4 * m * 0.05**2 for m in (2.0, 10.0)]
    substep = w.dt / 2
    assert (drives.stiffness[:, 0] * substep**2 / 0.8).tolist() == pytest.approx(arm, rel=1e-6)
    assert (drives.damping[:, 0] * substep / 0.8).tolist() == pytest.approx(arm, rel=1e-6)
    w.seconds(1.0)
    assert w.dof[:, 1].abs().max() < 1e-3


def test_dof_properties_of_one_environment_change_while_it_runs(world, robots):
    drive = {"driveMode": gymapi.DOF_MODE_POS, "stiffness": 0.0, "damping": 5.0}
    w = world(num_envs=2, ground=None)
    w.place(w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True), dofs=drive).start()
    w.step(3)
    w.set_dofs(w.envs[1], 0, stiffness=100.0)
    w.set("dof_position_target", torch.tensor([0.5, 0.5]))
    w.seconds(5.0)
    # At rest the drive carries the pendulum: k (q* - q) = m g l sin q.
    q = w.dof[1, 0].item()
    assert 100.0 * (0.5 - q) == pytest.approx(2.0 * 9.81 * 0.8 * math.sin(q), rel=1e-3)
    assert w.dof[0, 0].item() == pytest.approx(0.0, abs=1e-4)


def test_mistakes_in_properties(world):
    w = start(world, robot())
    gym, env = w.gym, w.envs[0]
    bodies = gym.get_actor_rigid_body_properties(env, 0)
    with pytest.raises(ValueError, match="3 rigid body properties expected, got 2"):
        gym.set_actor_rigid_body_properties(env, 0, bodies[:2])
    with pytest.raises(TypeError, match="holds float"):
        gym.set_actor_rigid_body_properties(env, 0, [1.0, 2.0, 3.0])
    bodies[1].mass = 0.0
    with pytest.raises(ValueError, match=r"body 1 \('arm'\) needs a positive mass"):
        gym.set_actor_rigid_body_properties(env, 0, bodies)
    bodies[1].mass, bodies[1].inertia = 1.0, gymapi.Mat33()
    with pytest.raises(ValueError, match=r"body 1 \('arm'\) .* positive definite inertia"):
        gym.set_actor_rigid_body_properties(env, 0, bodies)
    bodies[1].flags = gymapi.RIGID_BODY_DISABLE_SIMULATION
    with pytest.raises(NotImplementedError, match="RIGID_BODY_DISABLE_SIMULATION"):
        gym.set_actor_rigid_body_properties(env, 0, bodies, recomputeInertia=True)
    for scale in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="set_actor_scale: a positive number"):
            gym.set_actor_scale(env, 0, scale)
    shapes = gym.get_actor_rigid_shape_properties(env, 0)
    shapes[2].friction = -0.1
    with pytest.raises(ValueError, match=r"friction -0.1 of actor 'actor0'"):
        gym.set_actor_rigid_shape_properties(env, 0, shapes)
    dofs = gym.get_actor_dof_properties(env, 0)
    dofs["stiffness"][1] = math.nan
    with pytest.raises(ValueError, match="'stiffness' of actor 'actor0' is not a number"):
        gym.set_actor_dof_properties(env, 0, dofs)
    dofs["stiffness"], dofs["driveMode"] = 0.0, 9
    with pytest.raises(ValueError, match="DOF_MODE_EFFORT=3"):
        gym.set_actor_dof_properties(env, 0, dofs)
    with pytest.raises(TypeError, match="as get_actor_dof_properties returns it"):
        gym.set_actor_dof_properties(env, 0, np.zeros(2))
    with pytest.raises(IndexError, match="actor handle 1 does not exist"):
        gym.set_actor_scale(env, 1, 2.0)
    run(w, 3)  # nothing of it was taken over
