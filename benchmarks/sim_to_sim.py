"""An exported policy in another simulation: plain MuJoCo, built from the URDF without our engine.

python benchmarks/sim_to_sim.py --policy runs/humanoid/…/exported/policy.onnx --episodes 20
python play.py --checkpoint runs/humanoid/… --episodes 100          what to compare the return with

Everything here but the policy's file, its runner and the settings of the robot in cfg/task is
written anew: model, sensors, rewards and resets come from the URDF, MuJoCo's own functions and the
published formulas. Contacts, integrator and time step are MuJoCo's defaults, not the engine's.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Tuple, Union

import mujoco
import numpy as np
import yaml

from humanoid_gym.deployment import Command, PolicyFile, PolicyRunner
from humanoid_gym.deployment.description import Deployment

REPOSITORY = Path(__file__).resolve().parents[1]
PHYSICS_STEP = 1.0 / 480.0
"""Time step [s]; the engine's is 1/120 s for task=humanoid and 1/200 s for walking."""


@dataclass
class Outcome:
    """What an episode came to."""

    reward: float
    steps: int
    distance: float
    stopped: str


class PlainRobot:
    """A robot on a plane, with the sensors of a robot."""

    def __init__(self, urdf: Path, deployment: Deployment) -> None:
        spec = mujoco.MjSpec.from_file(str(urdf))
        spec.compiler.fusestatic = False
        self.base = spec.worldbody.first_body().name
        spec.body(self.base).add_freejoint()
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1])
        spec.option.timestep = PHYSICS_STEP
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        for joint in deployment.joints:
            target = spec.joint(joint.name)
            # the first of three coefficients; the others are of higher powers
            target.stiffness[0], target.damping[0] = joint.stiffness, joint.damping
            target.armature = joint.armature
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self.deployment = deployment
        joints = [self.model.joint(joint.name) for joint in deployment.joints]
        self.qpos = np.array([joint.qposadr[0] for joint in joints])
        self.qvel = np.array([joint.dofadr[0] for joint in joints])
        self.driven = np.array(deployment.driven)
        self.torque = np.zeros(len(joints))
        self.substeps = round(deployment.period / PHYSICS_STEP)
        self.root = self.model.body(self.base).id
        self.feet = [
            self.model.body(foot.link).id
            for foot in (deployment.body.feet if deployment.body else ())
        ]

    def reset(self, height: float, position: np.ndarray, velocity: np.ndarray) -> None:
        """Stand at the origin."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[2] = height
        self.data.qpos[self.qpos], self.data.qvel[self.qvel] = position, velocity
        self.torque[:] = 0.0
        mujoco.mj_forward(self.model, self.data)

    def advance(self, command: Command) -> None:
        """Hold a command for one control step; motors are limited to their largest torque."""
        limits = np.array([actuator.max_torque for actuator in self.deployment.actuators])
        for _ in range(self.substeps):
            q, speed = self.data.qpos[self.qpos], self.data.qvel[self.qvel]
            spring = command.stiffness * (command.position - q[self.driven])
            torque = spring - command.damping * speed[self.driven] + command.torque
            self.torque[self.driven] = np.clip(torque, -limits, limits)
            self.data.qfrc_applied[self.qvel] = self.torque
            mujoco.mj_step(self.model, self.data)
        mujoco.mj_forward(self.model, self.data)
        mujoco.mj_rnePostConstraint(self.model, self.data)

    def sensors(self) -> Dict[str, np.ndarray]:
        """Return readings by name, in SI units."""
        model, data = self.model, self.data
        rotation = data.xmat[self.root].reshape(3, 3)
        w, x, y, z = data.xquat[self.root]
        motion = np.zeros(6)
        mujoco.mj_objectVelocity(
            model, data, mujoco.mjtObj.mjOBJ_BODY, self.root, motion, 0
        )  # about the centre of mass, world axes: angular, linear
        spring, damper = model.jnt_stiffness[1:], model.dof_damping[6:]
        q, speed = data.qpos[self.qpos], data.qvel[self.qvel]
        order = self.qvel - 6
        return {
            "base_position": data.xpos[self.root].copy(),
            "base_orientation": np.array([x, y, z, w]),
            "velocity_b": rotation.T @ motion[3:],
            "angular_velocity_b": rotation.T @ motion[:3],
            "joint_position": q.copy(),
            "joint_velocity": speed.copy(),
            "joint_torque": self.torque - spring[order] * q - damper[order] * speed,
            "foot_wrench": np.concatenate([self._wrench(foot) for foot in self.feet]),
        }

    def _wrench(self, body: int) -> np.ndarray:
        """Force and torque that accelerate a body, about its origin, in its axes."""
        model, data = self.model, self.data
        acceleration, velocity = np.zeros(6), np.zeros(6)
        kind = mujoco.mjtObj.mjOBJ_BODY
        mujoco.mj_objectAcceleration(model, data, kind, body, acceleration, 0)
        mujoco.mj_objectVelocity(model, data, kind, body, velocity, 0)
        force = model.body_mass[body] * (acceleration[3:] + model.opt.gravity)
        axes = data.ximat[body].reshape(3, 3)
        inertia = axes @ np.diag(model.body_inertia[body]) @ axes.T
        spin = velocity[:3]
        torque = inertia @ acceleration[:3] + np.cross(spin, inertia @ spin)
        torque = torque + np.cross(data.xipos[body] - data.xpos[body], force)
        rotation = data.xmat[body].reshape(3, 3)
        return np.concatenate([rotation.T @ force, rotation.T @ torque])


class Running:
    """task=humanoid: the public Humanoid task's rewards and resets, on named quantities."""

    def __init__(self, settings: Dict[str, Any], robot: PlainRobot) -> None:
        self.settings, self.robot = settings, robot
        joints = robot.deployment.joints
        self.lower = np.array([joint.lower for joint in joints])
        self.upper = np.array([joint.upper for joint in joints])
        efforts = np.array([actuator.max_torque for actuator in robot.deployment.actuators])
        self.strength = efforts / efforts.max()
        self.length = int(settings["episode_length"])
        self.extra: Dict[str, np.ndarray] = {}

    def reset(self, rng: np.random.Generator) -> None:
        """Stand with noise in the joints."""
        count = len(self.lower)
        nominal = np.clip(np.zeros(count), self.lower, self.upper)
        position = np.clip(nominal + rng.uniform(-0.2, 0.2, count), self.lower, self.upper)
        self.robot.reset(self.settings["root_height"], position, rng.uniform(-0.1, 0.1, count))
        self.distance = self._distance()

    def _distance(self) -> float:
        return float(
            np.linalg.norm(np.array([1000.0, 0.0]) - self.robot.data.xpos[self.robot.root][:2])
        )

    def reward(self, sensors: Dict[str, np.ndarray], action: np.ndarray) -> Tuple[float, bool]:
        """Return a step's reward and whether the robot fell."""
        before, self.distance = self.distance, self._distance()
        height = sensors["base_position"][2]
        if height < 0.8:
            return -float(self.settings["death_cost"]), True
        rotation = self.robot.data.xmat[self.robot.root].reshape(3, 3)
        to_target = np.array([1000.0, 0.0]) - sensors["base_position"][:2]
        heading = rotation[:2, 0] @ to_target / np.linalg.norm(to_target)
        reward = 0.5 * min(heading / 0.8, 1.0) + 0.1 * (rotation[2, 2] > 0.93) + 2.0
        reward += (before - self.distance) / self.robot.deployment.period
        reward -= 0.01 * float(action @ action)
        reward -= 0.005 * float((np.abs(action * sensors["joint_velocity"]) * self.strength).sum())
        middle, half = 0.5 * (self.lower + self.upper), 0.5 * (self.upper - self.lower)
        place = np.abs((sensors["joint_position"] - middle) / half)
        beyond = np.maximum(place - 0.98, 0.0) / 0.02
        return reward - 0.25 * float((beyond * self.strength).sum()), False


