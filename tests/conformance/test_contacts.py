"""Contact records and net contact forces: who touches whom, where and how hard."""

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi
from humanoid_gym.engine.graphics.window_viewer import WindowViewer

G = 9.81
MASS = 8.0  # of a box of 0.2 m and density 1000
SMALL = 1.0  # of a box of 0.1 m


def bare(made, num_envs=1):
    """Environments without any tensor acquired."""
    corner = gymapi.Vec3(1, 1, 1)
    made.envs = [made.gym.create_env(made.sim, -corner, corner, 4) for _ in range(num_envs)]
    for index, env in enumerate(made.envs):
        for number, (asset, p, r, *_) in enumerate(made.placements):
            pose = gymapi.Transform(gymapi.Vec3(*p), gymapi.Quat(*r))
            made.gym.create_actor(env, asset, pose, f"actor{number}", index, 0)
    made.gym.prepare_sim(made.sim)
    return made


def rows(vectors):
    return np.stack([vectors[name] for name in vectors.dtype.names], axis=-1)


@pytest.fixture
def stack(world):
    """A small box on a large one on the ground, at rest, in two environments."""
    made = world(2)
    made.place(made.box(0.2, 0.2, 0.2), (0, 0, 0.1)).place(made.box(0.1, 0.1, 0.1), (0.02, 0, 0.25))
    made.start()
    made.gym.get_rigid_contacts(made.sim)
    return made.step(120)


def test_a_resting_stack(stack):
    contacts = stack.gym.get_env_rigid_contacts(stack.envs[1])
    assert len(contacts) == 8
    assert set(contacts["env0"]) == {1}
    on_ground = contacts[contacts["body1"] == -1]
    between = contacts[contacts["body1"] != -1]
    assert len(on_ground) == len(between) == 4
    assert set(on_ground["body0"]) == {0}
    assert set(on_ground["env1"]) == {-1}
    assert set(between["env1"]) == {1}
    assert on_ground["lambda"].sum() == pytest.approx((MASS + SMALL) * G, rel=1e-3)
    assert between["lambda"].sum() == pytest.approx(SMALL * G, rel=1e-3)
    # From the first body to the second: down into the ground.
    assert rows(on_ground["normal"]) == pytest.approx(np.tile([0, 0, -1], (4, 1)), abs=1e-6)
    assert abs(rows(on_ground["localPos0"])) == pytest.approx(np.full((4, 3), 0.1), abs=1e-3)
    assert rows(on_ground["localPos1"])[:, 2] == pytest.approx(np.zeros(4), abs=1e-6)
    assert np.ptp(rows(on_ground["localPos1"]), axis=0)[:2] == pytest.approx([0.2, 0.2], abs=1e-3)
    assert on_ground["initialOverlap"] == pytest.approx(on_ground["initialOverlap"].mean(), rel=0.1)
    assert (on_ground["friction"] == 1.0).all()
    up = rows(between["normal"])[:, 2]
    assert up == pytest.approx(np.where(between["body0"] == 0, 1.0, -1.0), abs=1e-5)
    heights = rows(between["localPos0"])[:, 2], rows(between["localPos1"])[:, 2]
    below = between["body0"] == 0
    assert heights[0] == pytest.approx(np.where(below, 0.1, -0.05), abs=1e-3)
    assert heights[1] == pytest.approx(np.where(below, -0.05, 0.1), abs=1e-3)


def test_fields_have_both_spellings(stack):
    contacts = stack.gym.get_env_rigid_contacts(stack.envs[0])
    assert contacts.dtype.names == (
        *("env0", "env1", "body0", "body1", "localPos0", "localPos1", "minDist", "initialOverlap"),
        *("normal", "offset0", "offset1", "lambda", "lambdaFriction"),
        *("friction", "torsionFriction", "rollingFriction"),
    )
    assert np.array_equal(contacts["local_pos0"], contacts["localPos0"])
    assert np.array_equal(contacts["lambda_friction"], contacts["lambdaFriction"])
    first = contacts[0]
    assert (first[2], first[3]) == (first.body0, first.body1) == (first["body0"], first["body1"])


