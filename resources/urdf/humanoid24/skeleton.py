"""The robot's links, root first, each after its parent."""

import math
from typing import List, Tuple

import dimensions as dim
from dimensions import RANGES
from solids import ORIGIN, Joint, Link, Shape, Vector, made_of

from humanoid_gym.tasks.legged.humanoid24 import joint_motor

AXES = {"roll": (1.0, 0.0, 0.0), "pitch": (0.0, 1.0, 0.0), "yaw": (0.0, 0.0, 1.0)}
ALONG = {"x": (0.0, math.pi / 2, 0.0), "y": (math.pi / 2, 0.0, 0.0), "z": ORIGIN}
SIDES: Tuple[Tuple[str, float], ...] = (("left", 1.0), ("right", -1.0))


def hinge(kind: str, parent: str, origin: Vector = ORIGIN, side: str = "") -> Joint:
    """A joint of `RANGES`, which names it without the side; knees and elbows turn as pitch does."""
    motion = kind.rsplit("_", 1)[-1]
    low, high = RANGES[kind]
    if side == "right" and motion in ("roll", "yaw"):
        low, high = -high, -low
    name = f"{side}_{kind}" if side else kind
    motor = joint_motor(name)
    axis = AXES.get(motion, AXES["pitch"])
    limits = (low, high), motor.peak_torque, motor.peak_speed
    return Joint(name, parent, origin, axis, *limits)


def density_of(material: str) -> float:
    """Density of a material [kg/m^3]."""
    return dim.MATERIALS[material].density


def housing(motor: str, axis: str, centre: Vector) -> Shape:
    """A motor, its axis along x, y or z."""
    diameter, height = dim.MOTOR_SIZE[motor]
    size = (diameter / 2.0, height)
    return Shape(
        "cylinder", size, centre, ALONG[axis], "motor", density_of("motor"), collides=False
    )


def bar(axis: str, length: float, radius: float, centre: Vector, material: str) -> Shape:
    """A capsule along x, y or z, `length` [m] without its caps; it has mass and is seen."""
    size = (radius, length)
    density = density_of(material)
    return Shape("capsule", size, centre, ALONG[axis], material, density, collides=False)


def box(size: Vector, centre: Vector, material: str) -> Shape:
    """A box along the link's axes; it has mass and is seen."""
    return Shape("box", size, centre, ORIGIN, material, density_of(material), collides=False)


def hull(axis: str, length: float, radius: float, centre: Vector = ORIGIN) -> Shape:
    """What collides: a capsule along x, y or z."""
    return Shape("capsule", (radius, length), centre, ALONG[axis], "", visible=False)


def pelvis() -> Link:
    """The root, its origin midway between the hip pitch axes, whose motors it carries."""
    shapes = [
        *(housing("large", "y", (0.0, side * 0.0275, 0.0)) for _, side in SIDES),
        bar("y", 0.06, 0.05, (-0.005, 0.0, 0.035), "frame"),
        housing("medium", "z", (0.0, 0.0, 0.07)),
        hull("y", 0.05, 0.07),
    ]
    return made_of("pelvis", shapes, None)


def hip(name: str, side: float) -> List[Link]:
    """The two links between pelvis and thigh, with the motors for roll and yaw."""
    pitch = hinge("hip_pitch", "pelvis", (0.0, side * dim.HIP_PITCH_WIDTH, 0.0), name)
    roll = hinge("hip_roll", f"{name}_hip_pitch", (0.0, side * dim.HIP_ROLL_OFFSET, 0.0), name)
    carrier = [
        bar("y", 0.035, 0.026, (0.0, side * 0.03, 0.0), "frame"),
        housing("large", "x", (-0.045, side * dim.HIP_ROLL_OFFSET, 0.0)),
    ]
    yoke = [
        bar("x", 0.05, 0.026, (0.01, 0.0, 0.0), "frame"),
        housing("medium", "z", (0.0, 0.0, -0.045)),
    ]
    return [made_of(f"{name}_hip_pitch", carrier, pitch), made_of(f"{name}_hip_roll", yoke, roll)]


