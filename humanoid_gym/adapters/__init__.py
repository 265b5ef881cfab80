"""Adapters between `VecEnv` and other libraries: their environments here, our tasks there.

Each module imports its third-party package on first use only; docs/adapters.md has an example of
each.
"""