def test_records_of_all_environments_have_rows_of_the_sim(stack):
    every = stack.gym.get_rigid_contacts(stack.sim)
    per_env = [stack.gym.get_env_rigid_contacts(env) for env in stack.envs]
    assert len(every) == sum(map(len, per_env))
    second = every[every["env0"] == 1]
    assert np.array_equal(second["body0"], per_env[1]["body0"] + 2)
    grounded = per_env[1]["body1"] == -1
    assert (second["body1"][grounded] == -1).all()
    assert np.array_equal(second["body1"][~grounded], per_env[1]["body1"][~grounded] + 2)


def test_records_add_up_to_the_net_forces(world):
    made = world(2)
    made.place(made.box(0.2, 0.2, 0.2), (0, 0, 0.3), (0.3, 0.2, 0.1, 0.92))
    made.place(made.sphere(0.1), (0.05, 0, 0.6)).start()
    made.gym.get_rigid_contacts(made.sim)  # from now on of the last substep exactly
    seen = 0
    for _ in range(40):
        made.step()
        contacts = made.gym.get_rigid_contacts(made.sim)
        seen += len(contacts)
        net = np.zeros((4, 3))
        push = contacts["lambda"][:, None] * rows(contacts["normal"])
        np.add.at(net, contacts["body0"], -push)
        hit = contacts["body1"] != -1
        np.add.at(net, contacts["body1"][hit], push[hit])
        friction = made.contact.numpy() - net
        # What is left is friction, which no cone exceeds.
        slip = np.zeros(4)
        sizes = np.hypot(contacts["lambdaFriction"]["x"], contacts["lambdaFriction"]["y"])
        np.add.at(slip, contacts["body0"], sizes)
        np.add.at(slip, contacts["body1"][hit], sizes[hit])
        assert (np.linalg.norm(friction, axis=1) <= slip + 1e-3).all()
        assert (sizes <= contacts["friction"] * contacts["lambda"] * 1.001 + 1e-6).all()
    assert seen > 40


def test_friction_on_a_slope(world):
    angle = 0.3
    made = world(1, gravity=(G * np.sin(angle), 0, -G * np.cos(angle)))
    made.place(made.box(0.2, 0.2, 0.1), (0, 0, 0.05)).start()
    made.gym.get_env_rigid_contacts(made.envs[0])
    made.step(60)
    contacts = made.gym.get_env_rigid_contacts(made.envs[0])
    weight = 4.0 * G
    assert contacts["lambda"].sum() == pytest.approx(weight * np.cos(angle), rel=1e-2)
    along = np.hypot(contacts["lambdaFriction"]["x"], contacts["lambdaFriction"]["y"])
    assert along.sum() == pytest.approx(weight * np.sin(angle), rel=2e-2)


def test_net_forces_are_those_of_the_tensor(stack):
    gym = stack.gym
    expected = stack.contact.view(2, 2, 3).numpy()
    forces = gym.get_env_rigid_contact_forces(stack.envs[1])
    assert forces.dtype == gymapi.Vec3.dtype
    assert np.array_equal(rows(forces), expected[1])
    assert np.array_equal(rows(gym.get_vec_env_rigid_contact_forces(stack.envs)), expected)
    assert np.array_equal(rows(gym.get_rigid_contact_forces(stack.sim)), expected.reshape(4, 3))


