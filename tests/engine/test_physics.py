"""The engine's physics against closed-form mechanics."""

import math

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi

G = 9.81


def test_free_fall(world):
    w = world(ground=None)
    w.place(w.box(0.2, 0.3, 0.4), (0, 0, 10)).start()
    w.seconds(1.0)
    assert w.root[0, 2].item() == pytest.approx(10 - G / 2, rel=0.01)
    assert w.root[0, 9].item() == pytest.approx(-G, rel=1e-4)


@pytest.mark.parametrize("amplitude", [0.05, 1.0])
def test_pendulum_period(world, robots, amplitude):
    mass, length, radius = 2.0, 0.8, 0.05
    w = world(ground=None)
    asset = w.urdf(robots.pendulum(mass, length, radius, "continuous"), fix_base_link=True)
    w.place(asset, (0, 0, 2)).start()
    w.dof[0, 0] = amplitude
    w.set("dof_state", w.dof)
    angles = []
    for _ in range(600):
        w.step()
        angles.append(w.dof[0, 0].item())
    crossings = [
        i + angles[i] / (angles[i] - angles[i + 1])
        for i in range(len(angles) - 1)
        if angles[i] > 0 >= angles[i + 1]
    ]
    period = np.diff(crossings).mean() / 60
    inertia = mass * length**2 + 0.4 * mass * radius**2
    small = 2 * math.pi * math.sqrt(inertia / (mass * G * length))
    # The arithmetic-geometric mean gives the period at any amplitude.
    a, b = 1.0, math.cos(amplitude / 2)
    for _ in range(8):
        a, b = (a + b) / 2, math.sqrt(a * b)
    assert period == pytest.approx(small / a, rel=0.01)


@pytest.mark.parametrize("direction", [0.0, math.pi / 4, 1.0])
@pytest.mark.parametrize("friction", [0.3, 0.5, 0.8])
def test_a_box_slides_at_the_angle_of_friction(world, friction, direction):
    """Tilted gravity on a level plane is a slope; ground and box average to `friction`."""

    def slides(angle):
        tilt = G * math.sin(angle)
        g = (tilt * math.cos(direction), tilt * math.sin(direction), -G * math.cos(angle))
        w = world(gravity=g, ground=2 * friction - 0.2)
        asset = w.box(0.4, 0.4, 0.1)
        shape = w.gym.get_asset_rigid_shape_properties(asset)
        shape[0].friction = 0.2
        w.gym.set_asset_rigid_shape_properties(asset, shape)
        w.place(asset, (0, 0, 0.05)).start().seconds(1.0)
        settled = w.root[0, :2].clone()
        w.seconds(1.0)
        return float((w.root[0, :2] - settled).norm()) > 0.05

    angle = math.atan(friction)
    assert not slides(angle - math.radians(2))
    assert slides(angle + math.radians(2))


def test_sliding_deceleration(world):
    """Coulomb friction slows a sliding box by mu g until it stops."""
    w = world(ground=0.4)
    asset = w.box(0.4, 0.4, 0.1)
    shape = w.gym.get_asset_rigid_shape_properties(asset)
    shape[0].friction = 0.4
    w.gym.set_asset_rigid_shape_properties(asset, shape)
    w.place(asset, (0, 0, 0.05)).start().seconds(0.5)
    w.root[0, 7] = 2.0
    w.set("actor_root_state", w.root)
    w.seconds(0.25)
    assert w.root[0, 7].item() == pytest.approx(2.0 - 0.4 * G * 0.25, abs=0.06)
    w.seconds(1.0)
    assert w.root[0, 7].item() == pytest.approx(0.0, abs=1e-3)


def test_resting_height_and_load(world):
    w = world()
    w.place(w.sphere(0.25, density=500.0), (0, 0, 0.3)).start().seconds(2.0)
    weight = 500 * 4 / 3 * math.pi * 0.25**3 * G
    assert w.root[0, 2].item() == pytest.approx(0.25, abs=1e-3)
    assert w.contact[0].tolist() == pytest.approx([0, 0, weight], rel=0.01, abs=0.5)


