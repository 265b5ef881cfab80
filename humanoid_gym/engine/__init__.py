"""Isaac Gym's API on MuJoCo: `gymapi`, `gymtorch`, `gymutil` and `torch_utils` of the open engine."""

from humanoid_gym.engine.offscreen import choose_opengl

# Before anything imports mujoco, which reads the choice once.
choose_opengl()
