"""What a robot's computer must know of a policy: joints, actions, observation, body, limits.

A task declares a `Deployment`; export writes it beside and into the policy's file; the runner reads
it back. Plain numbers and words only. Units are m, kg, s, N and rad; of a sliding joint, m for rad
and N for N m. Quaternions are x y z w.
"""

import json
import math
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Mapping, Optional, Tuple

from humanoid_gym.config import ConfigError, build, to_dict

FORMAT = "humanoid_gym.policy"
"""Tag by which metadata are recognized as ours, and the key under which an ONNX file holds them."""
FORMAT_VERSION = 4
"""Raised whenever an older program would misunderstand what is written."""

Vector = Tuple[float, float, float]
Quaternion = Tuple[float, float, float, float]

COMMANDS = ("torque", "position")
"""What an action stands for: a torque, or the target of a position drive."""


@dataclass(frozen=True)
class Joint:
    """One degree of freedom, in the order of the joint sensors."""

    name: str
    """Its name in the robot description."""
    lower: Optional[float] = None
    """Lowest position [rad]; None: unlimited."""
    upper: Optional[float] = None
    """Highest position [rad]; None: unlimited."""
    default_position: float = 0.0
    """Position that observations and position targets count from [rad]."""
    stiffness: float = 0.0
    """Of a spring towards 0 that acts besides the motor [N m/rad]; for other simulators."""
    damping: float = 0.0
    """Of a damper that acts besides the motor [N m s/rad]; for other simulators."""
    armature: float = 0.0
    """Inertia of the motor's rotor, seen at the joint [kg m^2]; for other simulators."""


@dataclass(frozen=True)
class Actuator:
    """A driven joint, in the order of the actions: command = offset + scale * action."""

    joint: str
    """Name of the joint that it drives."""
    scale: float
    """Torque [N m] or position [rad] of an action of 1."""
    max_torque: float = field(metadata={"above": 0.0})
    """Largest torque [N m]."""
    max_velocity: float = field(metadata={"above": 0.0})
    """Largest joint speed [rad/s]."""
    offset: float = 0.0
    """Command of an action of 0."""
    stiffness: float = field(default=0.0, metadata={"min": 0.0})
    """Of the position drive [N m/rad]; 0 where actions are torques."""
    damping: float = field(default=0.0, metadata={"min": 0.0})
    """Of the position drive [N m s/rad]; 0 where actions are torques."""
    max_rate: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Largest change of the command [rad/s or N m/s]; None: unlimited."""
    stop_position: float = 0.0
    """Position to crouch into on a safe stop [rad]."""
    stop_stiffness: float = field(default=0.0, metadata={"min": 0.0})
    """Stiffness on a safe stop [N m/rad]."""
    stop_damping: float = field(default=0.0, metadata={"min": 0.0})
    """Damping on a safe stop [N m s/rad]."""


@dataclass(frozen=True)
class ObservationEntry:
    """Neighbouring columns of the observation."""

    name: str
    """Name of the quantity."""
    width: int = field(metadata={"min": 1})
    """Number of columns."""
    unit: str = "1"
    """Unit before scaling."""
    scale: float = 1.0
    """Factor from the quantity to the observation."""
    source: str = "sensor"
    """Where it comes from: a key of `observations.SOURCES`; "sensor": the sensor of this name."""


@dataclass(frozen=True)
class Link:
    """A rigid body of the robot; parents come before their children."""

    name: str
    parent: int
    """Index of the parent link; -1: this is the base."""
    position: Vector
    """Origin of the joint to the parent, in the parent's frame [m]."""
    rotation: Quaternion
    """Orientation of the joint's frame in the parent's."""
    mass: float
    """[kg]."""
    center_of_mass: Vector
    """In the link's frame [m]."""
    joint: Optional[str] = None
    """Name of the joint that moves it against its parent; None: it is fixed."""
    axis: Vector = (0.0, 0.0, 1.0)
    """Of the joint, in its frame."""
    prismatic: bool = False
    """Whether the joint slides."""


@dataclass(frozen=True)
class FootPoint:
    """A point of a foot that may bear load: a ball, or with radius 0 a corner."""

    position: Vector
    """Centre, in the frame of the foot's link [m]."""
    radius: float = field(default=0.0, metadata={"min": 0.0})
    """[m]."""


