"""Isaac Gym's programming interface on MuJoCo: gymapi, gymtorch, gymutil, torch_utils."""

from humanoid_gym.engine.graphics.offscreen import choose_opengl

# Before anything imports mujoco, which reads the choice once.
choose_opengl()
