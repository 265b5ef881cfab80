"""See `humanoid_gym.engine.gymtorch`."""

from humanoid_gym.engine.gymtorch import *
