"""A trained policy on a robot's computer: sensors in, safe commands out, at the control rate.

Needs NumPy and onnxruntime only; neither PyTorch nor a simulator::

    runner = PolicyRunner("policy.onnx")
    runner.run(read_sensors, send_command)
"""

import logging
import time
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Union

import numpy as np

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.deployment.description import Deployment
from humanoid_gym.deployment.joint_limits import Drive
from humanoid_gym.deployment.observations import Situation, assemble, sensor_widths
from humanoid_gym.deployment.policy_file import PolicyFile
from humanoid_gym.deployment.safety_filter import RobotState, SafetyFilter

logger = logging.getLogger(__name__)

_SHORTEST_QUATERNION = 0.5
"""A quaternion shorter than this is no orientation."""


class Command(NamedTuple):
    """What to send to the motors, in the order of the actuators; shapes (A,).

    torque = stiffness (position - q) - damping dq/dt + torque
    """

    position: np.ndarray
    """Targets [rad]."""
    stiffness: np.ndarray
    """[N m/rad]."""
    damping: np.ndarray
    """[N m s/rad]."""
    torque: np.ndarray
    """[N m]."""
    stopped: bool
    """Whether this is a safe stop's command and not the policy's."""


class Timing(NamedTuple):
    """How well the control rate was held."""

    steps: int
    late: int
    """Steps that ended after the next one should have begun."""
    worst: float
    """Longest step [s]."""


