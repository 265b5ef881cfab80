"""Isaac Gym's package name, answered by the embedded engine."""

from isaacgym import gymapi
