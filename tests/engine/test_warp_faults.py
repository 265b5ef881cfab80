"""What goes wrong in one environment of the Warp backend, or does not fit into its arrays."""

import logging

import pytest
import torch

pytest.importorskip("mujoco_warp")

from humanoid_gym.engine import gymapi
from humanoid_gym.engine.backend import choice, overflow, warp_memory
from humanoid_gym.engine.backend.warp_sizes import Sizes, sizes_for

OTHERS = [0, 1, 3]
NAN = float("nan")


@pytest.fixture(autouse=True)
def backend(monkeypatch):
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", "warp")


@pytest.fixture
def pendulums(world, robots):
    """Four driven pendulums above boxes on the ground."""

    def build():
        w = world(num_envs=4)
        asset = w.urdf(robots.pendulum(), fix_base_link=True)
        w.place(asset, (0, 0, 2), dofs={"driveMode": gymapi.DOF_MODE_EFFORT})
        return w.place(w.box(0.2, 0.2, 0.2), (1, 0, 0.3)).start().step(3)

    return build


def spoil_action(w):
    force = torch.zeros(4)
    force[2] = NAN
    w.set("dof_actuation_force", force)


def spoil_position(w):
    w.root.view(4, 2, 13)[2, 1, 2] = NAN
    w.set("actor_root_state", w.root)


def spoil_speed(w):
    w.dof[2, 1] = 1e20
    w.set("dof_state", w.dof)


@pytest.mark.parametrize("spoil", [spoil_action, spoil_position, spoil_speed])
def test_a_spoilt_environment_starts_again_and_the_others_keep_every_bit(pendulums, spoil):
    sound, spoilt = pendulums(), pendulums()
    spoil(spoilt)
    for w in (sound, spoilt):
        w.step()
        w.set("dof_actuation_force", torch.zeros(4))
        w.step(10)
    assert spoilt.gym.extensions.fault_counts(spoilt.sim).tolist() == [0, 0, 1, 0]
    came, expected = (w.simulation.backend.save() for w in (spoilt, sound))
    assert torch.equal(came[OTHERS], expected[OTHERS])
    assert came.isfinite().all()
    for name in ("root", "dof", "body", "contact", "dof_force"):
        assert getattr(spoilt, name).isfinite().all(), name


def test_contacts_without_room_are_told_once_and_counted(world, monkeypatch, caplog):
    from humanoid_gym.engine.backend import warp

    monkeypatch.setattr(warp, "sizes_for", lambda *_: Sizes(contacts=4, constraints=16))
    monkeypatch.setattr(overflow, "LOOK_EVERY", 2)
    w = world(num_envs=1)
    box = w.box(0.2, 0.2, 0.2)
    for x in range(3):
        w.place(box, (x, 0, 0.1))
    with caplog.at_level(logging.WARNING):
        w.start().step(20)
    lines = [line for line in caplog.messages if "room" in line]
    assert [line for line in lines if "more contacts than" in line] == [
        "1 environments had more contacts than there is room for; the surplus is ignored; raise "
        "SimParams.physx.max_gpu_contact_pairs"
    ]
    assert len(lines) == len(set(lines))
    assert w.simulation.backend._overflow.counts["contacts"] >= 5


def test_recorded_steps_look_for_what_was_dropped(world, monkeypatch, caplog):
    monkeypatch.setattr(overflow, "LOOK_EVERY", 2)
    w = world(num_envs=3)
    w.place(w.sphere(0.1), (0, 0, 1)).start()
    backend = w.simulation.backend
    backend._data.overflow.fill_(1)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            w.simulation.after_replay(1)
    assert ["constraints" in line for line in caplog.messages] == [True]
    assert backend._overflow.counts["constraints"] == 3


def test_raising_max_gpu_contact_pairs_makes_room(world):
    def room(pairs):
        w = world(num_envs=2)
        params = w.gym.get_sim_params(w.sim)
        if pairs:
            params.physx.max_gpu_contact_pairs = pairs
            w.gym.set_sim_params(w.sim, params)
        return w.place(w.sphere(0.1), (0, 0, 1)).start().simulation.backend._data.naconmax

    assert room(None) < 100
    more = choice.DEFAULT_CONTACT_PAIRS + 10
    assert room(more) == more


