"""Where a robot's parts are and how they move, from its joint sensors and its IMU alone.

Axes are those of the levelled base: its origin is the base's, z is up, the heading is the base's.
Without a sensor of position, the ground is where the lowest foot point is; without one of speed,
the robot moves relative to the foot points that bear it. N robots, L links, P foot points.
"""

from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np
from numpy.typing import ArrayLike

from humanoid_gym.deployment.array_namespace import Array, indices_like, like, namespace
from humanoid_gym.deployment.description import Body, Link

_SHORTEST = 1e-6
"""Of a vector that has a direction."""


class BodyMotion(NamedTuple):
    """Mass and feet, in the axes of the levelled base."""

    center_of_mass: Array
    """[m], shape (N, 3)."""
    center_of_mass_velocity: Array
    """Relative to the base's origin [m/s], shape (N, 3)."""
    foot_points: Array
    """Their lowest places [m], shape (N, P, 3)."""
    foot_velocities: Array
    """Relative to the base's origin [m/s], shape (N, P, 3)."""


class BodyModel:
    """Forward kinematics of a tree of links, level by level.

    Raises:
        ValueError: the links are no tree or have no mass, a foot stands for a link that does not
            exist, or a joint is missing.
    """

    def __init__(self, body: Body, joint_names: Sequence[str], example: Array) -> None:
        """Precompute what does not depend on the joints.

        Args:
            body: masses and kinematics.
            joint_names: joints in the order of the joint sensors.
            example: floating-point array of the kind that states will be of.
        """
        _check(body, joint_names)
        links = by_level(body.links)
        names = [link.name for link in links]
        self._xp = namespace(example)
        moved = [link.joint is not None for link in links]
        columns = [0 if link.joint is None else joint_names.index(link.joint) for link in links]
        self._joint = indices_like(example, columns)
        self._turns = like(example, [m and not k.prismatic for m, k in zip(moved, links)])
        self._any_slides = any(m and k.prismatic for m, k in zip(moved, links))
        self._slides = like(example, [m and k.prismatic for m, k in zip(moved, links)])
        self._precompute_transforms(links, example)
        self._ancestors = like(example, ancestors(links))
        mass = np.array([link.mass for link in links])
        self._mass_part = like(example, mass / mass.sum())
        self._centers = like(example, [link.center_of_mass for link in links]).reshape(-1, 3, 1)
        points = [(names.index(foot.link), point) for foot in body.feet for point in foot.points]
        self._foot_link = indices_like(example, [link for link, _ in points])
        self._foot_point = like(example, [p.position for _, p in points]).reshape(-1, 3, 1)
        self._foot_radius = like(example, [p.radius for _, p in points])

    def _precompute_transforms(self, links: List[Link], example: Array) -> None:
        """Make (L, 4, 4) parts of: transform = constant + sin q S + (1 - cos q) C + q slide."""
        parts = np.zeros((4, len(links), 4, 4))
        for constant, sine, versine, slide, link in zip(*parts, links):
            frame, turning = rotation_matrix(link.rotation), skew(link.axis)
            constant[:3, :3], constant[:3, 3], constant[3, 3] = frame, link.position, 1.0
            sine[:3, :3] = frame @ turning
            versine[:3, :3] = frame @ turning @ turning
            slide[:3, 3] = frame @ np.array(link.axis)
        self._constant, self._sine, self._versine, self._slide = (like(example, p) for p in parts)
        self._axis = like(example, [link.axis for link in links]).reshape(-1, 3, 1)
        self._skew = like(example, [skew(row) for row in np.eye(3).tolist()]).reshape(3, 9)
        self._identity = like(example, np.eye(3))
        self._to_axis = like(example, skew((0.0, 0.0, -1.0)))  # of that turn's inverse: z × up
        self._levels = []
        start, depths, places = 1, _depths(links), {0: 0}
        while start < len(links):
            end = start + sum(depth == depths[start] for depth in depths)
            parents = [places[links[i].parent] for i in range(start, end)]
            self._levels.append((start, end, indices_like(example, parents)))
            places = {i: i - start for i in range(start, end)}
            start = end

    def motion(
        self,
        joint_position: Array,
        joint_velocity: Array,
        gravity_b: Array,
        angular_velocity_b: Array,
    ) -> BodyMotion:
        """Return where mass and feet are and how they move.

        Args:
            joint_position: [rad], shape (N, J).
            joint_velocity: [rad/s], shape (N, J).
            gravity_b: direction of gravity in the base's frame, shape (N, 3).
            angular_velocity_b: of the base, in its frame [rad/s], shape (N, 3).
        """
        rotation, position = self._frames(joint_position)
        spin, moment = self._rates(rotation, position, joint_velocity)
        spin = spin + angular_velocity_b[:, None]
        centers = position + (rotation @ self._centers)[..., 0]
        velocities = self._cross(spin, centers) - moment
        link = self._foot_link
        points = position[:, link] + (rotation[:, link] @ self._foot_point)[..., 0]
        # the lowest place of a ball is its radius below its centre
        length = (gravity_b * gravity_b).sum(-1)[:, None] ** 0.5
        down = gravity_b / self._xp.clip(length, _SHORTEST, None)
        points = points + down[:, None] * self._foot_radius[:, None]
        foot_velocities = self._cross(spin[:, link], points) - moment[:, link]
        to_level = self._transposed_levelling(-down)
        part = self._mass_part[:, None]
        return BodyMotion(
            ((centers * part).sum(1)[:, None] @ to_level)[:, 0],
            ((velocities * part).sum(1)[:, None] @ to_level)[:, 0],
            points @ to_level,
            foot_velocities @ to_level,
        )

    def _frames(self, joint_position: Array) -> "tuple[Array, Array]":
        """Return orientation (N, L, 3, 3) and origin (N, L, 3) of all links in the base's frame."""
        xp = self._xp
        value = joint_position[:, self._joint]
        angle = value * self._turns
        sine, versine = xp.sin(angle)[..., None, None], (1.0 - xp.cos(angle))[..., None, None]
        relative = self._constant + sine * self._sine + versine * self._versine
        if self._any_slides:
            relative = relative + (value * self._slides)[..., None, None] * self._slide
        level = relative[:, :1]  # of the base: the identity, as no joint moves it
        levels = [level]
        for start, end, parents in self._levels:
            level = level[:, parents] @ relative[:, start:end]
            levels.append(level)
        frames = xp.concatenate(levels, 1)
        return frames[..., :3, :3], frames[..., :3, 3]

    def _rates(
        self, rotation: Array, position: Array, joint_velocity: Array
    ) -> "tuple[Array, Array]":
        """Return spin and moment (N, L, 3): the velocity at x on a link is spin × x - moment."""
        rate = joint_velocity[:, self._joint]
        axis = (rotation @ self._axis)[..., 0]
        turning = axis * (rate * self._turns)[..., None]
        moment = self._cross(turning, position)
        if self._any_slides:
            moment = moment - axis * (rate * self._slides)[..., None]
        return self._ancestors @ turning, self._ancestors @ moment

    def _cross(self, a: Array, b: Array) -> Array:
        """Return a × b along the last axis (N, K, 3), in two products."""
        matrices = (a @ self._skew).reshape(*a.shape, 3)
        return (matrices @ b[..., None])[..., 0]

    def _transposed_levelling(self, up: Array) -> Array:
        """Return matrices (N, 3, 3) that level row vectors: the least turn that makes `up` z."""
        turning = ((up @ self._to_axis) @ self._skew).reshape(len(up), 3, 3)
        upright = self._xp.clip(1.0 + up[:, 2], _SHORTEST, None)  # undefined upside down only
        return self._identity + turning + (turning @ turning) / upright[:, None, None]


