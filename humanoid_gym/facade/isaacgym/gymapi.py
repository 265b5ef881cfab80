"""See `humanoid_gym.engine.gymapi`."""

from humanoid_gym.engine.gymapi import *
