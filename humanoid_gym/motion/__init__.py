"""Motions for robots to follow: files that other programs retargeted, at the control rate.

Start reading at `files.py: read_clip`, then `reference.py: reference_motion`. NumPy only.
"""

from humanoid_gym.motion.clip import MotionClip, make_clip
from humanoid_gym.motion.files import read_clip, write_clip
from humanoid_gym.motion.player import MotionPlayer
from humanoid_gym.motion.reference import ReferenceMotion, reference_motion

__all__ = [
    "MotionClip",
    "MotionPlayer",
    "ReferenceMotion",
    "make_clip",
    "read_clip",
    "reference_motion",
    "write_clip",
]