def by_level(links: Sequence[Link]) -> List[Link]:
    """Return links sorted by their distance from the base, with the parents renumbered."""
    depths = _depths(links)
    order = sorted(range(len(links)), key=lambda i: depths[i])
    new: Dict[int, int] = {-1: -1, **{old: place for place, old in enumerate(order)}}
    return [Link(**{**vars(links[old]), "parent": new[links[old].parent]}) for old in order]


def ancestors(links: Sequence[Link]) -> np.ndarray:
    """Return whose joint moves whom: 1 where a link's joint moves another, shape (L, L)."""
    moves = np.eye(len(links))
    for index, link in enumerate(links):
        if link.parent >= 0:
            moves[index] += moves[link.parent]
    return moves


def link_poses(
    links: Sequence[Link], joint_position: Mapping[str, ArrayLike]
) -> List[Tuple[np.ndarray, np.ndarray]]:
    """Return where links are in the base's frame: origins [m] and orientations, for each link.

    Args:
        links: parents before their children.
        joint_position: of joints by name [rad]; others are at 0. Numbers, or arrays whose shapes
            broadcast to (...).

    Returns:
        Shapes (..., 3) and (..., 3, 3).
    """
    value_of = {name: np.asarray(value, float) for name, value in joint_position.items()}
    batch = np.broadcast_shapes(*(value.shape for value in value_of.values()))
    poses: List[Tuple[np.ndarray, np.ndarray]] = []
    for link in links:
        if link.parent < 0:
            poses.append((np.zeros((*batch, 3)), np.zeros((*batch, 3, 3)) + np.eye(3)))
            continue
        place, turn = poses[link.parent]
        place = place + turn @ np.array(link.position)
        turn = turn @ rotation_matrix(link.rotation)
        value = value_of.get(link.joint or "")
        if value is not None and link.prismatic:
            place = place + turn @ np.array(link.axis) * value[..., None]
        elif value is not None:
            half = 0.5 * value[..., None]
            turned = (np.sin(half) * np.array(link.axis), np.cos(half))
            turn = turn @ rotation_matrix(np.concatenate(turned, axis=-1))
        poses.append((place, turn))
    return poses


