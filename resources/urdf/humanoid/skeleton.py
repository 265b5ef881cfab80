"""The humanoid's links, root first, each after its parent."""

import math
from typing import Callable, List, Tuple

import anatomy
import numpy as np
from anatomy import DENSITY, HINGES, MASS, MASS_CENTRE, SEGMENT_MASS, SPEED_LIMIT, STATURE
from body import across, capsule, capsule_volume, point, sphere, vector
from solids import ORIGIN, Joint, Link, Shape, Vector

DOWN = point(0.0, 0.0, -1.0)
FORWARD = point(1.0, 0.0, 0.0)
CHEST_SHAFT = 0.13
"""[m] height of the two upright capsules of the chest, without caps"""


def mass_of(*segments: str) -> float:
    """Mass of some segments [kg], to a tenth of a gram."""
    return round(MASS * sum(SEGMENT_MASS[segment] for segment in segments), 4)


def density_of(*segments: str) -> float:
    """Density of several segments together [kg/m^3]."""
    volume = sum(SEGMENT_MASS[segment] / DENSITY[segment] for segment in segments)
    return sum(SEGMENT_MASS[segment] for segment in segments) / volume


def radius_for(volume: float, volume_at: Callable[[float], float]) -> float:
    """Radius at which a growing function reaches a volume, to a tenth of a millimetre [m]."""
    low, high = 0.0, 0.14
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if volume_at(middle) < volume else (low, middle)
    return round(low, 4)


def hinge(kind: str, parent: str, origin: Vector = ORIGIN, side: float = 0.0) -> Joint:
    """A joint of `HINGES`: side -1 right, 1 left, 0 the trunk.

    On the left the axis is the right one's mirror image, so that equal angles are mirror poses.
    """
    x, y, z = HINGES[kind].axis
    axis = (-x + 0.0, y, -z + 0.0) if side > 0.0 else (x, y, z)
    prefix = {0.0: "", 1.0: "left_", -1.0: "right_"}[side]
    limits = HINGES[kind].range, HINGES[kind].effort, SPEED_LIMIT
    return Joint(prefix + kind, parent, origin, axis, *limits)


def torso() -> Link:
    """Chest, shoulder girdle, neck and head: the root."""
    mass, density = mass_of("thorax", "head_and_neck"), density_of("thorax", "head_and_neck")
    girdle = across(0.115, 0.005, 0.055, 0.05, "shirt", collides=False)
    half_breadth = anatomy.CHEST_BREADTH * STATURE / 2.0
    radius = radius_for(
        (mass_of("thorax") / density - girdle.volume()) / 2.0,
        lambda r: capsule_volume(r, CHEST_SHAFT),
    )
    top = 0.02
    sides = [
        capsule(
            point(0.01, y, top), point(0.01, y, top - CHEST_SHAFT), radius, "shirt", collides=False
        )
        for y in (half_breadth - radius, radius - half_breadth)
    ]
    hull = across(0.05, 0.01, -0.06, 0.085, "shirt", visible=False)
    head = head_and_neck(mass_of("head_and_neck") / density)
    return Link("torso", mass, [*sides, girdle, *head, hull], None)


def head_and_neck(volume: float) -> List[Shape]:
    """Neck, head, and dark glasses that tell front from back; volume [m^3] is that of all."""
    chin, top = ((part - anatomy.ROOT_HEIGHT) * STATURE for part in (anatomy.CHIN_HEIGHT, 1.0))
    nape = point(0.005, 0.0, 0.08)
    neck = capsule(nape, point(0.01, 0.0, chin + 0.03), 0.052, "skin", collides=False)
    glasses = across(0.042, 0.09, top - 0.1, 0.018, "glasses", collides=False)
    radius = radius_for(
        volume - neck.volume() - glasses.volume(),
        lambda r: capsule_volume(r, top - chin - 2.0 * r),
    )
    ends = point(0.02, 0.0, chin + radius), point(0.02, 0.0, top - radius)
    return [neck, capsule(*ends, radius, "skin"), glasses]


