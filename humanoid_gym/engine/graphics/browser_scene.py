"""What a web page shows of a simulation: meshes that many shapes wear, the ground, lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from humanoid_gym.engine.graphics.graphics import MAX_SHAPES, Graphics
from humanoid_gym.engine.graphics.rendering import Display, EnvShapes, origin
from humanoid_gym.engine.graphics.triangles import (
    Key,
    ground_triangles,
    mesh_key,
    stretch,
    triangles_of,
)
from humanoid_gym.engine.graphics.viewer_lines import LINE_WIDTH, Lines
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.terrain.shapes import Plane
from humanoid_gym.rotation import quat_multiply

if TYPE_CHECKING:
    import viser

WORLD = "/world"
"""What never moves but with the pages' frame: ground, terrain, lines."""
GROUND_COLOR = (128, 141, 154)
LINE_COLOR = (108, 120, 133)
TERRAIN_COLOR = (96, 102, 110)
SKY = (237, 242, 247)
SHADOW = 0.4
"""How dark shadows on the ground are, from 0 to 1."""
REACH = 0.5
"""How far the camera may look from where the nearest environments were chosen, by their distance
from there."""
THICKNESS = 1.5 * LINE_WIDTH
"""Of lines [pixels]: browsers smooth their edges away."""
FADE = 60.0
"""Where the lines on the ground end [m]."""


@dataclass(frozen=True)
class Batch:
    """All shapes that wear one mesh."""

    handle: viser.BatchedMeshHandle
    rows: np.ndarray
    """Of the shown environments' shapes, shape (n,)."""


@dataclass(frozen=True)
class Crowd:
    """The shapes of all shown environments, one row each."""

    geoms: np.ndarray
    """Of the display model, shape (n,)."""
    positions: np.ndarray
    """Global [m], shape (n, 3)."""
    quats: np.ndarray
    """wxyz, shape (n, 4)."""
    form: np.ndarray
    """MuJoCo's size [m] and by how much that is scaled, shape (n, 4)."""

    @classmethod
    def of(cls, shapes: list[EnvShapes]) -> Crowd:
        """Those of each environment, one after the other."""

        def joined(name: str) -> np.ndarray:
            return np.concatenate([getattr(env, name) for env in shapes])

        bodies, own = (
            torch.from_numpy(joined(name)[:, [1, 2, 3, 0]]) for name in ("body_quats", "quats")
        )
        quats = quat_multiply(bodies, own).numpy()[:, [3, 0, 1, 2]]
        form = np.column_stack((joined("sizes"), joined("factors")))
        return cls(joined("geoms"), joined("positions"), quats, form)

    def alike(self, other: Crowd | None) -> bool:
        """Whether these are the same shapes, wherever they are."""
        return (
            other is not None
            and np.array_equal(self.geoms, other.geoms)
            and np.array_equal(self.form, other.form)
        )

    def somewhere(self, before: Crowd | None) -> Crowd:
        """Shapes of failed simulations stay where they were: browsers cannot draw NaN.

        Args:
            before: what was shown last.
        """
        places = np.column_stack((self.positions, self.quats))
        lost = np.array(~np.isfinite(places).all(axis=1, keepdims=True))
        if not lost.any():
            return self
        if before is None or not self.alike(before):
            none, upright = np.zeros_like(self.positions), np.eye(1, 4).repeat(len(lost), axis=0)
        else:
            none, upright = before.positions, before.quats
        positions = np.where(lost, none, self.positions)
        return Crowd(self.geoms, positions, np.where(lost, upright, self.quats), self.form)


