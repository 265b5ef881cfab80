"""What a robot that follows a motion does at each control step: joints, base and tracked links."""

import logging
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.deployment.description import Body, Link
from humanoid_gym.deployment.kinematics import link_poses, rotation_matrix
from humanoid_gym.motion.clip import MotionClip, same_hemisphere
from humanoid_gym.motion.interpolation import curve_weights, resample, resample_rotations

logger = logging.getLogger(__name__)

_STEP_TOLERANCE = 1e-3
"""Part of a control step by which a clip may be short of a frame: times in files are rounded."""
_LIMIT_TOLERANCE = 1e-3
"""[rad] beyond a joint's range that need no warning."""
Limits = Tuple[Sequence[float], Sequence[float]]


class ReferenceMotion(NamedTuple):
    """F frames at k / rate seconds; D joints of the robot, B tracked links; float32.

    Rigid bodies are as Isaac Gym gives their states: the position is that of the link's origin,
    the velocity that of its centre of mass; all in the world's axes. Quaternions are x y z w.
    """

    joint_position: np.ndarray
    """[rad], shape (F, D)."""
    joint_velocity: np.ndarray
    """[rad/s], shape (F, D)."""
    base_position: np.ndarray
    """Origin of the base link [m], shape (F, 3)."""
    base_orientation: np.ndarray
    """Shape (F, 4)."""
    base_velocity: np.ndarray
    """Of the base link's centre of mass [m/s], shape (F, 3)."""
    base_angular_velocity: np.ndarray
    """[rad/s], shape (F, 3)."""
    body_position: np.ndarray
    """Origins of the tracked links [m], shape (F, B, 3)."""
    body_orientation: np.ndarray
    """Shape (F, B, 4)."""
    body_velocity: np.ndarray
    """Of their centres of mass [m/s], shape (F, B, 3)."""
    body_angular_velocity: np.ndarray
    """[rad/s], shape (F, B, 3)."""


class _LinkMotion(NamedTuple):
    """Of one link in the world's axes, F frames."""

    position: np.ndarray
    turn: np.ndarray
    velocity: np.ndarray
    """Of its origin."""
    angular_velocity: np.ndarray


def reference_motion(
    clip: MotionClip,
    body: Body,
    joint_names: Sequence[str],
    links: Sequence[str],
    rate: float,
    limits: Optional[Limits] = None,
) -> ReferenceMotion:
    """Bring a clip to the control rate and work out how the robot's links move.

    Base and joints follow cubic Hermite curves (`interpolation.py`). Velocities are derivatives of
    these very curves; links follow from them by kinematics. Masses do not matter but for where the
    centres of mass of `body` are.

    Args:
        clip: joints that the robot lacks are left out, which is logged.
        body: of the robot.
        joint_names: the robot's D joints in its order.
        links: names of the B tracked links.
        rate: of control [Hz].
        limits: lowest and highest positions of the D joints [rad]; beyond them a warning is logged.

    Raises:
        ConfigError: the clip lacks a joint of the robot or is shorter than a control step, the
            robot lacks a link, or the rate is not above 0.
    """
    tracked = _places(body.links, links)
    columns = _columns(clip, body, joint_names)
    wanted = _times(clip, rate)
    weights = curve_weights(clip.time, wanted)
    joint, joint_rate = resample(clip.time, clip.joint_position[:, columns], weights)
    if limits is not None:
        _warn_beyond(clip.name, joint, joint_names, limits)
    position, velocity = resample(clip.time, clip.base_position, weights)
    orientation, spin = resample_rotations(clip.time, clip.base_orientation, weights)
    base = _LinkMotion(position, rotation_matrix(orientation), velocity, spin)
    motions = _link_motions(
        body.links, base, dict(zip(joint_names, joint.T)), dict(zip(joint_names, joint_rate.T))
    )
    chosen = [motions[k] for k in tracked]
    turns = _stacked([m.turn for m in chosen], (len(wanted), 0, 3, 3))
    nothing = (len(wanted), 0, 3)
    found = ReferenceMotion(
        joint,
        joint_rate,
        position,
        orientation,
        _center_velocity(motions[0], body.links[0]),
        spin,
        _stacked([m.position for m in chosen], nothing),
        same_hemisphere(_quaternions(turns)),
        _stacked([_center_velocity(motions[k], body.links[k]) for k in tracked], nothing),
        _stacked([m.angular_velocity for m in chosen], nothing),
    )
    return ReferenceMotion(*(part.astype(np.float32) for part in found))


def _places(links: Sequence[Link], wanted: Sequence[str]) -> List[int]:
    names = [link.name for link in links]
    for name in wanted:
        if name not in names:
            close = nearest(name, names)
            raise ConfigError(f"the robot has no link '{name}' to track; nearest: '{close}'")
    return [names.index(name) for name in wanted]


