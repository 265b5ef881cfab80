"""Motions, and descriptions of robots, for the tests of this folder."""

import numpy as np
import pytest

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.description import Body, Link
from humanoid_gym.motion import make_clip, read_clip

STRAIGHT, HERE = (0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0)


def about_z(angle):
    angle = np.asarray(angle, float)
    zero = np.zeros_like(angle)
    return np.stack((zero, zero, np.sin(angle / 2), np.cos(angle / 2)), axis=-1)


def clip_of(time, joints=(), values=None, position=None, orientation=None, name="wave"):
    """A clip of a base that stands still but for what is given."""
    time = np.asarray(time, float)
    frames = len(time)
    position = np.zeros((frames, 3)) if position is None else position
    orientation = np.tile(STRAIGHT, (frames, 1)) if orientation is None else orientation
    values = np.zeros((frames, len(joints))) if values is None else values
    return make_clip(f"{name}.csv", time, joints, position, orientation, values)


def random_clip(joints, frames=40, fps=30.0, seed=0, name="any"):
    """Smooth motion in all directions, with some signs of quaternions exchanged."""
    random = np.random.default_rng(seed)
    time = np.arange(frames) / fps

    def wave(width, size):
        speed, phase = random.uniform(1.0, 6.0, width), random.uniform(0.0, 6.0, width)
        return size * np.sin(time[:, None] * speed + phase)

    turn = wave(4, 0.6) + np.array((0.0, 0.0, 0.0, 1.5))
    turn /= np.linalg.norm(turn, axis=1, keepdims=True)
    turn *= random.choice((-1.0, 1.0), (frames, 1))
    return clip_of(time, joints, wave(len(joints), 0.7), wave(3, 0.5), turn, name)


def base_link(center=HERE):
    return Link("base", -1, HERE, STRAIGHT, 2.0, center)


def pendulum():
    """A rod of 0.8 m that hangs 0.3 m below the base, and turns about y; a slide at its end."""
    rod = Link("rod", 0, (0.0, 0.0, -0.3), STRAIGHT, 1.0, (0.0, 0.0, -0.4), "swing", (0, 1, 0))
    slide = Link("bob", 1, (0, 0, -0.8), STRAIGHT, 1.0, (0.1, 0, 0), "slide", (0, 0, -1), True)
    tip = Link("tip", 2, (0.0, 0.0, -0.1), STRAIGHT, 0.0, HERE)
    return Body((base_link((0.1, 0.0, 0.0)), rod, slide, tip), ())


def refusal(path, *arguments):
    """What reading a file is refused with, without the path that every message begins with."""
    with pytest.raises(ConfigError) as refused:
        read_clip(path, *arguments)
    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")
