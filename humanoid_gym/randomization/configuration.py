"""What can be randomized: one field per target, everything off by default."""

from dataclasses import dataclass, field
from typing import ClassVar, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from humanoid_gym.randomization.ranges import Draw, Schedule, check_range
from humanoid_gym.randomization.targets import BIAS, TARGETS, Target, check_draw

LONGEST_DELAY = 10
"""Control steps that the buffer of actions may hold."""


@dataclass(frozen=True)
class Noise:
    """Errors of the sensors behind one group of the observation, in its unit before scaling."""

    std: Union[float, Tuple[float, float]] = 0.0
    """Standard deviation of what is added to each reading, anew in each step: one for all, or a
    range that each environment draws its own from when an episode begins."""
    distribution: str = field(default="gaussian", metadata={"choices": ("gaussian", "uniform")})
    """Of each reading's error; `uniform` within plus or minus 1.73 standard deviations."""
    bias: Optional[Draw] = None
    """Constant error of each column, drawn when an episode begins."""
    schedule: Optional[Schedule] = None
    """Growth of the standard deviation during training."""

    @property
    def spread(self) -> Tuple[float, float]:
        """Smallest and largest standard deviation."""
        return self.std if isinstance(self.std, tuple) else (self.std, self.std)

    def __post_init__(self) -> None:
        """Refuse a negative standard deviation and a bias that means nothing.

        Raises:
            ValueError: names the setting.
        """
        check_range("std", self.spread, lowest=0.0)
        if self.schedule is not None and not self.spread[1]:
            raise ValueError("schedule: there is no std that it could let grow; set std")
        if self.bias is not None:
            check_draw(BIAS, self.bias, "bias")


@dataclass(frozen=True)
class VelocityPush:
    """Blows: the base's velocity changes at once."""

    interval: Tuple[float, float] = (10.0, 15.0)
    """Time between two blows, uniform [s]."""
    speed: Tuple[float, float] = (0.0, 1.0)
    """Size of the horizontal change of velocity, uniform, in any direction [m/s]."""
    spin: Tuple[float, float] = (0.0, 0.0)
    """Size of the change of angular velocity, uniform, about any axis [rad/s]."""
    schedule: Optional[Schedule] = None
    """Growth of both during training."""

    def __post_init__(self) -> None:
        """Refuse empty ranges and negative sizes.

        Raises:
            ValueError: names the setting.
        """
        for name in ("interval", "speed", "spin"):
            check_range(name, getattr(self, name), lowest=0.0)


@dataclass(frozen=True)
class ForcePush:
    """Pushes: a horizontal force at a body's centre of mass for some time."""

    interval: Tuple[float, float] = (10.0, 15.0)
    """Time from the end of one push to the beginning of the next, uniform [s]."""
    force: Tuple[float, float] = (0.0, 50.0)
    """Size of the force, uniform, in any horizontal direction [N]."""
    duration: Tuple[float, float] = (0.1, 0.5)
    """How long it acts, uniform, rounded to control steps, at least one [s]."""
    bodies: List[str] = field(default_factory=list)
    """Bodies of which each push takes one at random, `*` stands for any characters; empty: the
    base."""
    schedule: Optional[Schedule] = None
    """Growth of the force during training."""

    def __post_init__(self) -> None:
        """Refuse empty ranges and negative sizes.

        Raises:
            ValueError: names the setting.
        """
        for name in ("interval", "force", "duration"):
            check_range(name, getattr(self, name), lowest=0.0)


class Chosen(NamedTuple):
    """A target that a configuration randomizes."""

    name: str
    """Of the field."""
    target: Target
    """Its row of the table."""
    draw: Draw
    """What its numbers are drawn from."""


@dataclass(frozen=True)
class RandomizationConfig:
    """Everything that can be randomized; null is off. What a `Draw` acts on says `TARGETS`."""

    lists_keys: ClassVar[bool] = True  # an unknown key is answered with all that there are

    link_mass: Optional[Draw] = None
    """Factor of each link's mass and inertia."""
    payload: Optional[Draw] = None
    """Mass added at a link's centre of mass, the base's unless `only` names others."""
    com_offset: Optional[Draw] = None
    """Displacement of a link's centre of mass along each of its axes, the base's unless `only`
    names others."""
    friction: Optional[Draw] = None
    """Friction coefficient of the robot's shapes. A contact has the mean of both materials."""
    ground_friction: Optional[Draw] = None
    """Friction coefficient of the ground plane, one for the whole simulation."""
    gravity: Optional[Draw] = None
    """Added to each component of gravity, the same in all environments; see `gravity_interval`."""
    gravity_interval: float = field(default=0.0, metadata={"min": 0.0})
    """Gravity is drawn again after this time [s]; 0: never. Needs `gravity`."""
    motor_strength: Optional[Draw] = None
    """Factor of what motors deliver: stiffness, damping and effort limit of drives, or the torque
    that the task computes."""
    stiffness: Optional[Draw] = None
    """Factor of the joints' proportional gains, kp."""
    damping: Optional[Draw] = None
    """Factor of the joints' derivative gains, kd."""
    joint_friction: Optional[Draw] = None
    """Friction coefficient of the joints: Coulomb friction over joint force."""
    armature: Optional[Draw] = None
    """Factor of the motors' inertia as seen at the joints."""
    delay: Optional[Draw] = None
    """Control steps that pass until an action acts; whole numbers, ends included."""
    initial_joint_position: Optional[Draw] = None
    """Added to joint positions when an episode begins."""
    initial_joint_velocity: Optional[Draw] = None
    """Added to joint velocities when an episode begins."""
    initial_position: Optional[Draw] = None
    """Added to each coordinate of the base when an episode begins."""
    initial_rotation: Optional[Draw] = None
    """Roll, pitch and yaw by which the base is turned about the world's axes when an episode
    begins."""
    initial_velocity: Optional[Draw] = None
    """Added to each component of the base's velocity when an episode begins."""
    initial_angular_velocity: Optional[Draw] = None
    """Added to each component of the base's angular velocity when an episode begins."""
    noise: Dict[str, Noise] = field(default_factory=dict)
    """Sensor errors by group of the observation."""
    velocity_push: Optional[VelocityPush] = None
    """Sudden changes of the base's velocity at random times."""
    force_push: Optional[ForcePush] = None
    """Forces of some duration at random times."""

    def __post_init__(self) -> None:
        """Refuse ranges that their targets cannot take.

        Raises:
            ValueError: names the key and what is expected.
        """
        for name, target, draw in self.chosen():
            check_draw(target, draw, name)
        if self.delay is not None and self.delay.range[1] > LONGEST_DELAY:
            raise ValueError(f"delay.range: at most {LONGEST_DELAY} control steps")
        if self.gravity is None and self.gravity_interval > 0.0:
            raise ValueError(
                "gravity_interval: there is no gravity to draw again; set gravity, or "
                "gravity_interval: 0"
            )

    def chosen(self) -> Iterator[Chosen]:
        """Yield the targets that are randomized, in the order of the table."""
        for name, target in TARGETS.items():
            draw = getattr(self, name)
            if draw is not None:
                yield Chosen(name, target, draw)
