"""The package's own robot with 24 joints: its motors, and what it does on a safe stop.

Sizes of its motors are those of public quasi-direct-drive motors for humanoids of this weight:

- Unitree G1, as published with mjlab and whole_body_tracking: 139 N m, 20 rad/s, 0.0251 kg m^2
  (knee); 88 N m, 32 rad/s, 0.0102 kg m^2 (hip); 25 N m, 37 rad/s, 0.0036 kg m^2 (arm); two of the
  latter side by side at ankle and waist; 5 N m, 22 rad/s, 0.0043 kg m^2 (wrist).
- RobStride 04, manual: 120 N m, 200 rpm (21 rad/s), 1.42 kg, 110 mm x 50 mm, gear 9:1.
"""

from fnmatch import fnmatchcase
from typing import Dict

from humanoid_gym.tasks.legged.motors import Motor

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

CROUCH = {"*_hip_pitch": -0.6, "*_knee": 1.2, "*_ankle_pitch": -0.6}
"""Joint positions of a safe stop [rad]: soles flat, the centre of mass above their middle. The
others go to the default pose."""
STABILITY_MARGIN = -0.65
"""Distance of the capture point from the support polygon [m]. Of robots on legs that were pushed in
plain MuJoCo, those that recovered came to -0.59 at most; those that fell went beyond -0.84, and
below this margin 0.1 to 0.6 s before they were down."""


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
