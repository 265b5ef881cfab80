"""Heights of the ground at points: lookups in a grid of samples, as many points at once as asked.

The surface between samples is the one that robots stand on: each cell is two triangles that meet
along the line from its lowest corner in x and y to its highest, as the engine collides it.
"""

from typing import Tuple

import torch
from torch import Tensor

from humanoid_gym.kernels import script


@script
def surface_height(heights: Tensor, x: Tensor, y: Tensor, corner: float, spacing: float) -> Tensor:
    """Height of the triangulated surface; beyond the grid, that of its nearest edge.

    Args:
        heights: samples [m], first axis x, second y, shape (rows, columns), contiguous.
        x: of the points [m], shape (...).
        y: of the points [m], shape (...).
        corner: x and y of the first sample [m].
        spacing: of the samples [m].

    Returns:
        Height [m], shape (...).
    """
    rows, columns = heights.size(0), heights.size(1)
    u = ((x - corner) / spacing).clamp(0.0, float(rows - 1))
    v = ((y - corner) / spacing).clamp(0.0, float(columns - 1))
    row = u.floor().clamp(max=float(rows - 2))
    column = v.floor().clamp(max=float(columns - 2))
    u, v = u - row, v - column
    first = (row.long() * columns + column.long()).view(-1)
    # the third corner of the triangle that the point is in, besides the cell's first and last
    third = first + 1 + (u >= v).view(-1).long() * (columns - 1)
    samples = heights.view(-1)
    low = samples.index_select(0, first).view(u.shape)
    middle = samples.index_select(0, third).view(u.shape)
    high = samples.index_select(0, first + (columns + 1)).view(u.shape)
    return low + torch.maximum(u, v) * (middle - low) + torch.minimum(u, v) * (high - middle)


@script
def points_around(
    position: Tensor, rotation: Tensor, ahead: Tensor, left: Tensor
) -> Tuple[Tensor, Tensor]:
    """Points at fixed places ahead of and beside a body, turned with its yaw only.

    Args:
        position: of the body, only x and y count [m], shape (N, 3).
        rotation: of the body, quaternion xyzw, shape (N, 4).
        ahead: of the body [m], shape (P,).
        left: of the body [m], shape (P,).

    Returns:
        x and y [m], each of shape (N, P).
    """
    x, y, z, w = rotation[:, 0:1], rotation[:, 1:2], rotation[:, 2:3], rotation[:, 3:4]
    # the body's x axis, seen from above
    cos, sin = 1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + z * w)
    length = torch.sqrt(cos * cos + sin * sin).clamp(min=1e-6)
    cos, sin = cos / length, sin / length
    return (
        position[:, 0:1] + (cos * ahead - sin * left),
        position[:, 1:2] + (sin * ahead + cos * left),
    )


@script
def followed(
    way: Tensor, command: Tensor, heading: Tensor, duration: float, steps_left: Tensor
) -> Tuple[Tensor, Tensor]:
    """Where a robot that follows its commands is after a step, and how far at the episode's end.

    Args:
        way: from the start to where it should be before the step [m], world axes, shape (N, 2).
        command: forward velocity and velocity to the left [m/s], shape (N, 2).
        heading: cosine and sine of the robot's yaw, shape (N, 2).
        duration: of the step [s].
        steps_left: of the episode, in which the velocity stays the same, shape (N,).

    Returns:
        The way after the step [m], shape (N, 2), and the distance at the end [m], shape (N,).
    """
    ahead, left = command[:, 0], command[:, 1]
    cos, sin = heading[:, 0], heading[:, 1]
    step = torch.stack((cos * ahead - sin * left, sin * ahead + cos * left), dim=-1) * duration
    way = way + step
    return way, (way + step * steps_left.unsqueeze(-1)).norm(p=2, dim=-1)
