"""The tables of docs/humanoid_model.md, from the model and the public humanoid's figures."""

from typing import Dict, List, NamedTuple, Tuple

import numpy as np
from anatomy import DENSITY, HINGES, MASS, MASS_CENTRE, ROOT_HEIGHT, SEGMENT_MASS, STATURE
from markdown_tables import table
from solids import Link

# nv_humanoid.xml of isaac-sim/IsaacGymEnvs at commit aeed298, compiled with MuJoCo 4.0.0.
PUBLIC_MASS = 40.844  # [kg]
PUBLIC_STATURE = 1.5647  # [m]
PUBLIC_ROOT_HEIGHT = 1.2847  # [m] standing in the zero pose
PUBLIC_INITIAL_HEIGHT = 1.34  # [m] where the public task puts the root at reset
PUBLIC_TERMINATION_HEIGHT = 0.8  # [m]


class PublicHinge(NamedTuple):
    """What the public file gives a joint; angles in the direction our joint counts."""

    range: Tuple[float, float]
    """[degrees]"""
    gear: float
    """[N m]"""
    stiffness: float
    """[N m/rad]"""
    damping: float
    """[N m s/rad]"""
    armature: float
    """[kg m^2]"""


PUBLIC_HINGES: Dict[str, PublicHinge] = {
    "abdomen_z": PublicHinge((-45, 45), 67.5, 20, 5, 0.02),
    "abdomen_y": PublicHinge((-75, 30), 67.5, 20, 5, 0.01),
    "abdomen_x": PublicHinge((-35, 35), 67.5, 10, 5, 0.01),
    "hip_x": PublicHinge((-45, 15), 45.0, 10, 5, 0.01),
    "hip_z": PublicHinge((-60, 35), 45.0, 10, 5, 0.01),
    "hip_y": PublicHinge((-120, 45), 135.0, 20, 5, 0.01),
    "knee": PublicHinge((-2, 160), 90.0, 5, 0.1, 0.007),
    "ankle_y": PublicHinge((-50, 50), 22.5, 2, 1, 0.006),
    "ankle_x": PublicHinge((-50, 50), 22.5, 2, 1, 0.006),
    "shoulder1": PublicHinge((-90, 70), 67.5, 10, 5, 0.01),
    "shoulder2": PublicHinge((-90, 70), 67.5, 10, 5, 0.01),
    "elbow": PublicHinge((-50, 90), 45.0, 2, 1, 0.006),
}

# Published strength of healthy adults, scaled to this body [N m]; the document names the sources.
STRENGTH: Dict[str, str] = {
    "hip_x": "70 to 80 (abduction)",
    "hip_y": "162 to 182 (extension), 113 to 127 (flexion)",
    "knee": "160 to 164 (extension), 80 to 87 (flexion)",
    "ankle_y": "95 to 104 (plantar), 27 to 33 (dorsal)",
    "shoulder1": "45 to 90 (flexion)",
    "elbow": "48 (flexion, moving)",
}


def body_table(links: List[Link]) -> str:
    """The whole body beside the public one's."""
    mass, height = sum(link.mass for link in links), ROOT_HEIGHT * STATURE
    initial = PUBLIC_INITIAL_HEIGHT / PUBLIC_ROOT_HEIGHT * height
    termination = PUBLIC_TERMINATION_HEIGHT * initial / PUBLIC_INITIAL_HEIGHT
    pairs = [
        ("mass [kg]", PUBLIC_MASS, mass, ".1f"),
        ("stature [m]", PUBLIC_STATURE, STATURE, ".3f"),
        ("root height, standing [m]", PUBLIC_ROOT_HEIGHT, height, ".3f"),
        ("root height at reset [m]", PUBLIC_INITIAL_HEIGHT, initial, ".2f"),
        ("termination height [m]", PUBLIC_TERMINATION_HEIGHT, termination, ".2f"),
    ]
    rows = [
        (name, format(public, form), format(ours, form), f"{ours / public:.2f}")
        for name, public, ours, form in pairs
    ]
    return table(("", "public humanoid", "this one", "ratio"), rows)


