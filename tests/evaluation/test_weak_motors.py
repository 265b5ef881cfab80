"""Weak motors of any kind give their part of the torque: accelerations worked out by hand."""

from dataclasses import dataclass

import pytest
import torch
from isaacgym import gymapi, gymtorch

from humanoid_gym.evaluation.perturbation import Perturbation
from humanoid_gym.evaluation.robot_state import RobotState
from humanoid_gym.evaluation.scenarios import Conditions
from humanoid_gym.tasks.legacy_task import LegacyTask
from humanoid_gym.tasks.task_config import TaskConfig
from humanoid_gym.tasks.vec_task import VecTask

DT = 0.002
STIFFNESS, TARGET, TORQUE = 8.0, 0.5, 3.0
MASS, LENGTH, INERTIA = 1.5, 0.4, 0.05
ABOUT_AXIS = INERTIA + MASS * LENGTH**2
STRENGTH = 0.6
POS, EFFORT, NONE = gymapi.DOF_MODE_POS, gymapi.DOF_MODE_EFFORT, gymapi.DOF_MODE_NONE


def arm(name: str, side: float) -> str:
    """Return an arm that turns about the vertical, so that gravity does nothing."""
    return f"""
<link name="{name}"><inertial><origin xyz="{LENGTH} 0 0"/><mass value="{MASS}"/>
<inertia ixx="0.01" iyy="{INERTIA}" izz="{INERTIA}" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="{name}_hinge" type="revolute"><parent link="base"/><child link="{name}"/>
<origin xyz="0 {side} 0"/><axis xyz="0 0 1"/>
<limit lower="-3" upper="3" effort="50" velocity="1000"/></joint>"""


ROBOT = f"""
<robot name="arms"><link name="base"><inertial><mass value="5"/>
<inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial></link>
{arm("left", 1.0)}{arm("right", -1.0)}</robot>"""


@dataclass(frozen=True)
class ArmsConfig(TaskConfig):
    """How the arms are driven, and by which call."""

    modes: tuple = (POS, EFFORT)
    call: str = "set_dof_actuation_force_tensor"


class Arms(VecTask):
    """Two robots in each environment, of which the second is none of the policy's."""

    config_class = ArmsConfig
    num_obs, num_actions = 1, 2

    def create_envs(self):
        options = gymapi.AssetOptions()
        options.fix_base_link, options.angular_damping = True, 0.0
        asset = self.load_asset(options)
        for index in range(self.num_envs):
            env = self.create_env()
            for height in (1.0, 3.0):
                pose = gymapi.Transform(p=gymapi.Vec3(0.0, 0.0, height))
                actor = self.gym.create_actor(env, asset, pose, "arms", index, 0)
                dofs = self.gym.get_actor_dof_properties(env, actor)
                dofs["driveMode"] = self.config.modes
                dofs["stiffness"] = [STIFFNESS * (mode == POS) for mode in self.config.modes]
                dofs["damping"] = 0.0
                self.gym.set_actor_dof_properties(env, actor, dofs)

    def acquire_tensors(self):
        dofs = self.wrap(self.gym.acquire_dof_state_tensor(self.sim))
        self.dof_state = dofs
        self.velocity = dofs.view(self.num_envs, 2, 2, 2)[..., 1]
        self.forces = torch.zeros(self.num_envs, 4)
        self.acted = torch.zeros(self.num_envs, 2)

    def pre_physics_step(self, actions):
        gym, sim, n = self.gym, self.sim, self.num_envs
        self.acted.copy_(actions)
        targets = (actions.repeat(1, 2) * TARGET).contiguous()
        gym.set_dof_position_target_tensor(sim, gymtorch.unwrap_tensor(targets))
        self.forces.copy_(actions.repeat(1, 2) * TORQUE)
        given = gymtorch.unwrap_tensor(self.forces)
        if self.config.call.endswith("tensor"):
            gym.set_dof_actuation_force_tensor(sim, given)
        elif self.config.call.endswith("indexed"):
            all_actors = torch.arange(2 * n, dtype=torch.int32)
            indices = gymtorch.unwrap_tensor(all_actors)
            gym.set_dof_actuation_force_tensor_indexed(sim, given, indices, 2 * n)
        else:
            self.add_efforts()

    def add_efforts(self):
        for index in range(self.num_envs):
            env = self.gym.get_env(self.sim, index)
            for number in range(2):
                actor = self.gym.get_actor_handle(env, number)
                own = self.forces[index, 2 * number : 2 * number + 2].numpy()
                if self.config.call == "apply_actor_dof_efforts":
                    self.gym.apply_actor_dof_efforts(env, actor, own)
                    continue
                joint = list(self.config.modes).index(EFFORT)
                dof = self.gym.get_actor_dof_handle(env, actor, joint)
                self.gym.apply_dof_effort(env, dof, float(own[joint]))

    def refresh_tensors(self):
        self.gym.refresh_dof_state_tensor(self.sim)

    def compute_observations(self):
        self.obs_buf.zero_()

    def compute_reward(self):
        return {"none": torch.zeros(self.num_envs)}

    def reset_envs(self, mask):
        self.dof_state.zero_()
        self.gym.set_dof_state_tensor(self.sim, gymtorch.unwrap_tensor(self.dof_state))


