"""The motors of the 24-joint humanoid, and the gains that follow from them.

A motor is described by what a datasheet says. Sizes are those of public quasi-direct-drive motors
for humanoids of this weight:

- Unitree G1, as published with mjlab and whole_body_tracking: 139 N m, 20 rad/s, 0.0251 kg m^2
  (knee); 88 N m, 32 rad/s, 0.0102 kg m^2 (hip); 25 N m, 37 rad/s, 0.0036 kg m^2 (arm); two of the
  latter side by side at ankle and waist; 5 N m, 22 rad/s, 0.0043 kg m^2 (wrist).
- RobStride 04, manual: 120 N m, 200 rpm (21 rad/s), 1.42 kg, 110 mm x 50 mm, gear 9:1.

The position drive of a joint is a spring and a damper on its motor's reflected inertia I, which
outweighs what the limb adds in fast motion: with a natural frequency f and a damping ratio zeta,

    stiffness = I (2 pi f)^2,    damping = 2 zeta I (2 pi f),

and an action of 1 moves the target by what a quarter of the peak torque holds,

    action scale = 0.25 peak torque / stiffness.

This is the recipe of BeyondMimic (Liao et al. 2025) and of mjlab's robots; f = 10 Hz, zeta = 2.
"""

import math
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Dict, NamedTuple

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


MOTORS: Dict[str, Motor] = {
    "large": Motor(140.0, 20.0, 0.03),
    "medium": Motor(90.0, 30.0, 0.012),
    "small": Motor(40.0, 27.0, 0.008),
    "small_pair": Motor(80.0, 27.0, 0.016),  # two small ones, linked to act together
    "mini": Motor(20.0, 30.0, 0.004),
}
"""Motor types by name."""

JOINT_MOTORS: Dict[str, str] = {
    "*_hip_pitch": "large",
    "*_hip_roll": "large",
    "*_hip_yaw": "medium",
    "*_knee": "large",
    "*_ankle_pitch": "small_pair",
    "*_ankle_roll": "small_pair",
    "waist_yaw": "medium",
    "waist_roll": "large",
    "waist_pitch": "large",
    "*_shoulder_pitch": "small",
    "*_shoulder_roll": "small",
    "*_shoulder_yaw": "mini",
    "*_elbow": "small",
    "head_yaw": "mini",
}
"""Motor type by joint; `*` stands for `left` or `right`."""


def joint_motor(joint: str) -> Motor:
    """Return the motor of a joint.

    Args:
        joint: name of the joint, such as `left_knee`.

    Raises:
        ValueError: the table has no such joint; the message lists what it has.
    """
    for pattern, name in JOINT_MOTORS.items():
        if fnmatchcase(joint, pattern):
            return MOTORS[name]
    raise ValueError(
        f"joint '{joint}' has no motor; motors are given for {', '.join(JOINT_MOTORS)}"
    )


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
