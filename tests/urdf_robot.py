"""Robots' descriptions, read with the standard library, and MuJoCo's own reading of them."""

import re
import xml.etree.ElementTree as ElementTree

import mujoco
import numpy as np

MIRROR = np.diag([1.0, -1.0, 1.0])


def floats(element, attribute, default="0 0 0"):
    text = default if element is None else element.get(attribute, default)
    return np.array([float(word) for word in text.split()])


def rotation(rpy):
    """Fixed-axis roll, pitch, yaw, written out as three matrices."""
    (a, b, c), (sa, sb, sc) = np.cos(rpy), np.sin(rpy)
    x = np.array([[1, 0, 0], [0, a, -sa], [0, sa, a]])
    y = np.array([[b, 0, sb], [0, 1, 0], [-sb, 0, b]])
    z = np.array([[c, -sc, 0], [sc, c, 0], [0, 0, 1]])
    return z @ y @ x


class Robot:
    """What a URDF file says, by name; poses in the zero pose, in the root's frame."""

    def __init__(self, path):
        tree = ElementTree.parse(path).getroot()
        self.links = {link.get("name"): link for link in tree.findall("link")}
        self.joints = {joint.get("name"): joint for joint in tree.findall("joint")}
        self.parent = {
            joint.find("child").get("link"): joint.find("parent").get("link")
            for joint in self.joints.values()
        }
        self.origin = {
            joint.find("child").get("link"): floats(joint.find("origin"), "xyz")
            for joint in self.joints.values()
        }

    def position(self, link):
        """Joint origins have no rotation, so positions add up."""
        if link not in self.parent:
            return np.zeros(3)
        return self.position(self.parent[link]) + self.origin[link]

    def inertial(self, link):
        inertial = self.links[link].find("inertial")
        xx, xy, xz, yy, yz, zz = (
            float(inertial.find("inertia").get(name))
            for name in ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")
        )
        inertia = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        mass = float(inertial.find("mass").get("value"))
        return mass, floats(inertial.find("origin"), "xyz"), inertia

    def mass(self):
        return sum(self.inertial(link)[0] for link in self.links)

    def shapes(self, link, kind="visual"):
        for element in self.links[link].findall(kind):
            origin = element.find("origin")
            turn = rotation(floats(origin, "rpy"))
            yield floats(origin, "xyz"), turn, next(iter(element.find("geometry")))

    def materials(self, link):
        """Names of the visual shapes' materials."""
        return [
            visual.find("material").get("name") for visual in self.links[link].findall("visual")
        ]

    def capsule_ends(self, link, kind):
        """(end, end, radius) of every capsule or sphere, in the root's frame."""
        for centre, turn, primitive in self.shapes(link, kind):
            half = turn[:, 2] * float(primitive.get("length", "0")) / 2.0
            centre = centre + self.position(link)
            yield centre - half, centre + half, float(primitive.get("radius"))

    def lowest_and_highest(self):
        ends = [part for link in self.links for part in self.capsule_ends(link, "visual")]
        low = min(min(a[2], b[2]) - radius for a, b, radius in ends)
        return low, max(max(a[2], b[2]) + radius for a, b, radius in ends)


def assert_physical(robot):
    for link in robot.links:
        mass, _, inertia = robot.inertial(link)
        moments = np.linalg.eigvalsh(inertia)
        assert mass > 0.0 and moments[0] > 0.0, link
        assert moments[2] < moments[0] + moments[1], link


def mujoco_inertia(robot, link, densities=None):
    """MuJoCo's centre of mass and inertia of a link's visual shapes, filled with its mass.

    Their densities are equal, or relative to each other those given by name of material.
    """
    spec = mujoco.MjSpec()
    body = spec.worldbody.add_body(name="body")
    geoms = []
    for centre, turn, primitive in robot.shapes(link):
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, turn.flatten())
        half = float(primitive.get("length", "0")) / 2.0
        radius = float(primitive.get("radius", "0"))
        kind, size = {
            "capsule": (mujoco.mjtGeom.mjGEOM_CAPSULE, [radius, half, 0.0]),
            "cylinder": (mujoco.mjtGeom.mjGEOM_CYLINDER, [radius, half, 0.0]),
            "sphere": (mujoco.mjtGeom.mjGEOM_SPHERE, [radius, 0.0, 0.0]),
            "box": (mujoco.mjtGeom.mjGEOM_BOX, floats(primitive, "size") / 2.0),
        }[primitive.tag]
        geoms.append(body.add_geom(type=kind, size=size, pos=centre, quat=quat, density=1.0))
    for geom, material in zip(geoms, robot.materials(link), strict=True):
        geom.density = densities[material] if densities else 1.0
    mass = spec.compile().body("body").mass[0]
    for geom in geoms:
        geom.density *= robot.inertial(link)[0] / mass
    model = spec.compile().body("body")
    axes = np.zeros(9)
    mujoco.mju_quat2Mat(axes, model.iquat)
    axes = axes.reshape(3, 3)
    return model.ipos, axes @ np.diag(model.inertia) @ axes.T


def twin(name):
    return name.replace("left_", "right_") if name.startswith("left_") else name


def assert_mirrored_inertia(robot, link):
    """The other side's link is this one's mirror image in mass, centre of mass and inertia."""
    mass, com, inertia = robot.inertial(link)
    other_mass, other_com, other_inertia = robot.inertial(twin(link))
    assert mass == other_mass
    np.testing.assert_allclose(com, MIRROR @ other_com, atol=1e-9)
    np.testing.assert_allclose(inertia, MIRROR @ other_inertia @ MIRROR, atol=1e-9)


def mirrorable(robot, link, kind, mirror):
    """Every capsule as one sorted row, so that neither order nor direction matters."""
    rows = []
    for start, end, radius in robot.capsule_ends(link, kind):
        ends = sorted([tuple((mirror @ start).round(5)), tuple((mirror @ end).round(5))])
        rows.append([radius, *ends[0], *ends[1]])
    return np.array(sorted(rows)) + 0.0


def mujoco_model(path):
    """MuJoCo's own reading of the file, floating, with collision shapes only."""
    text = path.read_text()
    name = re.search(r"<robot name=.*?>", text).group()
    option = '<mujoco><compiler fusestatic="false" discardvisual="true"/></mujoco>'
    spec = mujoco.MjSpec.from_string(text.replace(name, name + option))
    spec.worldbody.first_body().add_freejoint()
    return spec.compile()
