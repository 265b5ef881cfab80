"""Robots that lack what most have: joints, or company."""

from pathlib import Path

import pytest
import torch
from isaacgym import gymapi, gymtorch

from humanoid_gym.config import SimConfig
from humanoid_gym.evaluation.judging import Rollout, _reasons
from humanoid_gym.evaluation.scenarios import Conditions, choose
from humanoid_gym.rl import ActorCriticConfig
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.tasks.task_config import TaskConfig
from humanoid_gym.tasks.vec_task import VecTask

MASS = 2.0
BALL = f"""<robot name="ball"><link name="base"><inertial><mass value="{MASS}"/>
<inertia ixx="0.02" iyy="0.02" izz="0.02" ixy="0" ixz="0" iyz="0"/></inertial>
<collision><geometry><sphere radius="0.1"/></geometry></collision></link></robot>"""


class Ball(VecTask):
    """A ball without joints that falls for ten steps; its one action pushes it."""

    config_class = TaskConfig
    num_obs, num_actions = 3, 1

    def create_envs(self):
        asset = self.load_asset(gymapi.AssetOptions())
        for i in range(self.num_envs):
            pose = gymapi.Transform(p=gymapi.Vec3(0.0, 0.0, 5.0))
            self.gym.create_actor(self.create_env(), asset, pose, "ball", i, 0)

    def acquire_tensors(self):
        self.root = self.wrap(self.gym.acquire_actor_root_state_tensor(self.sim))
        self.start = self.root.clone()

    def refresh_tensors(self):
        self.gym.refresh_actor_root_state_tensor(self.sim)

    def pre_physics_step(self, actions):
        force = torch.zeros(self.num_envs, 3)
        force[:, 0] = actions[:, 0]
        self.gym.apply_rigid_body_force_tensors(self.sim, gymtorch.unwrap_tensor(force))

    def compute_observations(self):
        self.obs_buf.copy_(self.root[:, :3])

    def compute_reward(self):
        return {"one": torch.ones(self.num_envs)}

    def reset_envs(self, mask):
        self.root.copy_(torch.where(mask.unsqueeze(-1), self.start, self.root))
        self.gym.set_actor_root_state_tensor(self.sim, gymtorch.unwrap_tensor(self.root))


@pytest.fixture
def balls(tmp_path: Path):
    made = []

    def make(num_envs: int) -> Ball:
        asset = tmp_path / "ball.urdf"
        asset.write_text(BALL)
        sim = SimConfig(dt=0.01)
        made.append(
            Ball(TaskConfig(num_envs=num_envs, episode_length=10, asset=str(asset), sim=sim))
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_scenarios_of_joints_do_not_apply_to_a_robot_without_any(balls):
    found = choose(["nominal", "push", "friction", "motor_strength", "noise"])
    reasons = dict(zip([s.name for s in found], _reasons(balls(1), found), strict=True))
    assert reasons == {
        "nominal": "",
        "push": "",
        "friction": "the robot has no joints",
        "motor_strength": "the robot has no joints",
        "noise": "",
    }


@pytest.mark.parametrize("num_envs", [1, 3])
def test_a_robot_without_joints_is_judged(balls, num_envs):
    env = balls(num_envs)
    networks = ActorCritic(3, 1, ActorCriticConfig(actor_hidden=(4,), critic_hidden=(4,)))
    kicked = Conditions(initial_speed=0.5, initial_joint_offset=0.2, payload=0.5, push_speed=1.0)
    rollout = Rollout(env, networks, [kicked] * num_envs, seed=1)
    counts = []
    played = rollout.play([2] * num_envs, counts.append)
    assert sum(counts) == len(played.rows) == 2 * num_envs
    assert sorted(played.envs.tolist()) == sorted(list(range(num_envs)) * 2)
    numbers = dict(zip(rollout.meter.names, played.rows.mean(0), strict=True))
    assert "joint_margin" not in numbers and "power" not in numbers
    assert numbers["return"] == 10.0 and numbers["survival"] == 1.0
    assert numbers["duration"] == pytest.approx(0.1)
    bodies = [
        env.gym.get_actor_rigid_body_properties(env.gym.get_env(env.sim, i), 0)
        for i in range(num_envs)
    ]
    assert [body.mass for (body,) in bodies] == pytest.approx([1.5 * MASS] * num_envs)
