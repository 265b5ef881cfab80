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


class BrowserScene:
    """Keeps the pages' scene like the simulation's.

    Args:
        server: of the pages.
        graphics: of the simulation.
    """

    def __init__(self, server: viser.ViserServer, graphics: Graphics) -> None:
        self._server, self._graphics = server, graphics
        self._built: Display | None = None
        self._world: viser.FrameHandle | None = None
        self._envs: list[int] = []
        self._base = np.zeros(3)
        """Origin of the world's frame, global [m]: float32 is coarse far from there."""
        self._form = np.zeros((0, 4))
        self._batches: list[Batch] = []
        self._lines: viser.LineSegmentsHandle | None = None
        self._looks_version = self._lines_version = -1

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
        if self._built is not display:
            self._envs = self._graphics.nearest_envs(simulation, target, MAX_SHAPES)
        shapes = [display.env_shapes(env, poses) for env in self._envs]
        crowd = Crowd.of(shapes)
        if self._built is not display or not np.array_equal(crowd.form, self._form):
            self._build(display, crowd, reference)
        else:
            self._move(crowd, reference)
        if display.looks_version != self._looks_version:
            self._paint(display, shapes)
        if lines.version != self._lines_version:
            self._draw_lines(*lines.all())
            self._lines_version = lines.version
        assert self._world is not None
        self._world.position = tuple((self._base - reference).tolist())

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
        self._built, self._form = display, crowd.form
        self._looks_version = self._lines_version = -1

    def _move(self, crowd: Crowd, reference: np.ndarray) -> None:
        # Not by moving a frame that they are in: browsers do that sooner than they move shapes.
        positions = (crowd.positions - reference).astype(np.float32)
        quats = crowd.quats.astype(np.float32)
        for batch in self._batches:
            batch.handle.batched_positions = positions[batch.rows]
            batch.handle.batched_wxyzs = quats[batch.rows]

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

    def _draw_lines(self, vertices: np.ndarray, colors: np.ndarray) -> None:
        if self._lines is not None:
            self._lines.remove()
            self._lines = None
        if len(vertices):
            shades = (255.0 * np.clip(colors, 0.0, 1.0)).round().astype(np.uint8)
            self._lines = self._server.scene.add_line_segments(
                f"{WORLD}/lines",
                vertices - self._base,
                np.repeat(shades[:, None], 2, axis=1),
                thickness=LINE_WIDTH,
                thickness_units="screen",
            )
