"""Attractors: springs of the stiffness they say, at any stiffness, on the axes they say."""

import math

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi, gymtorch

MASS = 2.0
HALF = math.sqrt(0.5)


def attractor(body, stiffness, damping=None, axes=gymapi.AXIS_ALL, target=None, offset=None):
    props = gymapi.AttractorProperties()
    props.rigid_handle, props.axes = body, axes
    props.stiffness = stiffness
    props.damping = 2 * math.sqrt(stiffness) if damping is None else damping
    props.target = target or gymapi.Transform()
    props.offset = offset or gymapi.Transform()
    return props


def pose(x, y, z, rotation=(0, 0, 0, 1)):
    return gymapi.Transform(gymapi.Vec3(x, y, z), gymapi.Quat(*rotation))


def attract(world, make_asset, attractors, start=(0, 0, 1), gravity=(0, 0, 0), dofs=None):
    """One environment for each list of attractors."""
    w = world(ground=None, gravity=gravity, num_envs=len(attractors))
    asset = make_asset(w)
    w.handles = []
    for index, wanted in enumerate(attractors):
        env = w.gym.create_env(w.sim, gymapi.Vec3(-1, -1, 0), gymapi.Vec3(1, 1, 1), 4)
        w.gym.create_actor(env, asset, pose(*start), "a", index, 0)
        w.set_dofs(env, 0, **(dofs or {}))
        w.handles += [w.gym.create_rigid_body_attractor(env, props) for props in wanted]
    w.num_envs, w.envs = 0, [w.gym.get_env(w.sim, i) for i in range(len(attractors))]
    envs = w.envs
    w.start()
    w.envs = envs
    return w


def box(w):
    return w.box(0.2, 0.2, 0.2, density=MASS / 0.2**3)


