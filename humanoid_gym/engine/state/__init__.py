"""Isaac Gym's state and MuJoCo's: tensors, classic calls, limits."""
