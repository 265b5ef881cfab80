"""An environment that became unstable begins anew; what a program has set goes on acting on it."""

import pytest
import torch
from worlds import pendulum

from humanoid_gym.engine import gymapi

N, SPOILT = 3, 1
MASS, LENGTH, RADIUS = 2.0, 0.8, 0.05
INERTIA = MASS * LENGTH**2 + 0.4 * MASS * RADIUS**2


@pytest.fixture
def pendulums(world):
    """Weightless pendulums; one substep, after which both backends look for faults."""

    def build(**dofs):
        w = world(num_envs=N, ground=None, gravity=(0, 0, 0), substeps=1)
        text = pendulum(MASS, LENGTH, RADIUS, joint="continuous")
        return w.place(w.urdf(text, fix_base_link=True), dofs=dofs).start()

    return build


def spoil(w):
    w.dof[SPOILT, 1] = float("nan")
    w.set("dof_state", w.dof)
    w.step()
    counts = w.gym.extensions.fault_counts(w.sim)
    assert counts.tolist() == [int(env == SPOILT) for env in range(N)]
    assert w.dof[SPOILT].tolist() == [0.0, 0.0], "it begins anew"


def test_actuation_forces_go_on(pendulums):
    w = pendulums(driveMode=gymapi.DOF_MODE_EFFORT)
    torques = torch.tensor([0.5, 1.0, 2.0])
    w.set("dof_actuation_force", torques)
    w.step(3)
    spoil(w)
    before = w.dof[:, 1].clone()
    gained = (w.step(10).dof[:, 1] - before) / (10 * w.dt)
    assert gained.tolist() == pytest.approx((torques / INERTIA).tolist(), rel=1e-4)


def test_targets_go_on(pendulums):
    w = pendulums(driveMode=gymapi.DOF_MODE_POS, stiffness=100.0, damping=20.0)
    w.set("dof_position_target", torch.full((N,), 0.5))
    w.step(5)
    spoil(w)
    w.step(300)
    assert w.dof[:, 0].tolist() == pytest.approx([0.5] * N, abs=1e-3)


@pytest.mark.parametrize("force", [float("nan"), float("inf"), 1e30])
def test_forces_that_nothing_can_follow_end(pendulums, force):
    w = pendulums(driveMode=gymapi.DOF_MODE_EFFORT)
    torques = torch.ones(N)
    torques[SPOILT] = force
    w.set("dof_actuation_force", torques)
    w.step(5)
    assert w.gym.extensions.fault_counts(w.sim).tolist() == [0, 1, 0]
    assert w.dof.isfinite().all()
    assert w.dof[SPOILT].tolist() == [0.0, 0.0]