def waist() -> List[Link]:
    """Upper waist, lower waist and pelvis; the abdomen's mass is halved between the first two."""
    half = round(mass_of("abdomen") / 2.0, 4)
    radius = radius_for(half / DENSITY["abdomen"], lambda r: capsule_volume(r, 0.11))
    pelvis_mass = mass_of("pelvis")
    pelvis_radius = radius_for(pelvis_mass / DENSITY["pelvis"], lambda r: capsule_volume(r, 0.14))
    upper_z = (anatomy.WAIST_HEIGHT - anatomy.ROOT_HEIGHT) * STATURE
    lower_z = (anatomy.LOWER_WAIST_HEIGHT - anatomy.WAIST_HEIGHT) * STATURE
    pelvis_z = (anatomy.HIP_HEIGHT - anatomy.LOWER_WAIST_HEIGHT) * STATURE + 0.03
    upper_shapes = [
        across(0.055, 0.006, -0.005, radius, "shirt", collides=False),
        across(0.03, 0.0, 0.0, 0.06, "shirt", visible=False),
    ]
    lower_shapes = [across(0.055, 0.004, -0.075, radius, "trousers", collides=False)]
    pelvis_shapes = [
        across(0.07, -0.004, pelvis_z, pelvis_radius, "trousers", collides=False),
        across(0.055, -0.004, pelvis_z, 0.08, "trousers", visible=False),
    ]
    abdomen_z = hinge("abdomen_z", "torso", vector(point(0.0, 0.0, upper_z)))
    abdomen_y = hinge("abdomen_y", "upper_waist")
    abdomen_x = hinge("abdomen_x", "lower_waist", vector(point(0.0, 0.0, lower_z)))
    return [
        Link("upper_waist", half, upper_shapes, abdomen_z),
        Link("lower_waist", half, lower_shapes, abdomen_y),
        Link("pelvis", pelvis_mass, pelvis_shapes, abdomen_x),
    ]


def ball_and_shaft(segment: str, length: float) -> Tuple[float, float, float, float]:
    """A limb segment as a ball on its upper joint and a capsule below, of equal radius.

    The ball's mass goes to the links between the hinges of that joint, so that none of them is
    nearly massless. The capsule is placed so that both have the segment's published centre of mass.

    Returns:
        Radius [m], distances of the capsule's two ends from the joint [m], mass of the ball [kg].
    """
    mass, density, shaft = mass_of(segment), DENSITY[segment], 0.7 * length
    radius = radius_for(mass / density, lambda r: capsule_volume(r, shaft) + capsule_volume(r, 0.0))
    ball = round(density * capsule_volume(radius, 0.0), 4)
    centre = MASS_CENTRE[segment] * length * mass / (mass - ball)
    return radius, centre - shaft / 2.0, centre + shaft / 2.0, ball


def thigh(side: float, name: str) -> List[Link]:
    """Two hinges of the hip, each with half of the hip's ball, and the thigh on the third."""
    length = (anatomy.HIP_HEIGHT - anatomy.KNEE_HEIGHT) * STATURE
    radius, upper, lower, ball_mass = ball_and_shaft("thigh", length)
    ball = sphere(radius, "trousers")
    half = round(ball_mass / 2.0, 4)
    hip_z = (anatomy.HIP_HEIGHT - anatomy.LOWER_WAIST_HEIGHT) * STATURE
    hip = vector(point(0.0, side * anatomy.HIP_HALF_WIDTH, hip_z))
    # The pelvis is not the thigh's parent and would touch it: the colliding part begins below.
    shapes = [
        capsule(DOWN * upper, DOWN * lower, radius, "trousers", collides=False),
        capsule(DOWN * 0.19, DOWN * lower, radius, "trousers", visible=False),
    ]
    mass = round(mass_of("thigh") - 2.0 * half, 4)
    return [
        Link(f"{name}_hip_1", half, [ball], hinge("hip_x", "pelvis", hip, side)),
        Link(f"{name}_hip_2", half, [ball], hinge("hip_z", f"{name}_hip_1", side=side)),
        Link(f"{name}_thigh", mass, shapes, hinge("hip_y", f"{name}_hip_2", side=side)),
    ]


def shin_and_foot(side: float, name: str) -> List[Link]:
    """Shin, ankle (the talus, from the foot's mass) and foot."""
    length = (anatomy.KNEE_HEIGHT - anatomy.ANKLE_HEIGHT) * STATURE
    shaft = 0.72 * length
    radius = radius_for(mass_of("shin") / DENSITY["shin"], lambda r: capsule_volume(r, shaft))
    centre = MASS_CENTRE["shin"] * length
    shin = capsule(DOWN * (centre - shaft / 2), DOWN * (centre + shaft / 2), radius, "skin")
    talus = sphere(0.035, "skin")
    talus_mass = round(DENSITY["foot"] * talus.volume(), 4)
    foot_mass = round(mass_of("foot") - talus_mass, 4)
    knee_z = (anatomy.KNEE_HEIGHT - anatomy.HIP_HEIGHT) * STATURE
    knee = hinge("knee", f"{name}_thigh", vector(point(0.0, 0.0, knee_z)), side)
    ankle_y = hinge("ankle_y", f"{name}_shin", vector(DOWN * length), side)
    ankle_x = hinge("ankle_x", f"{name}_ankle", side=side)
    return [
        Link(f"{name}_shin", mass_of("shin"), [shin], knee),
        Link(f"{name}_ankle", talus_mass, [talus], ankle_y),
        Link(f"{name}_foot", foot_mass, foot_shapes(side), ankle_x),
    ]


