"""Drives in all four modes: gains, targets, limits of effort, stability at any stiffness."""

import math

import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi

G = 9.81
POS, VEL = gymapi.DOF_MODE_POS, gymapi.DOF_MODE_VEL
NONE, EFFORT = gymapi.DOF_MODE_NONE, gymapi.DOF_MODE_EFFORT


def hinge(world, robots, mode, gravity=(0, 0, -G), engine=gymapi.SIM_PHYSX, **dofs):
    """A pendulum of 2 kg at 0.8 m with one drive."""
    w = world(ground=None, gravity=gravity, engine=engine)
    asset = w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True)
    return w.place(asset, (0, 0, 2), dofs={"driveMode": mode, **dofs}).start()


@pytest.mark.parametrize("mode", [NONE, EFFORT])
def test_gains_stay_active_without_a_target(world, robots, mode):
    """A passive spring and damper about zero, position targets ignored."""
    stiffness, damping = 40.0, 8.0
    w = hinge(world, robots, mode, gravity=(0, 0, 0), stiffness=stiffness, damping=damping)
    w.dof[0] = torch.tensor([0.5, 0.0])
    w.set("dof_state", w.dof)
    w.set("dof_position_target", [1.0])
    w.seconds(0.25)
    inertia = 2 * 0.8**2 + 0.4 * 2 * 0.05**2
    decay, root = damping / (2 * inertia), stiffness / inertia
    omega = math.sqrt(root - decay**2)
    t = 0.25
    expected = (
        0.5 * math.exp(-decay * t) * (math.cos(omega * t) + decay / omega * math.sin(omega * t))
    )
    assert w.dof[0, 0].item() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("mode", [NONE, EFFORT])
def test_flex_has_no_gains_without_a_target(world, robots, mode):
    gains = {"stiffness": 40.0, "damping": 8.0}
    w = hinge(world, robots, mode, gravity=(0, 0, 0), engine=gymapi.SIM_FLEX, **gains)
    w.dof[0] = torch.tensor([0.5, 1.0])
    w.set("dof_state", w.dof)
    w.seconds(0.25)
    assert w.dof[0].tolist() == pytest.approx([0.75, 1.0], abs=1e-4)
    assert w.dof_force[0].item() == 0.0


def test_flex_has_gains_with_a_target(world, robots):
    w = hinge(world, robots, POS, engine=gymapi.SIM_FLEX, stiffness=200.0, damping=40.0)
    w.set("dof_position_target", [0.6])
    w.seconds(4)
    q = w.dof[0, 0].item()
    assert 200 * (0.6 - q) == pytest.approx(2 * G * 0.8 * math.sin(q), rel=1e-3)


def test_position_drive_settles_where_spring_and_gravity_balance(world, robots):
    w = hinge(world, robots, POS, stiffness=200.0, damping=40.0)
    w.set("dof_position_target", [0.6])
    w.seconds(4)
    q = w.dof[0, 0].item()
    assert 200 * (0.6 - q) == pytest.approx(2 * G * 0.8 * math.sin(q), rel=1e-3)
    assert w.dof_force[0].item() == pytest.approx(200 * (0.6 - q), rel=1e-3)


def test_velocity_drive_turns_at_its_target(world, robots):
    w = hinge(world, robots, VEL, gravity=(0, 0, 0), damping=50.0)
    w.set("dof_velocity_target", [2.5])
    w.seconds(2)
    assert w.dof[0, 1].item() == pytest.approx(2.5, rel=1e-3)


def test_effort_drive_accelerates_by_torque_over_inertia(world, robots):
    w = hinge(world, robots, EFFORT, gravity=(0, 0, 0))
    w.set("dof_actuation_force", [3.0])
    w.seconds(0.5)
    inertia = 2 * 0.8**2 + 0.4 * 2 * 0.05**2
    assert w.dof[0, 1].item() == pytest.approx(3.0 / inertia * 0.5, rel=1e-4)
    assert w.dof_force[0].item() == pytest.approx(3.0)


