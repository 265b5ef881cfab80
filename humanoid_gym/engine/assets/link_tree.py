"""Links and joints as a tree: checks, Isaac Gym's order, and merging across fixed joints."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from humanoid_gym.engine.assets.errors import AssetError
from humanoid_gym.engine.assets.geometry import MassProperties, combine, compose
from humanoid_gym.engine.assets.model import (
    BodyModel,
    JointModel,
    Pose,
    ShapeModel,
    hinges_of_ball,
)
from humanoid_gym.engine.assets.xml_source import XmlElement
from humanoid_gym.engine.values.enums import JointType


@dataclass
class Link:
    """One `<link>`, read."""

    name: str
    element: XmlElement
    weight: MassProperties
    """In the link frame; no mass where neither file nor shapes give one."""
    shapes: list[ShapeModel] = field(default_factory=list)


@dataclass
class Joint:
    """One `<joint>`, read."""

    model: JointModel
    element: XmlElement
    parent: str
    child: str
    pose: Pose
    """Child link frame in the parent link frame, at joint position zero."""
    may_collapse: bool
    """A fixed joint whose child may be merged into the parent."""


class LinkTree:
    """The links of one robot, joined to a single tree."""

    def __init__(self, file: Path, links: list[Link], joints: list[Joint]) -> None:
        """Check that the joints make one tree of the links.

        Raises:
            AssetError: no links, a name given twice, a joint to a missing link, a link with two
                parents, more than one root, or a loop.
        """
        if not links:
            raise AssetError(f"{file}:1: the robot has no links. Add at least one <link>.")
        _check_unique([(link.name, link.element) for link in links])
        _check_unique([(joint.model.name, joint.element) for joint in joints])
        self._links = {link.name: link for link in links}
        self._children: dict[str, list[Joint]] = {link.name: [] for link in links}
        for joint in joints:
            self._check_ends(joint)
            self._children[joint.parent].append(joint)
        self._root = self._find_root(joints)

    def _check_ends(self, joint: Joint) -> None:
        for role, name in (("parent", joint.parent), ("child", joint.child)):
            if name not in self._links:
                raise joint.element.error(
                    f"joint '{joint.model.name}' has the {role} link '{name}', which is missing",
                    "Define that link or correct the name",
                )

    def _find_root(self, joints: list[Joint]) -> str:
        parents: dict[str, Joint] = {}
        for joint in joints:
            if other := parents.get(joint.child):
                raise joint.element.error(
                    f"link '{joint.child}' has two parents: joint '{joint.model.name}' here and "
                    f"joint '{other.model.name}' of line {other.element.line}",
                    "A link can be the child of one joint only",
                )
            parents[joint.child] = joint
        roots = [name for name in self._links if name not in parents]
        if len(roots) > 1:
            raise self._links[roots[1]].element.error(
                f"links {_quoted(roots)} have no parent joint, so the robot has {len(roots)} roots",
                "Join them by joints, or make one file per robot",
            )
        reached = {name for name, _ in self._walk(roots[0])} if roots else set()
        if loop := [joint for joint in joints if joint.child not in reached]:
            raise loop[0].element.error(
                f"joints {_quoted([joint.model.name for joint in loop])} form a loop",
                "A robot must be a tree of links: remove a joint",
            )
        return roots[0]

    def _walk(self, root: str) -> list[tuple[str, Joint | None]]:
        """Links with their parent joints, depth-first, siblings in byte order of joint name."""
        order: list[tuple[str, Joint | None]] = []
        pending: list[tuple[str, Joint | None]] = [(root, None)]
        while pending:
            name, joint = pending.pop()
            order.append((name, joint))
            siblings = sorted(self._children[name], key=_byte_order, reverse=True)
            pending += [(sibling.child, sibling) for sibling in siblings]
        return order

    def collapse(self) -> None:
        """Merge every link on a fixed joint into its parent, deepest first.

        The parent keeps its name and gets the child's mass, shapes (after its own) and joints.
        """
        for name, _ in reversed(self._walk(self._root)):
            for joint in sorted(self._children[name], key=_byte_order):
                if joint.may_collapse:
                    self._absorb(self._links[name], joint)

    def _absorb(self, parent: Link, joint: Joint) -> None:
        child = self._links.pop(joint.child)
        parent.weight = combine([parent.weight, child.weight.moved(joint.pose)])
        for shape in child.shapes:
            shape.pose = compose(joint.pose, shape.pose)
        parent.shapes += child.shapes
        siblings = self._children[parent.name]
        siblings.remove(joint)
        for grandchild in self._children.pop(child.name):
            grandchild.pose = compose(joint.pose, grandchild.pose)
            grandchild.parent = parent.name
            siblings.append(grandchild)

    def bodies(self) -> list[BodyModel]:
        """One body per remaining link, in Isaac Gym's order."""
        index: dict[str, int] = {}
        bodies = []
        for name, joint in self._walk(self._root):
            index[name] = len(bodies)
            link = self._links[name]
            weight = link.weight
            body = BodyModel(name, -1, Pose(), weight.mass, weight.com, weight.inertia, link.shapes)
            if joint is not None:
                body.parent, body.pose = index[joint.parent], joint.pose
                is_ball = joint.model.type == JointType.JOINT_BALL
                body.joints = hinges_of_ball(joint.model) if is_ball else [joint.model]
            bodies.append(body)
        return bodies


def _byte_order(joint: Joint) -> bytes:
    return joint.model.name.encode()


def _check_unique(named: list[tuple[str, XmlElement]]) -> None:
    seen: dict[str, int] = {}
    for name, element in named:
        if name in seen:
            raise element.error(
                f"<{element.tag}> '{name}' is already defined in line {seen[name]}",
                "Give each its own name",
            )
        seen[name] = element.line


def _quoted(names: list[str]) -> str:
    shown = [f"'{name}'" for name in names[:5]]
    return ", ".join(shown) + (" …" if len(names) > 5 else "")