COMMAND = (0.6, 0.0, 0.0)
"""Forward and lateral velocity [m/s] and yaw rate [rad/s] that a walking robot is told."""


class Walking:
    """task=humanoid_walk and humanoid_legs: how well a command is followed."""

    def __init__(self, settings: Dict[str, Any], robot: PlainRobot) -> None:
        self.settings, self.robot = settings, robot
        self.length = int(settings["episode_length"])
        self.extra = {"command": np.array(COMMAND)}
        self.pose = np.array([joint.default_position for joint in robot.deployment.joints])

    def reset(self, rng: np.random.Generator) -> None:
        """Stand in the default pose with noise in the joints."""
        position = self.pose + rng.uniform(-0.1, 0.1, len(self.pose))
        height = self.settings["standing_height"] + 0.01
        self.robot.reset(height, position, rng.uniform(-0.2, 0.2, len(self.pose)))

    def reward(self, sensors: Dict[str, np.ndarray], action: np.ndarray) -> Tuple[float, bool]:
        """Return the error of the horizontal velocity [m/s], and whether the robot fell."""
        rotation = self.robot.data.xmat[self.robot.root].reshape(3, 3)
        x, y, _ = rotation @ sensors["velocity_b"]
        cosine, sine = rotation[:2, 0] / np.linalg.norm(rotation[:2, 0])
        velocity = np.array([cosine * x + sine * y, cosine * y - sine * x])
        error = float(np.linalg.norm(velocity - self.extra["command"][:2]))
        low = sensors["base_position"][2] < self.settings.get("least_height", 0.5)
        tilted = rotation[2, 2] < math.cos(self.settings.get("largest_tilt", 1.0))
        return error, bool(low or tilted)


