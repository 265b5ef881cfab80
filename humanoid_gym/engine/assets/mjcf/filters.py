"""contype, conaffinity and `<contact>` as Isaac Gym's filter masks.

MuJoCo lets two geoms touch iff contype of one shares a bit with conaffinity of the other, with
`<exclude>` and `<pair>` as exceptions; Isaac Gym iff their masks share no bit. So every group of
shapes of which no two may touch gets a bit of its own, until every such pair is in some group.
"""

from __future__ import annotations

import logging

import numpy as np

from humanoid_gym.engine.assets.mjcf.bodies import Body
from humanoid_gym.engine.assets.mjcf.geoms import Geom
from humanoid_gym.engine.assets.xml_source import XmlElement

logger = logging.getLogger(__name__)

MAX_BITS = 31
"""A mask is a positive 32-bit integer."""


def write_filters(document: XmlElement, bodies: list[Body]) -> None:
    """Set the filter of every colliding shape, in place.

    Names in `<contact>` that the robot does not have mean nothing.
    """
    shapes = [(i, geom) for i, b in enumerate(bodies) for geom in b.geoms if geom.shape.collides]
    if not shapes:
        return
    owner = np.array([index for index, _ in shapes])
    touching, never = _rules(document, bodies, shapes, owner)
    masks, uncovered = clique_masks(~touching & ~never, touching)
    if uncovered:
        logger.warning(
            "%s: contact rules need more than %d bits; %d pairs of shapes collide against them",
            document.place, MAX_BITS, uncovered,
        )  # fmt: skip
    for (_, geom), mask in zip(shapes, masks, strict=True):
        geom.shape.filter = mask


def _rules(
    document: XmlElement, bodies: list[Body], shapes: list[tuple[int, Geom]], owner: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which shapes may touch, and which never do whatever the masks say, both (n, n) bool."""
    contype = np.array([geom.contype for _, geom in shapes])
    conaffinity = np.array([geom.conaffinity for _, geom in shapes])
    touching = (contype[:, None] & conaffinity[None, :]) != 0
    touching |= touching.T
    by_body = {body.name: i for i, body in enumerate(bodies)}
    by_geom: dict[str, int] = {}
    for index, (_, geom) in enumerate(shapes):
        by_geom.setdefault(geom.name, index)
    for section in document.find_all("contact"):
        for element in section.find_all("exclude"):
            first, second = (by_body.get(element.text(word), -1) for word in ("body1", "body2"))
            apart = (owner == first)[:, None] & (owner == second)[None, :]
            touching &= ~(apart | apart.T)
    for section in document.find_all("contact"):
        for element in section.find_all("pair"):
            first, second = (by_geom.get(element.text(word), -1) for word in ("geom1", "geom2"))
            if first >= 0 and second >= 0:
                touching[first, second] = touching[second, first] = True
    parents = np.array([-1 if b.parent is None else bodies.index(b.parent) for b in bodies])
    joined = parents[owner][:, None] == owner[None, :]
    never = joined | joined.T | (owner[:, None] == owner[None, :])
    return touching & ~never, never


def clique_masks(apart: np.ndarray, touching: np.ndarray) -> tuple[list[int], int]:
    """Masks that share a bit for every pair in `apart` and for no pair in `touching`.

    Greedy: grow a group from the first pair that is not covered yet.

    Args:
        apart: pairs that must not touch, (n, n) bool, symmetric.
        touching: pairs that must be able to, (n, n) bool, symmetric.

    Returns:
        A mask for each shape, and the number of pairs that `MAX_BITS` bits did not suffice for.
    """
    open_pairs = np.triu(apart, 1)
    masks = np.zeros(len(apart), dtype=np.int64)
    for bit in range(MAX_BITS):
        if not open_pairs.any():
            break
        first = int(np.argmax(open_pairs.any(axis=1)))
        group = np.zeros(len(apart), dtype=bool)
        group[[first, int(np.argmax(open_pairs[first]))]] = True
        allowed = ~touching[group].any(axis=0) & ~group
        while (candidates := allowed & apart[group].any(axis=0)).any():
            new = int(np.argmax(candidates))
            group[new] = True
            allowed &= ~touching[new]
            allowed[new] = False
        masks[group] |= 1 << bit
        open_pairs &= ~(group[:, None] & group[None, :])
    return [int(mask) for mask in masks], int(open_pairs.sum())
