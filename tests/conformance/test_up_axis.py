"""Worlds whose y axis points up: Isaac Gym's default."""

import numpy as np
import pytest

from humanoid_gym.engine import gymapi

G = 9.81


@pytest.fixture
def y_up(world):
    """Factory of worlds with gravity along -y and a ground of default parameters."""

    def make(*args, **params):
        made = world(*args, gravity=(0, -G, 0), ground=None, up_axis=gymapi.UP_AXIS_Y, **params)
        made.gym.add_ground(made.sim, gymapi.PlaneParams())
        return made

    return make


def test_defaults_are_y_up():
    params, plane = gymapi.SimParams(), gymapi.PlaneParams()
    assert params.up_axis == gymapi.UP_AXIS_Y
    assert params.gravity.to_array() == pytest.approx([0, -G, 0], rel=1e-3)
    assert plane.normal.to_array().tolist() == [0, 1, 0]
    assert plane.distance == 0


def test_a_program_that_sets_nothing_has_gravity_and_ground():
    gym = gymapi.acquire_gym()
    sim = gym.create_sim()
    gym.add_ground(sim, gymapi.PlaneParams())
    ball = gym.create_sphere(sim, 0.1)
    env = gym.create_env(sim, gymapi.Vec3(-1, 0, -1), gymapi.Vec3(1, 2, 1), 1)
    gym.create_actor(env, ball, gymapi.Transform(gymapi.Vec3(0, 0.5, 0)), "ball", 0, 0)
    gym.prepare_sim(sim)
    for _ in range(120):
        gym.simulate(sim)
    where = gym.get_rigid_transform(env, 0).p
    assert where.to_array() == pytest.approx([0, 0.1, 0], abs=2e-3)
    gym.destroy_sim(sim)


def test_free_fall(y_up):
    made = y_up(1)
    made.place(made.sphere(0.1), (1, 5, 2)).start()
    made.step(30)
    t, h = 30 * made.dt, made.dt / 2
    drop = 0.5 * G * t * (t + h)  # of the semi-implicit integrator
    assert made.root[0, :3].tolist() == pytest.approx([1, 5 - drop, 2], abs=1e-3)
    assert made.root[0, 7:10].tolist() == pytest.approx([0, -G * t, 0], abs=1e-3)


def test_a_box_rests_on_the_ground_and_weighs_on_it(y_up):
    made = y_up(2)
    made.place(made.box(0.4, 0.2, 0.1), (0, 0.15, 0)).start().seconds(1.5)
    weight = 8.0 * G
    for env in range(2):
        assert float(made.root[env, 1]) == pytest.approx(0.1, abs=2e-3)
        assert made.contact[env].tolist() == pytest.approx([0, weight, 0], abs=0.01 * weight)
        contacts = made.gym.get_env_rigid_contacts(made.envs[env])
        assert contacts["lambda"].sum() == pytest.approx(weight, rel=0.01)
        assert contacts["normal"]["y"] == pytest.approx(-np.ones(len(contacts)), abs=1e-6)


def test_capsules_lie_along_x(y_up):
    made = y_up(1)
    options = gymapi.AssetOptions()
    capsule = made.gym.create_capsule(made.sim, 0.1, 0.6, options)
    upright = (0, 0, np.sqrt(0.5), np.sqrt(0.5))  # x to y
    made.place(capsule, (0, 0.1, 0)).place(capsule, (3, 1, 0), upright).start().seconds(0.3)
    assert float(made.root[0, 1]) == pytest.approx(0.1, abs=2e-3)
    made.seconds(0.7)
    turn = gymapi.Quat(*made.root[1, 3:7].tolist())
    axis = turn.rotate(gymapi.Vec3(1, 0, 0))
    # Standing on its cap, or toppled: the lowest point touches the ground either way.
    reach = abs(axis.y) * 0.6  # width is half the length between the caps
    assert float(made.root[1, 1]) == pytest.approx(0.1 + reach, abs=5e-3)


def test_the_grid_of_environments_lies_in_x_and_z(y_up):
    made = y_up(6)
    made.place(made.sphere(0.1), (0, 1, 0)).start(1.5)
    origins = [made.gym.get_env_origin(env).to_array().tolist() for env in made.envs]
    assert origins[:5] == [[0, 0, 0], [3, 0, 0], [6, 0, 0], [9, 0, 0], [0, 0, 3]]
    assert made.root[:, :3].tolist() == [[0, 1, 0]] * 6  # relative to them


def test_a_tilted_plane_passes_under_every_environment(world):
    made = world(2, gravity=(0, -G, 0), ground=None, up_axis=gymapi.UP_AXIS_Y)
    plane = gymapi.PlaneParams()
    plane.normal = gymapi.Vec3(0.2, 1.0, 0.0).normalize()
    plane.static_friction = plane.dynamic_friction = 2.0
    made.gym.add_ground(made.sim, plane)
    made.place(made.box(0.2, 0.2, 0.2), (0, 3, 0)).start(2.0)
    origin = made.gym.get_env_origin(made.envs[1]).x
    height = -0.2 * origin  # of the plane at the second environment's origin
    made.set("actor_root_state", start_at([0.12, height + 0.12], made.root))
    made.seconds(1.0)
    normal = np.array([0.2, 1.0, 0.0]) / np.hypot(0.2, 1.0)
    for env in range(2):
        where = made.root[env, :3].numpy() + made.gym.get_env_origin(made.envs[env]).to_array()
        assert where @ normal == pytest.approx(0.1, abs=5e-3)


def start_at(heights, root):
    """Root states above the tilted plane, aligned with it."""
    states = root.clone()
    half = np.arctan(0.2) / 2
    for row, height in zip(states, heights, strict=True):
        row[1] = height
        row[3:7] = row.new_tensor([0, 0, -np.sin(half), np.cos(half)])
    return states