def _columns(clip: MotionClip, body: Body, joint_names: Sequence[str]) -> List[int]:
    """Return where the clip has the robot's joints."""
    where = f"clip '{clip.name}'"
    moving = [link.joint for link in body.links if link.joint is not None]
    strange = sorted(set(moving).symmetric_difference(joint_names))
    if strange:
        raise ConfigError(
            f"{where}: joint '{strange[0]}' is in only one of the robot's file, with joints "
            f"{', '.join(moving)}, and its joints in their order, {', '.join(joint_names)}"
        )
    missing = [name for name in joint_names if name not in clip.joint_names]
    if missing:
        raise ConfigError(
            f"{where}: it lacks the robot's joints {', '.join(missing)}; it has "
            f"{', '.join(clip.joint_names) or 'none'}; retarget it to this robot or rename them"
        )
    surplus = [name for name in clip.joint_names if name not in joint_names]
    if surplus:
        logger.info("%s: left out, as the robot has no such joints: %s", where, ", ".join(surplus))
    return [clip.joint_names.index(name) for name in joint_names]


def _times(clip: MotionClip, rate: float) -> np.ndarray:
    if not (np.isfinite(rate) and rate > 0.0):
        raise ConfigError(f"clip '{clip.name}': expected a control rate above 0 Hz, got {rate:g}")
    steps = int(np.floor(clip.duration * rate + _STEP_TOLERANCE))
    if steps < 1:
        raise ConfigError(
            f"clip '{clip.name}': it lasts {clip.duration:g} s, expected a control step of "
            f"{1.0 / rate:g} s or more; look at its frames per second"
        )
    return np.minimum(np.arange(steps + 1) / rate, clip.time[-1])


def _warn_beyond(name: str, joint: np.ndarray, joint_names: Sequence[str], limits: Limits) -> None:
    lower, upper = (np.asarray(limit, float) for limit in limits)
    beyond = np.maximum(lower - joint, joint - upper)
    if beyond.size and beyond.max() > _LIMIT_TOLERANCE:
        frame, worst = np.unravel_index(int(beyond.argmax()), beyond.shape)
        logger.warning(
            "clip '%s': %d of %d joints leave their range; the worst, '%s', by %.3f rad in frame "
            "%d; a robot cannot follow there",
            name,
            int((beyond.max(axis=0) > _LIMIT_TOLERANCE).sum()),
            len(joint_names),
            joint_names[int(worst)],
            beyond.max(),
            frame,
        )


def _link_motions(
    links: Sequence[Link],
    base: _LinkMotion,
    joint_position: Dict[str, np.ndarray],
    joint_velocity: Dict[str, np.ndarray],
) -> List[_LinkMotion]:
    motions: List[_LinkMotion] = []
    for link, (place, turn) in zip(links, link_poses(links, joint_position)):
        if link.parent < 0:
            motions.append(base)
            continue
        parent = motions[link.parent]
        position = base.position + _turned(base.turn, place)
        turn = base.turn @ turn
        velocity = parent.velocity
        velocity = velocity + np.cross(parent.angular_velocity, position - parent.position)
        spin = parent.angular_velocity
        if link.joint is not None:
            axis_rate = turn @ np.array(link.axis) * joint_velocity[link.joint][:, None]
            velocity = velocity + axis_rate if link.prismatic else velocity
            spin = spin if link.prismatic else spin + axis_rate
        motions.append(_LinkMotion(position, turn, velocity, spin))
    return motions


def _center_velocity(motion: _LinkMotion, link: Link) -> np.ndarray:
    arm = motion.turn @ np.array(link.center_of_mass)
    return motion.velocity + np.cross(motion.angular_velocity, arm)


def _turned(turn: np.ndarray, vector: np.ndarray) -> np.ndarray:
    return (turn @ vector[..., None])[..., 0]


def _stacked(parts: List[np.ndarray], nothing: Tuple[int, ...]) -> np.ndarray:
    """Return arrays (F, ...) as one (F, B, ...); without any, zeros of a shape."""
    return np.stack(parts, axis=1) if parts else np.zeros(nothing)


def _quaternions(turns: np.ndarray) -> np.ndarray:
    """Return quaternions x y z w of rotation matrices, shape (..., 3, 3) to (..., 4)."""
    m = np.moveaxis(turns, (-2, -1), (0, 1))
    xx, yy, zz = m[0, 0], m[1, 1], m[2, 2]
    xy, xz, yz = m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1]
    xw, yw, zw = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
    rows = (
        (1.0 + xx - yy - zz, xy, xz, xw),
        (xy, 1.0 - xx + yy - zz, yz, yw),
        (xz, yz, 1.0 - xx - yy + zz, zw),
        (xw, yw, zw, 1.0 + xx + yy + zz),
    )
    # four times each number times all; the row of the largest number loses no digits
    products = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    largest = np.diagonal(products, axis1=-2, axis2=-1).argmax(-1)
    row = np.take_along_axis(products, largest[..., None, None], axis=-2)[..., 0, :]
    return row / np.linalg.norm(row, axis=-1, keepdims=True)