@dataclass(frozen=True)
class Foot:
    """What a foot may stand on."""

    link: str
    """Name of the foot's link."""
    points: Tuple[FootPoint, ...]
    """Their convex hull bears the robot."""


@dataclass(frozen=True)
class Body:
    """Masses and kinematics, for the stability check."""

    links: Tuple[Link, ...]
    feet: Tuple[Foot, ...]


@dataclass(frozen=True)
class SafetyLimits:
    """What the safety filter allows, beyond what joints and actuators say."""

    position_margin: float = field(default=0.0, metadata={"min": 0.0})
    """Distance that is kept from the ends of a joint's range [rad]."""
    velocity_fraction: float = field(default=1.0, metadata={"above": 0.0, "max": 1.0})
    """Part of the largest joint speed from which a motor may only brake."""
    torque_fraction: float = field(default=1.0, metadata={"above": 0.0, "max": 1.0})
    """Part of the largest torque that may be used."""
    sensor_timeout: float = field(default=0.1, metadata={"above": 0.0})
    """Age from which a sensor's reading is too old to act on [s]."""
    stability_margin: Optional[float] = None
    """Distance of the capture point inside the support polygon below which the robot is about to
    fall [m]; negative: outside; None: not checked, as for gaits that are a controlled fall."""
    stability_steps: int = field(default=3, metadata={"min": 1})
    """Control steps below the margin, one after the other, that lead to a safe stop."""
    contact_tolerance: float = field(default=0.02, metadata={"min": 0.0})
    """Foot points at most so far above the lowest one bear load [m]."""
    stop_speed: float = field(default=1.0, metadata={"above": 0.0})
    """Speed of the joints' targets on a safe stop [rad/s]."""


@dataclass(frozen=True)
class Deployment:
    """Everything that a policy's file says besides the network."""

    task: str
    """Name of the task that the policy was trained in."""
    command: str = field(metadata={"choices": COMMANDS})
    """What an action stands for."""
    control_rate: float = field(metadata={"above": 0.0})
    """Actions per second [Hz]."""
    joints: Tuple[Joint, ...]
    """All degrees of freedom, in the order of the joint sensors."""
    actuators: Tuple[Actuator, ...]
    """Driven ones, in the order of the actions."""
    observation: Tuple[ObservationEntry, ...]
    """Columns of one step's observation, in their order."""
    history: int = field(default=1, metadata={"min": 1})
    """Steps whose observations the policy sees side by side, the oldest first; when an episode
    begins, the first one repeated."""
    clip_actions: Optional[float] = field(default=1.0, metadata={"above": 0.0})
    """Actions are limited to plus or minus this value, in the policy's file; None: not."""
    clip_observations: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Observations are limited to plus or minus this value, in the policy's file; None: not."""
    followed: Optional[str] = None
    """Entry of the observation that is added to the commands, before it is scaled: a reference that
    actions displace them from. The policy's file does so itself. None: nothing is."""
    clock_frequency: float = field(default=0.0, metadata={"min": 0.0})
    """Cycles per second of the gait's clock; it waits while the sensor `command` is zero [Hz]."""
    clock_pauses: Tuple[Tuple[float, float], ...] = ((0.0, 1.0),)
    """Where the clock may wait, by the phase from which on and for how much of its cycle: it goes
    on until there. With (0, 1) it stops wherever it is, without any never."""
    clock_recovery_tilt: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Lean of the base [rad] beyond which the clock goes on whatever the command, by the sensor
    `base_orientation`; None: it does not look."""
    constants: Dict[str, Tuple[float, ...]] = field(default_factory=dict)
    """Sensors that need not be given, with their values: a goal, for instance."""
    body: Optional[Body] = None
    """Masses and kinematics; without them stability cannot be checked."""
    safety: SafetyLimits = field(default_factory=SafetyLimits)
    """Limits of the safety filter."""
    origin: Dict[str, str] = field(default_factory=dict)
    """Where the policy comes from: checkpoint, iteration, versions."""

    def __post_init__(self) -> None:
        """Refuse descriptions that contradict themselves."""
        names = [joint.name for joint in self.joints]
        _no_repetition("joints", names)
        _no_repetition("actuators", [actuator.joint for actuator in self.actuators])
        _no_repetition("observation", [entry.name for entry in self.observation])
        unknown = [a.joint for a in self.actuators if a.joint not in names]
        if unknown:
            raise ValueError(f"actuators: there is no joint '{unknown[0]}'")
        crossed = [j.name for j in self.joints if _low(j.lower) > _high(j.upper)]
        if crossed:
            raise ValueError(f"joints: '{crossed[0]}' has a lower limit above its upper one")
        widths = {entry.name: entry.width for entry in self.observation}
        if self.followed is not None and widths.get(self.followed) != len(self.actuators):
            raise ValueError(
                f"followed: expected an observation of {len(self.actuators)} columns, one for each "
                f"actuator, got '{self.followed}'"
            )
        if self.safety.stability_margin is not None and self.body is None:
            raise ValueError("safety.stability_margin needs body")

    @property
    def num_obs(self) -> int:
        """Columns of all that the policy sees."""
        return self.history * sum(entry.width for entry in self.observation)

    @property
    def num_actions(self) -> int:
        """Columns of what the policy answers."""
        return len(self.actuators)

    @property
    def followed_columns(self) -> Tuple[range, float]:
        """Columns of all that the policy sees which are added to the commands, and their scale."""
        start = self.num_obs - sum(entry.width for entry in self.observation)  # of the last step
        for entry in self.observation:
            if entry.name == self.followed:
                return range(start, start + entry.width), entry.scale
            start += entry.width
        return range(0), 1.0

    @property
    def period(self) -> float:
        """Duration of a control step [s]."""
        return 1.0 / self.control_rate

    @property
    def driven(self) -> List[int]:
        """Index of each actuator's joint among the joints."""
        names = [joint.name for joint in self.joints]
        return [names.index(actuator.joint) for actuator in self.actuators]

    def with_safety(self, **changes: Any) -> "Deployment":  # noqa: ANN401 - fields of SafetyLimits
        """Return this description with other safety limits.

        Raises:
            ConfigError: an unknown limit, or a value out of its range.
        """
        values = {**vars(self.safety), **changes}
        return replace(self, safety=build(SafetyLimits, values, "safety"))

    def to_json(self) -> str:
        """Return the metadata as JSON; `from_json` reads it.

        Raises:
            ConfigError: a number is not finite or out of its range, so that it would refuse them.
        """
        content = to_dict(self)
        build(Deployment, content, f"what task {self.task} says of its robot")
        return tagged(content, FORMAT, FORMAT_VERSION)

    @staticmethod
    def from_json(text: str, where: str) -> "Deployment":
        """Read metadata.

        Args:
            text: what `to_json` returned.
            where: it came from, for messages.

        Raises:
            ConfigError: it is not metadata of ours, of a newer version, or damaged.
        """
        _, content = untagged(text, {FORMAT: FORMAT_VERSION}, where)
        return build(Deployment, _updated(content), where)