def test_contact_forces_of_a_stack(world):
    w = world()
    lower, upper = w.box(0.4, 0.4, 0.2, density=250.0), w.box(0.2, 0.2, 0.2, density=500.0)
    w.place(lower, (0, 0, 0.1)).place(upper, (0, 0, 0.3)).start().seconds(1.0)
    m_lower, m_upper = 250 * 0.4 * 0.4 * 0.2, 500 * 0.2**3
    assert w.contact[1, 2].item() == pytest.approx(m_upper * G, rel=0.01)
    # The ground pushes up with both weights, the upper box down with its own.
    assert w.contact[0, 2].item() == pytest.approx(m_lower * G, rel=0.01)


def standing_robot():
    """A body of 50 kg and four light feet that slide in and out along x."""
    inertial = """<inertial><mass value="{0}"/><inertia ixx="{1}" iyy="{1}" izz="{1}"
        ixy="0" ixz="0" iyz="0"/></inertial>"""
    foot = f"""<link name="{{0}}">{inertial.format(0.2, 1e-4)}
      <collision><geometry><sphere radius="0.03"/></geometry></collision></link>
      <joint name="{{0}}" type="prismatic"><origin xyz="{{1}} {{2}} -0.3"/><parent link="body"/>
        <child link="{{0}}"/><axis xyz="1 0 0"/>
        <limit lower="-1" upper="1" effort="1000" velocity="100"/></joint>"""
    feet = [("a", 0.3, 0.2), ("b", -0.3, 0.2), ("c", 0.3, -0.2), ("d", -0.3, -0.2)]
    body = f'<link name="body">{inertial.format(50, 1.0)}</link>'
    return f'<robot name="r">{body}{"".join(foot.format(*each) for each in feet)}</robot>'


def test_the_feet_of_a_standing_robot_do_not_slide_apart(world):
    w = world()
    asset = w.urdf(standing_robot(), default_dof_drive_mode=3, collapse_fixed_joints=False)
    w.place(asset, (0, 0, 0.33)).start()
    load = 50.8 * G / 4
    w.set("dof_actuation_force", torch.tensor([0.5, -0.5, 0.5, -0.5]) * load)  # outwards
    before = w.seconds(0.5).dof[:, 0].clone()
    slid = (w.seconds(1.0).dof[:, 0] - before).abs()
    assert w.contact[:, 2].sum().item() == pytest.approx(50.8 * G, rel=0.01)
    assert slid.max().item() < 0.008  # with friction no stiffer than the normal force: 0.05


def test_contact_force_of_a_wall_points_away_from_it(world):
    w = world(gravity=(5.0, 0.0, -G))
    wall = w.box(0.2, 2.0, 2.0, fix_base_link=True)
    ball = w.sphere(0.2, density=100.0)
    for asset in (wall, ball):  # with friction a ball in a corner has many equilibria
        shape = w.gym.get_asset_rigid_shape_properties(asset)
        shape[0].friction = 0.0
        w.gym.set_asset_rigid_shape_properties(asset, shape)
    w.place(wall, (1.0, 0, 1.0)).place(ball, (0.69, 0, 0.2)).start().seconds(1.5)
    mass = 100 * 4 / 3 * math.pi * 0.2**3
    assert w.contact[1, 2].item() == pytest.approx(mass * G, rel=0.02)
    assert w.contact[1, 0].item() == pytest.approx(-5 * mass, rel=0.02)
    assert w.contact[0, 0].item() == pytest.approx(5 * mass, rel=0.02)


def test_contact_collection_never_reads_zero(world):
    w = world()
    params = w.gym.get_sim_params(w.sim)
    params.physx.contact_collection = gymapi.CC_NEVER
    w.gym.set_sim_params(w.sim, params)
    w.place(w.sphere(0.2), (0, 0, 0.2)).start()
    w.contact.fill_(torch.nan)
    w.seconds(0.5)
    assert (w.contact == 0).all()


def test_momentum_is_kept_in_free_flight(world):
    """Spinning and flying without gravity: linear and angular momentum stay."""
    w = world(gravity=(0, 0, 0), ground=None)
    w.place(w.box(0.1, 0.3, 0.6, density=200.0), (0, 0, 5)).start()
    w.root[0, 7:13] = torch.tensor([1.0, -2.0, 0.5, 2.0, 1.0, 3.0])
    w.set("actor_root_state", w.root)
    inertia = np.diag([0.3**2 + 0.6**2, 0.1**2 + 0.6**2, 0.1**2 + 0.3**2]) * 3.6 / 12
    w.step()
    before = angular_momentum(w.root[0], inertia)
    w.seconds(1.0)
    assert w.root[0, 7:10].tolist() == pytest.approx([1.0, -2.0, 0.5], abs=1e-5)
    drift = angular_momentum(w.root[0], inertia) - before
    assert np.linalg.norm(drift) < 0.03 * np.linalg.norm(before)


