"""Settings of the terrain: which kinds of ground, how difficult, and who walks where."""

from dataclasses import dataclass, field
from typing import Dict, Tuple

from humanoid_gym.config import nearest

KINDS = (
    "flat",
    "rough",
    "slope_up",
    "slope_down",
    "stairs_up",
    "stairs_down",
    "obstacles",
    "waves",
    "stepping_stones",
)
"""Names of the kinds of tiles; up and down as seen by a robot that walks away from the middle."""
AROUND_PLATFORM = 1.0
"""Ground of a tile's kind at least this wide on each side of the platform [m]."""
LARGEST_UNIT_COUNT = 2**15 - 1
"""Heights are 16-bit integers in units of `vertical_scale`."""
NOBODY, CRITIC, POLICY = "nobody", "critic", "policy"
OBSERVERS = (NOBODY, CRITIC, POLICY)
RANGES = (
    "rough_height",
    "slope",
    "step_height",
    "obstacle_height",
    "obstacle_size",
    "wave_height",
    "stone_size",
    "stone_gap",
    "roughness",
)
"""Fields that are a lowest and a highest value."""


@dataclass(frozen=True)
class HeightScanConfig:
    """Heights of the ground at a grid of points around the robot, as an observation."""

    observer: str = field(default=NOBODY, metadata={"choices": OBSERVERS})
    """Who sees them: nobody, the critic alone, or the policy and the critic."""
    length: float = field(default=1.6, metadata={"min": 0.0})
    """Extent of the grid of points ahead and behind, together [m]."""
    width: float = field(default=1.0, metadata={"min": 0.0})
    """Extent of the grid to the left and right, together [m]."""
    spacing: float = field(default=0.1, metadata={"above": 0.0})
    """Distance of neighbouring points [m]."""
    clip: float = field(default=1.0, metadata={"above": 0.0})
    """Heights are limited to plus or minus this value [m]."""


