"""Is the robot about to fall: the capture point against the support polygon.

A capture point is where an inverted pendulum of the robot's mass and height would have to step to
come to rest (Pratt et al. 2006); at rest it is the projection of the centre of mass. While it lies
within what the feet cover, the robot can stop without a step. N robots, P points.
"""

from humanoid_gym.deployment.array_namespace import Array, namespace
from humanoid_gym.deployment.kinematics import BodyMotion

GRAVITY = 9.81
"""[m/s^2]."""
_LOWEST_CENTER = 0.05
"""Height of the centre of mass [m] that a lying robot is taken to have at least."""
_FAR = 1e9


def capture_point_margin(motion: BodyMotion, contact_tolerance: float) -> Array:
    """Return how far the capture point is inside the support polygon.

    Args:
        motion: of mass and feet.
        contact_tolerance: points at most so far above the lowest one bear load [m].

    Returns:
        Distance from the polygon's edge [m], negative outside, shape (N,).
    """
    xp = namespace(motion.foot_points)
    height = motion.foot_points[..., 2]
    ground = xp.amin(height, 1)
    bearing = height <= ground[:, None] + contact_tolerance
    weight = xp.where(bearing, xp.ones_like(height), xp.zeros_like(height))
    weight = (weight / weight.sum(1)[:, None])[..., None]
    moving_with = (motion.foot_velocities * weight).sum(1)
    speed = motion.center_of_mass_velocity - moving_with
    above = xp.clip(motion.center_of_mass[:, 2] - ground, _LOWEST_CENTER, None)
    reach = (above / GRAVITY) ** 0.5
    point = motion.center_of_mass[:, :2] + speed[:, :2] * reach[:, None]
    corners = motion.foot_points[..., :2]
    # a point within the polygon in place of those in the air changes nothing about it
    inside = (corners * weight).sum(1)[:, None]
    return inside_distance(point, xp.where(bearing[..., None], corners, inside))


def inside_distance(point: Array, corners: Array) -> Array:
    """Return how far a point is inside the convex hull of others, negative outside.

    For a unit direction n, the hull reaches (max over corners of n · corner) - n · point beyond the
    point. The least reach over all directions is the distance looked for, and it occurs at the
    normal of an edge or, outside, in the direction from a corner to the point. So it is enough to
    try those, of all pairs of corners: no sorting, the same work for every robot.

    Args:
        point: shape (N, 2).
        corners: in any order, repeated or inside of the hull as well, shape (N, P, 2).

    Returns:
        Shape (N,).
    """
    xp = namespace(point)
    count = corners.shape[1]
    edge = (corners[:, None] - corners[:, :, None]).reshape(len(point), count * count, 2)
    normal = xp.stack([edge[..., 1], -edge[..., 0]], -1)
    direction = xp.concatenate([normal, point[:, None] - corners], 1)
    length = (direction * direction).sum(-1) ** 0.5
    usable = length > 1e-9
    safe = xp.where(usable, length, xp.ones_like(length))
    relative = corners - point[:, None]
    reach = xp.amax(direction @ relative.swapaxes(1, 2), 2) / safe
    reach = xp.where(usable, reach, xp.zeros_like(reach) + _FAR)
    # of a single corner no direction may be left; any fixed one bounds the distance
    along_x = xp.amax(relative[..., 0], 1)
    return xp.minimum(xp.amin(reach, 1), along_x)
