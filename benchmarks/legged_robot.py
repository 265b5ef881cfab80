"""URDF of a robot on legs, as simple as one can be: for benchmarks and tests."""

REACH, FOOT = 0.25, 0.03
"""Length of thigh and shank, radius of a foot [m]."""
ROWS = {1: "M", 2: "FH", 3: "FMH"}
"""Letters of the pairs of legs from the front to the back, by their number."""


def legged_robot(rows: int = 2) -> str:
    """Make a robot of simple shapes; that on four legs has 12 DOFs, 13 shapes and about 17 kg.

    Links and joints are called trunk, LF_hip, LF_thigh, LF_shank, LF_foot …; L and R are left and
    right, F, M and H front, middle and hind. Hips turn about x, thighs and shanks about y.

    Args:
        rows: pairs of legs, 1 to 3.
    """
    parts = [_link("trunk", 9.0, '<box size="0.5 0.24 0.16"/>', 0.0)]
    for side, y in (("L", 1), ("R", -1)):
        for row, letter in enumerate(ROWS[rows]):
            x = 0.25 - 0.5 * row / (rows - 1) if rows > 1 else 0.0
            parts.append(_leg(side + letter, x, y))
    return f'<robot name="legged">{"".join(parts)}</robot>'


def _leg(name: str, x: float, y: int) -> str:
    bone = f'<cylinder radius="0.02" length="{REACH}"/>'
    return "".join(
        [
            _link(f"{name}_hip", 0.7, '<sphere radius="0.045"/>', 0.0),
            _joint("trunk", f"{name}_hip", "1 0 0", f"{x} {0.1 * y} 0"),
            _link(f"{name}_thigh", 0.9, bone, -REACH / 2),
            _joint(f"{name}_hip", f"{name}_thigh", "0 1 0", f"0 {0.08 * y} 0"),
            _link(f"{name}_shank", 0.2, "", -REACH / 2),
            _joint(f"{name}_thigh", f"{name}_shank", "0 1 0", f"0 0 {-REACH}"),
            _link(f"{name}_foot", 0.1, f'<sphere radius="{FOOT}"/>', 0.0),
            f'''<joint name="{name}_foot" type="fixed"><parent link="{name}_shank"/>
              <child link="{name}_foot"/><origin xyz="0 0 {-REACH}"/></joint>''',
        ]
    )


def _link(name: str, mass: float, shape: str, z: float) -> str:
    inertia = " ".join(f'{axis}="{0.01 * mass}"' for axis in ("ixx", "iyy", "izz"))
    collision = f"""<collision><origin xyz="0 0 {z}"/><geometry>{shape}</geometry></collision>"""
    return f"""<link name="{name}"><inertial><origin xyz="0 0 {z}"/><mass value="{mass}"/>
      <inertia {inertia} ixy="0" ixz="0" iyz="0"/></inertial>{collision if shape else ""}</link>"""


def _joint(parent: str, child: str, axis: str, place: str) -> str:
    return f"""<joint name="{child}" type="revolute"><parent link="{parent}"/>
      <child link="{child}"/><origin xyz="{place}"/><axis xyz="{axis}"/>
      <limit lower="-2.5" upper="2.5" effort="60" velocity="20"/></joint>"""
