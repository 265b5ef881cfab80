"""Pushes change momentum as stated, at the stated times; episodes begin where stated."""

import math

import pytest
import torch
from scipy import stats
from small_tasks import ARM, DT, MASS, run

from humanoid_gym.randomization.batch import Batch
from humanoid_gym.randomization.configuration import ForcePush, VelocityPush
from humanoid_gym.randomization.pushes import Clock, ForcePushes, Sizes, VelocityPushes
from humanoid_gym.randomization.ranges import Schedule
from humanoid_gym.rotation import quat_conjugate, quat_from_euler_xyz, quat_multiply

LEAST_P = 0.01


def test_a_blow_changes_the_velocity_by_what_is_reported(small, backend):
    push = {"interval": [5 * DT, 10 * DT], "speed": [0.5, 1.0], "spin": [0.1, 0.3]}
    task = small(randomization={"velocity_push": push}, gravity=0.0)
    total = torch.zeros(8, 6)
    for _ in range(20):
        before = task.root[:, 7:13].clone()
        change = run(task)["velocity_push"]
        torch.testing.assert_close(task.root[:, 7:10] - before[:, :3], change[:, :3])
        total += change
    assert (total[:, :2].abs().sum(-1) > 0).all()
    assert (total[:, 2] == 0).all()


def test_a_blow_spins_a_body_about_a_principal_axis(small):
    """The free slab keeps its angular momentum, so its angular velocity may turn; not at once."""
    push = {"interval": [DT, DT], "speed": [0.0, 0.0], "spin": [0.2, 0.2]}
    task = small(randomization={"velocity_push": push}, gravity=0.0)
    change = run(task)["velocity_push"]
    torch.testing.assert_close(task.root[:, 10:13], change[:, 3:], atol=2e-4, rtol=0.0)


def test_blows_come_at_the_stated_times_with_the_stated_sizes(small):
    push = {"interval": [5 * DT, 15 * DT], "speed": [0.2, 0.8]}
    task = small(randomization={"velocity_push": push}, gravity=0.0, num_envs=200)
    changes = torch.stack([run(task)["velocity_push"].clone() for _ in range(60)])
    sizes = changes.norm(dim=-1)
    found = sizes[sizes > 0]
    assert stats.kstest(found.numpy(), stats.uniform(0.2, 0.6).cdf).pvalue > LEAST_P
    angles = torch.atan2(changes[..., 1], changes[..., 0])[sizes > 0]
    around = stats.uniform(-math.pi, 2 * math.pi)
    assert stats.kstest(angles.numpy(), around.cdf).pvalue > LEAST_P
    gaps = torch.cat([torch.diff((sizes[:, i] > 0).nonzero().flatten()) for i in range(200)])
    assert gaps.min() == 5
    assert gaps.max() == 15
    # rounding gives the ends half the share of the others
    counts = torch.bincount(gaps, minlength=16)[5:].double()
    assert 5 <= counts[0] < counts[1:10].mean()


def test_a_push_changes_momentum_by_force_times_duration(small, backend):
    push = {"interval": [0.2, 0.2], "force": [4.0, 8.0], "duration": [0.05, 0.1]}
    task = small(randomization={"force_push": push}, gravity=0.0)
    impulse, ended = torch.zeros(8, 3), []
    acting = torch.zeros(8, dtype=torch.bool)
    for _ in range(60):
        force = run(task)["force_push"]
        impulse += force * DT
        now = force.norm(dim=-1) > 0
        ended.append(acting & ~now)
        acting = now
    torch.testing.assert_close(task.root[:, 7:10], impulse / MASS, rtol=1e-4, atol=1e-5)
    assert (torch.stack(ended).sum(0) > 0).all()


def test_pushes_last_as_long_as_stated(small):
    push = {"interval": [0.05, 0.1], "force": [1.0, 1.0], "duration": [3 * DT, 6 * DT]}
    task = small(randomization={"force_push": push}, gravity=0.0, num_envs=100)
    forces = torch.stack([run(task)["force_push"].clone() for _ in range(80)])
    acts = (forces.norm(dim=-1) > 0).int()
    edges = torch.diff(acts, dim=0)
    lengths = []
    for i in range(100):
        begins = (edges[:, i] == 1).nonzero().flatten().tolist()
        ends = (edges[:, i] == -1).nonzero().flatten().tolist()
        ends = [end for end in ends if begins and end > begins[0]]
        lengths += [end - begin for begin, end in zip(begins, ends, strict=False)]
    assert (min(lengths), max(lengths)) == (3, 6)
    assert all(float(f) == pytest.approx(1.0, rel=1e-5) for f in forces[acts.bool()].norm(dim=-1))


def test_a_push_hits_the_named_body_for_all_simulation_steps(small):
    """The arm's hinge turns by torque = lever x force, whatever the decimation."""
    push = {"interval": [1.0, 1.0], "force": [2.0, 2.0], "duration": [1.0, 1.0], "bodies": ["arm"]}
    task = small(ARM, {"force_push": push}, fixed=True, control_frequency_inv=4)
    for _ in range(40):
        before = task.joint.clone()
        force = run(task)["force_push"]
        lever = 0.4 * torch.stack((before[:, 0].cos(), before[:, 0].sin(), 0 * before[:, 0]), -1)
        torque = torch.linalg.cross(lever, force)[:, 2]
        gained = (task.joint[:, 1] - before[:, 1]) / (4 * DT)
        inertia = 0.05 + 1.5 * 0.4**2 + 0.3
        torch.testing.assert_close(gained, torque / inertia, rtol=0.05, atol=0.05)
    assert task.joint[:, 1].abs().max() > 0.1


