"""Where an actor's bodies are, from its root and its DOFs: forward kinematics, and back.

Works on the asset alone, so that it answers before `prepare_sim` and for any environment at little
cost: MuJoCo's own kinematics on a model of the bodies and joints without their shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import mujoco
import numpy as np

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.assets.model import AssetModel
from humanoid_gym.engine.compilation.env_spec import mjcf_pose, set_inertia
from humanoid_gym.engine.values.array_math import (
    conjugated,
    multiplied,
    rotation_vectors,
    turned,
    vector_product,
)
from humanoid_gym.engine.values.enums import JointType

WXYZ = [3, 0, 1, 2]
XYZW = [1, 2, 3, 0]
MAX_ITERATIONS = 30
CONVERGED = 1e-10
"""Step of a joint [rad or m] at which the inverse problem is solved."""
REACHED = 1e-3
"""Distance [m, rad, m/s or rad/s] at which a joint is said to reach what a client asks for."""


@dataclass
class ActorState:
    """An actor's generalized state, float64."""

    root: np.ndarray
    """Position [m], quaternion xyzw, velocity of the COM [m/s] and angular velocity [rad/s], shape
    (13,); of the mount where the root has joints of its own."""
    dofs: np.ndarray
    """Position and velocity of each DOF, shape (num_dofs, 2)."""


