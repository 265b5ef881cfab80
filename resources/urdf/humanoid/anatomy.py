"""The humanoid's anatomy: every number that is not computed from another one, with its source.

Sources, cited below by their key:

[winter]    D. A. Winter, Biomechanics and Motor Control of Human Movement, 4th ed., Wiley 2009,
            table 4.1 (after Dempster 1955): mass, centre of mass and density of each segment;
            figure 4.1 (after Drillis & Contini 1966): segment lengths as parts of the stature H.
[walpole]   Walpole et al., The weight of nations, BMC Public Health 12:439, 2012: 62 kg.
[ncd]       NCD Risk Factor Collaboration, A century of trends in adult human height, eLife
            5:e13410, 2016: 1.71 m for men and 1.59 m for women, of which this is the mean.
[aaos]      American Academy of Orthopaedic Surgeons, Joint Motion, 1965: ranges of motion.
[anderson]  Anderson, Madigan & Nussbaum, Maximum voluntary joint torque as a function of joint
            angle and angular velocity, J. Biomech. 40:3105-3113, 2007, table 3: C1, the strength of
            men and women of 18 to 25 as a part of body weight x stature, which is 1003.6 N m here.
[strength]  the sources of the other joints' strengths are in docs/humanoid_model.md.
[public]    nv_humanoid.xml of isaac-sim/IsaacGymEnvs, commit aeed298.
"""

from typing import Dict, NamedTuple, Tuple

from solids import Vector

STATURE = 1.65  # [m] [ncd]
MASS = 62.0  # [kg] [walpole]

# Parts of the stature [winter, figure 4.1].
ANKLE_HEIGHT, KNEE_HEIGHT, HIP_HEIGHT = 0.039, 0.285, 0.530
SHOULDER_HEIGHT, CHIN_HEIGHT = 0.818, 0.870
UPPER_ARM_LENGTH, FOREARM_LENGTH, HAND_LENGTH = 0.186, 0.146, 0.108
FOOT_LENGTH, FOOT_BREADTH, SHOULDER_BREADTH = 0.152, 0.055, 0.259
CHEST_BREADTH = 0.174

# Parts of the body mass [winter, table 4.1]; they add up to one with both sides counted.
SEGMENT_MASS: Dict[str, float] = {
    "head_and_neck": 0.081,
    "thorax": 0.216,
    "abdomen": 0.139,
    "pelvis": 0.142,
    "thigh": 0.100,
    "shin": 0.0465,
    "foot": 0.0145,
    "upper_arm": 0.028,
    "forearm": 0.016,
    "hand": 0.006,
}

# [kg/m^3] [winter, table 4.1]; abdomen and pelvis share one value there.
DENSITY: Dict[str, float] = {
    "head_and_neck": 1110.0,
    "thorax": 920.0,
    "abdomen": 1010.0,
    "pelvis": 1010.0,
    "thigh": 1050.0,
    "shin": 1090.0,
    "foot": 1100.0,
    "upper_arm": 1070.0,
    "forearm": 1130.0,
    "hand": 1160.0,
}

# Centre of mass, as a part of the segment's length from its upper end [winter, table 4.1].
MASS_CENTRE: Dict[str, float] = {
    "thigh": 0.433,
    "shin": 0.433,
    "upper_arm": 0.436,
    "forearm": 0.430,
}

ROOT_HEIGHT = 0.780  # mid-chest; as a part of stature near [public]'s 0.821
WAIST_HEIGHT, LOWER_WAIST_HEIGHT = 0.660, 0.590  # T12/L1 and L5/S1, parts of the stature
HIP_HALF_WIDTH = 0.090  # [m] hip centres of adults are some 0.17 to 0.18 m apart
SOLE_RADIUS = 0.022  # [m] half the height of the shoe beside the instep
SPEED_LIMIT = 100.0  # [rad/s] Isaac Gym's default: a safety net far above any gait's speeds
ARM_ABDUCTION, ARM_TURN, ELBOW_FLEXION = 15.0, 15.0, 35.0  # [degrees] relaxed arms: zero pose

MATERIALS: Dict[str, Tuple[float, float, float, float]] = {
    "shirt": (0.11, 0.38, 0.52, 1.0),
    "trousers": (0.20, 0.24, 0.32, 1.0),
    "glasses": (0.07, 0.08, 0.10, 1.0),
    "skin": (0.91, 0.72, 0.58, 1.0),
    "shoe": (0.93, 0.40, 0.14, 1.0),
}


class Hinge(NamedTuple):
    """One degree of freedom. The axis is the right side's; the left side mirrors it."""

    axis: Vector
    range: Tuple[float, float]
    """[degrees] from the zero pose"""
    effort: float
    """[N m]"""


# Ranges [aaos], efforts near the public humanoid's per kg and within human strength; the reasons
# for each are in docs/humanoid_model.md. Positive: abdomen_z pelvis turns left, abdomen_y pelvis
# tilts back (trunk extension), abdomen_x pelvis drops on the right; hip_x adduction, hip_z inward
# turn, hip_y extension, knee flexion, ankle_y plantar flexion, ankle_x inversion; shoulder1 arm
# back, shoulder2 arm inward, elbow flexion.
HINGES: Dict[str, Hinge] = {
    "abdomen_z": Hinge((0.0, 0.0, 1.0), (-45.0, 45.0), 100.0),
    "abdomen_y": Hinge((0.0, 1.0, 0.0), (-75.0, 30.0), 100.0),
    "abdomen_x": Hinge((1.0, 0.0, 0.0), (-35.0, 35.0), 100.0),
    "hip_x": Hinge((1.0, 0.0, 0.0), (-45.0, 20.0), 70.0),
    "hip_z": Hinge((0.0, 0.0, 1.0), (-50.0, 40.0), 70.0),
    "hip_y": Hinge((0.0, 1.0, 0.0), (-120.0, 40.0), 200.0),
    "knee": Hinge((0.0, 1.0, 0.0), (-2.0, 150.0), 135.0),
    "ankle_y": Hinge((0.0, 1.0, 0.0), (-35.0, 50.0), 40.0),
    "ankle_x": Hinge((0.866025, 0.0, 0.5), (-25.0, 35.0), 30.0),  # subtalar, 30 degrees up
    "shoulder1": Hinge((0.0, 1.0, 0.0), (-140.0, 60.0), 90.0),
    "shoulder2": Hinge((1.0, 0.0, 0.0), (-90.0, 28.0), 90.0),
    "elbow": Hinge((0.0, -1.0, 0.0), (-35.0, 115.0), 60.0),  # axis across the upper arm, see arm()
}