def test_too_many_environments_say_how_many_fit(world, monkeypatch):
    w = world(num_envs=3)
    monkeypatch.setattr(warp_memory, "free_bytes", lambda _: 10_000)
    w.place(w.sphere(0.1), (0, 0, 1))
    with pytest.raises(
        MemoryError, match=r"3 environments need .* GB are free: about \d+ environments"
    ) as raised:
        w.start()
    assert "num_envs" in str(raised.value)


def test_what_fits_is_told_by_the_size_of_one():
    assert "about 125 environments of this kind fit" in warp_memory.too_many(1000, 8e6, 1e9)


def test_memory_that_ends_during_a_step_is_told_with_the_remedy(world, monkeypatch):
    import mujoco_warp

    def step(model, data):
        raise RuntimeError("Failed to allocate 123 bytes on device 'cuda:0'")

    w = world(num_envs=3)
    w.place(w.sphere(0.1), (0, 0, 1)).start()
    w.simulation.backend.graphs.clear()
    monkeypatch.setattr(mujoco_warp, "step", step)
    with pytest.raises(MemoryError, match=r"3 environments do not fit.* 123 bytes.*lower num_envs"):
        w.step()


def test_other_errors_of_a_step_stay_what_they_are(world, monkeypatch):
    import mujoco_warp

    def step(model, data):
        raise RuntimeError("illegal memory access")

    w = world()
    w.place(w.sphere(0.1), (0, 0, 1)).start()
    w.simulation.backend.graphs.clear()
    monkeypatch.setattr(mujoco_warp, "step", step)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        w.step()


def test_shapes_that_need_the_convex_collider_need_memory_for_it(world):
    """A box with boxes and planes does not; a cylinder on a box does."""
    w = world()
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 1)).place(w.box(0.1, 0.1, 0.1), (1, 0, 1))
    assert sizes_for(model_of(w)).polytopes == 0
    w = world()
    shape = '<collision><geometry><cylinder radius="0.1" length="0.2"/></geometry></collision>'
    w.place(w.urdf(f'<robot name="c"><link name="l">{shape}</link></robot>'), (0, 0, 1))
    w.place(w.box(0.1, 0.1, 0.1), (1, 0, 1))
    sizes = sizes_for(model_of(w))
    assert sizes.polytopes == sizes.contacts * (80 * 16 + 181 * 20 + 24 * 4)


def test_memory_of_an_environment_is_told(world):
    few, many = (world(num_envs=n) for n in (2, 8))
    for w in (few, many):
        w.place(w.box(0.2, 0.2, 0.2), (0, 0, 1)).start()
    one = many.simulation.backend.bytes_per_env
    assert one == pytest.approx(few.simulation.backend.bytes_per_env, rel=0.1)
    assert 1_000 < one < 50_000


def model_of(w):
    return w.start().simulation.compiled.model


def test_room_is_for_every_shape_on_all_planes(world):
    w = world()
    wall = gymapi.PlaneParams()
    wall.normal = gymapi.Vec3(-1, 0, 0)
    w.gym.add_ground(w.sim, wall)
    w.place(w.box(0.2, 0.2, 0.2), (0, 0, 1)).place(w.sphere(0.1), (1, 0, 1))
    # A box has four corners on each of two planes and eight points with one neighbour; the sphere
    # one on each plane.
    assert sizes_for(model_of(w)).contacts == 2 * 4 + 2 * 1 + 1


def test_room_for_constraints_comes_in_few_sizes(world):
    counts = set()
    for num in range(1, 6):
        w = world()
        for x in range(num):
            w.place(w.sphere(0.1), (x, 0, 1), group=x)
        counts.add(sizes_for(model_of(w)).constraints)
    assert all(count % 16 == 0 for count in counts)
    assert len(counts) < 5
