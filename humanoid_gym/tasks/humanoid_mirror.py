"""The humanoid in the mirror: which quantities change sides, which change signs."""

from typing import Dict, Sequence

from humanoid_gym.mirror import (
    EVEN,
    ODD,
    PSEUDOVECTOR,
    VECTOR,
    MirrorMap,
    Reflection,
    by_name,
    exchanged,
    joined,
)

ODD_JOINTS = ("abdomen_z", "abdomen_x")
"""Joints in the middle that turn about an axis in the mirror plane. Those at the sides have
mirrored axes already: lifting the left leg sideways is as positive as lifting the right."""


def humanoid_mirror(joint_names: Sequence[str], terms: Sequence[str]) -> MirrorMap:
    """Return the humanoid's mirror map.

    Args:
        joint_names: joints in the order of the action.
        terms: quantities of the observation, in their order.

    Raises:
        ValueError: a joint at one side has no counterpart at the other.
    """
    joints = by_name(joint_names, ODD_JOINTS)
    reflections: Dict[str, Reflection] = {
        "height": EVEN,
        "velocity_b": VECTOR,
        "angular_velocity_b": PSEUDOVECTOR,
        "yaw": ODD,
        "roll": ODD,
        "angle_to_target": ODD,
        "torso_up": EVEN,
        "heading": EVEN,
        "joint_position": joints,
        "joint_velocity": joints,
        "joint_torque": joints,
        "foot_wrench": exchanged(joined(VECTOR, PSEUDOVECTOR)),
        "action": joints,
    }
    return MirrorMap(obs=joined(*(reflections[term] for term in terms)), actions=joints)
