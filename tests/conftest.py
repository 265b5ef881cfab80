"""Loaded before any test module: the package comes first, as in every program that uses it."""

import humanoid_gym  # noqa: F401 (decides how OpenMP's threads wait before torch loads)
