"""The clip that jumps: crouch, push off, fly, land, straighten; twice, the second time higher.

The height of the centre of mass is told: it leaves and meets the ground with the acceleration of
gravity, so that the force on the soles is zero there, and between that it falls freely.
"""

from typing import Dict, List, NamedTuple

import numpy as np
from body import SIDES, Body
from curves import quintic, through
from motion import Channels, Frames, frame_times, resting, solved

GRAVITY = 9.81  # [m/s^2]
RISES = (0.05, 0.10)  # [m] of the centre of mass in flight
CROUCH = -0.28  # [m] the centre of mass before the push and after the landing
LIFT_OFF = -0.07  # [m] the centre of mass when the soles leave and meet the ground: legs bent
CROUCH_TIME, PUSH_TIME, ABSORB_TIME, STRAIGHTEN_TIME, PAUSE = 0.9, 0.38, 0.45, 1.1, 0.4  # [s]
LEAN: Dict[str, float] = {"pelvis_pitch": 0.3, "waist_pitch": 0.2}  # [rad] from crouch to crouch
ARMS_BACK, ARMS_AHEAD = 0.45, -0.6  # [rad] shoulder pitch before the push and in flight


class Jump(NamedTuple):
    """When a jump's phases begin [s], and how it leaves the ground."""

    crouch: float
    push: float
    flight: float
    landing: float
    straighten: float
    end: float
    speed: float
    """Upwards at lift-off [m/s]."""


def planned_jumps() -> List[Jump]:
    """Return the jumps, one after the other."""
    jumps: List[Jump] = []
    crouch = PAUSE
    for rise in RISES:
        speed = np.sqrt(2.0 * GRAVITY * rise)
        flight = crouch + CROUCH_TIME + PUSH_TIME
        landing = flight + 2.0 * speed / GRAVITY
        straighten = landing + ABSORB_TIME
        end = straighten + STRAIGHTEN_TIME
        jumps.append(
            Jump(crouch, crouch + CROUCH_TIME, flight, landing, straighten, end, float(speed))
        )
        crouch = end + PAUSE
    return jumps


def center_heights(time: np.ndarray, jumps: List[Jump]) -> np.ndarray:
    """Return the height of the centre of mass (T,) over that of the default pose [m]."""
    height = np.zeros(len(time))
    low = (CROUCH, 0.0, 0.0)
    for jump in jumps:
        up, down = ((LIFT_OFF, sign * jump.speed, -GRAVITY) for sign in (1.0, -1.0))
        phases = (
            (jump.crouch, jump.push, (0.0, 0.0, 0.0), low),
            (jump.push, jump.flight, low, up),
            (jump.flight, jump.landing, up, down),
            (jump.landing, jump.straighten, down, low),
            (jump.straighten, jump.end, low, (0.0, 0.0, 0.0)),
        )
        for start, end, first, last in phases:
            now = (start <= time) & (time < end)
            phase = (time[now] - start) / (end - start)
            height[now] = quintic(phase, end - start, first, last)
    return height


def sole_heights(time: np.ndarray, jumps: List[Jump]) -> np.ndarray:
    """Return the height of the soles (T,) [m]; they leave and meet the ground without a speed."""
    height = np.zeros(len(time))
    for jump, rise in zip(jumps, RISES):
        phase = np.clip((time - jump.flight) / (jump.landing - jump.flight), 0.0, 1.0)
        height += rise * (4.0 * phase * (1.0 - phase)) ** 3
    return height


def jump(body: Body) -> Frames:
    """Return the clip."""
    jumps = planned_jumps()
    time = frame_times(round(jumps[-1].end + PAUSE, 1))
    channels: Channels = resting(time)
    channels["center_z"] = center_heights(time, jumps)
    arms, lean = [(0.0, 0.0)], [(0.0, 0.0)]
    for one in jumps:
        arms += [(one.crouch, 0.0), (one.push, ARMS_BACK), (one.flight, ARMS_AHEAD)]
        arms += [(one.straighten, ARMS_AHEAD), (one.end, 0.0)]
        lean += [(one.crouch, 0.0), (one.push, 1.0), (one.straighten, 1.0), (one.end, 0.0)]
    for name, angle in LEAN.items():
        channels[name] = angle * through(time, lean)
    for side in SIDES:
        channels[f"{side}_foot_z"] = sole_heights(time, jumps)
        channels[f"{side}_shoulder_pitch"] = through(time, arms)
    return solved(time, channels, body)
