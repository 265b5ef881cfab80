"""The ground as a task asks about it: heights at points, on the simulation's device.

Nothing here changes while a task runs, so that none of it belongs to a task's saved state.
"""

from typing import Tuple

import torch
import torch.nn.functional as functional
from torch import Tensor

from humanoid_gym.kernels.terrain import points_around, surface_height
from humanoid_gym.mirror import Reflection
from humanoid_gym.tasks.terrain.terrain import Terrain
from humanoid_gym.tasks.terrain.terrain_config import HeightScanConfig

FOOTPRINT = 0.3
"""Half the side of the square that a standing robot may touch [m]."""


class Ground:
    """A level plane, and what other grounds have in common.

    Args:
        scan: which points around a robot are looked at.
        device: of the simulation.
    """

    def __init__(self, scan: HeightScanConfig, device: torch.device) -> None:
        self._clip = scan.clip
        self.scan_ahead, self.scan_left = (axis.to(device) for axis in scan_grid(scan))
        """Points of the scan, ahead and to the left of the robot [m], shape (P,) each."""

    def height(self, points: Tensor) -> Tensor:
        """Return the height of the ground that robots collide with [m].

        Args:
            points: x and y [m], env-local, shape (..., 2).
        """
        return torch.zeros_like(points[..., 0])

    def beneath(self, points: Tensor) -> Tensor:
        """Return the mean height of the ground around points, gaps between stones filled [m].

        What a robot's height above the ground is measured from: it does not jump where the robot
        crosses the edge of a step.

        Args:
            points: x and y [m], env-local, shape (..., 2).
        """
        return torch.zeros_like(points[..., 0])

    def highest(self, points: Tensor) -> Tensor:
        """Return a height that nothing under a robot's feet is above [m].

        Args:
            points: x and y [m], env-local, shape (..., 2).
        """
        return torch.zeros_like(points[..., 0])

    def scan(self, root_state: Tensor, nominal_height: float) -> Tensor:
        """Return heights of the ground around robots as they would see them.

        Args:
            root_state: position and quaternion first, shape (N, 13).
            nominal_height: of the base above level ground [m].

        Returns:
            Height of the ground above where it would be under a standing robot [m], limited to
            plus or minus `clip`, shape (N, P). Points turn with the robot's yaw; they are in rows
            from the right to the left, the rows from behind to ahead.
        """
        position, rotation = root_state[:, 0:3], root_state[:, 3:7]
        x, y = points_around(position, rotation, self.scan_ahead, self.scan_left)
        level = position[:, 2:3] - nominal_height
        return (self._height(x, y) - level).clamp(-self._clip, self._clip)

    def _height(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.zeros_like(x)


class TerrainGround(Ground):
    """The ground of a terrain, looked up for all environments at once.

    Args:
        terrain: the samples.
        scan: which points around a robot are looked at.
        device: of the simulation.
    """

    def __init__(self, terrain: Terrain, scan: HeightScanConfig, device: torch.device) -> None:
        super().__init__(scan, device)
        self._spacing = terrain.config.horizontal_scale
        self._corner = terrain.corner
        self._heights = torch.from_numpy(terrain.metres(terrain.heights)).to(device)
        surface = torch.from_numpy(terrain.metres(terrain.surface)).to(device)
        reach = round(FOOTPRINT / self._spacing)
        self._mean = _pooled(surface, reach, "mean")
        # one sample more, so that interpolated values hold for a square around any point
        self._highest = _pooled(surface, reach + 1, "max")

    def height(self, points: Tensor) -> Tensor:
        """Return the height of the ground that robots collide with [m]."""
        return self._height(points[..., 0], points[..., 1])

    def beneath(self, points: Tensor) -> Tensor:
        """Return the mean height of the ground around points, gaps between stones filled [m]."""
        return self._lookup(self._mean, points[..., 0], points[..., 1])

    def highest(self, points: Tensor) -> Tensor:
        """Return a height that nothing under a robot's feet is above [m]."""
        return self._lookup(self._highest, points[..., 0], points[..., 1])

    def _height(self, x: Tensor, y: Tensor) -> Tensor:
        return self._lookup(self._heights, x, y)

    def _lookup(self, samples: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return surface_height(samples, x, y, self._corner, self._spacing)


def scan_grid(scan: HeightScanConfig) -> Tuple[Tensor, Tensor]:
    """Return the points of the scan: ahead of the robot, and to its left [m], shape (P,) each."""

    def axis(extent: float) -> Tensor:
        count = int(extent / scan.spacing + 1e-6) + 1
        return (torch.arange(count) - 0.5 * (count - 1)) * scan.spacing

    ahead, left = torch.cartesian_prod(axis(scan.length), axis(scan.width)).unbind(1)
    return ahead.contiguous(), left.contiguous()


def mirrored_scan(scan: HeightScanConfig) -> Reflection:
    """Return how the scan's columns change when left and right are exchanged."""
    ahead, left = scan_grid(scan)
    width = int((ahead == ahead[0]).sum())
    image = torch.arange(len(left)).view(-1, width).flip(1).flatten().tolist()
    return Reflection(tuple(image), (1.0,) * len(image))


def _pooled(samples: Tensor, reach: int, how: str) -> Tensor:
    """Mean or maximum of the samples up to `reach` samples away along x and y."""
    pool = functional.avg_pool2d if how == "mean" else functional.max_pool2d
    pooled = functional.pad(samples[None, None], (reach,) * 4, mode="replicate")
    for window in ((2 * reach + 1, 1), (1, 2 * reach + 1)):
        pooled = pool(pooled, window, stride=1)
    return pooled[0, 0].contiguous()