def test_the_schedule_lets_pushes_grow(small):
    push = {
        "interval": [DT, DT],
        "speed": [1.0, 1.0],
        "schedule": {"steps": 10, "start": 0.5},
    }
    task = small(randomization={"velocity_push": push}, gravity=0.0, num_envs=2)
    for step in range(1, 15):
        size = run(task)["velocity_push"].norm(dim=-1)
        expected = min(1.0, 0.5 + 0.05 * step)
        torch.testing.assert_close(size, torch.full((2,), expected), rtol=1e-5, atol=0.0)


def batch(num_envs: int) -> Batch:
    return Batch(num_envs, torch.device("cpu"), torch.Generator().manual_seed(1), False, DT)


def test_spins_have_the_stated_sizes_and_any_direction():
    """Of points that are spread evenly over a sphere each coordinate is uniform (Archimedes)."""
    spins = Sizes((0.1, 0.3), None, batch(5000)).spatial(torch.tensor(0))
    sizes = spins.norm(dim=-1)
    assert stats.kstest(sizes.numpy(), stats.uniform(0.1, 0.2).cdf).pvalue > LEAST_P
    for coordinate in (spins.T / sizes).numpy():
        assert stats.kstest(coordinate, stats.uniform(-1.0, 2.0).cdf).pvalue > LEAST_P


def test_the_first_events_do_not_come_together():
    """Between now and the longest interval, although no interval is shorter than 5 s."""
    seconds = DT * Clock((5.0, 10.0), batch(5000)).left
    assert stats.kstest(seconds.numpy(), stats.uniform(0.0, 10.0).cdf).pvalue > LEAST_P


def test_no_time_is_shorter_than_a_step():
    assert Clock((DT, DT), batch(3)).steps((0.0, 0.4 * DT)).tolist() == [1.0, 1.0, 1.0]


EACH_STEP = {"interval": (DT, DT), "schedule": Schedule(steps=10, start=0.5)}


def test_spins_and_forces_grow_with_the_schedule():
    blows = VelocityPushes(VelocityPush(spin=(1.0, 1.0), **EACH_STEP), batch(2))
    pushes = ForcePushes(ForcePush(force=(1.0, 1.0), **EACH_STEP), [0], 1, batch(2))
    assert blows.advance(torch.tensor(4))
    pushes.advance(torch.tensor(4))
    for vector in (blows.change[:, 3:], pushes.force):
        torch.testing.assert_close(vector.norm(dim=-1), torch.full((2,), 0.5 + 4 * 0.05))


def test_each_push_hits_one_of_the_bodies_all_equally_often():
    pushes = ForcePushes(ForcePush(interval=(DT, DT)), [1, 3, 4], 6, batch(6000))
    pushes.advance(torch.tensor(0))
    hit = pushes.forces.norm(dim=-1) > 0.0
    assert (hit.sum(1) == 1).all()
    assert not hit[:, [0, 2, 5]].any()
    assert stats.chisquare(hit.sum(0)[[1, 3, 4]].numpy()).pvalue > LEAST_P


def test_a_push_stays_as_it_began_while_others_begin():
    some = ForcePush(interval=(DT, 20 * DT), force=(1.0, 2.0), duration=(5 * DT, 10 * DT))
    pushes, seen = ForcePushes(some, [0, 1, 2], 3, batch(50)), []
    for step in range(60):
        pushes.advance(torch.tensor(step))
        seen.append(pushes.forces.clone())
    forces = torch.stack(seen)
    acts = forces.abs().amax((2, 3)) > 0.0
    goes_on = acts[1:] & acts[:-1]  # between two pushes there is a step without
    assert torch.equal(forces[1:][goes_on], forces[:-1][goes_on]) and goes_on.sum() > 500


def test_a_push_ends_with_the_episode():
    lasting = ForcePush(interval=(DT, DT), force=(1.0, 1.0), duration=(1.0, 1.0))
    pushes = ForcePushes(lasting, [0], 1, batch(4))
    pushes.advance(torch.tensor(0))
    pushes.reset(torch.tensor([True, False, False, True]))
    pushes.advance(torch.tensor(1))
    assert pushes.force.norm(dim=-1).tolist() == pytest.approx([0.0, 1.0, 1.0, 0.0])


def test_the_first_state_is_shifted_by_what_was_drawn(small):
    names = ("position", "rotation", "velocity", "angular_velocity")
    randomization = {f"initial_{name}": {"range": [-0.3, 0.3]} for name in names}
    task = small(randomization=randomization, num_envs=500)
    drawn = task.randomization.draws()
    root, start = task.root, task.start
    torch.testing.assert_close(root[:, :3] - start[:, :3], drawn["initial_position"])
    torch.testing.assert_close(root[:, 7:10], drawn["initial_velocity"])
    torch.testing.assert_close(root[:, 10:13], drawn["initial_angular_velocity"])
    turn = quat_multiply(root[:, 3:7], quat_conjugate(start[:, 3:7]))
    expected = quat_from_euler_xyz(*drawn["initial_rotation"].unbind(-1))
    left = quat_multiply(turn, quat_conjugate(expected))[:, :3].norm(dim=-1)  # sin(angle / 2)
    assert left.max() < 0.5e-3
    for name in names:
        column = drawn[f"initial_{name}"][:, 1].numpy()
        assert stats.kstest(column, stats.uniform(-0.3, 0.6).cdf).pvalue > LEAST_P


def test_joints_begin_shifted_by_what_was_drawn(small):
    names = ("initial_joint_position", "initial_joint_velocity")
    task = small(ARM, {name: {"range": [0.1, 0.5]} for name in names}, fixed=True)
    drawn = task.randomization.draws()
    torch.testing.assert_close(task.joint, torch.cat([drawn[name] for name in names], -1))