def thigh_and_shin(name: str) -> List[Link]:
    """Thigh with the knee's motor, shin with the ankle's two motors."""
    drop = dim.THIGH_LENGTH - dim.HIP_YAW_DROP
    yaw = hinge("hip_yaw", f"{name}_hip_roll", (0.0, 0.0, -dim.HIP_YAW_DROP), name)
    knee = hinge("knee", f"{name}_thigh", (0.0, 0.0, -drop), name)
    thigh = [
        bar("z", 0.16, 0.056, (0.0, 0.0, -0.14), "limb"),
        housing("large", "y", (0.0, 0.0, -drop)),
        hull("z", 0.18, 0.055, (0.0, 0.0, -0.16)),
    ]
    shin = [
        bar("y", 0.07, 0.03, ORIGIN, "joint"),
        bar("z", 0.22, 0.042, (0.0, 0.0, -0.18), "limb"),
        *(housing("small", "y", (-0.02, 0.0, z)) for z in (-0.12, -0.2)),
        hull("z", 0.22, 0.042, (0.0, 0.0, -0.16)),
    ]
    return [made_of(f"{name}_thigh", thigh, yaw), made_of(f"{name}_shin", shin, knee)]


def ankle_and_foot(name: str) -> List[Link]:
    """The ankle's cross, and the foot; two capsules touch flat ground at four points."""
    pitch = hinge("ankle_pitch", f"{name}_shin", (0.0, 0.0, -dim.SHIN_LENGTH), name)
    roll = hinge("ankle_roll", f"{name}_ankle", side=name)
    cross = [bar("y", 0.03, 0.024, ORIGIN, "frame")]
    length, middle = dim.HEEL + dim.TOE, (dim.TOE - dim.HEEL) / 2.0
    radius, half = dim.SOLE_RADIUS, dim.SOLE_WIDTH / 2.0 - dim.SOLE_RADIUS
    z = radius - dim.ANKLE_HEIGHT
    foot = [
        box((length, dim.SOLE_WIDTH, 2.0 * radius), (middle, 0.0, z), "sole"),
        bar("x", 0.1, 0.024, (0.025, 0.0, -0.034), "joint"),
        *(hull("x", length - 2.0 * radius, radius, (middle, y, z)) for y in (half, -half)),
    ]
    return [made_of(f"{name}_ankle", cross, pitch), made_of(f"{name}_foot", foot, roll)]


def over_waist(height: float) -> float:
    """A height over the sole as one over the waist's roll and pitch axes [m]."""
    return height - dim.HIP_HEIGHT - dim.WAIST_HEIGHT - dim.WAIST_OFFSET


def waist() -> List[Link]:
    """The two links between pelvis and torso."""
    yaw = hinge("waist_yaw", "pelvis", (0.0, 0.0, dim.WAIST_HEIGHT))
    roll = hinge("waist_roll", "waist_yaw", (0.0, 0.0, dim.WAIST_OFFSET))
    bracket = [
        bar("z", 0.03, 0.035, (0.0, 0.0, 0.02), "frame"),
        housing("large", "x", (-0.04, 0.0, dim.WAIST_OFFSET)),
    ]
    cross = [bar("y", 0.08, 0.028, ORIGIN, "frame")]
    return [made_of("waist_yaw", bracket, yaw), made_of("waist_roll", cross, roll)]


def torso() -> Link:
    """Chest with battery, and the motors of waist pitch, shoulder pitch and head."""
    top = over_waist(dim.SHOULDER_HEIGHT)
    shapes = [
        housing("large", "y", (0.0, 0.0, 0.04)),
        box((0.13, 0.2, 0.16), (0.012, 0.0, 0.165), "trunk"),
        bar("y", 0.12, 0.065, (0.012, 0.0, 0.09), "trunk"),
        bar("y", 0.15, 0.07, (0.012, 0.0, 0.235), "trunk"),
        box((0.004, 0.15, 0.02), (0.079, 0.0, 0.15), "joint"),
        box((0.05, 0.17, 0.2), (-0.072, 0.0, 0.165), "battery"),
        *(housing("small", "y", (0.0, side * 0.14, top)) for _, side in SIDES),
        housing("mini", "z", (0.0, 0.0, 0.31)),
        hull("y", 0.14, 0.1, (-0.01, 0.0, 0.18)),
    ]
    return made_of("torso", shapes, hinge("waist_pitch", "waist_roll"))


