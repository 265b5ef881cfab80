"""Tells this package from NVIDIA's without importing it: `isaacgym_fallback` looks for the file."""
