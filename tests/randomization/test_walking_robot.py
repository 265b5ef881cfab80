"""The walking robots take every option of `randomization`, with both kinds of drive."""

import pytest
import torch

from humanoid_gym.cli.composing import compose
from humanoid_gym.cli.run_config import run_config
from humanoid_gym.cli.training import make_env


def walker(*overrides, task="humanoid_legs", num_envs=3):
    composed = compose([f"task={task}", f"num_envs={num_envs}", "device=cpu", *overrides])
    env = make_env(run_config(composed.task_name, composed.settings, ""))
    env.reset()
    return env


def walk(env, steps, seed=0):
    generator = torch.Generator().manual_seed(seed)
    seen = []
    for _ in range(steps):
        action = 0.3 * torch.randn(env.num_envs, env.num_actions, generator=generator)
        obs, reward, _, extras = env.step(action)
        drawn = list(extras["randomization"].values())
        seen.append(torch.cat([obs["obs"], obs["states"], reward[:, None], *drawn], -1))
    return torch.stack(seen)


@pytest.mark.parametrize("task", ["humanoid_legs", "humanoid_walk"])
@pytest.mark.parametrize("option", ["moderate", "full"])
def test_every_option_fits_every_robot(option, task):
    env = walker(f"randomization={option}", task=task)
    assert walk(env, 3).isfinite().all()
    torso = env.randomization.table()
    assert any(line.startswith("payload") for line in torso)
    env.close()


@pytest.mark.parametrize("drive", ["position", "torque"])
def test_a_randomized_walk_goes_on_bit_for_bit(drive):
    env = walker("randomization=full", f"task.drive={drive}", "task.episode_length=8")
    walk(env, 5)
    saved = env.state_dict()
    expected = walk(env, 12, seed=1)
    env.load_state_dict(saved)
    assert walk(env, 12, seed=1).equal(expected)
    env.close()


def test_privileged_states_have_no_sensor_noise():
    env = walker("task.randomization.noise.joint_offset.std=0.05")
    walk(env, 1)
    width = env.num_obs
    states = env.states_buf[:, :width]
    noisy = env.observation.slices["joint_offset"]
    exact = [i for i in range(width) if not noisy.start <= i < noisy.stop]
    assert env.obs_buf[:, exact].equal(states[:, exact])
    assert (env.obs_buf[:, noisy] != states[:, noisy]).all()
    env.close()


def test_torques_of_torque_control_have_the_motors_strength_and_gains():
    strong = {"motor_strength": "[0.5,1.5]", "stiffness": "[0.5,1.5]", "damping": "[0.5,1.5]"}
    overrides = [f"task.randomization.{name}.range={bounds}" for name, bounds in strong.items()]
    env = walker("task.drive=torque", *overrides)
    drawn = env.randomization.draws()
    position, velocity = env.joint_position.clone(), env.joint_velocity.clone()
    env.aim(torch.full((3, env.num_actions), 0.2), env.robot.default_pose)
    env.before_simulate()
    robot = env.robot
    spring = robot.stiffness * drawn["stiffness"] * (env.targets - position)
    wanted = spring - robot.damping * drawn["damping"] * velocity
    limited = wanted.clamp(-robot.peak_torque, robot.peak_torque)
    torch.testing.assert_close(env.torques, limited * drawn["motor_strength"])
    env.close()