class Skeleton:
    """Bodies and joints of one asset, moved by `place` and read afterwards.

    Args:
        model: the asset's model.
    """

    def __init__(self, model: AssetModel) -> None:
        self.model = compile_skeleton(model)
        self.data = mujoco.MjData(self.model)
        self.num_bodies, self.num_dofs = len(model.bodies), len(model.dof_joints)
        self.parents = np.array([body.parent for body in model.bodies])
        """Row of each body's parent; -1, the last row of what is appended, is the mount."""
        names = [f"body{index}" for index in range(self.num_bodies)]
        self._bodies = np.array([self.model.body(name).id for name in names])
        joints = [self.model.joint(f"dof{index}").id for index in range(self.num_dofs)]
        self._joints = np.array(joints, dtype=int)
        self._qpos, self._qvel = self.model.jnt_qposadr[joints], self.model.jnt_dofadr[joints]
        self._slides = self.model.jnt_type[joints] == mujoco.mjtJoint.mjJNT_SLIDE
        self.dof_bodies = np.array(model.dof_bodies, dtype=int)
        self._mount = self.model.body("mount").id
        together = [np.flatnonzero(self.dof_bodies == body) for body in set(model.dof_bodies)]
        self._shared = [dofs for dofs in together if len(dofs) > 1]
        self._lengths = [
            (field, getattr(self.model, field).copy()) for field in ("body_pos", "jnt_pos")
        ]
        self._scale = 1.0

    def place(self, state: ActorState, coms: np.ndarray, scale: float = 1.0) -> None:
        """Move everything to a state.

        Args:
            state: where.
            coms: centre of mass of each body in its frame [m], shape (num_bodies, 3).
            scale: factor on all lengths of the asset.
        """
        if scale != self._scale:
            self._scale = scale
            for field, values in self._lengths:
                getattr(self.model, field)[:] = scale * values
        self.model.body_ipos[self._bodies] = coms
        rotation = unit(state.root[3:7])
        turn = np.zeros(9)
        mujoco.mju_quat2Mat(turn, rotation[WXYZ])
        turn = turn.reshape(3, 3)
        arm = turn @ coms[0] if not (self.dof_bodies == 0).any() else np.zeros(3)
        spin = state.root[10:13]
        self.data.qpos[:3], self.data.qpos[3:7] = state.root[:3], rotation[WXYZ]
        self.data.qvel[:3] = state.root[7:10] - vector_product(spin, arm)
        self.data.qvel[3:6] = turn.T @ spin
        self.data.qpos[self._qpos], self.data.qvel[self._qvel] = state.dofs.T
        self._update()

    def _update(self) -> None:
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_comVel(self.model, self.data)

    def bodies(self) -> np.ndarray:
        """Pose and velocity of each body as Isaac Gym has them, shape (num_bodies, 13)."""
        data, rows = self.data, self._bodies
        out = np.empty((self.num_bodies, 13))
        out[:, 0:3], out[:, 3:7] = data.xpos[rows], data.xquat[rows][:, XYZW]
        twist = data.cvel[rows]  # angular, linear at the whole actor's centre of mass
        arm = data.xipos[rows] - data.subtree_com[self.model.body_rootid[rows]]
        out[:, 7:10] = twist[:, 3:6] + vector_product(twist[:, 0:3], arm)
        out[:, 10:13] = twist[:, 0:3]
        return out

    def dof_frames(self) -> np.ndarray:
        """Anchor and axis of each DOF, shape (num_dofs, 6)."""
        return np.hstack((self.data.xanchor[self._joints], self.data.xaxis[self._joints]))

    def dofs(self) -> np.ndarray:
        """Position and velocity of each DOF, shape (num_dofs, 2)."""
        return np.stack((self.data.qpos[self._qpos], self.data.qvel[self._qvel]), axis=1)

    def reach_poses(self, poses: np.ndarray) -> np.ndarray:
        """Bring each joint to where it puts its body as given, relative to the body's parent.

        A joint that cannot put its body there keeps its position.

        Args:
            poses: position and quaternion xyzw of each body, shape (num_bodies, 7).

        Returns:
            How far from its pose each body stays [m + rad], shape (num_bodies,).
        """
        before = self.data.qpos.copy()
        poses = np.vstack((poses, self._poses(self._mount)))
        poses[:, 3:] = [unit(quaternion) for quaternion in poses[:, 3:]]
        wanted = compose(inverse(poses[self.parents]), poses[:-1])
        for _ in range(MAX_ITERATIONS):
            step = self._solve(self._pose_errors(wanted), self.data.xpos)
            self.data.qpos[self._qpos] += step
            self._update()
            if np.abs(step).max(initial=0.0) < CONVERGED:
                break
        missed = np.linalg.norm(self._pose_errors(wanted), axis=1)
        stays = self._qpos[missed[self.dof_bodies] > REACHED]
        self.data.qpos[stays] = before[stays]
        self._update()
        return missed

    def reach_velocities(self, velocities: np.ndarray, part: slice = slice(None)) -> np.ndarray:
        """Give each joint the velocity at which its body moves as given, relative to its parent.

        A joint that cannot move its body so keeps its velocity.

        Args:
            velocities: linear (of the COM) and angular velocity of each body, (num_bodies, 6).
            part: which of the six numbers count.

        Returns:
            Difference that remains for each body [m/s, rad/s], shape (num_bodies,).
        """
        wanted = self._relative_velocities(velocities)
        rates = self._solve(wanted, self.data.xipos, part)
        moves = np.zeros_like(wanted)
        np.add.at(moves, self.dof_bodies, self._columns(self.data.xipos) * rates[:, None])
        missed = np.linalg.norm((moves - wanted)[:, part], axis=1)
        reached = missed[self.dof_bodies] <= REACHED * (1.0 + np.abs(velocities).max(initial=0.0))
        self.data.qvel[self._qvel[reached]] = rates[reached]
        self._update()
        return missed

    def _solve(
        self, wanted: np.ndarray, points: np.ndarray, part: slice = slice(None)
    ) -> np.ndarray:
        """Motion of each joint that comes closest to its body's wanted motion, (num_dofs,).

        Args:
            wanted: translation and rotation of each body, shape (num_bodies, 6).
            points: MuJoCo's array of the points that are translated.
            part: which of the six numbers count.
        """
        columns, goals = self._columns(points)[:, part], wanted[self.dof_bodies, part]
        square = (columns * columns).sum(axis=1)
        motion = (columns * goals).sum(axis=1) / np.where(square > 0, square, 1.0)
        for dofs in self._shared:  # joints of one body answer together
            goal = wanted[self.dof_bodies[dofs[0]], part]
            motion[dofs] = np.linalg.lstsq(columns[dofs].T, goal, rcond=None)[0]
        return motion

    def _columns(self, points: np.ndarray) -> np.ndarray:
        """Velocity of a point of its body, and spin, per rate of each joint, (num_dofs, 6)."""
        axis, anchor = self.data.xaxis[self._joints], self.data.xanchor[self._joints]
        arm = points[self._bodies[self.dof_bodies]] - anchor
        turning = np.hstack((vector_product(axis, arm), axis))
        return np.where(self._slides[:, None], np.hstack((axis, np.zeros_like(axis))), turning)

    def _poses(self, rows: np.ndarray | int) -> np.ndarray:
        """Position and quaternion xyzw of MuJoCo's bodies, shape (..., 7)."""
        return np.concatenate((self.data.xpos[rows], self.data.xquat[rows][..., XYZW]), axis=-1)

    def _pose_errors(self, wanted: np.ndarray) -> np.ndarray:
        """Translation and rotation vector to each body's wanted pose in its parent, (nb, 6)."""
        bodies = np.append(self._bodies, self._mount)
        goals = compose(self._poses(bodies[self.parents]), wanted)
        here = self._poses(self._bodies)
        turn = multiplied(goals[:, 3:], conjugated(here[:, 3:]))
        return np.hstack((goals[:, :3] - here[:, :3], rotation_vectors(turn)))

    def _relative_velocities(self, velocities: np.ndarray) -> np.ndarray:
        """Velocity of each body's COM and its spin, seen from its moving parent, (nb, 6).

        The mount stands still here: what moves a root with joints of its own is those joints.
        """
        above = np.vstack((velocities, np.zeros(6)))[self.parents]
        centres = self.data.xipos[np.append(self._bodies, self._mount)]
        arm = centres[:-1] - centres[self.parents]
        carried = above.copy()
        carried[:, :3] += vector_product(above[:, 3:], arm)
        return velocities - carried


