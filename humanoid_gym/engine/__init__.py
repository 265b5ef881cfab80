"""An open engine with Isaac Gym's programming interface, on MuJoCo."""
