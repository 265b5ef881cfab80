"""Procedural assets: one body, one shape, mass from the density."""

from __future__ import annotations

import logging
import math

import numpy as np

from humanoid_gym.engine.assets.bodies import finish_bodies
from humanoid_gym.engine.assets.geometry import shapes_mass_properties
from humanoid_gym.engine.assets.model import AssetModel, BodyModel, Pose, ShapeModel
from humanoid_gym.engine.values.parameters import AssetOptions

SHEET_THICKNESS = 1e-3
"""Least extent of a box [m]."""
Z_TO_X = (0.0, math.sqrt(0.5), 0.0, math.sqrt(0.5))
"""Quaternion xyzw of the quarter turn about y that brings z to x."""

logger = logging.getLogger(__name__)


def box(width: float, height: float, depth: float, options: AssetOptions) -> AssetModel:
    """A box centred at its origin, with full lengths width (x), height (y) and depth (z) [m].

    A length of zero, which programs do write, becomes `SHEET_THICKNESS`.

    Raises:
        ValueError: a length is negative, not finite, or all are zero.
    """
    lengths = (width, height, depth)
    if min(lengths) == 0.0 < max(lengths):
        logger.warning("box of %g x %g x %g m: 0 becomes %g", *lengths, SHEET_THICKNESS)
        lengths = tuple(length or SHEET_THICKNESS for length in lengths)
    _check("box", **dict(zip(("width", "height", "depth"), lengths, strict=True)))
    x, y, z = (0.5 * length for length in lengths)
    return _single_body(ShapeModel("box", (x, y, z)), options)


def sphere(radius: float, options: AssetOptions) -> AssetModel:
    """A sphere of that radius [m] around its origin.

    Raises:
        ValueError: the radius is not finite and above zero.
    """
    _check("sphere", radius=radius)
    return _single_body(ShapeModel("sphere", (float(radius),)), options)


def capsule(radius: float, width: float, options: AssetOptions) -> AssetModel:
    """A capsule along x, centred at its origin.

    Args:
        radius: of tube and caps [m].
        width: half length [m] of the tube between the caps. (Nothing public says which
            length Isaac Gym means; PhysX stores the half length, and a client calls it so.)
        options: the density is taken from here.

    Raises:
        ValueError: a length is not finite and above zero.
    """
    _check("capsule", radius=radius, width=width)
    pose = Pose(rotation=np.array(Z_TO_X))
    return _single_body(ShapeModel("capsule", (float(radius), float(width)), pose), options)


def _check(kind: str, **lengths: float) -> None:
    for name, value in lengths.items():
        if not 0.0 < value < math.inf:
            raise ValueError(f"{kind}: {name} must be finite and above zero [m], got {value}")


def _single_body(shape: ShapeModel, options: AssetOptions) -> AssetModel:
    weight = shapes_mass_properties([shape], options.density)
    body = BodyModel(shape.kind, -1, Pose(), weight.mass, weight.com, weight.inertia, [shape])
    finish_bodies([body], options)
    return AssetModel(shape.kind, [body], source=shape.kind)