SKELETONS: WeakKeyDictionary[Asset, Skeleton] = WeakKeyDictionary()


def skeleton_of(asset: Asset) -> Skeleton:
    """The asset's skeleton, compiled once."""
    if asset not in SKELETONS:
        SKELETONS[asset] = Skeleton(asset.model)
    return SKELETONS[asset]


def compile_skeleton(model: AssetModel) -> mujoco.MjModel:
    """Bodies and joints on a mount that moves freely, in world axes."""
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    mount = spec.worldbody.add_body(name="mount", mass=1.0, inertia=[1, 1, 1])
    mount.explicitinertial = True
    mount.add_freejoint()
    bodies: list[mujoco.MjsBody] = []
    dof = 0
    for index, body in enumerate(model.bodies):
        parent = bodies[body.parent] if body.parent >= 0 else mount
        pose = mjcf_pose(body.pose) if body.parent >= 0 else {}
        bodies.append(parent.add_body(name=f"body{index}", **pose))
        set_inertia(bodies[-1], body)
        for joint in body.joints:
            if joint.is_dof:
                prismatic = joint.type == JointType.JOINT_PRISMATIC
                bodies[-1].add_joint(
                    name=f"dof{dof}",
                    type=mujoco.mjtJoint.mjJNT_SLIDE if prismatic else mujoco.mjtJoint.mjJNT_HINGE,
                    axis=joint.axis,
                    pos=joint.anchor,
                )
                dof += 1
    return spec.compile()


def unit(quaternion: np.ndarray) -> np.ndarray:
    """Normalised quaternion; zero becomes the identity."""
    norm = np.linalg.norm(quaternion)
    return quaternion / norm if norm > 0 else np.array([0.0, 0.0, 0.0, 1.0])


def compose(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The poses that first apply b, then a; each position and quaternion xyzw, shape (..., 7)."""
    moved = turned(a[..., 3:], b[..., :3]) + a[..., :3]
    return np.concatenate((moved, multiplied(a[..., 3:], b[..., 3:])), axis=-1)


def inverse(poses: np.ndarray) -> np.ndarray:
    """The poses that undo others, shape (..., 7)."""
    back = conjugated(poses[..., 3:])
    return np.concatenate((-turned(back, poses[..., :3]), back), axis=-1)
