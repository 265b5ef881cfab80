"""What a web page shows of a simulation: meshes that many shapes wear, the ground, lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from humanoid_gym.engine.graphics.graphics import MAX_SHAPES, Graphics
from humanoid_gym.engine.graphics.rendering import Display, EnvShapes, Poses, origin
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
            self._build(display, poses, reference)
        else:
            self._move(display, poses, reference)
        if display.looks_version != self._looks_version:
            self._paint(display, poses)
        if lines.version != self._lines_version:
            self._draw_lines(*lines.all())
            self._lines_version = lines.version
        assert self._world is not None
        self._world.position = tuple((self._base - reference).tolist())

    def _build(self, display: Display, poses: Poses, reference: np.ndarray) -> None:
        """Send all meshes and the ground; what was there under these names goes."""
        scene = self._server.scene
        for gone in [self._world, *(batch.handle for batch in self._batches)]:
            if gone is not None:
                gone.remove()
        self._base = origin(self._graphics.scene.envs[self._envs[0]])
        self._world = scene.add_frame(WORLD, show_axes=False)
        scene.set_background_image(np.full((2, 2, 3), SKY, dtype=np.uint8), format="png")
        self._add_ground()
        shapes = self._shapes(display, poses)
        sizes, geoms = (np.concatenate([getattr(s, n) for s in shapes]) for n in ("sizes", "geoms"))
        members: dict[Key, list[int]] = {}
        for row, (geom, size) in enumerate(zip(geoms.tolist(), sizes, strict=True)):
            members.setdefault(mesh_key(display.shown.model, geom, size), []).append(row)
        positions, quats = places(shapes, reference)
        factors = np.concatenate([env.factors for env in shapes])[:, None]
        self._batches = []
        for number, (key, listed) in enumerate(members.items()):
            rows, mesh = np.array(listed), triangles_of(display.shown.model, key)
            handle = scene.add_batched_meshes_simple(
                f"/shapes/{number}",
                mesh.vertices,
                mesh.faces,
                quats[rows],
                positions[rows],
                batched_scales=stretch(key, sizes[rows]) * factors[rows],
                flat_shading=not mesh.smooth,
            )
            self._batches.append(Batch(handle, rows))
        self._built, self._looks_version, self._lines_version = display, -1, -1

    def _move(self, display: Display, poses: Poses, reference: np.ndarray) -> None:
        # Not by moving a frame that they are in: browsers do that sooner than they move shapes.
        positions, quats = places(self._shapes(display, poses), reference)
        for batch in self._batches:
            batch.handle.batched_positions = positions[batch.rows].astype(np.float32)
            batch.handle.batched_wxyzs = quats[batch.rows].astype(np.float32)

    def _paint(self, display: Display, poses: Poses) -> None:
        shapes = self._shapes(display, poses)
        rgba = np.concatenate(
            [display.colors(env, s.geoms) for env, s in zip(self._envs, shapes, strict=True)]
        )
        for batch in self._batches:
            colors = (255.0 * np.clip(rgba[batch.rows], 0.0, 1.0)).round()
            batch.handle.batched_colors = colors[:, :3].astype(np.uint8)
            batch.handle.batched_opacities = rgba[batch.rows, 3].astype(np.float32)
        self._looks_version = display.looks_version

    def _shapes(self, display: Display, poses: Poses) -> list[EnvShapes]:
        return [display.env_shapes(env, poses) for env in self._envs]

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


def places(shapes: list[EnvShapes], reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the shapes of all shown environments are.

    Args:
        shapes: of each environment.
        reference: origin of the frame they are wanted in, global [m].

    Returns:
        Positions [m], shape (n, 3), and quaternions, wxyz, shape (n, 4).
    """
    positions = np.concatenate([env.positions for env in shapes]) - reference
    first, second = (
        torch.from_numpy(np.concatenate([getattr(env, name) for env in shapes])[:, [1, 2, 3, 0]])
        for name in ("body_quats", "quats")
    )
    return positions, quat_multiply(first, second).numpy()[:, [3, 0, 1, 2]]
