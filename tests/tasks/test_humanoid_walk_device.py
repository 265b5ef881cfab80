"""A step of the walking task for a GPU: on one device, without waiting, and as a recording."""

from types import SimpleNamespace

import pytest
import torch
from legged_settings import legged
from pretend_cuda import pretend_cuda
from replayed_steps import returned_by_steps
from sync_guard import SyncGuard
from test_device_purity import ELSEWHERE, elsewhere
from walking_settings import LEGS, commands, config, settings

from humanoid_gym.tasks.captured_step import WARM_UP_STEPS
from humanoid_gym.tasks.legged import legged_robot
from humanoid_gym.tasks.snapshot import moved
from humanoid_gym.tasks.walking.walk import Walk

N, EPISODE, STEPS = 4, 7, 9
SETTINGS = {
    "asset": LEGS,
    "commands": commands(hold=[0.04, 0.1]),
    "num_envs": N,
    "seed": 3,
    "episode_length": EPISODE,
    "history": 2,
}
DRIVES = ["position", "torque"]
DISTURBED = {
    **settings("randomization/full"),
    "gravity_interval": 0.0,  # changing it is the host's work
    "velocity_push": {"interval": [0.04, 0.1], "speed": [0.0, 1.0], "spin": [0.0, 0.5]},
    "force_push": {"interval": [0.04, 0.1], "force": [0.0, 60.0], "duration": [0.02, 0.06]},
}
ROUGH = {**settings("terrain/rough"), "levels": 2, "columns": 8, "tile_size": 4.0, "border": 2.0}
SURROUNDINGS = {
    "plane": {},
    "randomized": {"randomization": DISTURBED},
    "randomized on rough ground": {"randomization": DISTURBED, "terrain": ROUGH},
}


@pytest.mark.parametrize(("drive", "feet"), [("position", 2), ("torque", 2), ("position", 4)])
def test_a_step_stays_on_the_device(drive, feet, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(legged_robot, "gymtorch", SimpleNamespace(unwrap_tensor=lambda x: x))
    settings = {**SETTINGS, "drive": drive}
    if feet == 4:
        del settings["asset"]
    task = elsewhere(Walk(config(**settings) if feet == 2 else legged(tmp_path, **settings)))
    robot = {name: moved(value, ELSEWHERE) for name, value in task.robot._asdict().items()}
    task.robot = task.robot._replace(**robot)
    gait = {name: moved(value, ELSEWHERE) for name, value in task.gait._asdict().items()}
    task.gait = task.gait._replace(**gait)
    task.course.device = ELSEWHERE
    task.rewards = task._reward_table()
    with SyncGuard():
        task.reset()
        results, reward, reset, extras = task.step(torch.zeros(N, 12, device=ELSEWHERE))
    seen = [*results.values(), reward, reset]
    for value in extras.values():
        seen += value.values() if isinstance(value, dict) else [value]
    assert len(seen) > 30
    assert {value.device for value in seen} == {ELSEWHERE}


def test_replayed_steps_on_four_feet_are_the_plain_ones(tmp_path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("mujoco_warp")
    changes = {"num_envs": N, "seed": 3, "episode_length": EPISODE}
    with pretend_cuda(monkeypatch):
        plain, replayed = (
            returned_by_steps(Walk, legged(tmp_path, **changes, capture=on), STEPS)
            for on in (False, True)
        )
    for step, (one, other) in enumerate(zip(plain, replayed, strict=True)):
        for key, value in one.items():
            torch.testing.assert_close(other[key], value, rtol=0, atol=0, msg=f"{step} {key}")


@pytest.mark.parametrize(
    ("drive", "where"),
    [*[(drive, "plane") for drive in DRIVES], *[("position", name) for name in SURROUNDINGS][1:]],
)
def test_replayed_steps_are_the_plain_ones(drive, where, monkeypatch: pytest.MonkeyPatch):
    """CUDA is pretended, Warp's CPU device does the physics and records its own graphs."""
    pytest.importorskip("mujoco_warp")
    changes = {**SETTINGS, "drive": drive, **SURROUNDINGS[where]}
    with pretend_cuda(monkeypatch):
        plain, replayed = (
            returned_by_steps(Walk, config(**changes, capture=on), STEPS) for on in (False, True)
        )
    assert sum(int(row["time_outs"].sum()) for row in plain) > 0
    for step, (one, other) in enumerate(zip(plain, replayed, strict=True)):
        for key, value in one.items():
            torch.testing.assert_close(other[key], value, rtol=0, atol=0, msg=f"{step} {key}")
    if where != "plane":
        for push in ("velocity_push", "force_push"):
            assert any(row[f"randomization{push}"].any() for row in plain[WARM_UP_STEPS + 1 :])
