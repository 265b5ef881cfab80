"""A humanoid runs along +x: the public IsaacGymEnvs Humanoid task on our own robot.

Torques drive 21 joints; observation, reward and termination are those of isaac-sim/IsaacGymEnvs,
commit aeed298, isaacgymenvs/tasks/humanoid.py with its defaults. Deliberate differences: the energy
cost takes joint speeds in place of scaled observation columns (its scale makes up for it), the
angle to the target lies in the ground plane (there: in the x-z plane), an episode of length L is
truncated after exactly L steps, a new episode is observed right after the reset with forces and
previous actions of zero.
"""

from dataclasses import dataclass, field
from typing import Dict, List

import numpy as np
import torch
from isaacgym import gymapi, gymtorch
from torch import Tensor

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.deployment.description import Deployment
from humanoid_gym.kernels import humanoid as kernels
from humanoid_gym.mirror import MirrorMap, Reflection, check_symmetric
from humanoid_gym.tasks.humanoid_deployment import humanoid_deployment
from humanoid_gym.tasks.humanoid_mirror import humanoid_mirror
from humanoid_gym.tasks.joint_values import by_joint
from humanoid_gym.tasks.observation import ObservationTable, ObservationTerm
from humanoid_gym.tasks.reward_table import RewardTerm, scaled
from humanoid_gym.tasks.simulated_task import Handle
from humanoid_gym.tasks.task_config import TaskConfig, check_z_up
from humanoid_gym.tasks.vec_task import Point, VecTask

NUM_JOINTS = 21
FEET = ("right_foot", "left_foot")
TARGET = (1000.0, 0.0, 0.0)
"""Point to run to [m], env-local; far enough to be a direction."""


@dataclass(frozen=True)
class PassiveJointConfig:
    """What acts in a joint besides the motor; URDF cannot say it."""

    stiffness: float = field(default=0.0, metadata={"min": 0.0})
    """Spring towards joint position 0 [N m/rad]."""
    damping: float = field(default=0.0, metadata={"min": 0.0})
    """Damper [N m s/rad]."""
    armature: float = field(default=0.0, metadata={"min": 0.0})
    """Inertia of the rotor, seen at the joint [kg m^2]."""


@dataclass(frozen=True)
class HumanoidConfig(TaskConfig):
    """Settings of the humanoid task; the defaults are the public task's."""

    num_envs: int = field(default=4096, metadata={"min": 1})
    """Number of environments that step in lockstep."""
    asset: str = "resources/urdf/humanoid/humanoid.urdf"
    """Robot description with 21 limited joints and links `right_foot` and `left_foot`."""
    root_height: float = field(default=1.34, metadata={"above": 0.0})
    """Height of the torso's origin when an episode begins [m], slightly above standing."""
    joints: Dict[str, PassiveJointConfig] = field(default_factory=dict)
    """Passive properties by joint name; `*` stands for any characters, exact names come first."""
    angular_damping: float = field(default=0.01, metadata={"min": 0.0})
    """Damping of the torso's rotation [1/s]."""
    max_angular_velocity: float = field(default=100.0, metadata={"above": 0.0})
    """Limit of the torso's angular velocity [rad/s]."""
    power_scale: float = field(default=1.0, metadata={"above": 0.0})
    """Torque = action x effort limit x power scale."""
    termination_height_ratio: float = field(default=0.8 / 1.34, metadata={"min": 0.0, "below": 1.0})
    """The episode ends below this fraction of `root_height` (public: 0.8 m of 1.34 m)."""
    reset_position_noise: float = field(default=0.2, metadata={"min": 0.0})
    """Joint positions begin within plus or minus this value of the nominal pose [rad]."""
    reset_velocity_noise: float = field(default=0.1, metadata={"min": 0.0})
    """Joint velocities begin within plus or minus this value [rad/s]."""
    joint_velocity_scale: float = 0.1
    """Scale of joint velocities in the observation."""
    angular_velocity_scale: float = 0.25
    """Scale of the torso's angular velocity in the observation."""
    force_scale: float = 0.01
    """Scale of joint torques and foot forces in the observation."""
    heading_scale: float = 0.5
    """Reward for facing the target."""
    upright_scale: float = 0.1
    """Reward for an upright torso."""
    alive_scale: float = 2.0
    """Reward for each step."""
    progress_scale: float = 1.0
    """Reward for each m/s towards the target."""
    action_cost_scale: float = 0.01
    """Cost of the squared action."""
    energy_cost_scale: float = 0.005
    """Cost of |action x joint speed in rad/s|; public: 0.05 on speeds scaled by 0.1."""
    joint_limit_cost_scale: float = 0.25
    """Cost of each joint at its limit."""
    death_cost: float = 1.0
    """Cost of a fall, in place of all other terms of that step."""

    def __post_init__(self) -> None:
        """Refuse a world on its side."""
        check_z_up(self.sim)


