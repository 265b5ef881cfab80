"""Terrain: tiles of several kinds and levels of difficulty, and a curriculum over them."""

from humanoid_gym.tasks.terrain.course import Course, TerrainCourse
from humanoid_gym.tasks.terrain.curriculum import TerrainCurriculum
from humanoid_gym.tasks.terrain.ground import Ground, TerrainGround, mirrored_scan, scan_grid
from humanoid_gym.tasks.terrain.terrain import Terrain
from humanoid_gym.tasks.terrain.terrain_config import (
    CRITIC,
    KINDS,
    NOBODY,
    POLICY,
    HeightScanConfig,
    TerrainConfig,
)

__all__ = [
    "CRITIC",
    "KINDS",
    "NOBODY",
    "POLICY",
    "Course",
    "Ground",
    "HeightScanConfig",
    "Terrain",
    "TerrainConfig",
    "TerrainCourse",
    "TerrainCurriculum",
    "TerrainGround",
    "mirrored_scan",
    "scan_grid",
]