def rotation_matrix(quaternion: ArrayLike) -> np.ndarray:
    """Return the matrix (..., 3, 3) of a unit quaternion x y z w, shape (..., 4)."""
    parts = np.asarray(quaternion, float)
    turning, w = skew(parts[..., :3]), parts[..., 3, None, None]
    return np.eye(3) + 2.0 * w * turning + 2.0 * turning @ turning


def skew(vector: ArrayLike) -> np.ndarray:
    """Return the matrix (..., 3, 3) that multiplies by a vector (..., 3) from the left."""
    x, y, z = np.moveaxis(np.asarray(vector, float), -1, 0)
    zero = np.zeros_like(x)
    entries = np.stack((zero, -z, y, z, zero, -x, -y, x, zero), axis=-1)
    return entries.reshape(*x.shape, 3, 3)


def _depths(links: Sequence[Link]) -> List[int]:
    depths: List[int] = []
    for link in links:
        depths.append(0 if link.parent < 0 else depths[link.parent] + 1)
    return depths


def _check(body: Body, joint_names: Sequence[str]) -> None:
    links = body.links
    parents = [link.parent for link in links]
    if parents[:1] != [-1] or not all(0 <= parent < i for i, parent in enumerate(parents) if i):
        raise ValueError("body: expected a tree of links with one base, parents first")
    if not sum(link.mass for link in links) > 0.0:
        raise ValueError("body: its links have no mass")
    names = [link.name for link in links]
    for foot in body.feet:
        if foot.link not in names:
            raise ValueError(f"body: there is no link '{foot.link}' for a foot")
    bare = [foot.link for foot in body.feet if not foot.points]
    if bare or not body.feet:
        which = f"foot '{bare[0]}' has no" if bare else "no foot has a"
        raise ValueError(f"body: {which} point to stand on")
    missing = [k.joint for k in links if k.joint is not None and k.joint not in joint_names]
    if missing:
        raise ValueError(f"body: joint '{missing[0]}' is not among the joints")
