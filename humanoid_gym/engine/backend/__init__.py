"""The small interface between Isaac Gym's semantics and a batched MuJoCo."""

from humanoid_gym.engine.backend.interface import Backend

__all__ = ["Backend"]