def foot_shapes(side: float) -> List[Shape]:
    """A shod foot, a little toed out: two capsules touch flat ground at four points."""
    length, breadth = anatomy.FOOT_LENGTH * STATURE, anatomy.FOOT_BREADTH * STATURE
    radius = anatomy.SOLE_RADIUS
    heel, toe = -0.28 * length + radius, 0.72 * length - radius
    half, z = breadth / 2.0 - radius, radius - anatomy.ANKLE_HEIGHT * STATURE
    outer = point(heel, side * 0.85 * half, z), point(toe, side * (half + 0.006), z)
    inner = point(heel, side * -0.85 * half, z), point(toe, side * (0.006 - half), z)
    instep = point(0.0, 0.0, -0.028), point(0.13, side * 0.004, -0.036)
    return [
        capsule(*outer, radius, "shoe"),
        capsule(*inner, radius, "shoe"),
        capsule(*instep, 0.026, "shoe", collides=False),
    ]


def arm(side: float, name: str) -> List[Link]:
    """Shoulder ball, upper arm, and forearm with hand; the zero pose is a relaxed arm."""
    length = anatomy.UPPER_ARM_LENGTH * STATURE
    radius, upper, lower, ball_mass = ball_and_shaft("upper_arm", length)
    tilt, turn, flexion = (
        math.radians(angle)
        for angle in (anatomy.ARM_ABDUCTION, anatomy.ARM_TURN, anatomy.ELBOW_FLEXION)
    )
    along = point(0.0, side * math.sin(tilt), -math.cos(tilt))
    inward = point(0.0, -side * math.cos(tilt), -math.sin(tilt))
    swing = math.cos(turn) * FORWARD + math.sin(turn) * inward
    shoulder_y = side * (anatomy.SHOULDER_BREADTH / 2.0 * STATURE - radius)
    shoulder_z = (anatomy.SHOULDER_HEIGHT - anatomy.ROOT_HEIGHT) * STATURE
    shoulder1 = hinge("shoulder1", "torso", vector(point(0.0, shoulder_y, shoulder_z)), side)
    shoulder2 = hinge("shoulder2", f"{name}_shoulder", side=side)
    elbow = hinge("elbow", f"{name}_upper_arm", vector(along * length), side)
    elbow = elbow._replace(axis=vector(np.cross(along, swing), digits=6))
    upper_arm = capsule(along * upper, along * lower, radius, "shirt")
    forearm = forearm_shapes(math.cos(flexion) * along + math.sin(flexion) * swing)
    upper_mass = round(mass_of("upper_arm") - ball_mass, 4)
    return [
        Link(f"{name}_shoulder", ball_mass, [sphere(radius, "shirt")], shoulder1),
        Link(f"{name}_upper_arm", upper_mass, [upper_arm], shoulder2),
        Link(f"{name}_forearm", mass_of("forearm", "hand"), forearm, elbow),
    ]


def forearm_shapes(along: np.ndarray) -> List[Shape]:
    """Forearm and hand, which are one link: the wrist does not move."""
    length, density = anatomy.FOREARM_LENGTH * STATURE, density_of("forearm", "hand")
    shaft = 0.72 * length
    radius = radius_for(mass_of("forearm") / density, lambda r: capsule_volume(r, shaft))
    centre = MASS_CENTRE["forearm"] * length
    hand = 0.35 * anatomy.HAND_LENGTH * STATURE
    hand_radius = radius_for(mass_of("hand") / density, lambda r: capsule_volume(r, hand))
    knuckles = length + 0.01 + hand
    return [
        capsule(along * (centre - shaft / 2), along * (centre + shaft / 2), radius, "skin"),
        capsule(along * (knuckles - hand), along * knuckles, hand_radius, "skin"),
    ]


def build_links() -> List[Link]:
    """All links, root first."""
    links = [torso(), *waist()]
    for side, name in ((1.0, "left"), (-1.0, "right")):
        links += thigh(side, name) + shin_and_foot(side, name)
    for side, name in ((1.0, "left"), (-1.0, "right")):
        links += arm(side, name)
    return links
