"""A step that Warp recorded does what the step itself does, at any number of solver iterations."""

import contextlib

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


def test_what_cannot_be_captured_runs_as_it_is_after_one_warning(tumbling, monkeypatch, caplog):
    import warp as wp

    plain, refused = tumbling(100), tumbling(100)

    @contextlib.contextmanager
    def refuse():
        raise RuntimeError("memory pools are not supported\nand more")
        yield

    monkeypatch.setattr(wp, "ScopedCapture", refuse)
    for _ in range(4):
        refused.step(1)
        refused.output("xpos")
        with plain._stream():
            plain._advance(1, True)
    assert torch.equal(refused.save(), plain.save())
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "memory pools are not supported"
    ]


def test_contacts_asked_for_the_first_time_have_steps_recorded_anew(world, monkeypatch):
    """What was recorded before does not keep the state that contacts follow from."""
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", "warp")
    w = world()
    w.place(w.box(0.2, 0.2, 0.2), (0.0, 0.0, 0.1)).start().step(3)
    graphs = w.simulation.backend.graphs
    before = graphs.generation
    w.gym.get_env_rigid_contacts(w.envs[0])
    assert graphs.generation == before + 1
    w.gym.get_env_rigid_contacts(w.envs[0])
    assert graphs.generation == before + 1


def test_gravity_that_changes_again_is_in_the_recorded_step(world, monkeypatch):
    """The first change gives each environment its own; later ones write where steps read."""
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", "warp")
    w = world(ground=None)
    w.place(w.box(0.2, 0.2, 0.2), (0.0, 0.0, 5.0)).start().step(3)

    def fall(gravity):
        params = w.gym.get_sim_params(w.sim)
        params.gravity.z = gravity
        w.gym.set_sim_params(w.sim, params)
        before = w.root[0, 9].item()
        w.step(3)
        return (w.root[0, 9].item() - before) / (3 * params.dt)

    assert fall(-2.0) == pytest.approx(-2.0, rel=1e-3)
    graphs = w.simulation.backend.graphs
    generation, captured = graphs.generation, dict(graphs._graphs)
    assert fall(-5.0) == pytest.approx(-5.0, rel=1e-3)
    assert graphs.generation == generation
    assert all(graphs._graphs[name] is graph for name, graph in captured.items())


def test_what_never_ran_cannot_be_recorded(tumbling):
    """Its kernels would be loaded while somebody captures."""
    backend = tumbling(100)
    backend.graphs.clear()
    backend.graphs.recording = object()
    with pytest.raises(RuntimeError, match="1 substeps, True has to run once"):
        backend.step(1)