def test_actuation_force_persists_and_is_not_clamped_by_effort(world, robots):
    w = hinge(world, robots, EFFORT, gravity=(0, 0, 0), effort=1.0)
    w.set("dof_actuation_force", [5.0])
    w.step()
    first = w.dof[0, 1].item()
    w.step()
    assert w.dof[0, 1].item() == pytest.approx(2 * first, rel=1e-3)


@pytest.mark.parametrize("mode", [NONE, POS, VEL])
def test_other_modes_ignore_actuation_forces(world, robots, mode):
    w = hinge(world, robots, mode, gravity=(0, 0, 0))
    w.set("dof_actuation_force", [50.0])
    w.seconds(0.2)
    assert w.dof[0].tolist() == [0.0, 0.0]


def test_effort_limits_a_position_drive(world, robots):
    """Too weak to lift the bob: it stays where gravity's torque equals the effort."""
    effort = 0.5 * 2 * G * 0.8
    w = hinge(world, robots, POS, stiffness=1e4, damping=100.0, effort=effort)
    w.set("dof_position_target", [math.pi / 2])
    w.dof[0] = torch.tensor([math.asin(0.5), 0.0])
    w.set("dof_state", w.dof)
    w.seconds(2)
    assert w.dof[0, 0].item() == pytest.approx(math.asin(0.5), abs=1e-4)
    assert w.dof_force[0].item() == pytest.approx(effort)


def test_an_effort_of_zero_makes_the_drive_powerless(world, robots):
    w = hinge(world, robots, POS, gravity=(0, 0, 0), stiffness=100.0, effort=0.0)
    w.set("dof_position_target", [1.0])
    w.seconds(0.5)
    assert w.dof[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("effort", [10.0, 100.0, 1000.0, None])
@pytest.mark.parametrize("stiffness", [1e2, 1e4, 1e7, 1e10])
@pytest.mark.parametrize("num_links", [1, 6])
@pytest.mark.parametrize("saturated", [False, True])
def test_drives_are_stable_at_any_stiffness(world, robots, num_links, stiffness, effort, saturated):
    """At rest they hold their target; saturated they neither explode nor bang to and fro."""
    w = world(ground=None, gravity=(0, 0, 0))
    asset = w.urdf(robots.chain(num_links), fix_base_link=True)
    limits = {} if effort is None else {"effort": effort}
    damping = 2 * math.sqrt(stiffness)
    w.place(asset, dofs={"driveMode": POS, "stiffness": stiffness, "damping": damping, **limits})
    w.start()
    target = 2.0 if saturated else 0.1
    w.set("dof_position_target", [target] * num_links)
    w.seconds(10)
    w.gym.set_sim_params(w.sim, w.gym.get_sim_params(w.sim))
    history = torch.stack([w.step().dof.clone() for _ in range(60)])
    assert torch.isfinite(history).all()
    assert w.gym.extensions.fault_counts(w.sim).sum() == 0
    assert np.ptp(history[..., 0].numpy(), axis=0).max() < 0.02
    assert history[-1, :, 0].tolist() == pytest.approx([target] * num_links, abs=0.02)


def test_stiff_drive_holds_a_chain_against_gravity(world, robots):
    w = world(ground=None)
    asset = w.urdf(robots.chain(4), fix_base_link=True)
    w.place(asset, dofs={"driveMode": POS, "stiffness": 1e7, "damping": 1e5}).start()
    w.seconds(2)
    assert w.dof[:, 0].abs().max() < 1e-4


def test_gains_read_back_as_they_were_set(world, robots):
    w = hinge(world, robots, POS, stiffness=1e9, damping=1e3, effort=10.0)
    w.step()
    props = w.gym.get_actor_dof_properties(w.envs[0], 0)
    assert (props["stiffness"][0], props["damping"][0]) == (1e9, 1e3)


def test_drive_mode_and_gains_change_while_simulating(world, robots):
    w = hinge(world, robots, EFFORT, gravity=(0, 0, 0))
    w.set("dof_actuation_force", [1.0])
    w.seconds(0.2)
    state = w.dof.clone()
    w.set_dofs(w.envs[0], 0, driveMode=POS, stiffness=500.0, damping=100.0)
    w.refresh()
    assert torch.equal(w.dof, state)
    w.set("dof_position_target", [-0.4])
    w.seconds(3)
    assert w.dof[0, 0].item() == pytest.approx(-0.4, abs=1e-3)


def test_a_target_outlives_a_change_of_gains(world, robots):
    gains = {"stiffness": 20.0, "damping": 50.0}
    w = hinge(world, robots, POS, gravity=(0, 0, 0), **gains)
    w.set("dof_position_target", [0.5])
    w.step()
    w.set_dofs(w.envs[0], 0, stiffness=100.0)
    w.seconds(5)
    assert w.dof[0, 0].item() == pytest.approx(0.5, abs=1e-3)


def test_gains_differ_between_environments(world, robots):
    w = world(ground=None, num_envs=3)
    asset = w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True)
    w.place(asset, (0, 0, 2), dofs={"driveMode": POS, "stiffness": 100.0, "damping": 30.0}).start()
    for env, stiffness in zip(w.envs, (50.0, 100.0, 400.0), strict=True):
        w.set_dofs(env, 0, stiffness=stiffness)
    w.set("dof_position_target", [0.5] * 3)
    w.seconds(5)
    for q, stiffness in zip(w.dof[:, 0].tolist(), (50.0, 100.0, 400.0), strict=True):
        assert stiffness * (0.5 - q) == pytest.approx(2 * G * 0.8 * math.sin(q), rel=1e-3)


