"""See `humanoid_gym.engine.gymutil`."""

from humanoid_gym.engine.gymutil import *
