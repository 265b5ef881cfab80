"""What policy and critic see of the walking robot, and how it looks in the mirror."""

from typing import Dict, Sequence, Tuple

from humanoid_gym.mirror import (
    EVEN,
    ODD,
    PSEUDOVECTOR,
    VECTOR,
    MirrorMap,
    Reflection,
    joined,
    rearranged,
    signs,
)
from humanoid_gym.tasks.legged.feet import FootLayout
from humanoid_gym.tasks.observation import ObservationTable, ObservationTerm
from humanoid_gym.tasks.terrain import (
    CRITIC,
    POLICY,
    HeightScanConfig,
    mirrored_scan,
    scan_grid,
)
from humanoid_gym.tasks.walking.config import WalkConfig
from humanoid_gym.tasks.walking.gait import mirrored_shift


def observation_table(config: WalkConfig, num_joints: int) -> ObservationTable:
    """Return what the robot's own sensors and its commander say."""
    return ObservationTable(
        (
            ObservationTerm("angular_velocity_b", 3, "rad/s", config.angular_velocity_scale),
            ObservationTerm("gravity_b", 3, "1", source="gravity_b"),
            ObservationTerm("command", 3, "m/s, rad/s"),
            ObservationTerm("clock", 2, "1", source="clock"),
            ObservationTerm("joint_offset", num_joints, "rad", source="joint_offset"),
            ObservationTerm("joint_velocity", num_joints, "rad/s", config.joint_velocity_scale),
            ObservationTerm("action", num_joints, "1", source="previous_action"),
            *height_scan(config.terrain.height_scan, POLICY),
        )
    )


def height_scan(scan: HeightScanConfig, observer: str) -> Tuple[ObservationTerm, ...]:
    """Return the term of the ground's heights if it is this observer that sees them."""
    if scan.observer != observer:
        return ()
    return (ObservationTerm("height_scan", len(scan_grid(scan)[0]), "m"),)


def state_table(
    observation: ObservationTable, num_feet: int, weight: float, scan: HeightScanConfig
) -> ObservationTable:
    """Return what only the critic sees: the observation, and what a real robot cannot measure.

    Args:
        observation: of the policy.
        num_feet: that the robot walks on.
        weight: of the robot [N].
        scan: who sees the heights of the ground.
    """
    privileged: Tuple[ObservationTerm, ...] = (
        ObservationTerm("velocity_h", 3, "m/s"),
        ObservationTerm("height", 1, "m"),
        ObservationTerm("foot_height", num_feet, "m"),
        ObservationTerm("foot_contact", num_feet, "1"),
        ObservationTerm("foot_velocity", 3 * num_feet, "m/s"),
        ObservationTerm("foot_force", 3 * num_feet, "N", 1.0 / weight),
        *height_scan(scan, CRITIC),
    )
    return ObservationTable((*observation.terms, *privileged))


def mirrored_clock(offsets: Sequence[float], feet: FootLayout) -> Reflection:
    """Return how the clock changes when left and right are exchanged: half a cycle later, or not.

    Args:
        offsets: part of the cycle by which each foot is ahead of the clock.
        feet: of the robot.

    Raises:
        ValueError: the gait has no mirror image.
    """
    shift = mirrored_shift(offsets, feet.counterparts)
    if shift is None:
        listed = ", ".join(f"{name}: {offset:g}" for name, offset in zip(feet.names, offsets))
        raise ValueError(
            f"task.gait.offsets: the gait {listed} is not its own mirror image at any phase"
        )
    return signs(-1, -1) if shift else signs(1, 1)


def mirror_map(
    joints: Reflection,
    feet: Sequence[int],
    clock: Reflection,
    observation: ObservationTable,
    states: ObservationTable,
    scan: HeightScanConfig,
    history: int = 1,
) -> MirrorMap:
    """Return how observation, states and actions change when left and right are exchanged.

    Args:
        joints: how joint positions change.
        feet: the foot that is each one's mirror image.
        clock: how the clock changes.
        observation: the policy's, of one step.
        states: the critic's.
        scan: the points of the ground that one of them sees.
        history: steps whose observations the policy sees.
    """
    reflections: Dict[str, Reflection] = {
        "angular_velocity_b": PSEUDOVECTOR,
        "gravity_b": VECTOR,
        "command": joined(EVEN, ODD, ODD),
        "clock": clock,
        "joint_offset": joints,
        "joint_velocity": joints,
        "action": joints,
        "velocity_h": VECTOR,
        "height": EVEN,
        "foot_height": rearranged(EVEN, feet),
        "foot_contact": rearranged(EVEN, feet),
        "foot_velocity": rearranged(VECTOR, feet),
        "foot_force": rearranged(VECTOR, feet),
        "height_scan": mirrored_scan(scan),
    }
    step = joined(*(reflections[term.name] for term in observation.terms))
    return MirrorMap(
        obs=joined(*[step] * history),
        actions=joints,
        states=joined(*(reflections[term.name] for term in states.terms)),
    )
