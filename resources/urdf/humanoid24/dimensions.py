"""The robot's dimensions: every number that is not computed, with its reason.

The build is that of today's electric humanoids, scaled to a stature of 1.5 m. Parts of the stature
follow Drillis & Contini (as printed in Winter 2009, figure 4.1), as far as motors leave room.
"""

from typing import Dict, NamedTuple, Tuple

STATURE = 1.5  # [m]
ANKLE_HEIGHT = 0.07  # [m] ankle axes over the sole: room for the two crossed axes
THIGH_LENGTH, SHIN_LENGTH = 0.36, 0.36  # [m] equal, so that hip and foot stay in one vertical line
HIP_HEIGHT = ANKLE_HEIGHT + SHIN_LENGTH + THIGH_LENGTH  # [m] 0.53 of the stature, as people's
HIP_PITCH_WIDTH = 0.055  # [m] pelvis to hip pitch axis
HIP_ROLL_OFFSET = 0.055  # [m] from there to the leg's plane: feet 0.22 m apart
HIP_YAW_DROP = 0.06  # [m] part of the thigh above the yaw motor
WAIST_HEIGHT, WAIST_OFFSET = 0.10, 0.06  # [m] yaw axis over the hips; roll and pitch over that
SHOULDER_HEIGHT = 1.215  # [m] 0.81 of the stature (people: 0.818)
SHOULDER_PITCH_WIDTH = 0.17  # [m]
SHOULDER_ROLL_OFFSET = 0.055  # [m] the arms hang clear of the hips
UPPER_ARM_LENGTH, SHOULDER_YAW_DROP = 0.26, 0.10  # [m] 0.17 of the stature (people: 0.186)
FOREARM_LENGTH = 0.21  # [m] elbow to wrist (people: 0.146 of the stature)
NECK_HEIGHT = 1.275  # [m] 0.85 of the stature

HEEL, TOE = 0.08, 0.14  # [m] sole behind and before the ankle: 0.147 of the stature
SOLE_WIDTH = 0.09  # [m]
SOLE_RADIUS = 0.016  # [m] of the rounded edges that touch the ground

# Diameter and height [m] of the motors' housings.
MOTOR_SIZE: Dict[str, Tuple[float, float]] = {
    "large": (0.116, 0.055),
    "medium": (0.098, 0.05),
    "small": (0.078, 0.045),
    "mini": (0.06, 0.04),
}


class Material(NamedTuple):
    """What a shape is filled with, and how it looks."""

    density: float
    """[kg/m^3]"""
    color: Tuple[float, float, float, float]
    """Red, green, blue and opacity, 0 to 1."""


COVER, DARK = (0.86, 0.87, 0.89, 1.0), (0.13, 0.14, 0.17, 1.0)
GRAY, ORANGE = (0.33, 0.35, 0.39, 1.0), (0.93, 0.40, 0.14, 1.0)
MATERIALS: Dict[str, Material] = {
    "motor": Material(2900.0, DARK),  # a RobStride 04: 1.42 kg in 110 mm x 50 mm
    "frame": Material(1500.0, GRAY),  # milled aluminium with holes, bearings, cables
    "joint": Material(1500.0, ORANGE),  # the same, painted
    "battery": Material(1500.0, GRAY),  # lithium cells in a case
    "limb": Material(550.0, COVER),  # hollow: aluminium tube, cover, electronics
    "trunk": Material(620.0, COVER),  # housing with boards and cooling
    "head": Material(480.0, COVER),  # computer and cover
    "visor": Material(480.0, (0.04, 0.05, 0.07, 1.0)),  # cameras behind plastic
    "sole": Material(700.0, DARK),  # rubber on a ribbed plate
    "hand": Material(800.0, DARK),  # a closed gripper
}

# Ranges of the joints of the left side and the trunk [degrees]; the right side's mirror them. The
# signs of pitch, knee and elbow are those of a turn about +y: flexion of hip, shoulder and elbow is
# negative, that of the knee positive.
RANGES: Dict[str, Tuple[float, float]] = {
    "hip_pitch": (-125.0, 45.0),
    "hip_roll": (-20.0, 60.0),
    "hip_yaw": (-45.0, 60.0),
    "knee": (-5.0, 140.0),
    "ankle_pitch": (-50.0, 45.0),
    "ankle_roll": (-20.0, 20.0),
    "waist_yaw": (-90.0, 90.0),
    "waist_roll": (-30.0, 30.0),
    "waist_pitch": (-30.0, 60.0),
    "shoulder_pitch": (-170.0, 70.0),
    "shoulder_roll": (-10.0, 120.0),
    "shoulder_yaw": (-85.0, 85.0),
    "elbow": (-130.0, 5.0),
    "head_yaw": (-80.0, 80.0),
}

LEG_JOINTS = ("_hip_pitch", "_hip_roll", "_hip_yaw", "_knee", "_ankle_pitch", "_ankle_roll")
"""Ends of the names of the joints that the legs variant moves."""
