"""State tensors: what is read back, what a setter touches, what it refuses."""

import pytest
import torch
from worlds import pendulum

from humanoid_gym.engine import gymapi, gymtorch

BOUNCING = (0.1, -0.2, 0.9)


def boxes(world, num_envs=4):
    w = world(num_envs=num_envs)
    return w.place(w.box(0.3, 0.2, 0.4), BOUNCING, (0.1, 0.2, 0.3, 0.927)).start()


def test_buffers_are_the_same_objects_before_and_after_prepare(world):
    w = world(num_envs=2)
    asset = w.box(0.1, 0.1, 0.1)
    for _ in range(2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        w.gym.create_actor(env, asset, gymapi.Transform(gymapi.Vec3(0, 0, 1)), "box", 0, 0)
    before = gymtorch.wrap_tensor(w.gym.acquire_actor_root_state_tensor(w.sim))
    w.gym.prepare_sim(w.sim)
    after = gymtorch.wrap_tensor(w.gym.acquire_actor_root_state_tensor(w.sim))
    assert before.data_ptr() == after.data_ptr()
    assert before[:, 2].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("late", [False, True])
def test_bodies_are_in_place_before_the_first_step(world, robots, late):
    w = world(ground=None, num_envs=2)
    asset = w.urdf(robots.chain(2), fix_base_link=True)
    for index in range(2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        pose = gymapi.Transform(gymapi.Vec3(index, 2, 3))
        w.gym.create_actor(env, asset, pose, "chain", index, 0)
    if not late:
        w.gym.acquire_rigid_body_state_tensor(w.sim)
    w.gym.prepare_sim(w.sim)
    body = gymtorch.wrap_tensor(w.gym.acquire_rigid_body_state_tensor(w.sim))
    expected = [[0, 2, 3], [0, 2, 3], [0.4, 2, 3], [1, 2, 3], [1, 2, 3], [1.4, 2, 3]]
    assert torch.allclose(body[:, :3], torch.tensor(expected, dtype=torch.float32))
    assert body[:, 3:7].tolist() == [[0, 0, 0, 1]] * 6


def test_a_full_set_of_unchanged_values_changes_no_bit(world):
    """The next 100 steps are those of a simulation that was never set."""
    a, b = boxes(world), boxes(world)
    for w in (a, b):
        w.step(20)
    b.set("actor_root_state", b.root)
    for _ in range(100):
        a.step()
        b.step()
        b.set("actor_root_state", b.root)
        assert torch.equal(a.simulation.backend.save(), b.simulation.backend.save())


def test_a_masked_reset_leaves_the_other_environments_bit_identical(world):
    a, b = boxes(world), boxes(world)
    for w in (a, b):
        w.step(20)
    mask = torch.tensor([False, True, False, True])
    start = torch.tensor([*BOUNCING, 0, 0, 0, 1.0, *[0.0] * 6])
    b.root.copy_(torch.where(mask[:, None], start, b.root))
    b.set("actor_root_state", b.root)
    a.step(50)
    b.step(50)
    x, y = a.simulation.backend.save(), b.simulation.backend.save()
    assert torch.equal(x[~mask], y[~mask])
    assert not torch.equal(x[mask], y[mask])


def test_a_stale_tensor_is_compared_with_the_present_state(world):
    """A client that never refreshes can still put everything back to the start."""
    w = boxes(world)
    start = w.root.clone()
    for _ in range(30):
        w.gym.simulate(w.sim)
    w.set("actor_root_state", start)
    w.root.fill_(torch.nan)
    w.refresh()
    assert torch.allclose(w.root, start, atol=1e-6)


def test_a_reset_does_not_depend_on_the_past(world):
    a, b = boxes(world), boxes(world)
    start = a.root.clone()
    a.step(3)
    b.step(33)
    for w in (a, b):
        w.set("actor_root_state", start)
        w.step(40)
    assert torch.equal(a.root, b.root)


@pytest.mark.parametrize("classic", [False, True])
def test_a_reset_in_contact_does_not_depend_on_the_past(world, classic):
    """Not on the solver's last answer either, to the last bit: one box rested, the other slid."""

    def resting():
        w = world(num_envs=2)
        return w.place(w.box(0.3, 0.2, 0.4), (0, 0, 0.2)).start().step(30)

    a, b = resting(), resting()
    start = a.gym.get_sim_rigid_body_states(a.sim, gymapi.STATE_ALL).copy()
    start["pose"]["p"]["z"] -= 1e-3
    b.root[:, 7] = 0.2
    b.set("actor_root_state", b.root)
    for w in (a, b):
        w.step()
        if classic:
            w.gym.set_sim_rigid_body_states(w.sim, start, gymapi.STATE_ALL)
        else:
            w.set("actor_root_state", start.view("f4").reshape(2, 13))
        w.step(2)
    for name in ("qpos", "qvel"):
        assert torch.equal(a.simulation.backend.state(name), b.simulation.backend.state(name))


def test_set_values_and_bodies_read_back_at_once(world):
    w = boxes(world)
    state = torch.tensor([1.0, 2.0, 3.0, 0.5, -0.5, 0.5, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    w.root[2] = state
    w.set("actor_root_state", w.root)
    w.root.fill_(torch.nan)
    w.body.fill_(torch.nan)
    w.refresh()
    assert w.root[2].tolist() == pytest.approx(state.tolist(), abs=1e-6)
    assert torch.allclose(w.body, w.root, atol=1e-6)
    w.step()
    assert torch.allclose(w.body, w.root, atol=1e-5)


def test_several_indexed_calls_in_one_step_add_up(world):
    w = boxes(world)
    for row in (3, 1):
        values = torch.full((4, 13), 7.0)
        values[:, 3:7] = torch.tensor([0.0, 0, 0, 1])
        w.set("actor_root_state", values, [row])
    w.refresh()
    assert w.root[:, 0].tolist() == pytest.approx([0.1, 7.0, 0.1, 7.0])


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
@pytest.mark.parametrize("rows", [[2], [2, 2], [2, 0]])
def test_rows_of_an_indexed_call(world, dtype, rows):
    """int32 is the documented type; an actor listed twice is set once; count tells how many."""
    w = boxes(world)
    values = torch.full((4, 13), 7.0)
    values[:, 3:7] = torch.tensor([0.0, 0, 0, 1])
    indices = gymtorch.unwrap_tensor(torch.tensor(rows, dtype=dtype))
    count = 1 if rows == [2, 0] else len(rows)
    given = gymtorch.unwrap_tensor(values.view(2, 2, 13))
    assert w.gym.set_actor_root_state_tensor_indexed(w.sim, given, indices, count)
    w.refresh()
    assert w.root[:, 0].tolist() == pytest.approx([0.1, 0.1, 7.0, 0.1])


def test_an_indexed_call_with_count_zero_does_nothing(world):
    w = boxes(world)
    before = w.root.clone()
    values = gymtorch.unwrap_tensor(torch.full((4, 13), 7.0))
    rows = gymtorch.unwrap_tensor(torch.tensor([1], dtype=torch.int32))
    assert w.gym.set_actor_root_state_tensor_indexed(w.sim, values, rows, 0)
    w.refresh()
    assert torch.equal(w.root, before)


def test_a_fixed_base_moves_where_it_is_set(world, robots):
    w = world(ground=None, num_envs=2)
    w.place(w.urdf(robots.pendulum(joint="continuous"), fix_base_link=True), (0, 0, 2)).start()
    w.root[1, :3] = torch.tensor([3.0, 4.0, 5.0])
    w.set("actor_root_state", w.root)
    w.seconds(1.0)
    assert w.root[:, :3].tolist() == [[0, 0, 2], [3, 4, 5]]
    assert w.body.view(2, 2, 13)[1, 1, :3].tolist() == pytest.approx([3, 4, 5])


@pytest.mark.parametrize(
    ("tensor", "error", "words"),
    [
        (torch.zeros(3, 13), ValueError, "52 elements expected"),
        (torch.zeros(4, 13, dtype=torch.int32), TypeError, "float32"),
    ],
)
def test_wrong_tensors_are_refused(world, tensor, error, words):
    w = boxes(world)
    with pytest.raises(error, match=words) as caught:
        w.gym.set_actor_root_state_tensor(w.sim, gymtorch.unwrap_tensor(tensor))
    assert "set_actor_root_state_tensor" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bare_torch_tensor_is_refused_with_the_remedy(world):
    w = boxes(world)
    with pytest.raises(TypeError, match="unwrap_tensor"):
        w.gym.set_actor_root_state_tensor(w.sim, w.root)


def test_non_contiguous_tensors_are_refused():
    with pytest.raises(Exception, match="contiguous"):
        gymtorch.unwrap_tensor(torch.zeros(13, 4).t())


@pytest.mark.parametrize(
    ("rows", "count", "error", "words"),
    [
        (torch.tensor([0, 4], dtype=torch.int32), 2, IndexError, "actor index 4"),
        (torch.tensor([-1], dtype=torch.int32), 1, IndexError, "actor index -1"),
        (torch.tensor([0.0]), 1, TypeError, "int32"),
        (torch.tensor([0], dtype=torch.int32), 2, ValueError, "count 2"),
    ],
)
def test_wrong_indices_are_refused_and_nothing_is_written(world, rows, count, error, words):
    w = boxes(world)
    before = w.simulation.backend.save()
    values = gymtorch.unwrap_tensor(torch.zeros(4, 13))
    with pytest.raises(error, match=words):
        w.gym.set_actor_root_state_tensor_indexed(
            w.sim, values, gymtorch.unwrap_tensor(rows), count
        )
    assert torch.equal(before, w.simulation.backend.save())


def test_a_simulation_without_dofs_has_no_dof_tensor(world):
    w = boxes(world)
    assert w.dof is None
    assert w.gym.refresh_dof_state_tensor(w.sim)


def test_calls_out_of_order_say_what_to_do(world):
    w = world()
    with pytest.raises(RuntimeError, match="prepare_sim first"):
        w.gym.simulate(w.sim)
    w.place(w.box(1, 1, 1), (0, 0, 1)).start()
    with pytest.raises(RuntimeError, match="create_env"):
        w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    with pytest.raises(RuntimeError, match="before"):
        w.gym.prepare_sim(w.sim)


@pytest.fixture
def weightless(world):
    """Two environments with two pendulums each, of a moment of inertia of 1.284 kg m^2."""

    def build(**dofs):
        w = world(num_envs=2, ground=None, gravity=(0, 0, 0))
        for y in (0.0, 3.0):
            asset = w.urdf(pendulum(joint="continuous"), fix_base_link=True)
            w.place(asset, (0, y, 0), dofs=dofs)
        return w.start()

    return build


def test_forces_of_listed_actors_leave_those_of_the_others(weightless):
    w = weightless(driveMode=gymapi.DOF_MODE_EFFORT)
    w.set("dof_actuation_force", torch.tensor([9.0, 1.0, 2.0, 9.0]), actors=[1, 2])
    w.set("dof_actuation_force", torch.tensor([3.0, 9.0, 9.0, 9.0]), actors=[0])
    w.step(6)
    inertia = 2.0 * 0.8**2 + 0.4 * 2.0 * 0.05**2
    expected = [force / inertia * 6 * w.dt for force in (3.0, 1.0, 2.0, 0.0)]
    assert w.dof[:, 1].tolist() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("mode", "what", "column", "gains"),
    [
        (gymapi.DOF_MODE_POS, "dof_position_target", 0, {"stiffness": 100.0, "damping": 20.0}),
        (gymapi.DOF_MODE_VEL, "dof_velocity_target", 1, {"stiffness": 0.0, "damping": 20.0}),
    ],
)
def test_targets_of_listed_actors_leave_those_of_the_others(weightless, mode, what, column, gains):
    w = weightless(driveMode=mode, **gains)
    w.set(what, torch.tensor([0.5, 9.0, 9.0, -0.3]), actors=[3, 0])
    w.step(300)
    assert w.dof[:, column].tolist() == pytest.approx([0.5, 0.0, 0.0, -0.3], abs=1e-3)
    w.set(what, torch.tensor([9.0, 9.0, 0.2, 9.0]), actors=[2])
    w.step(300)
    assert w.dof[:, column].tolist() == pytest.approx([0.5, 0.0, 0.2, -0.3], abs=1e-3)
