"""How what policy and critic see of robot and reference changes in the mirror.

The mirror image of a step is a step of the mirrored motion, as right and as well rewarded, whether
the motion is its own mirror image or not: the observation holds the reference.
"""

from typing import Dict, Sequence

from humanoid_gym.mirror import (
    EVEN,
    PSEUDOVECTOR,
    VECTOR,
    MirrorMap,
    Reflection,
    joined,
    rearranged,
)
from humanoid_gym.tasks.observation import ObservationTable

_TWO_AXES = joined(VECTOR, PSEUDOVECTOR)
"""Forward and left axis: the image's own left axis points to where the right one was."""


def mirror_map(
    joints: Reflection,
    bodies: Sequence[int],
    observation: ObservationTable,
    states: ObservationTable,
) -> MirrorMap:
    """Return how observation, states and actions change when left and right are exchanged.

    Args:
        joints: how joint positions change.
        bodies: the tracked body that is each one's mirror image.
        observation: the policy's.
        states: the critic's.
    """
    reflections: Dict[str, Reflection] = {
        "reference_joint_offset": joints,
        "reference_joint_velocity": joints,
        "reference_orientation_b": _TWO_AXES,
        "reference_position_b": VECTOR,
        "angular_velocity_b": PSEUDOVECTOR,
        "gravity_b": VECTOR,
        "joint_offset": joints,
        "joint_velocity": joints,
        "action": joints,
        "velocity_b": VECTOR,
        "height": EVEN,
        "body_place_b": rearranged(VECTOR, bodies),
        "body_axes_b": rearranged(_TWO_AXES, bodies),
    }
    return MirrorMap(
        obs=joined(*(reflections[term.name] for term in observation.terms)),
        actions=joints,
        states=joined(*(reflections[term.name] for term in states.terms)),
    )
