"""Links as the text of a URDF file."""

import math
from typing import Dict, List, Tuple
from xml.sax.saxutils import quoteattr

from solids import Joint, Link, Shape

MOMENTS = {"ixx": (0, 0), "ixy": (0, 1), "ixz": (0, 2), "iyy": (1, 1), "iyz": (1, 2), "izz": (2, 2)}


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


def primitive(shape: Shape) -> str:
    """The element of a shape's kind and size."""
    if shape.kind == "box":
        return element("box", size=numbers(shape.size))
    lengths = dict(zip(("radius", "length"), map(number, shape.size)))
    return element(shape.kind, **lengths)


def geometry_lines(tag: str, shape: Shape) -> List[str]:
    """A <visual> or <collision> element."""
    lines = [
        f"    <{tag}>",
        "      " + element("origin", xyz=numbers(shape.centre), rpy=numbers(shape.rpy)),
        f"      <geometry>{primitive(shape)}</geometry>",
    ]
    if tag == "visual":
        lines.append("      " + element("material", name=shape.material))
    return [*lines, f"    </{tag}>"]


def link_lines(link: Link) -> List[str]:
    """A <link> element; its inertia is that of the visual shapes."""
    com, inertia = link.inertial()
    lines = [
        f"  <link name={quoteattr(link.name)}>",
        "    <inertial>",
        "      " + element("origin", xyz=numbers(tuple(com)), rpy="0 0 0"),
        "      " + element("mass", value=number(link.mass)),
        "      " + element("inertia", **{k: number(inertia[at]) for k, at in MOMENTS.items()}),
        "    </inertial>",
    ]
    for shape in link.shapes:
        if shape.visible:
            lines += geometry_lines("visual", shape)
    for shape in link.shapes:
        if shape.collides:
            lines += geometry_lines("collision", shape)
    return [*lines, "  </link>"]


def joint_lines(link: Link, joint: Joint) -> List[str]:
    """The <joint> element between a link and its parent."""
    lower, upper = (math.radians(degrees) for degrees in joint.range)
    limit = element(
        "limit",
        lower=number(lower),
        upper=number(upper),
        effort=number(joint.effort),
        velocity=number(joint.speed),
    )
    kind = "revolute" if joint.moves else "fixed"
    return [
        f'  <joint name={quoteattr(joint.name)} type="{kind}">',
        "    " + element("parent", link=joint.parent),
        "    " + element("child", link=link.name),
        "    " + element("origin", xyz=numbers(joint.origin), rpy="0 0 0"),
        "    " + element("axis", xyz=numbers(joint.axis)),
        "    " + limit,
        "  </joint>",
    ]


def urdf(
    robot: str, document: str, materials: Dict[str, Tuple[float, ...]], links: List[Link]
) -> str:
    """The whole file, in which the document that describes the robot is named."""
    lines = [
        '<?xml version="1.0"?>',
        f"<!-- Written by generate.py; do not edit. Described in {document}.",
        "     <capsule> (length without the caps) is Isaac Gym's extension of URDF. -->",
        f"<robot name={quoteattr(robot)}>",
    ]
    for name, rgba in materials.items():
        color = element("color", rgba=numbers(rgba))
        lines.append(f"  <material name={quoteattr(name)}>{color}</material>")
    for link in links:
        if link.joint is not None:
            lines += joint_lines(link, link.joint)
        lines += link_lines(link)
    return "\n".join([*lines, "</robot>", ""])
