"""A task's viewer window: a camera that follows one robot, V to draw or not, escape to stop."""

import math
from typing import Any, Callable, Mapping, Optional, Protocol, Tuple

import numpy as np
from isaacgym import gymapi

Point = Tuple[float, float, float]

LEAST_DISTANCE = 0.5
"""Of the point that the camera looks at [m]."""


class Controls(Protocol):
    """What a user at the viewer can do with a task besides watching."""

    keys: Mapping[str, str]
    """Names of actions by key, as `gymapi.KeyboardInput` calls it."""

    def press(self, action: str) -> None:
        """Do what a key is for."""
        ...

    def frame(self) -> Tuple[np.ndarray, np.ndarray]:
        """Act before the next step; called with each picture.

        Returns:
            Lines to show [m], shape (n, 2, 3), in the first environment's frame; RGB, (n, 3).
        """
        ...


class Viewing:
    """Draws a simulation into its viewer, once per step.

    Args:
        gym: the simulator.
        sim: its simulation.
        viewer: its window.
        target: point [m] to follow, in the first environment's frame.
        offset: of the camera from it at first [m], z up.
        controls: what else the user's keys do.
    """

    def __init__(
        self,
        gym: Any,  # noqa: ANN401 (the simulator's opaque objects)
        sim: Any,  # noqa: ANN401
        viewer: Any,  # noqa: ANN401
        target: Callable[[], Point],
        offset: Point,
        controls: Optional[Controls] = None,
    ) -> None:
        self._gym, self._sim, self._viewer = gym, sim, viewer
        self._target = target
        self._controls = controls
        self._env = gym.get_env(sim, 0)
        self._followed = np.array(target())
        self._drawing = self._first = True
        self._look(self._followed + np.array(offset), self._followed)
        keys = gymapi.KeyboardInput
        for key, action in ((keys.KEY_ESCAPE, "QUIT"), (keys.KEY_V, "toggle_viewer_sync")):
            gym.subscribe_viewer_keyboard_event(viewer, key, action)
        if controls is not None:
            for name, action in controls.keys.items():
                gym.subscribe_viewer_keyboard_event(viewer, getattr(keys, name), action)

    def draw(self) -> bool:
        """Draw the present state and wait for real time; return False once the user has enough."""
        if self._gym.query_viewer_has_closed(self._viewer):
            return False
        for event in self._gym.query_viewer_action_events(self._viewer):
            if event.action == "QUIT" and event.value > 0:
                return False
            if event.action == "toggle_viewer_sync" and event.value > 0:
                self._drawing = not self._drawing
            elif self._controls is not None and event.value > 0:
                self._controls.press(event.action)
        if not self._drawing or not self._watched():
            self._gym.poll_viewer_events(self._viewer)
            return True
        self._follow()
        self._show_lines()
        self._gym.step_graphics(self._sim)
        self._gym.draw_viewer(self._viewer, self._sim, True)
        self._gym.sync_frame_time(self._sim)
        return True

    def _watched(self) -> bool:
        """Whether somebody sees the pictures; the first one waits for a page in a browser."""
        first, self._first = self._first, False
        extensions = getattr(self._gym, "extensions", None)
        return first or extensions is None or extensions.watched(self._viewer)

    def _show_lines(self) -> None:
        if self._controls is not None:
            ends, colors = self._controls.frame()
            self._gym.clear_lines(self._viewer)
            self._gym.add_lines(self._viewer, self._env, len(ends), ends.reshape(-1, 6), colors)

    def _follow(self) -> None:
        """Move the camera as its target moved, and let the user turn it."""
        moved = np.array(self._target()) - self._followed
        if not moved.any():
            return
        pose = self._gym.get_viewer_camera_transform(self._viewer, self._env)
        ahead = pose.r.rotate(gymapi.Vec3(0.0, 0.0, 1.0))
        eye = np.array([pose.p.x, pose.p.y, pose.p.z])
        forward = np.array([ahead.x, ahead.y, ahead.z])
        distance = max(LEAST_DISTANCE, float((self._followed - eye) @ forward))
        self._followed = self._followed + moved
        self._look(eye + moved, eye + moved + distance * forward)

    def _look(self, eye: np.ndarray, target: np.ndarray) -> None:
        if not math.isfinite(float((eye + target).sum())):
            return  # a robot whose simulation failed is nowhere
        points = gymapi.Vec3(*eye.tolist()), gymapi.Vec3(*target.tolist())
        self._gym.viewer_camera_look_at(self._viewer, self._env, *points)