def observation_table(config: HumanoidConfig) -> ObservationTable:
    """Return the 108 columns of the observation in their order."""
    force = config.force_scale
    return ObservationTable(
        (
            ObservationTerm("height", 1, "m", source="base_height"),
            ObservationTerm("velocity_b", 3, "m/s"),
            ObservationTerm("angular_velocity_b", 3, "rad/s", config.angular_velocity_scale),
            ObservationTerm("yaw", 1, "rad", source="yaw"),
            ObservationTerm("roll", 1, "rad", source="roll"),
            ObservationTerm("angle_to_target", 1, "rad", source="angle_to_target"),
            ObservationTerm("torso_up", 1, "1", source="up_cosine"),
            ObservationTerm("heading", 1, "1", source="heading_cosine"),
            ObservationTerm("joint_position", NUM_JOINTS, "1", source="joint_position_in_range"),
            ObservationTerm("joint_velocity", NUM_JOINTS, "rad/s", config.joint_velocity_scale),
            ObservationTerm("joint_torque", NUM_JOINTS, "N m", force),
            ObservationTerm("foot_wrench", 6 * len(FEET), "N, N m", force),
            ObservationTerm("action", NUM_JOINTS, "1", source="previous_action"),
        )
    )


def reward_table(config: HumanoidConfig) -> Dict[str, RewardTerm]:
    """Return the reward terms of a step on which the humanoid has not fallen, by name."""
    return {
        "heading": RewardTerm(kernels.heading_reward, config.heading_scale),
        "upright": RewardTerm(kernels.upright_reward, config.upright_scale),
        "alive": RewardTerm(kernels.alive_reward, config.alive_scale),
        "progress": RewardTerm(kernels.progress_reward, config.progress_scale),
        "action_cost": RewardTerm(kernels.action_cost, -config.action_cost_scale),
        "energy_cost": RewardTerm(kernels.energy_cost, -config.energy_cost_scale),
        "joint_limit_cost": RewardTerm(kernels.joint_limit_cost, -config.joint_limit_cost_scale),
    }


