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

from humanoid_gym.tasks.captured_step import WARM_UP_STEPS
from humanoid_gym.tasks.legged import legged_robot
from humanoid_gym.tasks.snapshot import moved
from humanoid_gym.tasks.tracking.motion_tracking import FORGETTING, MotionTracking

N, EPISODE, STEPS = 4, 6, 14
LIMITS = {"height": 1.0, "tilt": 1.0, "limb_height": 0.025}
CAUSES = ("height", "tilt", "limb")
STATE = ("frame", "first_frame", "turn", "visits", "failures")
SETTINGS = {**ON_LEGS, "num_envs": N, "seed": 3, "episode_length": EPISODE, "limits": LIMITS}
CASES = {
    "sampled": {"motion": motion(files=["resources/motions/humanoid24/*.csv"])},
    "beginning": {
        "motion": motion(start="beginning"),
        "observe_position": True,
        "limits": {**LIMITS, "limb_height": 0.014},
    },
    "torque": {"drive": "torque"},
    "disturbed": {"randomization": DISTURBED},
}


def test_a_step_stays_on_the_device(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(legged_robot, "gymtorch", SimpleNamespace(unwrap_tensor=lambda x: x))
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
    """CUDA is pretended, Warp's CPU device does the physics and records its own graphs.

    Episodes end by time and by losses, also after the step is recorded, and both are counted.
    """
    pytest.importorskip("mujoco_warp")
    changes = {**SETTINGS, **CASES[case]}
    with pretend_cuda(monkeypatch):
        plain, replayed = (
            returned_by_steps(MotionTracking, config(**changes, capture=on), STEPS, STATE)
            for on in (False, True)
        )
    replays = plain[WARM_UP_STEPS + 1 :]
    assert sum(int(row["time_outs"].sum()) for row in replays) > 0
    assert sum(int(row["terminationslimb"].sum()) for row in replays) > 0
    lost = [int(sum(row["terminations" + name].sum() for name in CAUSES)) for row in plain]
    forgotten = (1.0 - FORGETTING) ** STEPS
    assert sum(lost) * forgotten <= plain[-1]["failures"].sum() <= sum(lost)
    for step, (one, other) in enumerate(zip(plain, replayed, strict=True)):
        for key, value in one.items():
            torch.testing.assert_close(other[key], value, rtol=0, atol=0, msg=f"{step} {key}")
