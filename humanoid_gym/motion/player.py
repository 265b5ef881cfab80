"""A motion as the sensors of a robot's computer: what a tracking policy is shown of it."""

from pathlib import Path
from typing import Dict, Optional, Sequence, Union

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.description import Deployment
from humanoid_gym.deployment.kinematics import rotation_matrix
from humanoid_gym.motion.files import read_clip
from humanoid_gym.motion.reference import reference_motion

SENSORS = ("reference_joint_offset", "reference_joint_velocity", "reference_orientation_b")
"""Sensors of an exported tracking policy that a motion gives."""


class MotionPlayer:
    """Plays a motion from its beginning, one frame each step, for a `PolicyRunner`.

    The motion begins wherever the robot faces: it is turned about the vertical to the base's
    heading of the first step.

        player = MotionPlayer("wave.csv", runner.deployment)
        while not player.finished:
            runner.step({**sensors, **player.step(sensors["base_orientation"])})

    Args:
        path: of the motion, see `read_clip`.
        deployment: of the policy.
        joint_names: of a file that does not name its joints, in its order.
        fps: frames per second of a file that does not say.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it cannot be read or does not fit the robot, or the policy tracks no motion.
    """

    def __init__(
        self,
        path: Union[str, Path],
        deployment: Deployment,
        joint_names: Optional[Sequence[str]] = None,
        fps: Optional[float] = None,
    ) -> None:
        known = [entry.name for entry in deployment.observation]
        lacking = [name for name in SENSORS if name not in known]
        if lacking or deployment.body is None:
            what = f"'{lacking[0]}'" if lacking else "a robot's body"
            raise ConfigError(f"a policy of '{deployment.task}' has no use for motions: no {what}")
        names = [joint.name for joint in deployment.joints]
        # no order is assumed: a robot would throw its limbs about if it were another one
        clip = read_clip(path, joint_names, fps)
        rate = deployment.control_rate
        self._motion = reference_motion(clip, deployment.body, names, (), rate)
        self._default = np.array([joint.default_position for joint in deployment.joints])
        self._turn: Optional[np.ndarray] = None
        self.frame = 0
        """That the robot is to show now."""

    @property
    def finished(self) -> bool:
        """Whether the last frame is shown."""
        return self.frame >= len(self._motion.joint_position) - 1

    def restart(self) -> None:
        """Begin again, from where the robot faces at the next step."""
        self.frame, self._turn = 0, None

    def step(self, base_orientation: Sequence[float]) -> Dict[str, np.ndarray]:
        """Return the sensors of this step, and go on to the next frame; the last one stays.

        Args:
            base_orientation: of the robot, quaternion x y z w.
        """
        motion = self._motion
        robot = rotation_matrix(_unit(base_orientation))
        if self._turn is None:
            self._turn = _about_z(robot @ self._rotation(self.frame).T)
        self.frame = min(self.frame + 1, len(motion.joint_position) - 1)
        axes = robot.T @ self._turn @ self._rotation(self.frame)
        values = (
            motion.joint_position[self.frame] - self._default,
            motion.joint_velocity[self.frame],
            np.concatenate((axes[:, 0], axes[:, 1])),
        )
        return dict(zip(SENSORS, values))

    def _rotation(self, frame: int) -> np.ndarray:
        return rotation_matrix(_unit(self._motion.base_orientation[frame].tolist()))


def _unit(quaternion: Sequence[float]) -> "list[float]":
    values = np.asarray(quaternion, dtype=float)
    return (values / max(float(np.linalg.norm(values)), 1e-12)).tolist()


def _about_z(rotation: np.ndarray) -> np.ndarray:
    """Return the turn about the vertical that is in a rotation, both (3, 3)."""
    # of a quaternion the parts w and z; their ratio in terms of the matrix
    angle = np.arctan2(rotation[1, 0] - rotation[0, 1], rotation[0, 0] + rotation[1, 1])
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
