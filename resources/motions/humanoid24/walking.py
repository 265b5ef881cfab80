"""The clip that walks: steps forward, a turn in small steps, a stop.

The centre of mass moves as a linear inverted pendulum does (Kajita et al. 2001): at a constant
height it is accelerated away from the zero moment point (ZMP) below it. The ZMP is planned under
the foot that stands and moves to the other one while both stand; of all motions that belong to it
the one is taken that starts and ends at rest above it.
"""

from typing import List, NamedTuple, Tuple

import numpy as np
from body import HIP_OFFSET, SIDES, Body, transposed
from curves import Key, through
from motion import STANDING, Channels, Frames, frame_times, resting, solved

GRAVITY = 9.81  # [m/s^2]
CENTER_HEIGHT = 0.78  # [m] of the centre of mass in walking
STEP_TIME, SWING_TIME = 0.56, 0.44  # [s] from step to step; of that one foot stands alone
STEP_LENGTH, STEP_TURN = 0.28, np.pi / 8  # [m, rad]
FORWARD_STEPS, TURNING_STEPS = 7, 4  # and one more each, which brings the feet side by side
SWING_HEIGHT = 0.06  # [m]
STAND_TIME = 2.2  # [s] before the first step and after the last one
ROLL = 0.1  # the ZMP goes ahead under a foot by twice this share of the other one's way
LOWERED = 0.03  # [m] the pelvis while it walks: the legs need to reach
CORRECTIONS = 4  # of the centre of mass for the masses of legs and arms
ARM_SWING = 0.9  # [rad/m] by how far the other foot is ahead


class Step(NamedTuple):
    """Where a foot is put down."""

    side: str
    start: float
    """When it leaves the ground [s]."""
    x: float
    y: float
    yaw: float


def planned_steps() -> List[Step]:
    """Return steps forward, then steps on the spot that turn by 90 degrees to the left."""
    heading, length = 0.0, 0.0
    steps: List[Step] = []
    for number in range(FORWARD_STEPS + TURNING_STEPS + 2):
        side = "left" if number % 2 == 0 else "right"
        if number == 0:
            length = 0.5 * STEP_LENGTH
        elif number < FORWARD_STEPS:
            length += STEP_LENGTH
        elif FORWARD_STEPS < number <= FORWARD_STEPS + TURNING_STEPS:
            heading += STEP_TURN
        away = SIDES[side] * HIP_OFFSET
        start = STAND_TIME + number * STEP_TIME
        x, y = length - away * np.sin(heading), away * np.cos(heading)
        steps.append(Step(side, start, x, y, heading))
    return steps


def foot_curves(time: np.ndarray, side: str, steps: List[Step]) -> Channels:
    """Return the channels of one foot; it goes up before it goes ahead and comes down after."""
    x: List[Key] = [(0.0, 0.0)]
    y: List[Key] = [(0.0, SIDES[side] * HIP_OFFSET)]
    yaw: List[Key] = [(0.0, 0.0)]
    z: List[Key] = [(0.0, 0.0)]
    for step in steps:
        if step.side != side:
            continue
        ahead, landing = step.start + 0.02, step.start + SWING_TIME - 0.02
        for keys, new in ((x, step.x), (y, step.y), (yaw, step.yaw)):
            keys += [(ahead, keys[-1][1]), (landing, new)]
        z += [(step.start, 0.0), (step.start + 0.5 * SWING_TIME, SWING_HEIGHT)]
        z += [(step.start + SWING_TIME, 0.0)]
    curves = {name: through(time, keys) for name, keys in zip("xyz", (x, y, z))}
    curves["y"] -= SIDES[side] * HIP_OFFSET
    curves["yaw"] = through(time, yaw)
    return {f"{side}_foot_{name}": curve for name, curve in curves.items()}


