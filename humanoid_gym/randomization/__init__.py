"""Domain randomization: what differs from environment to environment and from episode to episode.

`RandomizationConfig` says in YAML what is drawn, from which distribution and when; `Randomization`
draws it for all environments at once and applies it through Isaac Gym's own interface.
"""

from humanoid_gym.randomization.configuration import RandomizationConfig
from humanoid_gym.randomization.randomization import Randomization

__all__ = ["Randomization", "RandomizationConfig"]