class PolicyRunner:
    """Runs a policy and passes every command through the safety filter.

    What is wrong with sensors while the robot moves does not raise: the robot is brought to a safe
    stop, `reason` says in one line why, and `reset` lets it act again.
    """

    def __init__(
        self,
        policy: Union[str, Path, PolicyFile],
        deployment: Optional[Deployment] = None,
    ) -> None:
        """Load the policy; nothing moves yet.

        Args:
            policy: .onnx file written by `python -m humanoid_gym.export`.
            deployment: in place of the file's own metadata, for instance with other limits:
                `policy_file.deployment.with_safety(position_margin=0.05)`.

        Raises:
            FileNotFoundError: there is no such file.
            ConfigError: it cannot be used.
        """
        self.policy = policy if isinstance(policy, PolicyFile) else PolicyFile(policy)
        self.deployment = deployment or self.policy.deployment
        self.sensors: Dict[str, int] = sensor_widths(self.deployment)
        """What the robot has to measure: number of readings by name."""
        self.filter = SafetyFilter(self.deployment, np.zeros((1, 1)))
        self._constants = {
            name: np.array(value) for name, value in self.deployment.constants.items()
        }
        self._everyone = np.ones(1, bool)
        self._check_fit()
        self.reset()

    def reset(self) -> None:
        """Begin an episode: forget memory, previous action, the gait's phase and any safe stop."""
        self.filter.reset()
        self.reason = ""
        """Why the robot was stopped; '' while it acts."""
        self._situation = Situation(self.deployment)
        self._memory = self.policy.no_memory()
        self._seen: List[np.ndarray] = []

    @property
    def stopped(self) -> bool:
        """Whether the robot is on a safe stop."""
        return bool(self.filter.stopped[0])

    @property
    def previous_action(self) -> np.ndarray:
        """What the policy answered last, shape (A,)."""
        return self._situation.previous_action

    def step(self, sensors: Mapping[str, object], age: float = 0.0) -> Command:
        """Do one control step.

        Args:
            sensors: readings by name, see `self.sensors`; others are ignored. Angular and linear
                velocities in the base's frame where their name ends in `_b`.
            age: of the oldest reading [s].

        Returns:
            What may be sent to the motors.
        """
        readings = self._read(sensors)
        nothing = np.zeros(len(self.deployment.actuators))
        wanted = nothing if self.stopped else self._ask_policy()
        drive = self.filter(wanted[None], self._state(readings, age))
        if self.stopped and not self.reason:
            self._explain(readings, wanted, age)
        return self._command(drive)

    def run(
        self,
        read_sensors: Callable[[], Mapping[str, object]],
        send_command: Callable[[Command], object],
        steps: Optional[int] = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> Timing:
        """Control the robot at the control rate.

        Steps begin at whole multiples of the control period, so that a late one does not delay all
        that follow. A step during which a whole period was missed counts as late; the readings of
        the next are fresh, and none is made up for.

        Args:
            read_sensors: returns readings by name; with an entry "age" [s] if it knows it.
            send_command: sends to the motors.
            steps: how many; None: until interrupted (a stopped robot is held in its crouch).
            clock: returns the time [s].
            sleep: waits for a number of seconds.
        """
        period = self.deployment.period
        done, late, worst, due = 0, 0, 0.0, clock()
        while steps is None or done < steps:
            sleep(max(0.0, due - clock()))
            begun = clock()
            sensors = dict(read_sensors())
            send_command(self.step(sensors, _seconds(sensors.pop("age", 0.0))))
            done += 1
            took = clock() - begun
            worst = max(worst, took)
            due += period
            if clock() > due:
                late += 1
                due += period * np.floor((clock() - due) / period)
        return Timing(done, late, worst)

    def report(self) -> Dict[str, int]:
        """Return on how many steps each limit of the safety filter was active."""
        return self.filter.counts()

    def _check_fit(self) -> None:
        """Put an observation together before anything moves.

        Raises:
            ConfigError: the description is not one of this policy.
        """
        own, given = self.policy.deployment, self.deployment
        widths = {"observations": (own.num_obs, given.num_obs)}
        widths["actions"] = (len(own.actuators), len(given.actuators))
        for what, (expected, found) in widths.items():
            if found != expected:
                raise ConfigError(
                    f"{self.policy.path}: the policy has {expected} {what}, the given "
                    f"deployment {found}"
                )
        situation = Situation(given)
        situation.observe({name: np.zeros(width) for name, width in self.sensors.items()})
        assemble(given.observation, situation)

    def _read(self, sensors: Mapping[str, object]) -> Dict[str, np.ndarray]:
        """Return readings of the right length; what is missing or wrong is NaN and stops."""
        readings: Dict[str, np.ndarray] = {}
        for name, width in self.sensors.items():
            given = sensors.get(name, self._constants.get(name))
            value = _as_vector(given)
            if value is None or value.shape != (width,):
                self._stop(_misfit(name, width, given, list(sensors)))
                value = np.full(width, np.nan)
            readings[name] = value
        orientation = readings.get("base_orientation")
        if orientation is not None and np.linalg.norm(orientation) < _SHORTEST_QUATERNION:
            self._stop(f"sensor 'base_orientation': {orientation.tolist()} is no unit quaternion")
        broken = [name for name, value in readings.items() if not np.isfinite(value).all()]
        if broken and not self.stopped:
            self._stop(f"sensor '{broken[0]}' has readings that are not finite")
        self._situation.observe(readings)
        return readings

    def _ask_policy(self) -> np.ndarray:
        situation = self._situation
        if self._seen and self.deployment.clock_frequency > 0.0:
            situation.advance(self.deployment.clock_frequency * self.deployment.period)
        observation = assemble(self.deployment.observation, situation)
        earlier = self._seen[1:] or [observation] * (self.deployment.history - 1)
        self._seen = [*earlier, observation]
        answer = self.policy(np.concatenate(self._seen)[None], self._memory)
        self._memory = answer.memory
        situation.previous_action = answer.action[0]
        return answer.command[0].astype(np.float64)

    def _state(self, readings: Dict[str, np.ndarray], age: float) -> RobotState:
        gravity = turning = None
        if self.deployment.safety.stability_margin is not None:
            gravity = -self._situation.up_b[None]
            turning = readings["angular_velocity_b"][None]
        return RobotState(
            readings["joint_position"][None],
            readings["joint_velocity"][None],
            np.array([age]),
            gravity,
            turning,
        )

    def _command(self, drive: Drive) -> Command:
        return Command(*(values[0] for values in drive), stopped=self.stopped)

    def _stop(self, reason: str) -> None:
        if not self.stopped:
            self.reason = reason
            logger.error("safe stop: %s", reason)
        self.filter.trip(self._everyone)

    def _explain(self, readings: Dict[str, np.ndarray], wanted: np.ndarray, age: float) -> None:
        limits = self.deployment.safety
        if not np.isfinite(wanted).all():
            self.reason = "the policy's command is not finite"
        elif not age <= limits.sensor_timeout:
            self.reason = f"sensors are {age:g} s old, at most {limits.sensor_timeout:g} s allowed"
        elif self.filter.causes["sensor_implausible"].any():
            self.reason = "a sensor's reading is beyond anything that a joint can have"
        else:
            self.reason = (
                f"about to fall: the capture point is less than {limits.stability_margin:g} m "
                "inside the support polygon"
            )
        logger.error("safe stop: %s", self.reason)


def _as_vector(value: object) -> Optional[np.ndarray]:
    """Return numbers as a vector, or None if they are none."""
    if value is None:
        return None
    try:
        return np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError):
        return None


def _seconds(age: object) -> float:
    """Return an age [s]; NaN, which is too old, if it is no number."""
    value = _as_vector(age)
    return float(value[0]) if value is not None and value.shape == (1,) else float("nan")


def _misfit(name: str, width: int, given: object, names: List[str]) -> str:
    if given is None:
        close = nearest(name, names)
        return f"sensor '{name}' is missing" + (f"; nearest: '{close}'" if close else "")
    vector = _as_vector(given)
    got = repr(given)[:50] if vector is None else f"shape {list(vector.shape)}"
    return f"sensor '{name}': expected {width} numbers, got {got}"