def segment_table() -> str:
    """Published fractions and the masses they give."""
    rows = []
    for name, part in SEGMENT_MASS.items():
        centre = f"{MASS_CENTRE[name]:.3f}" if name in MASS_CENTRE else ""
        rows.append((name, f"{part:.4f}", f"{part * MASS:.3f}", centre, f"{DENSITY[name]:.0f}"))
    head = ("segment", "part of mass", "mass [kg]", "centre / length", "density [kg/m³]")
    return table(head, rows)


def link_table(links: List[Link]) -> str:
    """Mass, density and principal inertias of every link but the right side's."""
    rows = []
    for link in links:
        if link.name.startswith("right_"):
            continue
        inertia = np.sort(np.linalg.eigvalsh(link.inertial()[1]))
        moments = " ".join(f"{moment:.3g}" for moment in inertia)
        radii = " ".join(f"{1e3 * s.radius:.1f}" for s in link.shapes if s.visible)
        rows.append((link.name, f"{link.mass:.3f}", f"{link.density():.0f}", radii, moments))
    head = ("link", "mass [kg]", "density [kg/m³]", "radii [mm]", "principal inertias [kg m²]")
    return table(head, rows)


def joint_table() -> str:
    """Ranges, efforts and efforts per mass beside the public ones."""
    rows = []
    for name, hinge in HINGES.items():
        public = PUBLIC_HINGES[name]
        specific, public_specific = hinge.effort / MASS, public.gear / PUBLIC_MASS
        rows.append(
            (
                name,
                "{:.0f} … {:.0f}".format(*public.range),
                "{:.0f} … {:.0f}".format(*hinge.range),
                f"{public.gear:g}",
                f"{hinge.effort:g}",
                f"{public_specific:.2f}",
                f"{specific:.2f}",
                f"{100.0 * (specific / public_specific - 1.0):+.0f} %",
                STRENGTH.get(name, ""),
            )
        )
    head = (
        "joint",
        "public range [°]",
        "range [°]",
        "public gear [N m]",
        "effort [N m]",
        "public [N m/kg]",
        "[N m/kg]",
        "difference",
        "people [N m]",
    )
    return table(head, rows)


def passive(name: str) -> Tuple[float, float, float]:
    """Stiffness [N m/rad], damping [N m s/rad], armature [kg m^2] of a joint, two digits.

    Dynamic similarity: a body of the same shape, larger by l in length and by m in mass, moves
    alike under gravity, only slower by sqrt(l), if torques grow by m*l, damping by m*l^1.5 and
    inertias by m*l^2.
    """
    public = PUBLIC_HINGES[name]
    mass, length = MASS / PUBLIC_MASS, STATURE / PUBLIC_STATURE
    values = (
        public.stiffness * mass * length,
        public.damping * mass * length**1.5,
        public.armature * mass * length**2,
    )
    stiffness, damping, armature = (float(f"{value:.2g}") for value in values)
    return stiffness, damping, armature


def passive_table() -> str:
    """Passive values beside the public ones."""
    rows = []
    for name, public in PUBLIC_HINGES.items():
        published = (public.stiffness, public.damping, public.armature)
        pairs = zip(published, passive(name))
        rows.append((name, *(f"{theirs:g} → {ours:g}" for theirs, ours in pairs)))
    head = ("joint", "stiffness [N m/rad]", "damping [N m s/rad]", "armature [kg m²]")
    return table(head, rows)


def document_tables(links: List[Link]) -> Dict[str, str]:
    """All tables of the document, by name."""
    return {
        "body": body_table(links),
        "segments": segment_table(),
        "links": link_table(links),
        "joints": joint_table(),
        "passive": passive_table(),
    }
