"""The engine on a real GPU: streams, graphs, memory; all of one scene, which compiles once.

What a GPU computes is compared with MuJoCo's own numbers; test_gpu_path.py does the rest without.
"""

import gc
import logging

import pytest
import torch
from worlds import World

from humanoid_gym.engine import gymapi, gymtorch
from humanoid_gym.engine.backend import overflow
from humanoid_gym.engine.backend.choice import what_gpu_physics_lacks

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(what_gpu_physics_lacks() is not None, reason="needs physics on a GPU"),
]
GPU = torch.device("cuda", 0)
N = 4


@pytest.fixture
def build(tmp_path, robots):
    """Four boxes that fall and four pendulums that swing, on the GPU or elsewhere."""

    def made(**params):
        world = World(tmp_path, N, **{"use_gpu_pipeline": True, **params})
        world.place(world.box(0.2, 0.2, 0.2), (1.0, 0.0, 0.2), (0.1, 0.2, 0.0, 0.95))
        asset = world.urdf(robots.pendulum(), fix_base_link=True)
        world.place(asset, (0, 0, 2), dofs={"driveMode": gymapi.DOF_MODE_EFFORT})
        world.start()
        push(world, 0.5)
        return world

    return made


def push(world, force):
    torques = torch.full((N,), force, device=world.root.device)
    world.gym.set_dof_actuation_force_tensor(world.sim, gymtorch.unwrap_tensor(torques))


def states(world):
    return torch.cat([world.root.flatten(), world.dof.flatten(), world.body.flatten()]).cpu()


def test_the_gpu_agrees_with_mujoco(build, monkeypatch):
    ours = build()
    assert ours.simulation.device == GPU
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", "mujoco")
    exact = build(use_gpu_pipeline=False)
    for _ in range(30):
        torch.testing.assert_close(states(ours.step()), states(exact.step()), atol=2e-3, rtol=2e-3)


def test_every_stream_of_pytorch_has_its_order(build, caplog):
    """On the default stream, on others, and on one that simulations used that are gone."""
    expected = build()
    stream = torch.cuda.Stream(GPU)
    for _ in range(2):
        with torch.cuda.stream(stream):
            world = build()
            for _ in range(4):
                world.step()
            came = states(world)
        torch.testing.assert_close(came, states(world), atol=0, rtol=0)
        del world
        gc.collect()
    torch.testing.assert_close(came, states(expected.step(4)), atol=1e-4, rtol=1e-4)
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_recorded_function_goes_on_as_the_plain_one(build):
    generator = torch.Generator(GPU).manual_seed(0)
    noise = torch.zeros(N, device=GPU)
    world = build()

    def step():
        noise.copy_(torch.rand(N, generator=generator, device=GPU))
        world.gym.set_dof_actuation_force_tensor(world.sim, gymtorch.unwrap_tensor(noise))
        world.step()

    for _ in range(3):
        step()
    recorded = world.gym.extensions.capture(world.sim, step, [generator])
    recorded()
    for _ in range(5):
        state, saved = generator.get_state(), world.gym.extensions.save_state(world.sim)
        recorded()
        came, drawn = states(world), noise.clone()
        assert not recorded.failed
        generator.set_state(state)
        world.gym.extensions.load_state(world.sim, saved)
        step()
        assert torch.equal(drawn, noise)
        torch.testing.assert_close(came, states(world), atol=1e-4, rtol=1e-4)


def test_a_recording_that_fails_spoils_nothing(build, caplog):
    generator = torch.Generator(GPU).manual_seed(0)
    sound, spoilt = build(), build()
    drawn = torch.zeros(N, device=GPU)

    def step():
        drawn.copy_(torch.rand(N, generator=generator, device=GPU))
        sound.step()

    def step_that_waits():
        step()
        spoilt.step()
        assert float(spoilt.root.sum().item()) < torch.inf

    for _ in range(3):
        step_that_waits()
    recorded = sound.gym.extensions.capture(sound.sim, step, [generator])
    failing = spoilt.gym.extensions.capture(spoilt.sim, step_that_waits, [generator])
    recorded()
    failing()
    assert failing.failed
    assert not recorded.failed
    assert "could not be captured" in caplog.text
    for _ in range(3):
        before = drawn.clone()
        for again in (recorded, failing, step):
            again()
            assert not torch.equal(before, drawn)
            torch.cuda.empty_cache()
    assert torch.rand(8, device=GPU).isfinite().all()
    again = spoilt.gym.extensions.capture(spoilt.sim, spoilt.step, [generator])
    again()
    assert not again.failed


def test_what_was_dropped_is_read_without_waiting(build, monkeypatch, caplog):
    monkeypatch.setattr(overflow, "LOOK_EVERY", 2)
    world = build()
    watch = world.simulation.backend._overflow
    world.simulation.backend._data.overflow.fill_(1)
    torch.cuda.set_sync_debug_mode("default")
    for _ in range(6):
        world.gym.simulate(world.sim)
        torch.cuda.synchronize()
    assert watch.counts["constraints"] == N
    assert "constraints" in caplog.text