class Humanoid(VecTask):
    """Run towards +x; see the module's description."""

    config_class = HumanoidConfig
    config: HumanoidConfig
    num_obs = observation_table(HumanoidConfig()).size
    num_actions = NUM_JOINTS
    recomputed = ("quantities",)
    from_settings = (
        *("joint_lower", "joint_upper", "effort", "effort_ratio"),
        *("nominal_position", "target", "observation_scale"),
    )

    def create_envs(self) -> None:
        """Load the humanoid, put sensors on its feet and create the environments."""
        asset = self._load_humanoid()
        dof_properties = self._dof_properties(asset)
        pose = gymapi.Transform(p=gymapi.Vec3(0.0, 0.0, self.config.root_height))
        for i in range(self.num_envs):
            env = self.create_env()
            # one group per environment, no filter: links of one humanoid collide with each other
            actor = self.gym.create_actor(env, asset, pose, "humanoid", i, 0)
            self.gym.set_actor_dof_properties(env, actor, dof_properties)
            self.gym.enable_actor_dof_force_sensors(env, actor)

    def acquire_tensors(self) -> None:
        """Wrap the simulation's tensors; shapes (num_envs, ...)."""
        gym, sim, n = self.gym, self.sim, self.num_envs
        self.root_state = self.wrap(gym.acquire_actor_root_state_tensor(sim))
        self.dof_state = self.wrap(gym.acquire_dof_state_tensor(sim))
        self.joint_position = self.dof_state.view(n, NUM_JOINTS, 2)[..., 0]
        self.joint_velocity = self.dof_state.view(n, NUM_JOINTS, 2)[..., 1]
        torques = self.wrap(gym.acquire_dof_force_tensor(sim))
        self.joint_torque = torques.view(n, NUM_JOINTS)
        wrenches = self.wrap(gym.acquire_force_sensor_tensor(sim))
        self.foot_wrench = wrenches.view(n, 6 * len(FEET))

        gym.refresh_actor_root_state_tensor(sim)
        self.initial_root_state = self.root_state.clone()
        self.initial_root_state[:, 7:13] = 0.0
        zero = torch.zeros_like(self.joint_lower)
        self.nominal_position = torch.clamp(zero, self.joint_lower, self.joint_upper)
        self.target = torch.tensor(TARGET, device=self.device)
        self.observation = observation_table(self.config)
        self.observation_scale = self.observation.scales(self.device)
        table = reward_table(self.config)
        self.rewards = {name: term for name, term in table.items() if term.scale != 0.0}
        self.actions = torch.zeros(n, NUM_JOINTS, device=self.device)
        self.torques = torch.zeros(n, NUM_JOINTS, device=self.device)
        self.previous_position = self.root_state[:, 0:3].clone()

    def pre_physics_step(self, actions: Tensor) -> None:
        """Apply torque = action x effort limit x power scale."""
        self.actions.copy_(actions)
        self.previous_position.copy_(self.root_state[:, 0:3])
        torch.mul(self.actions, self.effort * self.config.power_scale, out=self.torques)
        self.gym.set_dof_actuation_force_tensor(self.sim, gymtorch.unwrap_tensor(self.torques))

    def refresh_tensors(self) -> None:
        """Copy the simulation's state into the wrapped tensors."""
        self.gym.refresh_actor_root_state_tensor(self.sim)
        self.gym.refresh_dof_state_tensor(self.sim)
        self.gym.refresh_dof_force_tensor(self.sim)
        self.gym.refresh_force_sensor_tensor(self.sim)

    def compute_observations(self) -> None:
        """Name the quantities and assemble the observation."""
        # sensors keep the last step's readings, which a new episode has nothing to do with
        under_way = (self.progress_buf > 0).unsqueeze(-1)
        duration = self.dt * self.config.control_frequency_inv
        velocity, angular_velocity, yaw, roll, angle, up, heading, speed = kernels.torso(
            self.root_state, self.previous_position, self.target, duration
        )
        self.quantities = kernels.Locomotion(
            height=self.root_state[:, 2],
            velocity_b=velocity,
            angular_velocity_b=angular_velocity,
            yaw=yaw,
            roll=roll,
            angle_to_target=angle,
            torso_up=up,
            heading=heading,
            joint_position=kernels.normalise(
                self.joint_position, self.joint_lower, self.joint_upper
            ),
            joint_velocity=self.joint_velocity,
            joint_torque=self.joint_torque * under_way,
            foot_wrench=self.foot_wrench * under_way,
            action=self.actions,
            effort_ratio=self.effort_ratio,
            forward_speed=speed,
        )
        self.obs_buf.copy_(self.observation.assemble(self.quantities, self.observation_scale))

    def compute_reward(self) -> Dict[str, Tensor]:
        """Return the reward terms; a fall costs `death_cost` in place of all of them."""
        fallen = self.compute_termination()
        terms = {
            name: term.masked_fill_(fallen, 0.0)
            for name, term in scaled(self.rewards, self.quantities).items()
        }
        terms["death"] = fallen * -self.config.death_cost
        return terms

    def compute_termination(self) -> Tensor:
        """Return who has fallen: the torso is below the termination height."""
        lowest = self.config.termination_height_ratio * self.config.root_height
        return self.quantities.height < lowest

    def compute_termination_causes(self) -> Dict[str, Tensor]:
        """Return who has fallen."""
        return {"fallen": self.compute_termination()}

    def compute_metrics(self) -> Dict[str, Tensor]:
        """Return the speed towards the target [m/s], the torso's uprightness, motor power [W]."""
        return {
            "forward_speed": self.quantities.forward_speed,
            "upright": self.quantities.torso_up,
            "power": (self.torques * self.joint_velocity).abs().sum(dim=-1),
        }

    def reset_envs(self, mask: Tensor) -> None:
        """Stand up at the origin with noise in the joints."""
        column = mask.unsqueeze(-1)
        config, shape = self.config, (self.num_envs, NUM_JOINTS)
        # U(-0.2, 0.2) rad and U(-0.1, 0.1) rad/s by default
        noise = self.uniform(-config.reset_position_noise, config.reset_position_noise, shape)
        position = torch.clamp(self.nominal_position + noise, self.joint_lower, self.joint_upper)
        velocity = self.uniform(-config.reset_velocity_noise, config.reset_velocity_noise, shape)
        self.joint_position.copy_(torch.where(column, position, self.joint_position))
        self.joint_velocity.copy_(torch.where(column, velocity, self.joint_velocity))
        self.root_state.copy_(torch.where(column, self.initial_root_state, self.root_state))
        # full setters: the engine writes the rows that changed, and no host needs to count them
        gym, sim = self.gym, self.sim
        gym.set_actor_root_state_tensor(sim, gymtorch.unwrap_tensor(self.root_state))
        gym.set_dof_state_tensor(sim, gymtorch.unwrap_tensor(self.dof_state))
        position_now = self.root_state[:, 0:3]
        self.previous_position.copy_(torch.where(column, position_now, self.previous_position))
        self.actions.masked_fill_(column, 0.0)

    def mirror(self) -> MirrorMap:
        """Return how observation and action change when left and right are exchanged.

        Raises:
            ValueError: the robot is not symmetric.
        """
        mirror = humanoid_mirror(self.joint_names, [term.name for term in self.observation.terms])
        same = Reflection(mirror.actions.source, (1.0,) * NUM_JOINTS)
        properties = {
            "limits": (self.joint_lower + self.joint_upper, mirror.actions),
            "range": (self.joint_upper - self.joint_lower, same),
            "effort": (self.effort, same),
        }
        for column in ("stiffness", "damping", "armature"):
            values = torch.tensor(self.dof_properties[column].tolist(), device=self.device)
            properties[column] = (values, same)
        check_symmetric(self.config.asset, self.joint_names, properties)
        return mirror

    def deployment(self) -> Deployment:
        """Describe the robot to the computer that runs an exported policy on it."""
        return humanoid_deployment(self, FEET, TARGET)

    def camera_target(self, env_index: int) -> Point:
        """Return the torso's position on the ground, at hip height."""
        x, y, _ = self.root_state[env_index, 0:3].tolist()
        return (x, y, 0.75 * self.config.root_height)

    def _load_humanoid(self) -> Handle:
        options = gymapi.AssetOptions()
        options.angular_damping = self.config.angular_damping
        options.max_angular_velocity = self.config.max_angular_velocity
        options.default_dof_drive_mode = gymapi.DOF_MODE_EFFORT
        asset = self.load_asset(options)
        for foot in FEET:
            body = self.gym.find_asset_rigid_body_index(asset, foot)
            if body < 0:
                names = self.gym.get_asset_rigid_body_names(asset)
                raise ConfigError(
                    f"'{self.config.asset}' has no link '{foot}'; nearest: '{nearest(foot, names)}'"
                )
            self.gym.create_asset_force_sensor(asset, body, gymapi.Transform())
        return asset

    def _dof_properties(self, asset: Handle) -> np.ndarray:
        names: List[str] = self.gym.get_asset_dof_names(asset)
        self._check_joints(names)
        self.joint_names = names
        properties = self.gym.get_asset_dof_properties(asset)
        unlimited = [name for name, ok in zip(names, properties["hasLimits"]) if not ok]
        if unlimited:
            raise ConfigError(f"'{self.config.asset}': joint '{unlimited[0]}' has no limits")
        passives = by_joint(names, self.config.joints, "joints", PassiveJointConfig())
        for i, passive in enumerate(passives):
            properties["driveMode"][i] = gymapi.DOF_MODE_EFFORT
            properties["stiffness"][i] = passive.stiffness
            properties["damping"][i] = passive.damping
            properties["armature"][i] = passive.armature
        self.joint_lower, self.joint_upper, self.effort = (
            torch.tensor(np.array(properties[column]), dtype=torch.float32, device=self.device)
            for column in ("lower", "upper", "effort")
        )
        self.effort_ratio = self.effort / self.effort.max()
        self.dof_properties = properties
        return properties

    def _check_joints(self, names: List[str]) -> None:
        if len(names) != NUM_JOINTS:
            raise ConfigError(
                f"'{self.config.asset}' has {len(names)} movable joints; "
                f"the humanoid task needs {NUM_JOINTS}"
            )
