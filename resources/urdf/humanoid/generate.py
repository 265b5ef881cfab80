"""Writes humanoid.urdf and the tables of docs/humanoid_model.md.

    python resources/urdf/humanoid/generate.py

The body is an adult of the world's average stature and mass. Segment lengths, masses, centres of
mass and densities are published ones; a segment's radius follows from them, so that nothing is
tuned by eye but the trunk's silhouette. Frames: x forward, y left, z up; in the zero pose every
link frame is parallel to the world's. Units: m, kg, rad, N m. `anatomy.py` holds the numbers,
`skeleton.py` builds the links, `tables.py` compares them with the public humanoid.
"""

import argparse
import math
from pathlib import Path
from typing import List, Tuple
from xml.sax.saxutils import quoteattr

from anatomy import MATERIALS
from body import Link, Shape
from skeleton import build_links
from tables import write_tables

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parents[2] / "docs" / "humanoid_model.md"
SPEED_LIMIT = 100.0
"""[rad/s] Isaac Gym's own default: a safety net far above any gait's speeds."""


def number(value: float) -> str:
    """Nine significant digits, nothing below 1e-10, and zero without a sign."""
    text = f"{round(value, 10):.9g}"
    return "0" if text == "-0" else text


def numbers(values: Tuple[float, ...]) -> str:
    """Numbers separated by blanks, as URDF writes vectors."""
    return " ".join(number(value) for value in values)


def element(tag: str, **attributes: str) -> str:
    """One empty XML element."""
    body = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{tag}{body}/>"


def geometry_lines(tag: str, shape: Shape) -> List[str]:
    """A <visual> or <collision> element."""
    radius = number(shape.radius)
    primitive = (
        element("capsule", radius=radius, length=number(shape.length))
        if shape.length > 0.0
        else element("sphere", radius=radius)
    )
    lines = [
        f"    <{tag}>",
        "      " + element("origin", xyz=numbers(shape.centre), rpy=numbers(shape.rpy)),
        f"      <geometry>{primitive}</geometry>",
    ]
    if tag == "visual":
        lines.append("      " + element("material", name=shape.material))
    return [*lines, f"    </{tag}>"]


def link_lines(link: Link) -> List[str]:
    """A <link> element; its inertia is that of the visual shapes, filled uniformly."""
    com, inertia = link.inertial()
    moments = {
        name: number(inertia[row, column])
        for name, row, column in (
            ("ixx", 0, 0),
            ("ixy", 0, 1),
            ("ixz", 0, 2),
            ("iyy", 1, 1),
            ("iyz", 1, 2),
            ("izz", 2, 2),
        )
    }
    lines = [
        f"  <link name={quoteattr(link.name)}>",
        "    <inertial>",
        "      " + element("origin", xyz=numbers(tuple(com)), rpy="0 0 0"),
        "      " + element("mass", value=number(link.mass)),
        "      " + element("inertia", **moments),
        "    </inertial>",
    ]
    for shape in link.shapes:
        if shape.visible:
            lines += geometry_lines("visual", shape)
    for shape in link.shapes:
        if shape.collides:
            lines += geometry_lines("collision", shape)
    return [*lines, "  </link>"]


def joint_lines(link: Link) -> List[str]:
    """The <joint> element between a link and its parent; none for the root."""
    joint = link.joint
    if joint is None:
        return []
    lower, upper = (math.radians(degrees) for degrees in joint.range)
    limit = element(
        "limit",
        lower=number(lower),
        upper=number(upper),
        effort=number(joint.effort),
        velocity=number(SPEED_LIMIT),
    )
    return [
        f'  <joint name={quoteattr(joint.name)} type="revolute">',
        "    " + element("parent", link=joint.parent),
        "    " + element("child", link=link.name),
        "    " + element("origin", xyz=numbers(joint.origin), rpy="0 0 0"),
        "    " + element("axis", xyz=numbers(joint.axis)),
        "    " + limit,
        "  </joint>",
    ]


def urdf(links: List[Link]) -> str:
    """The whole file."""
    lines = [
        '<?xml version="1.0"?>',
        "<!-- Written by generate.py; do not edit. Described in docs/humanoid_model.md.",
        "     <capsule> (length without the caps) is Isaac Gym's extension of URDF. -->",
        '<robot name="humanoid">',
    ]
    for name, rgba in MATERIALS.items():
        color = element("color", rgba=numbers(rgba))
        lines.append(f"  <material name={quoteattr(name)}>{color}</material>")
    for link in links:
        lines += joint_lines(link) + link_lines(link)
    return "\n".join([*lines, "</robot>", ""])


def main() -> None:
    """Writes both files; the options put them elsewhere, which is how the test compares them."""
    parser = argparse.ArgumentParser(description="Writes humanoid.urdf and the document's tables.")
    parser.add_argument("--urdf", type=Path, default=HERE / "humanoid.urdf")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="tables are replaced in it")
    options = parser.parse_args()
    links = build_links()
    options.urdf.write_bytes(urdf(links).encode())
    write_tables(options.document, links)


if __name__ == "__main__":
    main()
