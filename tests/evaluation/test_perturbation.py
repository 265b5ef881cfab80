"""Each condition does to the simulation what its name says, and only where it is asked for."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from humanoid_gym.cli.making import make_task
from humanoid_gym.config import ConfigError
from humanoid_gym.evaluation.perturbation import Perturbation
from humanoid_gym.evaluation.robot_state import RobotState
from humanoid_gym.evaluation.scenarios import Conditions
from humanoid_gym.rotation import quat_from_axis_angle

STILL = ("task.reset_position_noise=0", "task.reset_velocity_noise=0")


class Disturbed:
    """Humanoids in the air (nothing touches the ground), one environment for each condition."""

    def __init__(
        self, *conditions: Conditions, overrides: tuple = STILL, task: str = "humanoid"
    ) -> None:
        settings = (f"task={task}", f"num_envs={len(conditions)}", "device=cpu", "seed=1")
        self.env = make_task(*settings, *(overrides if task == "humanoid" else ()))
        self.robot = RobotState(self.env)
        self.env.reset()
        self.robot.refresh()
        deviation = torch.linspace(0.5, 2.0, self.env.num_obs)
        self.perturbation = Perturbation(self.robot, conditions, deviation, seed=3)

    def body_masses(self, index: int) -> np.ndarray:
        env = self.env.gym.get_env(self.env.sim, index)
        return np.array([b.mass for b in self.env.gym.get_actor_rigid_body_properties(env, 0)])

    def none(self) -> torch.Tensor:
        return torch.zeros(self.env.num_envs, dtype=torch.bool)


@pytest.fixture
def disturbed():
    made = []

    def make(*conditions: Conditions, **settings) -> Disturbed:
        made.append(Disturbed(*conditions, **settings))
        return made[-1]

    yield make
    for one in made:
        one.env.close()


NOMINAL = Conditions()


def test_nothing_changes_unless_asked(disturbed):
    world = disturbed(NOMINAL, NOMINAL)
    root, dofs = world.robot.root.clone(), world.env.dof_state.clone()
    obs, actions = torch.randn(2, world.env.num_obs), torch.randn(2, world.env.num_actions)
    everywhere = torch.ones(2, dtype=torch.bool)
    world.perturbation.begin(everywhere)
    world.perturbation.after_step(everywhere)
    assert torch.equal(world.perturbation.observe(obs), obs)
    assert torch.equal(world.perturbation.act(actions), actions)
    assert torch.equal(world.robot.root, root) and torch.equal(world.env.dof_state, dofs)


def test_payload_is_on_the_base_and_counts_for_the_robots_mass(disturbed):
    world = disturbed(NOMINAL, Conditions(payload=0.2))
    plain, loaded = world.body_masses(0), world.body_masses(1)
    assert loaded[0] == pytest.approx(plain[0] + 0.2 * plain.sum(), rel=1e-5)
    assert np.array_equal(loaded[1:], plain[1:])
    assert world.robot.mass.tolist() == pytest.approx([plain.sum(), 1.2 * plain.sum()], rel=1e-5)


def test_friction_of_contacts_is_as_said(disturbed):
    # a contact has the mean of both materials: 1.4 on a ground without friction is 0.7
    smooth = (*STILL, "task.plane.dynamic_friction=0", "task.plane.static_friction=0")
    world = disturbed(NOMINAL, Conditions(friction=0.7), overrides=smooth)
    gym, sim = world.env.gym, world.env.sim
    frictions = [
        [s.friction for s in gym.get_actor_rigid_shape_properties(gym.get_env(sim, i), 0)]
        for i in range(2)
    ]
    assert frictions[1] == pytest.approx([1.4] * len(frictions[0]))
    assert 1.4 not in frictions[0]


def test_friction_that_the_ground_exceeds_is_refused(disturbed):
    with pytest.raises(ConfigError, match=r"friction 0\.4.*more than twice"):
        disturbed(Conditions(friction=0.4))  # on a ground of 1.0


def test_weak_motors_give_a_fraction_of_the_torque(disturbed):
    world = disturbed(NOMINAL, Conditions(motor_strength=0.5))
    world.env.step(world.perturbation.act(torch.full((2, world.env.num_actions), 0.8)))
    world.robot.refresh()
    strong, weak = world.robot.motor_torque()
    assert strong.numpy() == pytest.approx(0.8 * world.env.effort.numpy(), rel=1e-4)
    assert weak.numpy() == pytest.approx(0.4 * world.env.effort.numpy(), rel=1e-4)


def test_actions_come_late_and_an_episode_begins_without_any(disturbed):
    world = disturbed(NOMINAL, Conditions(action_delay=2))
    acted = []
    for step in range(1, 6):
        if step == 4:  # a new episode
            world.perturbation.after_step(torch.ones(2, dtype=torch.bool))
        actions = torch.full((2, world.env.num_actions), float(step))
        acted.append(world.perturbation.act(actions)[:, 0].tolist())
    assert acted == [[1, 0], [2, 0], [3, 1], [4, 0], [5, 0]]


def test_noise_has_the_deviation_of_training_times_its_level(disturbed):
    world = disturbed(NOMINAL, Conditions(observation_noise=0.1))
    zeros = torch.zeros(2, world.env.num_obs)
    seen = torch.stack([world.perturbation.observe(zeros) for _ in range(2000)])
    assert torch.equal(seen[:, 0], torch.zeros_like(seen[:, 0]))
    expected = 0.1 * np.linspace(0.5, 2.0, world.env.num_obs)
    assert seen[:, 1].std(0).numpy() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(
    ("direction", "expected"),
    [(0.0, (0.0, 1.0)), (90.0, (-1.0, 0.0)), (180.0, (0.0, -1.0)), (270.0, (1.0, 0.0))],
)
def test_pushes_are_relative_to_the_heading(disturbed, direction, expected):
    world = disturbed(NOMINAL, Conditions(push_speed=1.5, push_direction=direction))
    # both look along world +y
    quarter = quat_from_axis_angle(torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([math.pi / 2]))
    world.robot.root[:, 3:7] = quarter
    before = world.robot.root[:, 7:10].clone()
    for _ in range(int(5.0 / world.robot.control_step) + 1):  # one comes within the interval
        world.perturbation.after_step(world.none())
    change = world.robot.root[:, 7:10] - before
    assert change[0].tolist() == [0.0, 0.0, 0.0]
    assert change[1].tolist() == pytest.approx([1.5 * expected[0], 1.5 * expected[1], 0], abs=1e-5)


def test_pushes_come_at_their_interval_and_the_first_at_a_random_time(disturbed):
    world = disturbed(*[Conditions(push_speed=1.0, push_interval=1.0)] * 40)
    world.perturbation.begin(torch.ones(40, dtype=torch.bool))
    steps = round(1.0 / world.robot.control_step)
    pushed = []
    for _ in range(3 * steps):
        world.robot.root[:, 7:9] = 0.0
        world.perturbation.after_step(world.none())
        pushed.append(world.robot.root[:, 7:9].norm(dim=-1) > 0.5)
    times = [torch.stack(pushed)[:, i].nonzero().flatten().tolist() for i in range(40)]
    first = [t[0] for t in times]
    assert len(set(first)) > 20 and max(first) <= steps
    assert all(later - earlier == steps for t in times for earlier, later in pairwise(t))


def test_first_states_are_disturbed_within_the_range(disturbed):
    condition = Conditions(initial_speed=0.5, initial_joint_offset=0.2)
    world = disturbed(NOMINAL, *[condition] * 30)
    root, joints = world.robot.root.clone(), world.robot.joint_position.clone()
    world.perturbation.begin(torch.ones(31, dtype=torch.bool))
    speed = (world.robot.root - root)[:, 7:9].norm(dim=-1)
    offset = world.robot.joint_position - joints
    assert speed[0] == 0.0 and bool((offset[0] == 0.0).all())
    assert speed[1:].numpy() == pytest.approx(np.full(30, 0.5), rel=1e-5)
    assert 0.15 < float(offset.abs().max()) <= 0.2 + 1e-6
    assert bool((world.robot.joint_position <= world.robot.upper + 1e-6).all())
    world.env.gym.simulate(world.env.sim)  # the simulation has them, not only the tensors
    world.robot.refresh()
    assert float(world.robot.root[1:, 7:9].norm(dim=-1).min()) > 0.1


def test_running_episodes_are_not_disturbed(disturbed):
    world = disturbed(Conditions(initial_speed=0.5), Conditions(initial_speed=0.5))
    root = world.robot.root.clone()
    world.perturbation.after_step(torch.tensor([False, True]))
    assert torch.equal(world.robot.root[0], root[0])
    assert not torch.equal(world.robot.root[1], root[1])


def test_drives_of_the_simulator_are_weakened_where_the_task_cannot(disturbed):
    """A drive gives half: half the gains, half the limit; the actions stay as they are."""
    world = disturbed(NOMINAL, Conditions(motor_strength=0.5), task="humanoid_legs")
    plain, weak = (world.robot.dof_properties(i) for i in range(2))
    assert bool(world.robot.held.all())
    for column in ("stiffness", "damping", "effort"):
        assert plain[column].min() > 0.0
        assert weak[column] == pytest.approx(0.5 * plain[column], rel=1e-6)
    assert world.robot.effort[1].numpy() == pytest.approx(weak["effort"], rel=1e-6)
    actions = torch.randn(2, world.env.num_actions)
    assert torch.equal(world.perturbation.act(actions), actions)
