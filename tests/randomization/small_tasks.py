"""Small robots with randomization, for tests of physics: a free box, a box with an arm."""

from dataclasses import dataclass
from pathlib import Path

import torch
from isaacgym import gymapi, gymtorch

from humanoid_gym.config import build
from humanoid_gym.tasks.observation import ObservationTerm
from humanoid_gym.tasks.randomized_task import RandomizedTask, RandomizedTaskConfig

DT = 0.01
MASS = 2.0
THICKNESS = 0.04
ARM_MASS, ARM_LENGTH, ARM_INERTIA = 1.5, 0.4, 0.05
ARMATURE = 0.3
ABOUT_AXIS = ARM_INERTIA + ARM_MASS * ARM_LENGTH**2

BOX = f"""
<robot name="box"><link name="base"><inertial><mass value="{MASS}"/>
<inertia ixx="0.02" iyy="0.03" izz="0.04" ixy="0" ixz="0" iyz="0"/></inertial>
<collision><geometry><box size="0.4 0.4 {THICKNESS}"/></geometry></collision></link></robot>"""
"""A slab, flat enough not to tilt when it is pulled."""

ARM = f"""
<robot name="arm">
<link name="base"><inertial><mass value="5"/>
<inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial>
<collision><geometry><box size="0.2 0.2 0.1"/></geometry></collision></link>
<link name="arm"><inertial><origin xyz="{ARM_LENGTH} 0 0"/><mass value="{ARM_MASS}"/>
<inertia ixx="0.01" iyy="{ARM_INERTIA}" izz="{ARM_INERTIA}" ixy="0" ixz="0"
 iyz="0"/></inertial></link>
<joint name="hinge" type="revolute"><parent link="base"/><child link="arm"/><axis xyz="0 0 1"/>
<limit lower="-3" upper="3" effort="1000" velocity="1000"/></joint>
</robot>"""
"""A fixed base and an arm that turns about the vertical axis, so that gravity does nothing."""


@dataclass(frozen=True)
class SmallConfig(RandomizedTaskConfig):
    height: float = 1.0
    fixed: bool = False
    mode: int = gymapi.DOF_MODE_EFFORT
    stiffness: float = 0.0
    damping: float = 0.0


class SmallTask(RandomizedTask):
    """Observes positions of base and joint; actions are torques, or targets in position mode."""

    config_class = SmallConfig
    num_obs = 4
    num_actions = 1

    def create_envs(self):
        options = gymapi.AssetOptions()
        options.fix_base_link = self.config.fixed
        options.angular_damping = 0.0  # Isaac Gym's default is not
        asset = self.load_asset(options)
        pose = gymapi.Transform(p=gymapi.Vec3(0.0, 0.0, self.config.height))
        for i in range(self.num_envs):
            env = self.create_env()
            actor = self.gym.create_actor(env, asset, pose, "robot", i, 0)
            self.gym.enable_actor_dof_force_sensors(env, actor)
            dofs = self.gym.get_actor_dof_properties(env, actor)
            dofs["driveMode"] = self.config.mode
            dofs["stiffness"], dofs["damping"] = self.config.stiffness, self.config.damping
            dofs["armature"] = ARMATURE
            self.gym.set_actor_dof_properties(env, actor, dofs)
        self.num_joints = self.gym.get_asset_dof_count(asset)

    def observation_groups(self):
        return [
            ObservationTerm("position", 3, "m"),
            ObservationTerm("joint", 1, "rad", scale=2.0),
        ]

    def acquire_tensors(self):
        gym, sim, n = self.gym, self.sim, self.num_envs
        self.root = self.wrap(gym.acquire_actor_root_state_tensor(sim))
        gym.refresh_actor_root_state_tensor(sim)
        self.start = self.root.clone()
        self.body = self.wrap(gym.acquire_rigid_body_state_tensor(sim))
        self.contact = self.wrap(gym.acquire_net_contact_force_tensor(sim)).view(n, -1, 3)
        self.joint = torch.zeros(n, 2, device=self.device)
        if self.num_joints:
            self.joint = self.wrap(gym.acquire_dof_state_tensor(sim)).view(n, 2)
            self.torque = self.wrap(gym.acquire_dof_force_tensor(sim))
        self.applied = torch.zeros(n, 1, device=self.device)

    def pre_physics_step(self, actions):
        self.applied.copy_(actions)
        if not self.num_joints:
            return
        if self.config.mode == gymapi.DOF_MODE_POS:
            target = gymtorch.unwrap_tensor(self.applied)
            self.gym.set_dof_position_target_tensor(self.sim, target)
        else:
            self.applied.copy_(self.randomization.factor("motor_strength", actions))
            torque = gymtorch.unwrap_tensor(self.applied)
            self.gym.set_dof_actuation_force_tensor(self.sim, torque)

    def refresh_tensors(self):
        self.gym.refresh_actor_root_state_tensor(self.sim)
        self.gym.refresh_rigid_body_state_tensor(self.sim)
        self.gym.refresh_net_contact_force_tensor(self.sim)
        if self.num_joints:
            self.gym.refresh_dof_state_tensor(self.sim)
            self.gym.refresh_dof_force_tensor(self.sim)

    def compute_observations(self):
        quantities = torch.cat((self.root[:, :3], 2.0 * self.joint[:, :1]), -1)
        self.obs_buf.copy_(self.randomization.observed(quantities))

    def compute_reward(self):
        return {"none": torch.zeros(self.num_envs, device=self.device)}

    def reset_envs(self, mask):
        column = mask.unsqueeze(-1)
        start = self.randomization.initial_root(self.start)
        self.root.copy_(torch.where(column, start, self.root))
        self.gym.set_actor_root_state_tensor(self.sim, gymtorch.unwrap_tensor(self.root))
        if self.num_joints:
            zero = torch.zeros(self.num_envs, 1, device=self.device)
            joint = torch.cat(self.randomization.initial_joints(zero, zero), -1)
            self.joint.copy_(torch.where(column, joint, self.joint))
            self.gym.set_dof_state_tensor(self.sim, gymtorch.unwrap_tensor(self.joint))


class Small:
    """Builds small tasks and closes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.built = []

    def __call__(
        self,
        urdf=BOX,
        randomization=None,
        num_envs=8,
        gravity=-9.81,
        rl_device="cpu",
        **settings,
    ):
        path = self.folder / f"robot{len(self.built)}.urdf"
        path.write_text(urdf)
        config = build(
            SmallConfig,
            {
                "num_envs": num_envs,
                "asset": str(path),
                "episode_length": 1000,
                "clip_actions": 1e6,
                "sim": {"dt": DT, "substeps": 2, "gravity": [0.0, 0.0, gravity]},
                "randomization": randomization or {},
                **settings,
            },
            "task",
        )
        task = SmallTask(config, rl_device=rl_device)
        self.built.append(task)
        task.reset()
        return task


def run(task, steps=1, action=0.0, force=None):
    """Step with the same action for all; return what was drawn.

    Args:
        force: on the base of every environment in each step [N].
    """
    for _ in range(steps):
        if force is not None:
            forces = torch.zeros(task.num_envs, task.contact.shape[1], 3)
            forces[:, 0] = torch.tensor(force)
            task.gym.apply_rigid_body_force_tensors(task.sim, gymtorch.unwrap_tensor(forces))
        extras = task.step(torch.full((task.num_envs, task.num_actions), float(action)))[3]
    return extras["randomization"]


def spread(values):
    """Difference between the largest and the smallest."""
    return float(values.max() - values.min())