def head() -> Link:
    """Head with a dark visor, which tells front from back."""
    joint = hinge("head_yaw", "torso", (0.0, 0.0, over_waist(dim.NECK_HEIGHT)))
    radius, top = 0.082, dim.STATURE - dim.NECK_HEIGHT
    shapes = [
        bar("z", 0.05, 0.035, (0.0, 0.0, 0.03), "limb"),
        bar("z", 0.05, radius, (0.01, 0.0, top - radius - 0.025), "head"),
        bar("y", 0.07, 0.035, (0.062, 0.0, top - radius), "visor"),
        hull("z", 0.05, radius, (0.01, 0.0, top - radius - 0.025)),
    ]
    return made_of("head", shapes, joint)


def arm(name: str, side: float) -> List[Link]:
    """Shoulder, upper arm, and forearm with hand; it hangs straight down in the zero pose."""
    reach = side * dim.SHOULDER_ROLL_OFFSET
    pitch_at = (0.0, side * dim.SHOULDER_PITCH_WIDTH, over_waist(dim.SHOULDER_HEIGHT))
    pitch = hinge("shoulder_pitch", "torso", pitch_at, name)
    roll = hinge("shoulder_roll", f"{name}_shoulder_pitch", (0.0, reach, 0.0), name)
    carrier = [
        bar("y", 0.03, 0.022, (0.0, reach / 2.0, 0.0), "joint"),
        housing("small", "x", (0.0, reach, 0.0)),
    ]
    yoke = [
        bar("z", 0.05, 0.028, (0.0, 0.0, -0.03), "frame"),
        housing("mini", "z", (0.0, 0.0, -0.07)),
    ]
    return [
        made_of(f"{name}_shoulder_pitch", carrier, pitch),
        made_of(f"{name}_shoulder_roll", yoke, roll),
        *below_shoulder(name),
    ]


def below_shoulder(name: str) -> List[Link]:
    """Upper arm with the elbow's motor, and forearm with hand."""
    drop = dim.UPPER_ARM_LENGTH - dim.SHOULDER_YAW_DROP
    yaw = hinge("shoulder_yaw", f"{name}_shoulder_roll", (0.0, 0.0, -dim.SHOULDER_YAW_DROP), name)
    elbow = hinge("elbow", f"{name}_upper_arm", (0.0, 0.0, -drop), name)
    upper_arm = [
        bar("z", 0.08, 0.04, (0.0, 0.0, -0.07), "limb"),
        housing("small", "y", (0.0, 0.0, -drop)),
    ]
    forearm = [
        bar("z", 0.15, 0.034, (0.0, 0.0, -0.115), "limb"),
        bar("z", 0.04, 0.032, (0.0, 0.0, -dim.FOREARM_LENGTH - 0.04), "hand"),
        hull("z", 0.22, 0.035, (0.0, 0.0, -0.145)),
    ]
    return [
        made_of(f"{name}_upper_arm", upper_arm, yaw),
        made_of(f"{name}_forearm", forearm, elbow),
    ]


def build_links() -> List[Link]:
    """All links, root first."""
    links = [pelvis()]
    for name, side in SIDES:
        links += [*hip(name, side), *thigh_and_shin(name), *ankle_and_foot(name)]
    links += [*waist(), torso(), head()]
    for name, side in SIDES:
        links += arm(name, side)
    return links


def legs_only(links: List[Link]) -> List[Link]:
    """The same robot with all joints but the legs' fixed in the zero pose."""
    return [
        link
        if link.joint is None or link.joint.name.endswith(dim.LEG_JOINTS)
        else link._replace(joint=link.joint._replace(moves=False))
        for link in links
    ]