class Foreign:
    """The same as a task of another base, which keeps its simulator to itself."""

    def __init__(self, inner: Arms) -> None:
        self.inner, self.sim, self.num_envs = inner, inner.sim, inner.num_envs
        self.num_obs, self.num_actions, self.reset_buf = 1, 2, inner.reset_buf

    @property
    def gym(self):
        return self.inner.gym

    @gym.setter
    def gym(self, gym):
        self.inner.gym = gym

    def reset(self):
        return self.inner.reset()

    def step(self, actions):
        return self.inner.step(actions)


@pytest.fixture
def arms(tmp_path):
    made = []

    def make(**settings) -> Arms:
        path = tmp_path / "arms.urdf"
        path.write_text(ROBOT)
        sim = {"dt": DT, "substeps": 1}
        config = ArmsConfig(num_envs=2, asset=str(path), sim=type(TaskConfig().sim)(**sim))
        made.append(Arms(type(config)(**{**vars(config), **settings})))
        return made[-1]

    yield make
    for one in made:
        one.close()


def accelerations(env, arms: Arms) -> torch.Tensor:
    """Let the second environment's motors be weak; return angular accelerations [rad/s^2]."""
    robot = RobotState(env)
    strengths = (Conditions(), Conditions(motor_strength=STRENGTH))
    perturbation = Perturbation(robot, strengths, torch.ones(1), seed=1)
    arms.reset()
    env.step(perturbation.act(torch.ones(2, 2)))
    arms.refresh_tensors()
    assert torch.equal(arms.acted, torch.ones(2, 2))  # what acted is what the policy said
    expected = torch.tensor([[50.0, 50.0], [50.0 * STRENGTH, 50.0 * STRENGTH]])
    torch.testing.assert_close(robot.effort, expected)
    return arms.velocity / DT


BY_HAND = {POS: STIFFNESS * TARGET / ABOUT_AXIS, EFFORT: TORQUE / ABOUT_AXIS, NONE: 0.0}


def check(found: torch.Tensor, modes: tuple) -> None:
    """Compare with torque over inertia, of each robot's arms."""
    strong = torch.tensor([BY_HAND[mode] for mode in modes])
    torch.testing.assert_close(found[0], strong.expand(2, -1), rtol=1e-3, atol=1e-6)
    weak = torch.stack([STRENGTH * strong, strong])  # the second robot is as it was
    torch.testing.assert_close(found[1], weak, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("modes", [(POS, EFFORT), (EFFORT, POS), (EFFORT, EFFORT), (POS, POS)])
def test_all_motors_of_a_robot_are_weak(arms, modes):
    env = arms(modes=modes)
    check(accelerations(env, env), modes)


@pytest.mark.parametrize(
    "call",
    ["set_dof_actuation_force_tensor_indexed", "apply_actor_dof_efforts", "apply_dof_effort"],
)
def test_by_whatever_call_a_task_sets_torques(arms, call):
    env = arms(call=call)
    check(accelerations(env, env), (POS, EFFORT))


def test_also_in_a_task_of_another_base(arms):
    inner = arms()
    env = LegacyTask(Foreign(inner), TaskConfig(num_envs=2), "cpu", {})
    check(accelerations(env, inner), (POS, EFFORT))


def test_without_motors_in_its_joints_the_actions_are_weak(arms):
    env = arms(modes=(NONE, NONE))
    strengths = (Conditions(), Conditions(motor_strength=STRENGTH))
    perturbation = Perturbation(RobotState(env), strengths, torch.ones(1), seed=1)
    expected = torch.tensor([[1.0, 1.0], [STRENGTH, STRENGTH]])
    torch.testing.assert_close(perturbation.act(torch.ones(2, 2)), expected)
