"""A task's whole step, physics included, recorded and replayed: it is the step it records.

CUDA is pretended (`pretend_cuda`), Warp's CPU device does the physics and records its own graphs.
"""

import contextlib

import pytest
import torch
from pretend_cuda import no_waiting, pretend_cuda

from humanoid_gym.engine.backend import capture
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig
from humanoid_gym.tasks.humanoid import Humanoid, HumanoidConfig

NUM_ENVS, STEPS, SHORT_EPISODE = 4, 14, 9
TASKS = {"humanoid": (Humanoid, HumanoidConfig), "cartpole": (Cartpole, CartpoleConfig)}


@pytest.fixture
def cuda(monkeypatch):
    pytest.importorskip("mujoco_warp")
    with pretend_cuda(monkeypatch) as device:
        yield device


def results(name, capture):
    """What each of the steps returns, on the CPU, and whether the last one was replayed."""
    task_class, config_class = TASKS[name]
    config = config_class(num_envs=NUM_ENVS, episode_length=SHORT_EPISODE, capture=capture, seed=3)
    task = task_class(config, rl_device="cuda:0")
    task.reset()
    draw = torch.Generator().manual_seed(5)
    rows = []
    for _ in range(STEPS):
        actions = torch.rand(NUM_ENVS, task.num_actions, generator=draw) * 2 - 1
        actions = actions.to("cuda:0")
        with no_waiting() if task._step.captured else contextlib.nullcontext():
            obs, reward, reset, extras = task.step(actions)
        tensors = {"obs": obs["obs"], "reward": reward, "reset": reset}
        for key in ("time_outs", "final_observation", "faults"):
            tensors[key] = extras[key]
        tensors.update({f"term {k}": v for k, v in extras["reward_terms"].items()})
        tensors.update({f"metric {k}": v for k, v in extras["metrics"].items()})
        rows.append({key: value.cpu() for key, value in tensors.items()})
    captured = task._step.captured
    task.close()
    return rows, captured


@pytest.mark.parametrize("name", TASKS)
def test_replayed_steps_are_the_plain_ones(cuda, name):
    plain, captured = results(name, capture=False)
    assert not captured
    replayed, captured = results(name, capture=True)
    assert captured
    assert sum(int(row["time_outs"].sum()) for row in plain) > 0
    for step, (one, other) in enumerate(zip(plain, replayed, strict=True)):
        assert one.keys() == other.keys()
        for key, value in one.items():
            torch.testing.assert_close(other[key], value, rtol=0, atol=0, msg=f"{step} {key}")


def test_a_step_that_was_not_recorded_is_not_called_captured(cuda, monkeypatch):
    def refuse(recording, launcher):
        raise RuntimeError("physics cannot be recorded today")

    plain, _ = results("cartpole", capture=False)
    monkeypatch.setattr(capture.Recording, "warp", refuse)
    stepped, captured = results("cartpole", capture=True)
    assert not captured  # although it was tried
    for one, other in zip(plain, stepped, strict=True):
        for key, value in one.items():
            torch.testing.assert_close(other[key], value, rtol=0, atol=0)


def test_replayed_steps_are_watched(cuda, monkeypatch):
    pytest.importorskip("viser", reason="the extra browser is not installed")
    from web_page import WebPage, until

    monkeypatch.setenv("HUMANOID_GYM_VIEWER", "browser:0")
    monkeypatch.setattr("humanoid_gym.engine.frame_clock.time.sleep", lambda _: None)
    config = CartpoleConfig(num_envs=NUM_ENVS, seed=3)
    task = Cartpole(config, rl_device="cuda:0", graphics_device_id=0, headless=False)
    task.reset()
    push = torch.ones(NUM_ENVS, 1).to("cuda:0")
    with WebPage(task.viewer.address) as page:
        assert until(task.viewer.watched)
        for _ in range(STEPS):
            task.viewer._next_picture = 0.0  # whatever the time
            task.step(push)
        assert task._step.captured
        cart = task.wrap(task.gym.acquire_rigid_body_state_tensor(task.sim)).cpu()
        task.gym.refresh_rigid_body_state_tensor(task.sim)
        origins = [task.gym.get_env_origin(task.gym.get_env(task.sim, i)) for i in range(NUM_ENVS)]
        places = cart.view(NUM_ENVS, -1, 13)[:, 1, :3].numpy()
        shown = [places[i] + [o.x, o.y, o.z] - page_origin(task) for i, o in enumerate(origins)]
        assert until(lambda: all(is_shown(page, place) for place in shown))
    for _ in range(2):
        task.step(push)  # nobody watches: replayed, without asking the GPU
    until(lambda: not task.viewer.watched())
    with no_waiting():
        task.step(push)
    task.close()


def page_origin(task):
    """Where the frame of the pages is, global [m]."""
    return task.viewer._reference


def is_shown(page, place):
    """Whether the page has a shape about there."""
    return any(
        (abs(node["batched_positions"].reshape(-1, 3) - place) < 1e-3).all(axis=1).any()
        for name, node in list(page.nodes.items())
        if name.startswith("/shapes/")
    )
