"""Trained policies on a robot's computer: no PyTorch, no simulator, only NumPy and onnxruntime.

Start reading at `policy_runner.py: PolicyRunner.step`. What the policy's file says of the robot is
in description.py, the safety filter in safety_filter.py, its formulas in joint_limits.py and
stability.py.
"""

from humanoid_gym.deployment.description import (
    Actuator,
    Body,
    Deployment,
    Foot,
    FootPoint,
    Joint,
    Link,
    ObservationEntry,
    SafetyLimits,
)
from humanoid_gym.deployment.joint_limits import Drive
from humanoid_gym.deployment.policy_file import PolicyFile
from humanoid_gym.deployment.policy_interface import PolicyInterface
from humanoid_gym.deployment.policy_runner import Command, PolicyRunner
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.deployment.safety_filter import RobotState, SafetyFilter

__all__ = [
    "Actuator",
    "Body",
    "Command",
    "Deployment",
    "Drive",
    "Foot",
    "FootPoint",
    "Joint",
    "Link",
    "ObservationEntry",
    "PolicyFile",
    "PolicyInterface",
    "PolicyRunner",
    "RobotState",
    "SafetyFilter",
    "SafetyLimits",
    "read_body",
]