def tagged(content: Mapping[str, Any], kind: str, version: int) -> str:
    """Return metadata as JSON that says what they are; `untagged` reads it."""
    tags = {"format": kind, "format_version": version}
    return json.dumps({**tags, **content}, indent=1, allow_nan=False)


def untagged(text: str, known: Mapping[str, int], where: str) -> Tuple[str, Dict[str, Any]]:
    """Read metadata of a policy.

    Args:
        text: what `tagged` returned.
        known: kinds that are expected, with the newest version of each that is understood.
        where: the text came from, for messages.

    Returns:
        Their kind, and what they say.

    Raises:
        ConfigError: they are of another kind, of a newer version, or damaged.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{where}: metadata are not JSON: {error}") from error
    kind = content.pop("format", None) if isinstance(content, dict) else None
    if not isinstance(kind, str) or kind not in known:
        raise ConfigError(f"{where}: these are not metadata of a policy of humanoid_gym")
    version = content.pop("format_version", None)
    if not isinstance(version, int) or version > known[kind]:
        raise ConfigError(
            f"{where}: metadata have format version {version}, this program reads up to "
            f"{known[kind]}; update humanoid_gym"
        )
    return kind, content


def _updated(content: Dict[str, Any]) -> Dict[str, Any]:
    """Return what an earlier version wrote as this one would have."""
    pause = content.pop("clock_pause", None)  # of two feet, half a cycle apart
    return content if pause is None else {**content, "clock_pauses": [[0.0, pause], [0.5, pause]]}


def _no_repetition(what: str, names: List[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what}: '{twice[0]}' appears twice")


def _low(value: Optional[float]) -> float:
    return -math.inf if value is None else value


def _high(value: Optional[float]) -> float:
    return math.inf if value is None else value
