"""Classic (NumPy) calls about DOFs and joints: positions, velocities, targets, frames."""

from __future__ import annotations

import numpy as np

from humanoid_gym.engine.scene.handles import actor_of, dof_of, joint_body, joint_dof, joint_of
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.state import checks
from humanoid_gym.engine.state.actor_state import (
    placed_skeleton,
    read_actor,
    read_targets,
    write_targets,
)
from humanoid_gym.engine.values.math_types import DofFrame, Transform

POSITION, VELOCITY = 0, 1


class ClassicJointCalls:
    """Methods of Gym about single DOFs and joints, in rad and rad/s, or m and m/s.

    DOF and joint handles are rows of the environment's DOFs and joints, fixed joints counted.
    Targets act on DOFs in mode POS or VEL and stay until changed. The calls also work before
    prepare_sim, for what the simulation starts from.
    """

    def get_dof_position(self, env: Env, dof: int) -> float:
        """Position of a DOF."""
        return dof_value(env, dof, POSITION, "get_dof_position")

    def get_dof_velocity(self, env: Env, dof: int) -> float:
        """Velocity of a DOF."""
        return dof_value(env, dof, VELOCITY, "get_dof_velocity")

    def get_dof_target_position(self, env: Env, dof: int) -> float:
        """Position target of a DOF."""
        return target(env, *dof_of(env, dof, "get_dof_target_position"), POSITION)

    def get_dof_target_velocity(self, env: Env, dof: int) -> float:
        """Velocity target of a DOF."""
        return target(env, *dof_of(env, dof, "get_dof_target_velocity"), VELOCITY)

    def set_dof_target_position(self, env: Env, dof: int, target: float) -> None:
        """Set the position target of a DOF."""
        call = "set_dof_target_position"
        set_target(env, *dof_of(env, dof, call), POSITION, target, call)

    def set_dof_target_velocity(self, env: Env, dof: int, target: float) -> None:
        """Set the velocity target of a DOF."""
        call = "set_dof_target_velocity"
        set_target(env, *dof_of(env, dof, call), VELOCITY, target, call)

    def get_actor_dof_position_targets(self, env: Env, handle: int) -> np.ndarray:
        """Position targets of an actor's DOFs, shape (num_dofs,), float32."""
        actor_of(env, handle, "get_actor_dof_position_targets")
        return read_targets(env, handle)[:, POSITION].astype(np.float32)

    def get_actor_dof_velocity_targets(self, env: Env, handle: int) -> np.ndarray:
        """Velocity targets of an actor's DOFs, shape (num_dofs,), float32."""
        actor_of(env, handle, "get_actor_dof_velocity_targets")
        return read_targets(env, handle)[:, VELOCITY].astype(np.float32)

    def set_actor_dof_position_targets(self, env: Env, handle: int, targets: np.ndarray) -> bool:
        """Set the position targets of an actor's DOFs, shape (num_dofs,)."""
        set_targets(env, handle, POSITION, targets, "set_actor_dof_position_targets")
        return True

    def set_actor_dof_velocity_targets(self, env: Env, handle: int, targets: np.ndarray) -> bool:
        """Set the velocity targets of an actor's DOFs, shape (num_dofs,)."""
        set_targets(env, handle, VELOCITY, targets, "set_actor_dof_velocity_targets")
        return True

    def get_dof_frame(self, env: Env, dof: int) -> DofFrame:
        """Anchor and axis of a DOF, in the environment's frame."""
        handle, index = dof_of(env, dof, "get_dof_frame")
        frame = placed_skeleton(env, handle).dof_frames()[index]
        return DofFrame(frame[:3], frame[3:])

    def get_actor_dof_frames(self, env: Env, handle: int) -> np.ndarray:
        """Anchors and axes of an actor's DOFs, array of DofFrame, shape (num_dofs,)."""
        actor_of(env, handle, "get_actor_dof_frames")
        frames = placed_skeleton(env, handle).dof_frames().astype(np.float32)
        return frames.view(DofFrame.dtype).reshape(-1)

    def get_joint_transform(self, env: Env, joint: int) -> Transform:
        """Frame of a joint in the environment's: its anchor, in the axes of the body it moves."""
        handle, index = joint_of(env, joint, "get_joint_transform")
        row = joint_poses(env, handle)[index]
        return Transform(row[0:3], row[3:7])

    def get_actor_joint_transforms(self, env: Env, handle: int) -> np.ndarray:
        """Frames of an actor's joints, fixed ones too, array of Transform, (num_joints,)."""
        actor_of(env, handle, "get_actor_joint_transforms")
        return joint_poses(env, handle).view(Transform.dtype).reshape(-1)

    def get_joint_position(self, env: Env, joint: int) -> float:
        """Position of a joint; 0 for a fixed one."""
        return joint_value(env, joint, POSITION, "get_joint_position")

    def get_joint_velocity(self, env: Env, joint: int) -> float:
        """Velocity of a joint; 0 for a fixed one."""
        return joint_value(env, joint, VELOCITY, "get_joint_velocity")

    def get_joint_target_position(self, env: Env, joint: int) -> float:
        """Position target of a joint; 0 for a fixed one."""
        handle, index = joint_of(env, joint, "get_joint_target_position")
        dof = joint_dof(env.actors[handle], index)
        return 0.0 if dof is None else target(env, handle, dof, POSITION)

    def get_joint_target_velocity(self, env: Env, joint: int) -> float:
        """Velocity target of a joint; 0 for a fixed one."""
        handle, index = joint_of(env, joint, "get_joint_target_velocity")
        dof = joint_dof(env.actors[handle], index)
        return 0.0 if dof is None else target(env, handle, dof, VELOCITY)

    def set_joint_target_position(self, env: Env, joint: int, target: float) -> None:
        """Set the position target of a joint.

        Raises:
            ValueError: the joint is fixed.
        """
        set_joint_target(env, joint, POSITION, target, "set_joint_target_position")

    def set_joint_target_velocity(self, env: Env, joint: int, target: float) -> None:
        """Set the velocity target of a joint.

        Raises:
            ValueError: the joint is fixed.
        """
        set_joint_target(env, joint, VELOCITY, target, "set_joint_target_velocity")


