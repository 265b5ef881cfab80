"""See `humanoid_gym.engine.torch_utils`."""

from humanoid_gym.engine.torch_utils import *
