"""Simulated tasks behind the VecTask interface. They import `isaacgym`, never the engine."""