class BrowserScene:
    """Keeps the pages' scene like the simulation's.

    Args:
        server: of the pages.
        graphics: of the simulation.
        resolution: places [m] and quaternions are multiples of it, so that they can be compressed;
            0: as they are.
    """

    def __init__(
        self, server: viser.ViserServer, graphics: Graphics, resolution: float = 0.0
    ) -> None:
        self._server, self._graphics, self._resolution = server, graphics, resolution
        self._built: Display | None = None
        self._world: viser.FrameHandle | None = None
        self._envs: list[int] = []
        self._center, self._reach = np.zeros(3), 0.0
        """What the camera looked at when these were chosen, and how far it may look from there
        until they are chosen again, global [m]."""
        self._base = np.zeros(3)
        """Origin of the world's frame, global [m]: float32 is coarse far from there."""
        self._crowd: Crowd | None = None
        self._batches: list[Batch] = []
        self._lines: viser.LineSegmentsHandle | None = None
        self._looks_version = self._lines_version = -1

    @property
    def num_shapes(self) -> int:
        """How many are shown."""
        return 0 if self._crowd is None else len(self._crowd.geoms)

    def show(
        self, simulation: Simulation, reference: np.ndarray, target: np.ndarray, lines: Lines
    ) -> None:
        """Bring the pages up to date.

        Args:
            simulation: what to show.
            reference: origin of the pages' frame, global [m].
            target: what the camera looks at, global [m].
            lines: to show as well.
        """
        poses, display = self._graphics.shown_poses(simulation), self._graphics.display
        # Not by "<=": a camera at NaN looks at what it looked at before.
        if self._built is not display or np.linalg.norm(target - self._center) > self._reach:
            self._choose(simulation, target)
        shapes = [display.env_shapes(env, poses) for env in self._envs]
        crowd = Crowd.of(shapes).somewhere(self._crowd)
        if self._built is not display or not crowd.alike(self._crowd):
            self._build(display, crowd, reference)
        else:
            self._move(crowd, reference)
        self._crowd = crowd
        if display.looks_version != self._looks_version:
            self._paint(display, shapes)
        if lines.version != self._lines_version:
            self._draw_lines(*lines.all())
            self._lines_version = lines.version
        assert self._world is not None
        self._world.position = tuple((self._base - reference).tolist())

    def _choose(self, simulation: Simulation, target: np.ndarray) -> None:
        """Find the environments that are shown."""
        self._envs = self._graphics.nearest_envs(simulation, target, MAX_SHAPES)
        self._center, self._reach = target.copy(), np.inf
        self._looks_version = -1
        if len(self._envs) < simulation.num_envs:
            places = np.array([origin(self._graphics.scene.envs[env]) for env in self._envs])
            distances = np.linalg.norm(places - target, axis=1)
            self._reach = REACH * float(np.median(distances))

    def _build(self, display: Display, crowd: Crowd, reference: np.ndarray) -> None:
        """Send all meshes and the ground; what was there goes."""
        scene, model = self._server.scene, display.shown.model
        for gone in [self._world, *(batch.handle for batch in self._batches)]:
            if gone is not None:
                gone.remove()
        self._base = origin(self._graphics.scene.envs[self._envs[0]])
        self._world, self._lines = scene.add_frame(WORLD, show_axes=False), None
        scene.set_background_image(np.full((2, 2, 3), SKY, dtype=np.uint8), format="png")
        self._add_ground()
        members: dict[Key, list[int]] = {}
        for row, (geom, form) in enumerate(zip(crowd.geoms.tolist(), crowd.form, strict=True)):
            members.setdefault(mesh_key(model, geom, form[:3]), []).append(row)
        self._batches = []
        for number, (key, listed) in enumerate(members.items()):
            rows, mesh = np.array(listed), triangles_of(model, key)
            sizes, factors = crowd.form[rows, :3], crowd.form[rows, 3:]
            handle = scene.add_batched_meshes_simple(
                f"/shapes/{number}",
                mesh.vertices,
                mesh.faces,
                crowd.quats[rows],
                crowd.positions[rows] - reference,
                batched_scales=stretch(key, sizes) * factors,
                flat_shading=not mesh.smooth,
            )
            self._batches.append(Batch(handle, rows))
        self._built = display
        self._looks_version = self._lines_version = -1

    def _move(self, crowd: Crowd, reference: np.ndarray) -> None:
        # Not by moving a frame that they are in: browsers do that sooner than they move shapes.
        positions = self._rounded(crowd.positions - reference)
        quats = self._rounded(crowd.quats)
        for batch in self._batches:
            batch.handle.batched_positions = positions[batch.rows]
            batch.handle.batched_wxyzs = quats[batch.rows]

    def _rounded(self, values: np.ndarray) -> np.ndarray:
        if self._resolution:
            values = (values / self._resolution).round() * self._resolution
        return values.astype(np.float32)

    def _paint(self, display: Display, shapes: list[EnvShapes]) -> None:
        rgba = np.concatenate(
            [display.colors(env, s.geoms) for env, s in zip(self._envs, shapes, strict=True)]
        )
        for batch in self._batches:
            colors = (255.0 * np.clip(rgba[batch.rows], 0.0, 1.0)).round()
            batch.handle.batched_colors = colors[:, :3].astype(np.uint8)
            batch.handle.batched_opacities = rgba[batch.rows, 3].astype(np.float32)
        self._looks_version = display.looks_version

    def _add_ground(self) -> None:
        statics = self._graphics.scene.static_shapes
        for name, shape in statics.items():
            if isinstance(shape, Plane):
                rotation = shape.pose.r
                place = np.array([shape.pose.p.x, shape.pose.p.y, shape.pose.p.z]) - self._base
                self._server.scene.add_grid(
                    f"{WORLD}/{name}",
                    infinite_grid=True,
                    cell_thickness=0.0,
                    section_color=LINE_COLOR,
                    fade_distance=FADE,
                    shadow_opacity=SHADOW,
                    plane_color=GROUND_COLOR,
                    plane_opacity=1.0,
                    wxyz=(rotation.w, rotation.x, rotation.y, rotation.z),
                    position=tuple(place.tolist()),
                )
        terrain = ground_triangles(statics.values(), self._base)
        if len(terrain.faces):
            self._server.scene.add_mesh_simple(
                f"{WORLD}/terrain",
                terrain.vertices,
                terrain.faces,
                color=TERRAIN_COLOR,
                flat_shading=True,
                cast_shadow=False,  # on itself that is only rounding errors
                receive_shadow=SHADOW,
                side="double",
            )

    def _draw_lines(self, ends: np.ndarray, colors: np.ndarray) -> None:
        points = (ends - self._base).astype(np.float32)
        shades = (255.0 * np.clip(colors, 0.0, 1.0)).round().astype(np.uint8)
        shades = np.repeat(shades[:, None], 2, axis=1)
        if self._lines is not None and len(points):
            self._lines.points, self._lines.colors = points, shades
        elif self._lines is not None:
            self._lines.remove()
            self._lines = None
        elif len(points):
            self._lines = self._server.scene.add_line_segments(
                f"{WORLD}/lines",
                points,
                shades,
                thickness=THICKNESS,
                thickness_units="screen",
            )
