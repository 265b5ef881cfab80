"""See `humanoid_gym.engine.terrain_utils`."""

from humanoid_gym.engine.terrain_utils import *