def angular_momentum(root, inertia):
    """About the COM, world axes, from a root state."""
    x, y, z, s = (float(v) for v in root[3:7])
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - s * z), 2 * (x * z + s * y)],
            [2 * (x * y + s * z), 1 - 2 * (x * x + z * z), 2 * (y * z - s * x)],
            [2 * (x * z - s * y), 2 * (y * z + s * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    return rotation @ inertia @ rotation.T @ root[10:13].double().numpy()


def test_joint_limits_hold(world, robots):
    limit = '<limit lower="-0.5" upper="0.3" effort="1000" velocity="50"/>'
    w = world(ground=None)
    asset = w.urdf(robots.pendulum(limit=limit), fix_base_link=True)
    w.place(asset, (0, 0, 2), dofs={"driveMode": gymapi.DOF_MODE_EFFORT}).start()
    for torque, bound in ((60.0, 0.3), (-60.0, -0.5)):
        w.set("dof_actuation_force", [torque])
        w.seconds(2.0)
        assert w.dof[0, 0].item() == pytest.approx(bound, abs=0.01)
        assert abs(w.dof[0, 1].item()) < 1e-3


def test_joint_speed_limit(world, robots):
    limit = '<limit effort="1000" velocity="3"/>'
    w = world(ground=None, gravity=(0, 0, 0))
    asset = w.urdf(robots.pendulum(joint="continuous", limit=limit), fix_base_link=True)
    w.place(asset, (0, 0, 2), dofs={"driveMode": gymapi.DOF_MODE_EFFORT}).start()
    w.set("dof_actuation_force", [50.0])
    for _ in range(60):
        w.step()
        assert w.dof[0, 1].item() <= 3.0
    assert w.dof[0, 1].item() == 3.0


def test_root_speed_limits(world):
    w = world(ground=None)
    w.place(w.sphere(0.1, max_linear_velocity=2.0, max_angular_velocity=4.0), (0, 0, 50)).start()
    w.root[0, 7:13] = torch.tensor([5.0, 0.0, 0.0, 0.0, 9.0, 0.0])
    w.set("actor_root_state", w.root)
    w.step(30)
    assert w.root[0, 7:10].norm().item() <= 2.0 + 1e-5
    assert w.root[0, 10:13].tolist() == pytest.approx([0, 4.0, 0], abs=1e-5)


@pytest.mark.parametrize("first", [7, 10])
def test_root_speeds_are_limited_as_norms(world, first):
    """Not one component is above the limit, the speed is: it keeps its direction."""
    w = world(ground=None, gravity=(0, 0, 0))
    w.place(w.sphere(0.1, max_linear_velocity=4.0, max_angular_velocity=4.0)).start()
    w.root[0, first : first + 3] = 2.4
    w.set("actor_root_state", w.root)
    w.step()
    limited = w.root[0, first : first + 3].tolist()
    assert limited == pytest.approx([4.0 / math.sqrt(3.0)] * 3, abs=1e-5)


def test_body_damping(world):
    """Velocities decay as exp(-c t), whatever the axis of the spin."""
    w = world(ground=None, gravity=(0, 0, 0))
    asset = w.box(0.1, 0.3, 0.6, linear_damping=0.7, angular_damping=1.5)
    w.place(asset, (0, 0, 5)).start()
    w.root[0, 7:13] = torch.tensor([2.0, 0.0, 1.0, 0.0, 3.0, 0.0])
    w.set("actor_root_state", w.root)
    w.seconds(1.0)
    assert w.root[0, 7:10].tolist() == pytest.approx([2 * 0.4966, 0, 0.4966], rel=0.01)
    assert w.root[0, 10:13].tolist() == pytest.approx([0, 3 * 0.2231, 0], rel=0.02, abs=1e-3)