Task = Union[Running, Walking]


def play(task: Task, runner: PolicyRunner, rng: np.random.Generator) -> Outcome:
    """Play an episode."""
    task.reset(rng)
    runner.reset()
    robot, total = task.robot, 0.0
    sensors = robot.sensors()
    # sensors of force have nothing to do with a new episode
    sensors["joint_torque"], sensors["foot_wrench"] = (
        0.0 * sensors[n] for n in ("joint_torque", "foot_wrench")
    )
    steps = 0
    while steps < task.length:
        steps += 1
        command = runner.step({**sensors, **task.extra})
        robot.advance(command)
        sensors = robot.sensors()
        reward, fell = task.reward(sensors, runner.previous_action)
        total += reward
        if fell:
            break
    return Outcome(total, steps, float(sensors["base_position"][0]), runner.reason)


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--policy", type=Path, required=True)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    policy = PolicyFile(options.policy)
    deployment = policy.deployment
    settings = task_settings(deployment.task)
    robot = PlainRobot(REPOSITORY / settings["asset"], deployment)
    task: Task = (Running if deployment.task == "humanoid" else Walking)(settings, robot)
    runner = PolicyRunner(policy)
    rng = np.random.default_rng(options.seed)
    outcomes = [play(task, runner, rng) for _ in range(options.episodes)]
    print(
        f"episodes    {len(outcomes)}, MuJoCo {mujoco.__version__}, steps of {PHYSICS_STEP:.5f} s"
    )
    steps = np.array([outcome.steps for outcome in outcomes])
    sums = np.array([outcome.reward for outcome in outcomes])
    if isinstance(task, Running):
        _print_mean("return", sums, "")
    else:
        _print_mean("error", sums / steps, " m/s of the horizontal velocity")
    _print_mean("length", steps, f" steps, {int((steps < task.length).sum())} ended early")
    distance = np.array([outcome.distance for outcome in outcomes])
    _print_mean("speed", distance / (steps * deployment.period), " m/s")
    reasons = {outcome.stopped for outcome in outcomes if outcome.stopped}
    print(f"safety      { ({k: v for k, v in runner.report().items() if v}) } {' '.join(reasons)}")


def task_settings(task: str) -> Dict[str, Any]:
    """Return the settings in cfg/task, with those of the file that they build on below them."""
    settings = yaml.safe_load((REPOSITORY / f"cfg/task/{task}.yaml").read_text())
    bases = [name for name in settings.pop("defaults", []) if name != "_self_"]
    below = {key: value for name in bases for key, value in task_settings(name).items()}
    return {**below, **settings}


def _print_mean(name: str, values: np.ndarray, unit: str) -> None:
    error = values.std() / math.sqrt(len(values))
    print(f"{name:<12}{values.mean():.4g} ± {values.std():.2g} (standard error {error:.2g}){unit}")


if __name__ == "__main__":
    main()
