"""The robot on a stand: its base is fixed, its joints follow recorded commands. Many at once."""

from pathlib import Path
from typing import Any, List, Sequence

import numpy as np
import torch
from isaacgym import gymapi, gymtorch

from humanoid_gym.config import ConfigError, SimConfig
from humanoid_gym.deployment.description import Deployment
from humanoid_gym.identification.parameters import DELAY, Parameter, property_values
from humanoid_gym.identification.recording import JointRecording
from humanoid_gym.randomization.properties import WRITERS, ActorProperties, Robot

Handle = Any  # the simulator's opaque objects

SPACING = 2.0
"""Half the edge of an environment's cell [m]; nothing of the robots touches."""


class Rig:
    """As many robots as candidates are tried at once, each with properties of its own."""

    def __init__(self, asset: Path, deployment: Deployment, sim: SimConfig, count: int) -> None:
        """Build them.

        Args:
            asset: robot description.
            deployment: joints, gains and the control rate.
            sim: gravity and substeps; a simulation step is a control step.
            count: number of robots.

        Raises:
            ConfigError: the robot has no joints, or others than the description names.
        """
        self.deployment = deployment
        self.count = count
        self.gym: Any = gymapi.acquire_gym()
        params = gymapi.SimParams()
        params.dt, params.substeps = deployment.period, sim.substeps
        params.up_axis = gymapi.UP_AXIS_Z
        params.gravity = gymapi.Vec3(*sim.gravity)
        params.use_gpu_pipeline = False
        self.sim = self.gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)
        self._create(asset)
        self.gym.prepare_sim(self.sim)
        joints = len(deployment.joints)
        state = gymtorch.wrap_tensor(self.gym.acquire_dof_state_tensor(self.sim))
        if state is None:
            raise ConfigError(f"{asset}: the robot has no joints to identify")
        self._state = state.view(count, joints, 2)
        self._command = torch.zeros(count, joints)
        self._driven = deployment.driven

    def _create(self, asset: Path) -> None:
        options = gymapi.AssetOptions()
        options.fix_base_link = True
        loaded = self.gym.load_asset(self.sim, str(asset.parent), asset.name, options)
        properties = self._dof_properties(loaded, asset)
        half = gymapi.Vec3(SPACING, SPACING, SPACING)
        low = gymapi.Vec3(-SPACING, -SPACING, 0.0)
        pose = gymapi.Transform(p=gymapi.Vec3(0.0, 0.0, SPACING))
        self._actors: List[ActorProperties] = []
        for index in range(self.count):
            env = self.gym.create_env(self.sim, low, half, int(np.ceil(np.sqrt(self.count))))
            # the same group and filter for all its shapes: on a stand nothing collides
            actor = self.gym.create_actor(env, loaded, pose, "robot", index, 1)
            self.gym.set_actor_dof_properties(env, actor, properties)
            self._actors.append(ActorProperties(self.gym, env, actor))
        self.robot = Robot(self.gym, self.gym.get_env(self.sim, 0), 0)

    def _dof_properties(self, loaded: Handle, asset: Path) -> np.ndarray:
        """Return the joints' properties, in the order that the simulator has them."""
        deployment = self.deployment
        names = self.gym.get_asset_dof_names(loaded)
        if list(names) != [joint.name for joint in deployment.joints]:
            described = ", ".join(joint.name for joint in deployment.joints)
            raise ConfigError(
                f"{asset}: its joints are {', '.join(names)}; task {deployment.task} describes "
                f"{described}"
            )
        properties = self.gym.get_asset_dof_properties(loaded)
        driven = {actuator.joint: actuator for actuator in deployment.actuators}
        positions = deployment.command == "position"
        for row, joint in zip(properties, deployment.joints):
            actuator = driven.get(joint.name)
            follows = positions and actuator is not None
            row["driveMode"] = gymapi.DOF_MODE_POS if follows else gymapi.DOF_MODE_EFFORT
            row["stiffness"] = actuator.stiffness if follows and actuator else joint.stiffness
            row["damping"] = actuator.damping if follows and actuator else joint.damping
            row["armature"] = joint.armature
            if actuator is not None:
                row["effort"], row["velocity"] = actuator.max_torque, actuator.max_velocity
        return properties

    def follow(
        self, recording: JointRecording, unknown: Sequence[Parameter], candidates: np.ndarray
    ) -> np.ndarray:
        """Let every robot follow the recorded commands with properties of its own.

        Args:
            recording: commands, and the positions to begin at.
            unknown: parameters.
            candidates: their values, shape (count, P).

        Returns:
            Joint positions at the recording's times [rad], shape (count, T, J).
        """
        for actor, values in zip(self._actors, candidates):
            for kind, numbers in property_values(unknown, values, self.robot).items():
                if numbers:
                    WRITERS[kind](actor, numbers)
        commands = self._commands(recording, unknown, candidates)
        self._state[..., 0] = torch.from_numpy(recording.position[0]).float()
        self._state[..., 1] = 0.0
        self.gym.set_dof_state_tensor(self.sim, gymtorch.unwrap_tensor(self._state))
        found = [self._state[..., 0].clone()]
        for command in commands[:-1]:
            self._command[:, self._driven] = torch.from_numpy(command).float()
            self._send()
            self.gym.simulate(self.sim)
            self.gym.fetch_results(self.sim, True)
            self.gym.refresh_dof_state_tensor(self.sim)
            found.append(self._state[..., 0].clone())
        return torch.stack(found, dim=1).double().numpy()

    def close(self) -> None:
        """Release the simulation."""
        self.gym.destroy_sim(self.sim)

    def _send(self) -> None:
        command = gymtorch.unwrap_tensor(self._command)
        if self.deployment.command == "position":
            self.gym.set_dof_position_target_tensor(self.sim, command)
        else:
            self.gym.set_dof_actuation_force_tensor(self.sim, command)

    def _commands(
        self, recording: JointRecording, unknown: Sequence[Parameter], candidates: np.ndarray
    ) -> np.ndarray:
        """Return what arrives at the motors at each step, shape (T, count, A).

        A delay of a part of a step mixes the neighbouring commands, so that it can be fitted.
        """
        steps = np.arange(len(recording.time), dtype=float)
        late = np.zeros(len(candidates))
        strength = np.ones((len(candidates), len(self._driven)))
        for column, parameter in enumerate(unknown):
            if parameter.field == DELAY:
                late = candidates[:, column]
            if parameter.field == "motor_strength" and self.deployment.command == "torque":
                own = np.isin(self._driven, parameter.parts)
                strength[:, own] = candidates[:, column, None]
        commands = [
            np.stack([np.interp(steps - delay, steps, c) for c in recording.command.T], 1)
            for delay in late
        ]
        return np.stack(commands, axis=1) * strength
