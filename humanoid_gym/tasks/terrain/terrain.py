"""The whole terrain: a grid of tiles with a border, added to a simulation as one height field."""

from typing import Any

import numpy as np
from isaacgym import gymapi

from humanoid_gym.tasks.task_config import PlaneConfig
from humanoid_gym.tasks.terrain.terrain_config import TerrainConfig
from humanoid_gym.tasks.terrain.tiles import make_tile, samples_of


class Terrain:
    """Heights of the ground.

    Tiles lie side by side: level i and column j from (i, j) to (i + 1, j + 1) times their size. The
    world's origin is the corner of the easiest tile of the first column.

    Args:
        config: with tiles, not a plane.
        seed: what random places and heights follow from. A tile depends on its level, its column
            and its own settings only.
    """

    def __init__(self, config: TerrainConfig, seed: int) -> None:
        self.config = config
        self.kinds = config.column_kinds()
        """Kind of each column, (columns,) names."""
        tile, border = samples_of(config.tile_size, config), samples_of(config.border, config)
        shape = (tile * config.levels + 2 * border, tile * config.columns + 2 * border)
        self.heights = np.zeros(shape, dtype=np.int16)
        """What robots collide with, in units of `vertical_scale`, first axis x, second y."""
        self.surface = np.zeros(shape, dtype=np.int16)
        """What robots are meant to walk on: the same with the gaps between stones filled."""
        self.corner = -border * config.horizontal_scale
        """x and y of the first sample [m]."""
        self.middles = np.zeros((config.levels, config.columns, 2))
        """x and y of the tiles' middles [m], shape (levels, columns, 2)."""
        for level in range(config.levels):
            difficulty = level / max(config.levels - 1, 1)
            for column, kind in enumerate(self.kinds):
                made = make_tile(kind, difficulty, config, (seed, level, column))
                x, y = border + tile * level, border + tile * column
                self.heights[x : x + tile, y : y + tile] = made.heights
                self.surface[x : x + tile, y : y + tile] = made.surface
                samples = np.array([x, y]) + 0.5 * (tile - 1)
                self.middles[level, column] = self.corner + samples * config.horizontal_scale

    def metres(self, heights: np.ndarray) -> np.ndarray:
        """Return heights given in units in metres, float32."""
        return (heights * np.float64(self.config.vertical_scale)).astype(np.float32)

    def add_to(self, gym: gymapi.Gym, sim: Any, material: PlaneConfig) -> None:  # noqa: ANN401
        """Add the ground to a simulation, before its environments.

        As a height field: the engine collides triangle meshes of a grid as one, too, after a
        longer construction.

        Args:
            gym: the simulator.
            sim: its opaque handle of a simulation.
            material: friction and restitution.
        """
        params = gymapi.HeightFieldParams()
        params.nbColumns, params.nbRows = self.heights.shape
        params.column_scale = params.row_scale = self.config.horizontal_scale
        params.vertical_scale = self.config.vertical_scale
        params.transform = gymapi.Transform(p=gymapi.Vec3(self.corner, self.corner, 0.0))
        params.static_friction = material.static_friction
        params.dynamic_friction = material.dynamic_friction
        params.restitution = material.restitution
        gym.add_heightfield(sim, self.heights.flatten(), params)
