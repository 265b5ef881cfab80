"""Motion tracking: a robot on legs does what a recorded motion shows."""