def test_net_forces_without_the_tensor_are_the_same(world, tolerance):
    def forces(start):
        made = world(2)
        made.place(made.box(0.2, 0.2, 0.2), (0, 0, 0.3), (0.3, 0.2, 0.1, 0.92))
        start(made)
        made.gym.get_rigid_contact_forces(made.sim)
        found = []
        for _ in range(30):
            made.gym.simulate(made.sim)
            found.append(rows(made.gym.get_rigid_contact_forces(made.sim)))
        return np.array(found)

    with_tensor = forces(lambda made: made.start())
    without = forces(lambda made: bare(made, 2))
    assert abs(with_tensor).max() > MASS * G
    # Contacts are told from the substep's start in float64; Warp's own solver stops at 1e-6.
    allowed = tolerance(1e-3, 1e-3 * float(abs(with_tensor).max()))
    assert without == pytest.approx(with_tensor, abs=allowed)


def test_the_first_question_is_answered_too(world):
    made = world(1)
    made.place(made.box(0.2, 0.2, 0.2), (0, 0, 0.1))
    bare(made)
    for _ in range(120):
        made.gym.simulate(made.sim)
    contacts = made.gym.get_env_rigid_contacts(made.envs[0])
    assert contacts["lambda"].sum() == pytest.approx(MASS * G, rel=1e-2)


def test_nothing_touches_before_the_first_step_or_in_the_air(world):
    made = world(1)
    made.place(made.box(0.2, 0.2, 0.2), (0, 0, 0.1)).place(made.box(0.2, 0.2, 0.2), (3, 0, 3))
    made.start()
    assert len(made.gym.get_env_rigid_contacts(made.envs[0])) == 0
    assert not rows(made.gym.get_env_rigid_contact_forces(made.envs[0])).any()
    made.step()
    assert 1 not in made.gym.get_env_rigid_contacts(made.envs[0])["body0"]


def test_contact_collection_never(world):
    params = gymapi.SimParams().physx
    params.contact_collection = gymapi.CC_NEVER
    made = world(1, physx=params)
    made.place(made.box(0.2, 0.2, 0.2), (0, 0, 0.1)).start().step(30)
    assert len(made.gym.get_rigid_contacts(made.sim)) == 0
    assert not rows(made.gym.get_rigid_contact_forces(made.sim)).any()


def test_asking_for_contacts_changes_no_bit(world):
    def run(ask):
        made = world(2, substeps=3)
        made.place(made.box(0.2, 0.2, 0.2), (0, 0, 0.3), (0.3, 0.2, 0.1, 0.92)).start()
        for _ in range(40):
            made.step()
            if ask:
                made.gym.get_rigid_contacts(made.sim)
        return made.simulation.backend.save()

    assert torch.equal(run(False), run(True))


def test_contacts_in_an_environment_away_from_the_origin_are_relative_to_it(stack):
    contacts = stack.gym.get_env_rigid_contacts(stack.envs[1])
    assert stack.gym.get_env_origin(stack.envs[1]).x > 1
    assert abs(rows(contacts["localPos1"])).max() < 0.2


class Screen:
    """A window that shows nothing."""

    on_input = None


def test_contacts_become_lines_of_the_viewer(stack):
    viewer = WindowViewer(stack.sim.graphics, Screen(), gymapi.CameraProperties())
    stack.gym.draw_env_rigid_contacts(viewer, stack.envs[1], gymapi.Vec3(1, 0.5, 0), 2.0, False)
    ends, colors = viewer.lines.all()
    contacts = stack.gym.get_env_rigid_contacts(stack.envs[1])
    on_ground = contacts["body1"] == -1
    # Upwards, 2 m per kN, in the world's frame.
    length = ends[on_ground, 1] - ends[on_ground, 0]
    expected = np.outer(2e-3 * contacts["lambda"][on_ground], [0, 0, 1])
    assert length == pytest.approx(expected, abs=1e-6)
    origin = stack.gym.get_env_origin(stack.envs[1]).to_array()
    assert abs(ends[:, 0] - origin).max() < 0.5
    assert colors.tolist() == [[1, 0.5, 0]] * 8


def test_contacts_are_not_drawn_without_a_viewer(stack):
    with pytest.raises(RuntimeError, match="viewer is None"):
        stack.gym.draw_env_rigid_contacts(None, stack.envs[0], gymapi.Vec3(), 1.0)
