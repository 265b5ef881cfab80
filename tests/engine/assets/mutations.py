"""Damaged robot descriptions, by the thousand and the same ones every time."""

import re

NUMBERS = (
    "0", "-1", "1e300", "-1e300", "1e10", "1e-300", "nan", "inf", "-inf", "", " ", "1 2", "0 0 0",
    "0x10", "1_0", "٣", "1e", "--1", "1e999", "3.5e9", "99999999999999999999", "-0", "1e-9", "1e5",
)  # fmt: skip
NAMES = (
    "", "a", "root", "world", "..", "../../../../etc/passwd", "/etc/passwd", "robot.xml",
    "robot.urdf", "file:///etc/passwd", "package://../../etc/passwd", "a" * 3000, "é\u202e", "a/b",
    "%s%n", "main", ".", "/dev/zero", "/dev/stdin", "http://localhost/x.stl",
)  # fmt: skip
TAGS = (
    "mujoco", "robot", "worldbody", "body", "geom", "joint", "freejoint", "inertial", "default",
    "compiler", "asset", "mesh", "include", "actuator", "motor", "position", "velocity", "tendon",
    "fixed", "contact", "pair", "exclude", "frame", "link", "collision", "visual", "geometry",
    "box", "cylinder", "sphere", "capsule", "origin", "axis", "limit", "dynamics", "inertia",
    "mass", "parent", "child", "material", "color", "composite", "a:b", "x",
)  # fmt: skip
ATTRIBUTES = (
    "name", "class", "childclass", "type", "size", "fromto", "pos", "quat", "euler", "axisangle",
    "xyaxes", "zaxis", "mass", "density", "friction", "contype", "conaffinity", "mesh", "file",
    "filename", "scale", "range", "limited", "ref", "axis", "damping", "stiffness", "armature",
    "joint", "joint1", "gear", "kp", "kv", "coef", "body1", "body2", "geom1", "angle", "eulerseq",
    "autolimits", "inertiafromgeom", "settotalmass", "coordinate", "meshdir", "link", "xyz", "rpy",
    "radius", "length", "value", "ixx", "ixy", "lower", "upper", "effort", "velocity", "vertex",
    "face", "refpos", "refquat", "diaginertia", "fullinertia", "springlength",
)  # fmt: skip
SNIPPETS = (
    '<include file="robot.xml"/>', '<include file="../x.xml"/>', "<!-- ", "-->", "<![CDATA[",
    '<!DOCTYPE x [<!ENTITY a "aa">]>', "&lol;", "&#0;", "&#x10FFFF;", "<?xml version='1.0'?>",
    "<a>" * 300, "<body>" * 150 + "</body>" * 150, "\x00", "\ufeff", "<frame>", "</body>",
    '<geom type="mesh" mesh="m"/>', '<body name="a"/>', '<joint type="ball"/>', "<freejoint/>",
    '<link name="a"/>', '<default class="leg"/>',
    '<mesh name="m" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/>',
    '<mesh filename="robot.urdf"/>', '<mesh filename="m.stl" scale="0 0 0"/>',
)  # fmt: skip

ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
ELEMENT = re.compile(r"<[^<>]*>")
NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?(?![\w.])")


def mutant(rng, seeds):
    """One damaged file, bytes.

    Args:
        rng: a NumPy generator: the same seed gives the same files.
        seeds: texts of good files.
    """
    text = seeds[rng.integers(len(seeds))]
    for _ in range(min(6, rng.geometric(0.6))):
        text = WAYS[rng.integers(len(WAYS))](rng, text)
    data = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.05 and data:
        spot = rng.integers(len(data))
        data = data[:spot] + rng.bytes(int(rng.integers(1, 9))) + data[spot + rng.integers(9) :]
    return data


def pick(rng, options):
    return options[rng.integers(len(options))]


def truncate(rng, text):
    return text[: rng.integers(len(text) + 1)]


def drop_part(rng, text):
    start = rng.integers(len(text) + 1)
    return text[:start] + text[start + rng.integers(40) :]


def repeat_part(rng, text):
    start = rng.integers(len(text) + 1)
    end = start + rng.integers(300)
    return text[:end] + text[start:end] * int(rng.integers(1, 4)) + text[end:]


def insert(rng, text):
    spot = rng.integers(len(text) + 1)
    return text[:spot] + pick(rng, SNIPPETS) + text[spot:]


def insert_element(rng, text):
    spots = [match.end() for match in ELEMENT.finditer(text)] or [0]
    spot = pick(rng, spots)
    return text[:spot] + pick(rng, SNIPPETS) + text[spot:]


def drop_element(rng, text):
    return replace_match(rng, text, ELEMENT, lambda _: "")


def move_element(rng, text):
    found = list(ELEMENT.finditer(text))
    if not found:
        return text
    moved = pick(rng, found)
    rest = text[: moved.start()] + text[moved.end() :]
    spot = rng.integers(len(rest) + 1)
    return rest[:spot] + moved.group() + rest[spot:]


def change_number(rng, text):
    return replace_match(rng, text, NUMBER, lambda _: pick(rng, NUMBERS))


def change_value(rng, text):
    value = pick(rng, NUMBERS + NAMES)
    return replace_match(rng, text, ATTRIBUTE, lambda match: f'{match[1]}="{value}"')


def change_attribute(rng, text):
    name = pick(rng, ATTRIBUTES)
    return replace_match(rng, text, ATTRIBUTE, lambda match: f'{name}="{match[2]}"')


def add_attribute(rng, text):
    name, value = pick(rng, ATTRIBUTES), pick(rng, NUMBERS + NAMES)
    return replace_match(rng, text, ATTRIBUTE, lambda match: f'{match[0]} {name}="{value}"')


def swap_values(rng, text):
    found = list(ATTRIBUTE.finditer(text))
    if not found:
        return text
    other = pick(rng, found)[2]
    return replace_match(rng, text, ATTRIBUTE, lambda match: f'{match[1]}="{other}"')


def change_tag(rng, text):
    tag = pick(rng, TAGS)
    return replace_match(rng, text, re.compile(r"(?<=<)\w+"), lambda _: tag)


def replace_match(rng, text, pattern, new):
    found = list(pattern.finditer(text))
    if not found:
        return text
    match = pick(rng, found)
    return text[: match.start()] + new(match) + text[match.end() :]


WAYS = (
    truncate, drop_part, repeat_part, insert, insert_element, drop_element, move_element,
    *[change_number] * 3, *[change_value] * 3, change_attribute, *[add_attribute] * 2, swap_values,
    change_tag,
)  # fmt: skip