def planned_zmp(time: np.ndarray, steps: List[Step], ahead: float) -> np.ndarray:
    """Return the ZMP (T, 2) [m], as far ahead of the feet's origins as in standing."""
    places = {side: np.array([ahead, sign * HIP_OFFSET]) for side, sign in SIDES.items()}
    start = np.array([ahead, 0.0])
    both = STEP_TIME - SWING_TIME
    keys: List[Tuple[float, np.ndarray]] = [(0.0, start), (steps[0].start - both, start)]
    for step in steps:
        stands = places["right" if step.side == "left" else "left"]
        forward = np.array([np.cos(step.yaw), np.sin(step.yaw)])
        new = np.array([step.x, step.y]) + ahead * forward
        roll = ROLL * (new - places[step.side])
        keys += [(step.start, stands - roll), (step.start + SWING_TIME, stands + roll)]
        places[step.side] = new
    keys += [(keys[-1][0] + both, 0.5 * (places["left"] + places["right"]))]
    return np.stack([through(time, [(t, float(v[i])) for t, v in keys]) for i in (0, 1)], -1)


def pendulum(time: np.ndarray, zmp: np.ndarray) -> np.ndarray:
    """Return the centre of mass (T, 2) of c'' = g/h (c - zmp), above the ZMP at both ends."""
    spring = GRAVITY / CENTER_HEIGHT * (time[1] - time[0]) ** 2
    count = len(time)
    matrix = np.diag(np.full(count, 1.0 + 2.0 / spring))
    matrix -= (np.eye(count, k=1) + np.eye(count, k=-1)) / spring
    matrix[[0, -1]] = np.eye(count)[[0, -1]]
    return np.linalg.solve(matrix, zmp)


def zero_moment_point(frames: Frames, body: Body) -> np.ndarray:
    """Return where the ground's force acts (T, 2) [m], of links as points of mass."""
    centers = frames.place[:, None] + body.mass_centers(frames.joints) @ transposed(frames.rotation)
    velocity = np.gradient(centers, frames.time, axis=0)
    pull = np.gradient(velocity, frames.time, axis=0) + np.array([0.0, 0.0, GRAVITY])
    moment = pull[..., 2:] * centers[..., :2] - centers[..., 2:] * pull[..., :2]
    return (body.masses @ moment) / (body.masses @ pull[..., 2:])


def told(time: np.ndarray, steps: List[Step]) -> Channels:
    """Return the channels of everything but the centre of mass."""
    first, last = steps[0].start, steps[-1].start + SWING_TIME
    channels = resting(time)
    for side in SIDES:
        channels.update(foot_curves(time, side, steps))
    yaw = 0.5 * (channels["left_foot_yaw"] + channels["right_foot_yaw"])
    channels["pelvis_yaw"] = yaw
    keys = [(first - 1.2, 0.0), (first, -LOWERED), (last, -LOWERED), (last + 1.2, 0.0)]
    channels["height"] = through(time, keys)
    x, y = (channels[f"right_foot_{axis}"] - channels[f"left_foot_{axis}"] for axis in "xy")
    ahead = np.cos(yaw) * x + np.sin(yaw) * (y - 2.0 * HIP_OFFSET)  # the right foot of the left one
    channels["left_shoulder_pitch"] = -ARM_SWING * ahead
    channels["right_shoulder_pitch"] = ARM_SWING * ahead
    return channels


def walk(body: Body) -> Frames:
    """Return the clip.

    A robot is no pendulum: legs and arms that swing move its ZMP off the planned one. By that
    error the pendulum's ZMP is shifted, a few times over (Kajita et al. 2003).
    """
    steps = planned_steps()
    time = frame_times(round(steps[-1].start + SWING_TIME + STAND_TIME, 1))
    channels = told(time, steps)
    start = body.center_of_mass(STANDING)[0, :2]
    zmp = planned_zmp(time, steps, start[0])
    aimed = zmp
    for _ in range(1 + CORRECTIONS):
        channels["center_x"], channels["center_y"] = (pendulum(time, aimed) - start).T
        frames = solved(time, channels, body)
        aimed = aimed + zmp - zero_moment_point(frames, body)
        aimed[[0, -1]] = zmp[[0, -1]]  # there the robot stands in the default pose
    return frames