@dataclass(frozen=True)
class TerrainConfig:
    """A grid of tiles, `levels` of difficulty along x, `columns` of one kind each along y."""

    proportions: Dict[str, float] = field(default_factory=dict, metadata={"min": 0.0})
    """Share of the columns by kind of tile, in any unit; empty: an infinite plane, no tiles."""
    levels: int = field(default=10, metadata={"min": 1, "max": 100})
    """Number of levels, from the easiest to the hardest end of each range below."""
    columns: int = field(default=20, metadata={"min": 1, "max": 200})
    """Number of columns."""
    tile_size: float = field(default=8.0, metadata={"above": 0.0})
    """Side of a tile [m]."""
    platform_size: float = field(default=2.0, metadata={"min": 1.0})
    """Side of the part in the middle of a tile that has no steps, slopes or gaps [m]."""
    border: float = field(default=20.0, metadata={"min": 0.0, "max": 200.0})
    """Width of level ground around all tiles [m]; beyond it there is nothing to stand on."""
    horizontal_scale: float = field(default=0.1, metadata={"min": 0.02, "max": 1.0})
    """Distance of the samples of the ground's height [m]."""
    vertical_scale: float = field(default=0.005, metadata={"min": 0.0005, "max": 0.05})
    """Unit of height [m]."""

    rough_height: Tuple[float, float] = field(default=(0.01, 0.08), metadata={"min": 0.0})
    """rough: bumps reach this far above and below the level [m], easiest and hardest."""
    rough_spacing: float = field(default=0.2, metadata={"above": 0.0})
    """Distance of the bumps that are drawn, also those of `roughness` [m]."""
    slope: Tuple[float, float] = field(default=(0.0, 0.4), metadata={"min": 0.0, "max": 2.0})
    """slope_up, slope_down: rise over run."""
    step_height: Tuple[float, float] = field(default=(0.02, 0.18), metadata={"min": 0.0})
    """stairs_up, stairs_down: height of a riser [m]."""
    step_width: float = field(default=0.3, metadata={"above": 0.0})
    """stairs_up, stairs_down: depth of a tread [m]."""
    obstacle_height: Tuple[float, float] = field(default=(0.03, 0.2), metadata={"min": 0.0})
    """obstacles: highest block and deepest hollow [m]; others have half of it."""
    obstacle_size: Tuple[float, float] = field(default=(0.5, 2.0), metadata={"above": 0.0})
    """obstacles: shortest and longest side of a block [m], at every level."""
    obstacle_count: int = field(default=20, metadata={"min": 0})
    """obstacles: number of blocks and hollows; later ones cover earlier ones."""
    wave_height: Tuple[float, float] = field(default=(0.0, 0.2), metadata={"min": 0.0})
    """waves: height of the crests above the mean [m]."""
    wave_count: int = field(default=2, metadata={"min": 1})
    """waves: number of waves over a tile, along x and along y."""
    stone_size: Tuple[float, float] = field(default=(0.4, 1.5), metadata={"above": 0.0})
    """stepping_stones: side of a stone [m]; the largest are the easiest."""
    stone_gap: Tuple[float, float] = field(default=(0.1, 0.3), metadata={"min": 0.0})
    """stepping_stones: gap between stones [m]."""
    stone_depth: float = field(default=1.0, metadata={"above": 0.0})
    """stepping_stones: depth of the gaps [m]."""
    roughness: Tuple[float, float] = field(default=(0.0, 0.0), metadata={"min": 0.0})
    """Bumps on top of every kind of tile: their height is drawn from this range for each tile and
    is the distance between the lowest and the highest place of a level ground [m]."""

    curriculum: bool = False
    """Robots that walk off their tile go on at the next level, those that stay behind half of what
    was commanded at the one before. Off: each episode is on a tile drawn from all."""
    highest_first_level: int = field(default=4, metadata={"min": 0})
    """With the curriculum, the first episodes are at levels from 0 to this one."""
    start_spread: float = field(default=0.5, metadata={"min": 0.0})
    """Episodes begin within plus or minus this distance from a tile's middle, along x and y [m]."""
    height_scan: HeightScanConfig = field(default_factory=HeightScanConfig)
    """Heights of the ground around the robot."""

    def __post_init__(self) -> None:
        """Check fields against each other.

        Raises:
            ValueError: they do not fit; the message names the key and what is valid.
        """
        for name in self.proportions:
            if name not in KINDS:
                raise ValueError(
                    f"proportions: unknown terrain '{name}'; nearest: '{nearest(name, KINDS)}' "
                    f"(available: {', '.join(KINDS)})"
                )
        for name in RANGES:
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}: the lowest value {low:g} is above the highest {high:g}")
        if self.is_plane:
            self._check_plane()
        else:
            self._check_sizes()
            self._check_columns()

    @property
    def is_plane(self) -> bool:
        """Whether there are no tiles."""
        return not self.proportions

    def column_kinds(self) -> Tuple[str, ...]:
        """Return the kind of each column: neighbours alike, as many as the proportions say."""
        total, middles = sum(self.proportions.values()), range(self.columns)
        kinds, reached = [], 0.0
        names = [name for name in KINDS if self.proportions.get(name, 0.0) > 0.0]
        for name in names:
            reached += self.proportions[name] / total
            last = name == names[-1]
            below = [c for c in middles if last or (c + 0.5) / self.columns < reached]
            kinds += [name] * (len(below) - len(kinds))
        return tuple(kinds)

    def _check_plane(self) -> None:
        wants = {"curriculum": self.curriculum, "roughness": self.roughness[1] > 0.0}
        for key, wanted in wants.items():
            if wanted:
                raise ValueError(
                    f"{key}: needs a terrain, and proportions is empty, which is a plane; set "
                    f"proportions to shares of {', '.join(KINDS)}"
                )

    def _check_sizes(self) -> None:
        least = self.platform_size + 2.0 * AROUND_PLATFORM
        if self.tile_size < least:
            raise ValueError(
                f"tile_size: {self.tile_size:g} m leaves no ground to walk on around the platform "
                f"of {self.platform_size:g} m that a robot starts on; use at least {least:g} m"
            )
        if 2.0 * self.start_spread > self.platform_size:
            raise ValueError(
                f"start_spread: {self.start_spread:g} m reaches beyond the platform of "
                f"{self.platform_size:g} m; use at most {0.5 * self.platform_size:g} m"
            )
        lengths = ("rough_spacing", "step_width", "platform_size")
        smallest = {name: float(getattr(self, name)) for name in lengths}
        smallest.update(obstacle_size=self.obstacle_size[0], stone_size=self.stone_size[0])
        for name, length in smallest.items():
            if length < self.horizontal_scale:
                raise ValueError(
                    f"{name}: {length:g} m is below the samples' distance, horizontal_scale "
                    f"{self.horizontal_scale:g} m"
                )
        if self.obstacle_size[1] > self.tile_size:
            raise ValueError(f"obstacle_size: must be at most tile_size, {self.tile_size:g} m")
        self._check_heights()

    def _check_heights(self) -> None:
        way = 0.5 * (self.tile_size - self.platform_size)
        highest = {
            "rough_height": self.rough_height[1],
            "slope": self.slope[1] * way,
            "step_height": self.step_height[1] * (way / self.step_width + 1.0),
            "obstacle_height": self.obstacle_height[1],
            "wave_height": self.wave_height[1],
            "stone_depth": self.stone_depth,
            "roughness": self.roughness[1],
        }
        limit = 0.5 * LARGEST_UNIT_COUNT * self.vertical_scale
        for name, height in highest.items():
            if height > limit:
                raise ValueError(
                    f"{name}: ground of {height:g} m is more than {limit:g} m, which a "
                    f"vertical_scale of {self.vertical_scale:g} m allows"
                )

    def _check_columns(self) -> None:
        if not sum(self.proportions.values()):
            raise ValueError(
                "proportions: all shares are 0; give one of "
                f"{', '.join(self.proportions)} a share, or none at all for a plane"
            )
        present = self.column_kinds()
        for name, share in self.proportions.items():
            if share > 0.0 and name not in present:
                raise ValueError(
                    f"proportions: '{name}' has a share of {share:g}, which is less than one of "
                    f"{self.columns} columns; raise columns or its share"
                )
        if self.curriculum and self.levels < 2:
            raise ValueError("curriculum: needs at least 2 levels, got levels 1")
