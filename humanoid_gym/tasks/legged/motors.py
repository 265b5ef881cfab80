"""Motors, and the gains of position drives that follow from them.

A motor is described by what a datasheet says. The position drive of a joint is a spring and a
damper on its motor's reflected inertia I, which outweighs what the limb adds in fast motion: with a
natural frequency f and a damping ratio zeta,

    stiffness = I (2 pi f)^2,    damping = 2 zeta I (2 pi f),

and an action of 1 moves the target by what a quarter of the peak torque holds,

    action scale = 0.25 peak torque / stiffness.

This is the recipe of BeyondMimic (Liao et al. 2025) and of mjlab's robots; f = 10 Hz, zeta = 2.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

NATURAL_FREQUENCY = 10.0
"""Natural frequency of a position drive on its motor alone [Hz]."""
DAMPING_RATIO = 2.0
"""Damping ratio of a position drive on its motor alone [1]."""
ACTION_TORQUE_RATIO = 0.25
"""Part of the peak torque that holds the target displaced by an action of 1 [1]."""


@dataclass(frozen=True)
class Motor:
    """A motor with its gear, seen at the joint."""

    peak_torque: float = field(metadata={"above": 0.0})
    """[N m]"""
    peak_speed: float = field(metadata={"above": 0.0})
    """[rad/s]"""
    reflected_inertia: float = field(metadata={"above": 0.0})
    """Inertia of the rotor times the gear ratio squared [kg m^2]."""


class Gains(NamedTuple):
    """A position drive and the action that moves its target."""

    stiffness: float
    """[N m/rad]"""
    damping: float
    """[N m s/rad]"""
    action_scale: float
    """Displacement of the target for an action of 1 [rad]."""


def position_gains(
    motor: Motor,
    natural_frequency: float = NATURAL_FREQUENCY,
    damping_ratio: float = DAMPING_RATIO,
) -> Gains:
    """Return the position drive of a motor by the formula above.

    Args:
        motor: the joint's motor.
        natural_frequency: of the drive on the motor alone [Hz], above zero.
        damping_ratio: of the drive on the motor alone [1], at least zero.
    """
    omega = 2.0 * math.pi * natural_frequency
    stiffness = motor.reflected_inertia * omega**2
    damping = 2.0 * damping_ratio * motor.reflected_inertia * omega
    return Gains(stiffness, damping, ACTION_TORQUE_RATIO * motor.peak_torque / stiffness)
