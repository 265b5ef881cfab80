"""What tasks say of their robots, against the tasks themselves and against plain MuJoCo."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from deployed_robots import LinearPolicy
from scipy.spatial.transform import Rotation

from humanoid_gym.config import ConfigError, build
from humanoid_gym.deployment import Deployment, PolicyRunner
from humanoid_gym.deployment.kinematics import BodyModel
from humanoid_gym.deployment.observations import Situation, assemble, sensor_widths
from humanoid_gym.deployment.stability import capture_point_margin
from humanoid_gym.tasks.registry import task_class
from humanoid_gym.tasks.vec_task import VecTask

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "benchmarks"))

import sim_to_sim  # noqa: E402

TASKS = ("cartpole", "humanoid", "humanoid_legs")
WALKING = ("humanoid", "humanoid_legs")


def make(name, **changes):
    settings = {**sim_to_sim.task_settings(name), "num_envs": 2, "seed": 3, **changes}
    task = task_class(name)
    return task(build(task.config_class, settings, "task"))


@pytest.fixture(scope="module", params=TASKS)
def task(request):
    task = make(request.param)
    yield task
    task.close()


def readings(task, row):
    """What sensors of the robot would say, in SI units, from the simulation's state."""
    if not hasattr(task, "root_state"):
        return {"joint_position": task.joints[row, :, 0], "joint_velocity": task.joints[row, :, 1]}
    root = task.root_state[row].double().numpy()
    to_base = Rotation.from_quat(root[3:7]).inv()
    found = {
        "joint_position": task.joint_position[row],
        "joint_velocity": task.joint_velocity[row],
        "base_position": root[:3],
        "base_orientation": root[3:7],
        "velocity_b": to_base.apply(root[7:10]),
        "angular_velocity_b": to_base.apply(root[10:13]),
    }
    if hasattr(task, "foot_wrench"):
        found.update(joint_torque=task.joint_torque[row], foot_wrench=task.foot_wrench[row])
    if hasattr(task, "commands"):
        found["command"] = task.commands[row]
    return found


def test_observations_are_the_tasks(task):
    deployment = task.deployment()
    generator = torch.Generator().manual_seed(5)
    task.reset()
    situation = Situation(deployment)
    for _ in range(4):
        actions = torch.rand(2, task.num_actions, generator=generator) * 3.0 - 1.5
        observations, _, done, _ = task.step(actions)
        assert not done.any()
        for row in range(2):
            given = {**deployment.constants, **readings(task, row)}
            assert sensor_widths(deployment).keys() <= given.keys()
            situation.observe({name: np.asarray(value, float) for name, value in given.items()})
            limit = deployment.clip_actions
            situation.previous_action = actions[row].clamp(-limit, limit).numpy()
            situation.phase = float(task.phase[row]) if hasattr(task, "phase") else 0.0
            observation = assemble(deployment.observation, situation)
            if deployment.clip_observations is not None:  # the policy's file does that
                most = deployment.clip_observations
                observation = observation.clip(-most, most)
            np.testing.assert_allclose(observation, observations["obs"][row], atol=2e-5)


def test_commands_are_what_the_task_does_with_an_action(task):
    deployment = task.deployment()
    action = torch.linspace(-0.9, 0.9, task.num_actions).expand(2, -1)
    task.step(action)
    done = {"cartpole": lambda: task.forces[:, :1], "humanoid": lambda: task.torques}
    applied = done.get(deployment.task, lambda: task.targets)()[0]
    scale = np.array([actuator.scale for actuator in deployment.actuators])
    offset = np.array([actuator.offset for actuator in deployment.actuators])
    np.testing.assert_allclose(offset + scale * action[0].numpy(), applied, rtol=1e-5, atol=1e-6)
    period = task.sim_params.dt * task.config.control_frequency_inv
    assert deployment.control_rate == pytest.approx(1.0 / period)


def test_metadata_survive_the_file(task):
    deployment = task.deployment()
    assert Deployment.from_json(deployment.to_json(), "") == deployment


def test_metadata_that_could_not_be_read_again_are_not_written(task):
    endless = dataclasses.replace(task.deployment(), clip_actions=float("inf"))
    with pytest.raises(ConfigError, match=r"clip_actions: expected a finite number, got inf"):
        endless.to_json()


@pytest.mark.parametrize("name", WALKING)
def test_the_crouch_of_a_safe_stop_stands(name):
    task = make(name)
    deployment = task.deployment()
    task.close()
    names = [joint.name for joint in deployment.joints]
    pose = {a.joint: a.stop_position for a in deployment.actuators}
    lean = -sum(angle for joint, angle in pose.items() if "left_" in joint and _pitches(joint))
    body = BodyModel(deployment.body, names, np.zeros((1, 1)))
    still = np.zeros((1, len(names)))
    gravity = np.array([[np.sin(lean), 0.0, -np.cos(lean)]])  # with flat soles
    motion = body.motion(np.array([[pose[n] for n in names]]), still, gravity, np.zeros((1, 3)))
    assert capture_point_margin(motion, 0.02)[0] > 0.05
    height = motion.foot_points[0, :, 2]
    assert height.max() - height.min() < 0.02


def _pitches(joint):
    return joint.endswith(("hip_y", "knee", "ankle_y", "hip_pitch", "ankle_pitch"))


@pytest.mark.parametrize("name", WALKING)
def test_a_robot_without_sensors_sinks_down_gently(name, tmp_path):
    """In plain MuJoCo, without the engine: no joint gets fast again, and all come to rest."""
    task = make(name)
    deployment = task.deployment()
    task.close()
    path = tmp_path / "policy.onnx"
    LinearPolicy(deployment).save(path)
    settings = sim_to_sim.task_settings(name)
    robot = sim_to_sim.PlainRobot(REPOSITORY / settings["asset"], deployment)
    kind = sim_to_sim.Running if name == "humanoid" else sim_to_sim.Walking
    kind(settings, robot).reset(np.random.default_rng(1))
    runner = PolicyRunner(path)
    fastest = []
    for _ in range(round(4.0 * deployment.control_rate)):
        robot.advance(runner.step({}))
        fastest.append(np.abs(robot.sensors()["joint_velocity"]).max())
    assert runner.stopped and "is missing" in runner.reason
    assert np.isfinite(fastest).all() and max(fastest[len(fastest) // 4 :]) < 20.0
    assert max(fastest[-10:]) < 0.5


def test_a_task_that_does_not_describe_its_robot_says_so():
    with pytest.raises(ConfigError, match="VecTask does not describe its robot: implement"):
        VecTask.deployment(object.__new__(VecTask))


def test_plain_mujoco_has_the_tasks_settings():
    merged = sim_to_sim.task_settings("humanoid_legs")
    base = yaml.safe_load((REPOSITORY / "cfg/task/humanoid_walk.yaml").read_text())
    assert merged["standing_height"] == base["standing_height"]
    assert merged["asset"].endswith("humanoid24_legs.urdf")
