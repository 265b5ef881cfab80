"""The safety filter's formulas: what limits make of a command. For NumPy and torch alike.

N is the number of robots, A that of actuators; positions in rad, speeds in rad/s, torques in N m.
Arrays without N hold one limit per actuator. Every function also says where it changed something.
"""

from typing import NamedTuple, Tuple

from humanoid_gym.deployment.array_namespace import Array, namespace

SATURATED = 1.0 - 1e-6
"""Part of the torque limit that a saturated drive is scaled to; the rest is room for rounding."""


class Drive(NamedTuple):
    """Commands to motors: torque = stiffness (position - q) - damping dq/dt + torque."""

    position: Array
    """Target [rad], shape (N, A)."""
    stiffness: Array
    """[N m/rad], shape (N, A)."""
    damping: Array
    """[N m s/rad], shape (N, A)."""
    torque: Array
    """Added to that of the gains [N m], shape (N, A)."""

    def total(self, position: Array, velocity: Array) -> Array:
        """Return the torque that the motors make at a position and velocity (N, A)."""
        spring = self.stiffness * (self.position - position)
        return spring - self.damping * velocity + self.torque


def limited_rate(command: Array, previous: Array, step: Array) -> Tuple[Array, Array]:
    """Limit the change of a command.

    Args:
        command: shape (N, A).
        previous: the one before, shape (N, A).
        step: largest change, infinite where there is no limit, shape (A,).

    Returns:
        Limited command, and where it was limited; shape (N, A).
    """
    xp = namespace(command)
    limited = xp.clip(command, previous - step, previous + step)
    return limited, limited != command


def limited_position(target: Array, lower: Array, upper: Array) -> Tuple[Array, Array]:
    """Limit targets to [lower, upper]; where they were beyond. Shape (N, A)."""
    limited = namespace(target).clip(target, lower, upper)
    return limited, limited != target


def allowed_torque(
    position: Array, velocity: Array, lower: Array, upper: Array, speed: Array, torque: Array
) -> Tuple[Array, Array, Array]:
    """Return the range of torques that neither exceeds the motor nor drives beyond a limit.

    At the end of a joint's range torques may only lead back, from the largest speed on only brake.

    Args:
        position: shape (N, A).
        velocity: shape (N, A).
        lower: lowest position, shape (A,).
        upper: highest position, shape (A,).
        speed: largest speed, shape (A,).
        torque: largest torque, shape (A,).

    Returns:
        Lowest and highest torque, and which of them the largest speed decides; shape (N, A).
    """
    xp = namespace(position)
    zero = xp.zeros_like(position)
    most = zero + torque
    too_fast, too_fast_back = velocity >= speed, velocity <= -speed
    highest = xp.where((position >= upper) | too_fast, zero, most)
    lowest = xp.where((position <= lower) | too_fast_back, zero, -most)
    return lowest, highest, too_fast | too_fast_back


def braking_drive(
    drive: Drive, position: Array, velocity: Array, speed: Array
) -> Tuple[Drive, Array]:
    """Leave a position drive only its damping where it would accelerate beyond the largest speed.

    Args:
        drive: commanded.
        position: shape (N, A).
        velocity: shape (N, A).
        speed: largest speed, shape (A,).

    Returns:
        The drive, and where it was changed, shape (N, A).
    """
    xp = namespace(position)
    total = drive.total(position, velocity)
    accelerates = ((velocity >= speed) & (total > 0.0)) | ((velocity <= -speed) & (total < 0.0))
    zero = xp.zeros_like(total)
    stiffness = xp.where(accelerates, zero, drive.stiffness)
    return drive._replace(stiffness=stiffness), accelerates


def unsaturated_drive(
    drive: Drive, position: Array, velocity: Array, torque: Array
) -> Tuple[Drive, Array]:
    """Weaken a position drive where it would make more than the largest torque.

    Its target stays as it is: moving that as well could break the limits of rate and position.

    Args:
        drive: commanded, without an added torque.
        position: shape (N, A).
        velocity: shape (N, A).
        torque: largest torque, shape (A,).

    Returns:
        The drive, and where it was changed, shape (N, A).
    """
    xp = namespace(position)
    total = abs(drive.total(position, velocity))
    saturated = total > torque
    room = xp.where(saturated, SATURATED * torque / xp.where(saturated, total, total + 1.0), 1.0)
    return drive._replace(stiffness=drive.stiffness * room, damping=drive.damping * room), saturated