def dof_value(env: Env, dof: int, column: int, call: str) -> float:
    """Position or velocity of a DOF."""
    handle, index = dof_of(env, dof, call)
    return float(read_actor(env, handle).dofs[index, column])


def joint_value(env: Env, joint: int, column: int, call: str) -> float:
    """Position or velocity of a joint."""
    handle, index = joint_of(env, joint, call)
    dof = joint_dof(env.actors[handle], index)
    return 0.0 if dof is None else float(read_actor(env, handle).dofs[dof, column])


def target(env: Env, handle: int, dof: int, column: int) -> float:
    """A target of an actor's DOF."""
    return float(read_targets(env, handle)[dof, column])


def set_target(env: Env, handle: int, dof: int, column: int, value: object, call: str) -> None:
    """Set a target of an actor's DOF."""
    targets = read_targets(env, handle)
    targets[dof, column] = checks.numbers(call, value, 1)[0]
    write_targets(env, handle, targets)


def set_targets(env: Env, handle: int, column: int, values: object, call: str) -> None:
    """Set one kind of target of all DOFs of an actor."""
    count = len(actor_of(env, handle, call).dof_properties)
    given = checks.numbers(call, values, count)
    targets = read_targets(env, handle)
    targets[:, column] = given
    write_targets(env, handle, targets)


def set_joint_target(env: Env, joint: int, column: int, value: object, call: str) -> None:
    """Set a target of a joint."""
    handle, index = joint_of(env, joint, call)
    actor = env.actors[handle]
    dof = joint_dof(actor, index)
    if dof is None:
        raise ValueError(f"{call}: joint {actor.asset.joints[index].name!r} is fixed")
    set_target(env, handle, dof, column, value, call)


def joint_poses(env: Env, handle: int) -> np.ndarray:
    """Pose of each joint's frame, shape (num_joints, 7), float32."""
    skeleton = placed_skeleton(env, handle)
    actor, frames = env.actors[handle], skeleton.dof_frames()
    bodies = skeleton.bodies()[:, :7]
    poses = np.zeros((len(actor.asset.joints), 7), np.float32)
    for index in range(len(poses)):
        poses[index] = bodies[joint_body(actor, index)]
        dof = joint_dof(actor, index)
        if dof is not None:
            poses[index, :3] = frames[dof, :3]
    return poses