def test_a_driven_and_a_passive_spring_are_alike(world, robots):
    """One DOF, driven towards zero in one environment and in mode NONE in the other."""
    stiffness, inertia = 40.0, 2 * 0.8**2 + 0.4 * 2 * 0.05**2
    w = world(ground=None, gravity=(0, 0, 0), num_envs=2, dt=0.002)
    asset = w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True)
    w.place(asset, dofs={"driveMode": NONE, "stiffness": stiffness, "damping": 0.0})
    w.start(edit=lambda _, env, index: index or w.set_dofs(env, 0, driveMode=POS))
    w.dof[:, 0] = 0.5
    w.set("dof_state", w.dof)
    w.seconds(0.25)
    expected = 0.5 * math.cos(math.sqrt(stiffness / inertia) * 0.25)
    assert w.dof[:, 0].tolist() == pytest.approx([expected] * 2, abs=0.01)


def test_armature_adds_to_the_inertia(world, robots):
    w = hinge(world, robots, EFFORT, gravity=(0, 0, 0), armature=1.5)
    w.set("dof_actuation_force", [3.0])
    w.seconds(0.5)
    inertia = 2 * 0.8**2 + 0.4 * 2 * 0.05**2 + 1.5
    assert w.dof[0, 1].item() == pytest.approx(3.0 / inertia * 0.5, rel=1e-4)


def test_armature_differs_between_environments_after_prepare(world, robots):
    w = world(ground=None, gravity=(0, 0, 0), num_envs=2)
    asset = w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True)
    w.place(asset, dofs={"driveMode": EFFORT}).start()
    w.set_dofs(w.envs[1], 0, armature=1.5)
    w.set("dof_actuation_force", [3.0, 3.0])
    w.seconds(0.5)
    inertia = 2 * 0.8**2 + 0.4 * 2 * 0.05**2
    expected = [3.0 / inertia * 0.5, 3.0 / (inertia + 1.5) * 0.5]
    assert w.dof[:, 1].tolist() == pytest.approx(expected, rel=1e-4)


def test_friction_coefficient_takes_its_share_of_the_force(world, robots):
    w = hinge(world, robots, EFFORT, gravity=(0, 0, 0), friction=0.25)
    w.set("dof_actuation_force", [4.0])
    w.seconds(0.5)
    inertia = 2 * 0.8**2 + 0.4 * 2 * 0.05**2
    assert w.dof[0, 1].item() == pytest.approx(0.75 * 4.0 / inertia * 0.5, rel=0.02)
