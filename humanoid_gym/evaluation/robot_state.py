"""The robot of any task, as Isaac Gym's tensors show it."""

from typing import Any, Tuple

import numpy as np
import torch
from isaacgym import gymapi, gymtorch
from torch import Tensor

from humanoid_gym.evaluation.weak_motors import WeakMotors
from humanoid_gym.tasks.legacy_task import LegacyTask
from humanoid_gym.tasks.vec_task import VecTask

Handle = Any  # the simulator's opaque objects

DRIVES = (int(gymapi.DOF_MODE_POS), int(gymapi.DOF_MODE_VEL))
"""Drive modes in which the simulator holds a target; in others the task sets forces."""


class RobotState:
    """Base, joints and motors of the first actor in each environment of a task.

    The tensors share the simulation's memory, with the task's own where it has them. N stands for
    the number of environments, J for the robot's joints.
    """

    def __init__(self, env: VecTask) -> None:
        """Look at the task's scene.

        Args:
            env: in which each environment has the same actors.
        """
        self.env = env
        self._gym, self._sim = env.gym, env.sim
        n = env.num_envs
        root = env.wrap(self._gym.acquire_actor_root_state_tensor(self._sim))
        total = self._gym.get_sim_dof_count(self._sim)
        dofs, forces = torch.zeros(0, 2, device=env.device), torch.zeros(0, device=env.device)
        if total:
            dofs = env.wrap(self._gym.acquire_dof_state_tensor(self._sim))
            forces = env.wrap(self._gym.acquire_dof_force_tensor(self._sim))
        self._all_roots, self._all_dofs = root, dofs
        properties = self.dof_properties(0)
        joints = len(properties)
        self.root = root.view(n, -1, 13)[:, 0]
        """Pose and velocity of the base, world axes. Shape (N, 13)."""
        self.joint_position = dofs.view(n, total // n, 2)[:, :joints, 0]
        """[rad] or [m], shape (N, J)."""
        self.joint_velocity = dofs.view(n, total // n, 2)[:, :joints, 1]
        """[rad/s] or [m/s], shape (N, J)."""
        self._joint_force = forces.view(n, total // n)[:, :joints]
        self._read_limits(properties)
        bodies = self._gym.get_actor_rigid_body_properties(self.handle(0), 0)
        self.mass = torch.full((n,), float(sum(body.mass for body in bodies)), device=env.device)
        """Of the whole robot [kg], shape (N,)."""
        self.num_shapes: int = self._gym.get_actor_rigid_shape_count(self.handle(0), 0)
        """Of one robot."""
        self._probe()

    @property
    def num_joints(self) -> int:
        """Number of joints J."""
        return self.joint_position.shape[1]

    @property
    def control_step(self) -> float:
        """Time between two actions [s]."""
        return self.env.dt * self.env.config.control_frequency_inv

    def refresh(self) -> None:
        """Read the simulation's present state."""
        self._gym.refresh_actor_root_state_tensor(self._sim)
        if self.num_joints:
            self._gym.refresh_dof_state_tensor(self._sim)
            self._gym.refresh_dof_force_tensor(self._sim)

    def motor_torque(self) -> Tensor:
        """Return what the motors gave in the last physics step [N m], shape (N, J).

        A joint's force contains its passive spring and damper where the task sets the torque.
        """
        passive = self._stiffness * self.joint_position + self._damping * self.joint_velocity
        return self._joint_force + passive

    def write_root(self) -> None:
        """Hand `root` to the simulation; rows that did not change keep their state exactly."""
        self._gym.set_actor_root_state_tensor(self._sim, gymtorch.unwrap_tensor(self._all_roots))

    def write_joints(self) -> None:
        """Hand joint positions and velocities to the simulation."""
        if self.num_joints:
            self._gym.set_dof_state_tensor(self._sim, gymtorch.unwrap_tensor(self._all_dofs))

    def weaken(self, strength: Tensor) -> None:
        """Let the task's forces on joints have a part of their effect from now on.

        Args:
            strength: that part, shape (N, 1).
        """
        n, joints = self.env.num_envs, self.num_joints
        others = self._all_dofs.shape[0] // n - joints
        handles = [self.handle(index) for index in range(n)]
        task: Any = self.env.task if isinstance(self.env, LegacyTask) else self.env
        task.gym = WeakMotors(task.gym, handles, strength.expand(-1, joints), others)

    def handle(self, index: int) -> Handle:
        """Return the handle of an environment."""
        return self._gym.get_env(self._sim, index)

    def dof_properties(self, index: int) -> np.ndarray:
        """Return the joints' properties in an environment, a structured array of J rows."""
        return self._gym.get_actor_dof_properties(self.handle(index), 0)

    def _read_limits(self, properties: np.ndarray) -> None:
        def column(name: str) -> Tensor:
            values = np.array(properties[name], dtype=np.float32)
            return torch.tensor(values, device=self.env.device)

        def are(modes: Tuple[int, ...]) -> Tensor:
            which = [int(mode) in modes for mode in properties["driveMode"]]
            return torch.tensor(which, dtype=torch.bool, device=self.env.device)

        self.held = are(DRIVES)
        """Which joints the simulator's drives hold. Shape (J,) bool."""
        self.torqued = are((int(gymapi.DOF_MODE_EFFORT),))
        """Which joints take forces that the task sets. Shape (J,) bool."""
        self.limited = column("hasLimits") > 0
        """Which joints have a range. Shape (J,) bool."""
        self.lower, self.upper = column("lower"), column("upper")
        """Ends of the joints' ranges [rad] or [m], shape (J,)."""
        self.effort = column("effort").expand(self.env.num_envs, -1).clone()
        """Largest torque of each motor [N m], shape (N, J); 0 where there is no limit."""
        self._stiffness = torch.where(self.held, 0.0, column("stiffness"))
        self._damping = torch.where(self.held, 0.0, column("damping"))

    def _probe(self) -> None:
        """Take one step and look which of the tensors mean anything."""
        self.env.reset()
        self.env.step(self.env.zero_actions() + 0.1)
        self.refresh()
        self.free = bool((self.root[:, 7:13] != 0.0).any())
        """Whether the base can move; gravity would have done so."""
        self.measures_torque = bool((self._joint_force != 0.0).any())
        """Whether the task has the simulation measure the joints' forces."""