def push(w, body, force, seconds):
    """A steady load on one body of every environment."""
    load = torch.zeros(len(w.envs), w.body.shape[0] // len(w.envs), 3)
    load[:, body] = torch.tensor(force)
    for _ in range(round(seconds / w.dt)):
        w.gym.apply_rigid_body_force_tensors(w.sim, gymtorch.unwrap_tensor(load))
        w.gym.simulate(w.sim)
    w.refresh()


@pytest.mark.parametrize("stiffness", [1e2, 1e4, 1e5, 1e7])
def test_a_load_displaces_by_force_over_stiffness(world, stiffness):
    target = pose(0.1, 0, 1)
    w = attract(world, box, [[attractor(0, stiffness, target=target)]], start=(0.1, 0, 1))
    push(w, 0, [20.0, 0.0, 0.0], 4.0)
    assert w.root[0, 0].item() - 0.1 == pytest.approx(20.0 / stiffness, rel=1e-3, abs=2e-8)
    assert w.root[0, 7:].abs().max() < 1e-4


def test_a_torque_turns_by_torque_over_stiffness(world):
    w = attract(world, box, [[attractor(0, 50.0, 5.0, target=pose(0, 0, 1))]])
    torque = torch.tensor([[0.0, 10.0, 0.0]])
    for _ in range(240):
        w.gym.apply_rigid_body_force_tensors(w.sim, None, gymtorch.unwrap_tensor(torque))
        w.gym.simulate(w.sim)
    w.refresh()
    assert 2 * math.asin(w.root[0, 4].item()) == pytest.approx(10.0 / 50.0, rel=1e-3)


def test_the_spring_swings_as_a_spring(world):
    """Undamped motion of a mass on a spring, to the accuracy of an implicit integrator."""
    w = world(ground=None, gravity=(0, 0, 0), dt=2e-3)
    env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    w.gym.create_actor(env, box(w), pose(0.3, 0, 1), "a", 0, 0)
    w.gym.create_rigid_body_attractor(env, attractor(0, 8.0, 0.0, target=pose(0, 0, 1)))
    w.num_envs = 0
    w.start()
    w.seconds(math.pi / 2)  # half a period at omega = sqrt(8 / 2) = 2 rad/s
    assert w.root[0, 0].item() == pytest.approx(-0.3, abs=4e-3)


def test_only_the_chosen_axes_pull(world):
    """Axes of the target's frame: its x is the world's y."""
    turned = pose(1.0, 1.0, 2.0, (0, 0, HALF, HALF))
    props = attractor(0, 100.0, 40.0, gymapi.AXIS_X, turned)
    w = attract(world, box, [[props]])
    w.seconds(3)
    assert w.root[0, :7].tolist() == pytest.approx([0, 1.0, 1, 0, 0, 0, 1], abs=1e-3)


def test_a_stiff_attractor_pulls_a_body_from_where_it_was_just_put(world):
    """At no more than 3 m/s, however far that is."""
    w = attract(world, box, [[attractor(0, 1e7, target=pose(0, 0, 1))]])
    w.step(2)
    w.root[0, 0] = 5.0
    w.set("actor_root_state", w.root)
    w.step()
    assert -3.1 < w.root[0, 7].item() < 0.0


def test_two_attractors_of_a_body_share_it(world):
    """Where their pulls are equal: 100 (1 - x) = 300 x; the third environment has none."""
    pair = [attractor(0, 100.0, target=pose(1, 0, 1)), attractor(0, 300.0, target=pose(0, 0, 1))]
    w = attract(world, box, [pair, pair[:1], []])
    w.seconds(4)
    assert w.root[:, 0].tolist() == pytest.approx([0.25, 1.0, 0.0], abs=1e-3)


def test_rotation_axes_turn_and_do_not_move(world):
    props = attractor(0, 100.0, 10.0, gymapi.AXIS_ROTATION, pose(5, 5, 5, (0, HALF, 0, HALF)))
    w = attract(world, box, [[props]])
    w.seconds(3)
    assert w.root[0, :3].tolist() == pytest.approx([0, 0, 1], abs=1e-5)
    assert w.root[0, 3:7].abs().tolist() == pytest.approx([0, HALF, 0, HALF], abs=1e-3)


def test_the_offset_is_what_reaches_the_target(world):
    """The body's corner goes to the target and turns into it."""
    offset = pose(0.1, 0.0, 0.0, (0, 0, -HALF, HALF))
    w = attract(world, box, [[attractor(0, 1e4, target=pose(1, 0, 1), offset=offset)]])
    w.seconds(4)
    # The body turns by a quarter about z, so that its x, along which the offset lies, is y.
    assert w.root[0, :7].tolist() == pytest.approx([1, -0.1, 1, 0, 0, HALF, HALF], abs=1e-3)


def test_targets_and_gains_change_while_simulating_per_environment(world):
    start = [[attractor(0, 1e4, target=pose(0, 0, 1))] for _ in range(3)]
    w = attract(world, box, start)
    for index, env in enumerate(w.envs):
        w.gym.set_attractor_target(env, w.handles[index], pose(0.5 * index, 0, 1))
    soft = w.gym.get_attractor_properties(w.envs[2], 0)
    assert soft.target.p.x == 1.0
    soft.stiffness = soft.damping = 0.0
    w.gym.set_attractor_properties(w.envs[2], 0, soft)
    w.seconds(3)
    assert w.root[:, 0].tolist() == pytest.approx([0, 0.5, 0], abs=1e-3)
    assert w.gym.get_attractor_properties(w.envs[0], 0).stiffness == 1e4


def test_environments_may_attract_different_bodies(world, robots):
    target = pose(1, 2, 3)
    wanted = [[], [attractor(0, 1e3, target=target)], [attractor(0, 1e3), attractor(0, 1e3)]]
    w = attract(world, box, wanted)
    assert w.handles == [0, 0, 1]
    w.seconds(3)
    expected = [[0, 0, 1], [1, 2, 3], [0, 0, 0]]
    assert torch.allclose(w.root[:, :3], torch.tensor(expected).float(), atol=1e-3)


def test_a_fixed_base_is_not_moved(world, robots):
    chain = lambda w: w.urdf(robots.chain(1), fix_base_link=True)  # noqa: E731
    w = attract(world, chain, [[attractor(0, 1e6, target=pose(5, 5, 5))]])
    w.seconds(0.5)
    assert w.body[0, :3].tolist() == [0, 0, 1]


@pytest.mark.parametrize("stiffness", [1e3, 1e5, 1e7])
@pytest.mark.parametrize("axes", [gymapi.AXIS_TRANSLATION, gymapi.AXIS_ALL])
def test_an_arm_follows_a_moving_target_at_any_stiffness(world, robots, stiffness, axes):
    """Six hinges, the target on a circle that the hand can reach, the start far from it."""
    arm = lambda w: w.urdf(robots.chain(6), fix_base_link=True)  # noqa: E731
    drives = {"driveMode": gymapi.DOF_MODE_NONE, "damping": 1.0, "stiffness": 0.0}
    props = attractor(6, stiffness, axes=axes)
    w = attract(world, arm, [[props]], (0, 0, 1), (0, 0, -9.81), drives)
    for step in range(300):
        angle = 0.01 * step
        target = pose(1.0 + 0.3 * np.cos(angle), 0, 1.5 + 0.3 * np.sin(angle))
        w.gym.set_attractor_target(w.envs[0], 0, target)
        w.step()
    assert w.gym.extensions.fault_counts(w.sim).sum() == 0
    assert torch.isfinite(w.body).all()
    assert w.dof[:, 1].abs().max() < 10
    goal = torch.tensor([target.p.x, target.p.y, target.p.z])
    assert (w.body[6, :3] - goal).norm() < (0.15 if stiffness < 1e4 else 0.03)


def test_attractors_on_distant_targets_stay_finite(world, robots):
    """Out of reach altogether: the arm stretches towards it."""
    arm = lambda w: w.urdf(robots.chain(6), fix_base_link=True)  # noqa: E731
    drives = {"driveMode": gymapi.DOF_MODE_NONE, "damping": 1.0, "stiffness": 0.0}
    props = attractor(6, 1e7, axes=gymapi.AXIS_TRANSLATION, target=pose(50, 0, 50))
    w = attract(world, arm, [[props]], (0, 0, 1), (0, 0, -9.81), drives)
    w.seconds(4)
    assert w.gym.extensions.fault_counts(w.sim).sum() == 0
    reach = w.body[6, :3] - w.body[1, :3]
    assert reach.norm().item() == pytest.approx(2.0, abs=0.05)
    assert (reach / reach.norm()).tolist() == pytest.approx([HALF, 0, HALF], abs=0.05)


def test_wrong_attractors_are_refused(world):
    w = world()
    env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    w.gym.create_actor(env, box(w), pose(0, 0, 1), "a", 0, 0)
    create = w.gym.create_rigid_body_attractor
    with pytest.raises(IndexError, match="rigid_handle 1 does not exist"):
        create(env, attractor(1, 10.0))
    with pytest.raises(ValueError, match="stiffness must be a number >= 0"):
        create(env, attractor(0, -1.0, 0.0))
    with pytest.raises(IndexError, match="attractor 0 does not exist"):
        w.gym.set_attractor_target(env, 0, pose(0, 0, 0))
    w.gym.prepare_sim(w.sim)
    with pytest.raises(RuntimeError, match="prepare_sim"):
        create(env, attractor(0, 1.0))
