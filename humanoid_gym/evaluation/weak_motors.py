"""Motors that give a part of the torque that a task asks for, whatever makes it out of actions."""

from typing import Any, Sequence

import numpy as np
import torch
from isaacgym import gymtorch
from torch import Tensor

Handle = Any  # the simulator's opaque objects: Gym, Sim, Env, Tensor


class WeakMotors:
    """Stands for a task's `gym`: forces on the robot's joints are multiplied on their way.

    Everything else passes through. The simulator takes such forces for joints in mode EFFORT only;
    the drives of others are a matter of their properties.
    """

    def __init__(self, gym: Handle, envs: Sequence[Handle], strength: Tensor, others: int) -> None:
        """Stand between a task and its simulator.

        Args:
            gym: the simulator's interface.
            envs: handles of the environments, N.
            strength: factor of the first actor's joints, shape (N, J).
            others: degrees of freedom in each environment besides these, which stay as they are.
        """
        self._gym, self._envs = gym, list(envs)
        self._strength = strength.cpu().numpy()
        beside = torch.ones(len(strength), others, device=strength.device)
        self._factor = torch.cat([strength, beside], 1).flatten()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the simulator has
        """Return what the simulator's interface has."""
        return getattr(self._gym, name)

    def set_dof_actuation_force_tensor(self, sim: Handle, forces: Handle) -> bool:
        """Set the forces of all degrees of freedom."""
        return self._gym.set_dof_actuation_force_tensor(sim, self._weakened(forces))

    def set_dof_actuation_force_tensor_indexed(
        self, sim: Handle, forces: Handle, indices: Handle, count: int
    ) -> bool:
        """Set the forces of some actors, whose simulation indices are given."""
        weak = self._weakened(forces)
        return self._gym.set_dof_actuation_force_tensor_indexed(sim, weak, indices, count)

    def apply_actor_dof_efforts(self, env: Handle, actor: Handle, efforts: np.ndarray) -> bool:
        """Add efforts to those of an actor."""
        if actor == self._gym.get_actor_handle(env, 0):
            efforts = np.asarray(efforts) * self._strength[self._envs.index(env)]
        return self._gym.apply_actor_dof_efforts(env, actor, efforts)

    def apply_dof_effort(self, env: Handle, dof: Handle, effort: float) -> bool:
        """Add an effort to that of a degree of freedom."""
        robot, joints = self._gym.get_actor_handle(env, 0), self._strength.shape[1]
        own = [self._gym.get_actor_dof_handle(env, robot, joint) for joint in range(joints)]
        if dof in own:
            effort *= float(self._strength[self._envs.index(env), own.index(dof)])
        return self._gym.apply_dof_effort(env, dof, effort)

    def _weakened(self, forces: Handle) -> Handle:
        given = gymtorch.wrap_tensor(forces)
        if given is None or given.numel() != self._factor.numel():
            return forces  # for the simulator to refuse
        self._given = given.flatten() * self._factor  # kept: a simulator may read it later
        return gymtorch.unwrap_tensor(self._given)
