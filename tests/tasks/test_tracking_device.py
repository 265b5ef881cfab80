"""A step of the tracking task for a GPU: on one device, without waiting, and as a recording."""

from types import SimpleNamespace

import pytest
import torch
from pretend_cuda import pretend_cuda
from replayed_steps import returned_by_steps
from sync_guard import SyncGuard
from test_device_purity import ELSEWHERE, elsewhere
from test_humanoid_walk_device import DISTURBED
from tracking_settings import ON_LEGS, config, motion

from humanoid_gym.tasks.legged import legged_robot
from humanoid_gym.tasks.snapshot import moved
from humanoid_gym.tasks.tracking import motion_tracking
from humanoid_gym.tasks.tracking.motion_tracking import MotionTracking

N, EPISODE, STEPS = 4, 6, 9
SETTINGS = {**ON_LEGS, "num_envs": N, "seed": 3, "episode_length": EPISODE}
CASES = {
    "sampled": {"motion": motion(files=["resources/motions/humanoid24/*.csv"])},
    "beginning": {"motion": motion(start="beginning"), "observe_position": True},
    "torque": {"drive": "torque"},
    "disturbed": {"randomization": DISTURBED},
}


def test_a_step_stays_on_the_device(monkeypatch: pytest.MonkeyPatch):
    shared = SimpleNamespace(unwrap_tensor=lambda x: x)
    for module in (legged_robot, motion_tracking):
        monkeypatch.setattr(module, "gymtorch", shared)
    task = elsewhere(MotionTracking(config(**SETTINGS)))
    robot = {name: moved(value, ELSEWHERE) for name, value in task.robot._asdict().items()}
    task.robot = task.robot._replace(**robot)
    motions = {name: moved(value, ELSEWHERE) for name, value in task.motions._asdict().items()}
    motions["frames"] = type(task.motions.frames)(
        *(moved(value, ELSEWHERE) for value in task.motions.frames)
    )
    task.motions = task.motions._replace(**motions)
    task.course.device = ELSEWHERE
    task.rewards = task._reward_table()
    with SyncGuard():
        task.reset()
        results, reward, reset, extras = task.step(torch.zeros(N, 12, device=ELSEWHERE))
    seen = [*results.values(), reward, reset]
    for value in extras.values():
        seen += value.values() if isinstance(value, dict) else [value]
    assert len(seen) > 20
    assert {value.device for value in seen} == {ELSEWHERE}


@pytest.mark.parametrize("case", CASES)
def test_replayed_steps_are_the_plain_ones(case, monkeypatch: pytest.MonkeyPatch):
    """CUDA is pretended, Warp's CPU device does the physics and records its own graphs."""
    pytest.importorskip("mujoco_warp")
    changes = {**SETTINGS, **CASES[case]}
    with pretend_cuda(monkeypatch):
        plain, replayed = (
            returned_by_steps(MotionTracking, config(**changes, capture=on), STEPS)
            for on in (False, True)
        )
    assert sum(int(row["reset"].sum()) for row in plain) >= N
    for step, (one, other) in enumerate(zip(plain, replayed, strict=True)):
        for key, value in one.items():
            torch.testing.assert_close(other[key], value, rtol=0, atol=0, msg=f"{step} {key}")
