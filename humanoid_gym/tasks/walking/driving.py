"""A user at the viewer drives the robots: keys change the command, lines show it."""

from typing import TYPE_CHECKING, Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from isaacgym import gymtorch

if TYPE_CHECKING:
    from humanoid_gym.tasks.walking.walk import Walk

STAND, RANDOM, PUSH = "stand", "random commands", "push"
CHANGES: Dict[str, Tuple[float, float, float]] = {
    "faster": (0.25, 0.0, 0.0),
    "slower": (-0.25, 0.0, 0.0),
    "step left": (0.0, 0.1, 0.0),
    "step right": (0.0, -0.1, 0.0),
    "turn left": (0.0, 0.0, 0.25),
    "turn right": (0.0, 0.0, -0.25),
}
"""What a key adds to forward and lateral velocity [m/s] and yaw rate [rad/s]."""
KEYS: Dict[str, str] = {
    "KEY_UP": "faster",
    "KEY_DOWN": "slower",
    "KEY_LEFT": "turn left",
    "KEY_RIGHT": "turn right",
    "KEY_COMMA": "step left",
    "KEY_PERIOD": "step right",
    "KEY_SPACE": STAND,
    "KEY_R": RANDOM,
    "KEY_P": PUSH,
}
"""What a key of the viewer does."""
PUSH_SPEED = 1.0
"""What a push adds to a base's horizontal velocity [m/s], in any direction."""
SECONDS, SEGMENTS = 1.0, 8
"""A path shows what comes within this time [s], in so many lines."""
ABOVE = 0.04
"""Of the path at the present velocity over the commanded one [m], which it would hide."""
COMMANDED, ACTUAL = (0.1, 0.8, 0.2), (0.1, 0.4, 1.0)
"""Colors of paths, RGB."""
HELD = 2.0
"""Control steps for which a command holds that the user gave: until the next picture."""


class Driving:
    """Commands of a user in place of random ones, in all environments while they are watched.

    Args:
        task: whose robots are driven.
    """

    def __init__(self, task: "Walk") -> None:
        self.keys = KEYS
        self._task = task
        self._driven: Optional[np.ndarray] = None
        self._random = np.random.default_rng(0)  # the task's own numbers are the training's
        commands = task.config.commands
        ranges = np.array([commands.forward, commands.lateral, commands.yaw])
        self._lowest, self._highest = ranges[:, 0], ranges[:, 1]

    def press(self, action: str) -> None:
        """Change the command, which stays within the range of the random ones, or push.

        Args:
            action: one of `KEYS`.
        """
        if action == RANDOM:
            self._driven = None
            self._task.command_steps.zero_()
        elif action == STAND:
            self._driven = np.zeros(3)
        elif action == PUSH:
            self._push()
        else:
            before = self._commanded() if self._driven is None else self._driven
            wanted = before + np.array(CHANGES[action])
            self._driven = np.clip(wanted, self._lowest, self._highest)

    def frame(self) -> Tuple[np.ndarray, np.ndarray]:
        """Give the command to all environments, and show the first one's.

        Returns:
            Lines [m], shape (n, 2, 3), in the frame of the first environment, and their colors,
            shape (n, 3): the paths of the next second as commanded and at the present velocity.
        """
        if self._driven is not None:
            self._task.commands.copy_(torch.tensor(self._effective(), dtype=torch.float32))
            self._task.command_steps.fill_(HELD)
        base = self._task.root_state[0].tolist()
        x, y, z, w = base[3:7]
        heading = np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
        sine, cosine = np.sin(heading), np.cos(heading)
        velocity = (cosine * base[7] + sine * base[8], cosine * base[8] - sine * base[7], base[12])
        above = [*base[:2], base[2] + ABOVE]
        lines = [
            path(base[:3], heading, self._commanded().tolist()),
            path(above, heading, velocity),
        ]
        colors = np.repeat([COMMANDED, ACTUAL], SEGMENTS, axis=0)
        return np.concatenate(lines).astype(np.float32), colors.astype(np.float32)

    def _push(self) -> None:
        task = self._task
        angle = 2.0 * np.pi * self._random.random(task.num_envs)
        push = PUSH_SPEED * np.stack((np.cos(angle), np.sin(angle)), axis=1)
        task.root_state[:, 7:9] += torch.tensor(push, dtype=torch.float32, device=task.device)
        task.gym.set_actor_root_state_tensor(task.sim, gymtorch.unwrap_tensor(task.root_state))

    def _commanded(self) -> np.ndarray:
        return np.array(self._task.commands[0].tolist())

    def _effective(self) -> np.ndarray:
        """The command, or zero where it is so small that random ones are to stand still."""
        assert self._driven is not None
        deadband = self._task.config.commands.deadband
        moves = np.hypot(*self._driven[:2]) >= deadband or abs(self._driven[2]) >= deadband
        return self._driven if moves else np.zeros(3)


def path(start: Sequence[float], heading: float, velocity: Sequence[float]) -> np.ndarray:
    """Where a body gets to at constant velocity in its own heading's frame.

    Args:
        start: [m], shape (3,).
        heading: about z [rad].
        velocity: forward and to the left [m/s], yaw rate [rad/s].

    Returns:
        Lines [m], shape (SEGMENTS, 2, 3).
    """
    time = np.linspace(0.0, SECONDS, SEGMENTS + 1)
    middle = heading + velocity[2] * 0.5 * (time[1:] + time[:-1])
    forward, left = velocity[0] * np.diff(time), velocity[1] * np.diff(time)
    sine, cosine = np.sin(middle), np.cos(middle)
    steps = forward * cosine - left * sine, forward * sine + left * cosine
    points = np.tile(np.array(start, dtype=float), (SEGMENTS + 1, 1))
    points[1:, :2] += np.cumsum(np.stack(steps, axis=1), axis=0)
    return np.stack((points[:-1], points[1:]), axis=1)
