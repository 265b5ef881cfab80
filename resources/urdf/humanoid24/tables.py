"""The tables of docs/humanoid24_model.md, from the model and the motor table."""

from typing import Dict, List, Tuple

import dimensions as dim
import numpy as np
from markdown_tables import table
from solids import Link

from humanoid_gym.tasks.legged.humanoid24 import JOINT_MOTORS, MOTORS, joint_motor
from humanoid_gym.tasks.legged.motors import position_gains


def left_and_middle(links: List[Link]) -> List[Link]:
    """All links but the right side's, which are mirror images."""
    return [link for link in links if not link.name.startswith("right_")]


def link_table(links: List[Link]) -> str:
    """Mass, centre of mass, principal inertias and number of shapes of each link."""
    rows = []
    for link in left_and_middle(links):
        com, inertia = link.inertial()
        rows.append(
            (
                link.name,
                f"{link.mass:.3f}",
                f"{link.density():.0f}",
                " ".join(f"{round(1e3 * part)}" for part in com),
                " ".join(f"{moment:.2g}" for moment in np.sort(np.linalg.eigvalsh(inertia))),
                str(sum(shape.collides for shape in link.shapes)),
            )
        )
    head = (
        "link",
        "mass [kg]",
        "density [kg/m³]",
        "centre of mass [mm]",
        "principal inertias [kg m²]",
        "shapes that collide",
    )
    return table(head, rows)


def joint_table(links: List[Link]) -> str:
    """Place, range, motor and drive of each joint."""
    rows = []
    for link in left_and_middle(links):
        joint = link.joint
        if joint is None:
            continue
        pattern = joint.name.replace("left_", "*_")
        gains = position_gains(joint_motor(joint.name))
        rows.append(
            (
                joint.name,
                " ".join(f"{round(1e3 * part)}" for part in joint.origin),
                "{:.0f} … {:.0f}".format(*joint.range),
                JOINT_MOTORS[pattern],
                f"{joint.effort:g}",
                f"{joint.speed:g}",
                f"{gains.stiffness:.1f}",
                f"{gains.damping:.2f}",
                f"{gains.action_scale:.3f}",
            )
        )
    head = (
        "joint",
        "place in parent [mm]",
        "range [°]",
        "motor",
        "effort [N m]",
        "speed [rad/s]",
        "stiffness [N m/rad]",
        "damping [N m s/rad]",
        "action scale [rad]",
    )
    return table(head, rows)


def motor_table() -> str:
    """The motors, and what their housings weigh."""
    rows = []
    for name, motor in MOTORS.items():
        diameter, height = dim.MOTOR_SIZE.get(name, (0.0, 0.0))
        mass = dim.MATERIALS["motor"].density * np.pi / 4.0 * diameter**2 * height
        rows.append(
            (
                name,
                f"{motor.peak_torque:g}",
                f"{motor.peak_speed:g}",
                f"{motor.reflected_inertia:g}",
                f"{1e3 * diameter:.0f} x {1e3 * height:.0f}" if mass else "two small ones",
                f"{mass:.2f}" if mass else f"{2.0 * small_mass():.2f}",
            )
        )
    head = (
        "motor",
        "peak torque [N m]",
        "peak speed [rad/s]",
        "reflected inertia [kg m²]",
        "housing [mm]",
        "mass [kg]",
    )
    return table(head, rows)


def small_mass() -> float:
    """Mass of a small motor [kg]."""
    diameter, height = dim.MOTOR_SIZE["small"]
    return float(dim.MATERIALS["motor"].density * np.pi / 4.0 * diameter**2 * height)


def body_table(links: List[Link]) -> str:
    """The whole robot."""
    mass = sum(link.mass for link in links)
    parts: Tuple[Tuple[str, Tuple[str, ...]], ...] = (
        ("one leg", ("left_hip", "left_thigh", "left_shin", "left_ankle", "left_foot")),
        ("one arm", ("left_shoulder", "left_upper", "left_forearm")),
        ("trunk and head", ("pelvis", "waist", "torso", "head")),
    )
    rows = [("mass [kg]", f"{mass:.2f}")]
    for name, starts in parts:
        part = sum(link.mass for link in links if link.name.startswith(starts))
        rows.append((f"of that {name} [kg]", f"{part:.2f}"))
    rows += [
        ("stature [m]", f"{dim.STATURE:.2f}"),
        ("hip axes over the sole, legs straight [m]", f"{dim.HIP_HEIGHT:.2f}"),
        ("shapes that collide", str(sum(s.collides for link in links for s in link.shapes))),
    ]
    return table(("", "value"), rows)


def material_table(links: List[Link]) -> str:
    """Density and total mass of each material."""
    rows = []
    for name, material in dim.MATERIALS.items():
        shapes = [shape for link in links for shape in link.solid() if shape.material == name]
        mass = sum(shape.density * shape.volume() for shape in shapes)
        rows.append((name, f"{material.density:.0f}", f"{mass:.2f}"))
    return table(("material", "density [kg/m³]", "in all [kg]"), rows)


def document_tables(links: List[Link]) -> Dict[str, str]:
    """All tables of the document, by name."""
    return {
        "body": body_table(links),
        "materials": material_table(links),
        "links": link_table(links),
        "motors": motor_table(),
        "joints": joint_table(links),
    }
