"""A step that Warp recorded does what the step itself does, at any number of solver iterations."""

import pytest
import torch

pytest.importorskip("mujoco_warp")


@pytest.fixture
def tumbling(world, monkeypatch):
    """Boxes that fall on each other in three environments, with a solver of so many iterations."""
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", "warp")

    def build(iterations):
        w = world(num_envs=3)
        box = w.box(0.2, 0.3, 0.25)
        for i in range(3):
            w.place(box, (0.05 * i, 0.0, 0.2 + 0.35 * i), (0.1 * i, 0.2, 0.0, 0.95))
        w.start()
        w.root.view(3, 3, 13)[1:, :, 7] = 1.0
        w.set("actor_root_state", w.root)
        w.simulation.backend._model.opt.iterations = iterations
        return w.simulation.backend

    return build


@pytest.mark.parametrize("iterations", [1, 3, 100])
def test_replaying_is_stepping(tumbling, iterations):
    replayed, stepped = tumbling(iterations), tumbling(iterations)
    replayed.graphs.clear()
    largest = 0
    for _ in range(40):
        replayed.step(2)
        with stepped._stream():
            stepped._advance(2, True)
        assert torch.equal(replayed.save(), stepped.save())
        largest = max(largest, int(replayed._data.solver_niter.numpy().max()))
        assert (replayed._data.solver_niter.numpy() == stepped._data.solver_niter.numpy()).all()
    assert all(graph is not None for graph in replayed.graphs._graphs.values())
    assert largest == min(iterations, largest)
    assert largest > 1 or iterations == 1
    assert largest < 50  # the loop ended early where it could


def test_a_field_that_becomes_each_environments_own_is_in_the_next_step(tumbling):
    """Its array is another one: what was recorded before works on the old one."""
    backend = tumbling(100)
    for _ in range(4):
        backend.step(1)
    backend.model_field("opt.gravity")[1, 2] = 30.0
    before = backend.state("qvel")[:, 2].clone()
    backend.step(1)
    rises = backend.state("qvel")[:, 2] - before
    assert rises[1] > 0.1
    assert rises[[0, 2]].max() < 0.1
