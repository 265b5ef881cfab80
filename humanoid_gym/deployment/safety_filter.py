"""Every command to a robot passes through here: limits, and a safe stop where sensors fail.

The filter works on NumPy arrays and on torch tensors, for one robot or thousands, with the same
formulas (`joint_limits`, `stability`); nothing in it waits for a device.
"""

from typing import Dict, List, NamedTuple, Optional, Tuple

from humanoid_gym.deployment.array_namespace import Array, indices_like, like, namespace
from humanoid_gym.deployment.description import Actuator, Deployment, Joint
from humanoid_gym.deployment.joint_limits import (
    Drive,
    allowed_torque,
    braking_drive,
    limited_position,
    limited_rate,
    unsaturated_drive,
)
from humanoid_gym.deployment.kinematics import BodyModel
from humanoid_gym.deployment.stability import capture_point_margin

LIMITS = ("position", "velocity", "torque", "rate")
"""What bounds single joints."""
STOPS = ("command_not_finite", "sensor_implausible", "sensor_stale", "unstable", "tripped")
"""What leads to a safe stop."""


_LARGEST = 1e6
"""Commands are cut to plus or minus this value before anything is computed with them."""
_PLAUSIBLE = 1e4
"""No joint and no base has a larger reading than this [rad, rad/s]."""


class RobotState(NamedTuple):
    """What the filter has to know of N robots."""

    joint_position: Array
    """Of all joints [rad], shape (N, J)."""
    joint_velocity: Array
    """Of all joints [rad/s], shape (N, J)."""
    age: Array
    """Age of the oldest reading [s], shape (N,)."""
    gravity_b: Optional[Array] = None
    """Direction of gravity in the base's frame, shape (N, 3); needed to check stability."""
    angular_velocity_b: Optional[Array] = None
    """Of the base, in its frame [rad/s], shape (N, 3); needed to check stability."""


class SafetyFilter:
    """Turns commands into ones that keep all limits.

    For position drives the target keeps the limits of position and rate; gains are lowered where
    the torque would be too large, or would accelerate a joint that is at its largest speed. For
    torques the limits of torque, position and speed come before that of rate.

    A command that is not finite, a reading that is not or that no joint can have, an old reading
    or an imminent fall lead to a safe stop: a damped crouch, which lasts until `reset`. Where a
    joint's own reading cannot be used, a position drive is only damped there, and a torque is zero.
    """

    def __init__(self, deployment: Deployment, example: Array) -> None:
        """Start with nothing stopped.

        Args:
            deployment: limits, of joints and actuators as well.
            example: floating-point array of shape (N, ...), the kind that commands will be of.
        """
        self.deployment = deployment
        self._xp = namespace(example)
        self._example = self._xp.zeros_like(example[:, :1])  # (N, 1)
        self._every_robot = self._example[:, 0] == 0.0
        self._read_limits(deployment)
        self._driven = indices_like(example, deployment.driven)
        margin = deployment.safety.stability_margin
        self._stability_margin = margin
        self.causes: Dict[str, Array] = {}
        """What called for a safe stop in the last step, by name of `STOPS`; (N,) bool each."""
        self._body = None
        if margin is not None and deployment.body is not None:
            names = [joint.name for joint in deployment.joints]
            self._body = BodyModel(deployment.body, names, example)
        self.reset()
        self.clear_counts()

    def _read_limits(self, deployment: Deployment) -> None:
        safety, actuators = deployment.safety, deployment.actuators
        joints = [deployment.joints[index] for index in deployment.driven]

        def row(values: List[float]) -> Array:
            return like(self._example, values)

        limits = [_position_limits(joint, safety.position_margin) for joint in joints]
        self.lower, self.upper = row([low for low, _ in limits]), row([high for _, high in limits])
        self.speed = row([a.max_velocity * safety.velocity_fraction for a in actuators])
        self.torque = row([a.max_torque * safety.torque_fraction for a in actuators])
        self.step = row([_rate(a) * deployment.period for a in actuators])
        self._gains = row([a.stiffness for a in actuators]), row([a.damping for a in actuators])
        self._stop_gains = (
            row([a.stop_stiffness for a in actuators]),
            row([a.stop_damping for a in actuators]),
        )
        crouch = row([a.stop_position for a in actuators])
        self._stop_position, _ = limited_position(crouch, self.lower, self.upper)
        self._stop_step = safety.stop_speed * deployment.period

    def reset(self, mask: Optional[Array] = None) -> None:
        """Let robots act again, whatever stopped them.

        Args:
            mask: which, shape (N,) bool; None: all of them.
        """
        xp, example = self._xp, self._example
        if mask is None:
            self.stopped = ~self._every_robot
            self._unstable_steps = example[:, 0]
            self._begun = self.stopped
            self._target = example + xp.zeros_like(self.lower)
            self._previous_torque = self._target
            return
        self.stopped = self.stopped & ~mask
        self._begun = self._begun & ~mask
        self._unstable_steps = xp.where(
            mask, xp.zeros_like(self._unstable_steps), self._unstable_steps
        )
        column = mask.reshape(-1, 1)
        zero = xp.zeros_like(self._target)
        self._previous_torque = xp.where(column, zero, self._previous_torque)

    def clear_counts(self) -> None:
        """Begin to count anew."""
        robots = indices_like(self._example, [0] * len(self._example))
        joints = (
            indices_like(self._example, [[0] * len(self.deployment.actuators)]) + robots[:, None]
        )
        self._joint_counts: Dict[str, Array] = dict.fromkeys(LIMITS, joints)
        self._robot_counts: Dict[str, Array] = dict.fromkeys(
            ("steps", *LIMITS, *STOPS, "stopped"), robots
        )

    def counts(self) -> Dict[str, int]:
        """Return on how many steps of a robot each limit was active, and of how many ("steps")."""
        return {name: int(count.sum()) for name, count in self._robot_counts.items()}

    def joint_counts(self) -> Dict[str, Dict[str, int]]:
        """Return how often each limit was active at each joint that it was active at."""
        names = [actuator.joint for actuator in self.deployment.actuators]
        return {
            limit: {name: n for name, n in zip(names, counts.sum(0).tolist()) if n > 0}
            for limit, counts in self._joint_counts.items()
        }

    def trip(self, mask: Array) -> None:
        """Stop robots, for a reason that the filter does not see.

        Args:
            mask: which, shape (N,) bool.
        """
        self._count("tripped", mask & ~self.stopped)
        self.stopped = self.stopped | mask

    def __call__(self, command: Array, state: RobotState) -> Drive:
        """Return what may be sent to the motors.

        Args:
            command: torques or position targets that the policy asks for, shape (N, A).
            state: the robots', whose numbers may be anything.
        """
        xp = self._xp
        position, velocity = (values[:, self._driven] for values in state[:2])
        fresh = state.age <= self.deployment.safety.sensor_timeout
        read = _plausible(position) & _plausible(velocity)
        zero = xp.zeros_like(position)
        position, velocity = xp.where(read, position, zero), xp.where(read, velocity, zero)
        self._begin(position, read)
        self._decide_to_stop(command, state, fresh)
        usable = read & fresh.reshape(-1, 1)
        # those that are not finite do not count: they have led to a stop
        command = xp.clip(xp.where(xp.isfinite(command), command, zero), -_LARGEST, _LARGEST)
        if self.deployment.command == "position":
            drive = self._position_drive(command, position, velocity, usable)
        else:
            drive = self._torques(command, position, velocity, usable)
        self._count("steps", self._every_robot)
        self._count("stopped", self.stopped)
        return drive

    def stability(self, state: RobotState) -> Array:
        """Return how far the capture point is inside the support polygon [m], shape (N,).

        Raises:
            ValueError: the robot's body or the state of its base is not known.
        """
        if self._body is None or state.gravity_b is None or state.angular_velocity_b is None:
            raise ValueError("stability needs body, gravity_b and angular_velocity_b")
        motion = self._body.motion(
            state.joint_position, state.joint_velocity, state.gravity_b, state.angular_velocity_b
        )
        return capture_point_margin(motion, self.deployment.safety.contact_tolerance)

    def _begin(self, position: Array, read: Array) -> None:
        """Let targets begin where the joints are; where that is unknown, at the crouch."""
        xp = self._xp
        start = xp.where(read, xp.clip(position, self.lower, self.upper), self._stop_position)
        self._target = xp.where(self._begun.reshape(-1, 1), self._target, start)
        self._begun = self._every_robot

    def _decide_to_stop(self, command: Array, state: RobotState, fresh: Array) -> None:
        xp = self._xp
        sensors = [values for values in state if values is not None and values is not state.age]
        plausible = xp.isfinite(state.age)
        for values in sensors:
            plausible = plausible & _plausible(values).all(-1)
        reasons = {
            "command_not_finite": ~xp.isfinite(command).all(-1),
            "sensor_implausible": ~plausible,
            "sensor_stale": ~fresh & plausible,
        }
        if self._body is not None:
            reasons["unstable"] = self._is_unstable(state, plausible)
        self.causes = reasons
        for name, reason in reasons.items():
            self._count(name, reason)
            self.stopped = self.stopped | reason

    def _is_unstable(self, state: RobotState, plausible: Array) -> Array:
        xp = self._xp
        # what no sensor can say must not get into the arithmetic; it has led to a stop by itself
        column = plausible.reshape(-1, 1)
        position, velocity, gravity, turning = (
            v if v is None else xp.where(column, v, xp.zeros_like(v))
            for v in (*state[:2], *state[3:])
        )
        known = RobotState(position, velocity, state.age, gravity, turning)
        outside = self.stability(known) < self._stability_margin
        steps = self._unstable_steps
        self._unstable_steps = xp.where(outside, steps + 1.0, xp.zeros_like(steps))
        return self._unstable_steps >= self.deployment.safety.stability_steps

    def _position_drive(
        self, command: Array, position: Array, velocity: Array, usable: Array
    ) -> Drive:
        xp = self._xp
        stopped = self.stopped.reshape(-1, 1)
        command = xp.where(stopped, self._next_stop_target(), command)
        command, beyond = limited_position(command, self.lower, self.upper)
        self._target, too_quick = limited_rate(command, self._target, self.step)
        stiffness, damping = (
            xp.where(stopped, stop, normal) for stop, normal in zip(self._stop_gains, self._gains)
        )
        zero = xp.zeros_like(position)
        drive = Drive(self._target, stiffness, damping, zero)
        drive, too_fast = braking_drive(drive, position, velocity, self.speed)
        drive, saturated = unsaturated_drive(drive, position, velocity, self.torque)
        self._count_joints(position=beyond, rate=too_quick, velocity=too_fast, torque=saturated)
        return drive._replace(
            stiffness=xp.where(usable, drive.stiffness, zero),
            damping=xp.where(usable, drive.damping, zero + self._stop_gains[1]),
        )

    def _torques(self, command: Array, position: Array, velocity: Array, usable: Array) -> Drive:
        xp = self._xp
        zero = xp.zeros_like(position)
        stopped = self.stopped.reshape(-1, 1)
        self._target = xp.where(
            stopped, self._next_stop_target(), xp.clip(position, self.lower, self.upper)
        )
        crouch = Drive(self._target, *self._stop_gains, zero).total(position, velocity)
        wanted = xp.where(stopped, crouch, command)
        limited, too_quick = limited_rate(wanted, self._previous_torque, self.step)
        lowest, highest, fast = allowed_torque(
            position, velocity, self.lower, self.upper, self.speed, self.torque
        )
        torque = xp.clip(limited, lowest, highest)
        changed = torque != limited
        strong = abs(limited) > self.torque
        self._count_joints(
            position=changed & ~strong & ~fast,
            rate=too_quick,
            velocity=changed & fast,
            torque=strong,
        )
        torque = xp.where(usable, torque, zero)
        self._previous_torque = torque
        return Drive(self._target, zero, zero, torque)

    def _next_stop_target(self) -> Array:
        """Return the next targets on the way to the crouch, shape (N, A)."""
        low, high = self._target - self._stop_step, self._target + self._stop_step
        return self._xp.clip(self._stop_position + 0.0 * self._target, low, high)

    def _count_joints(self, **active: Array) -> None:
        for name, joints in active.items():
            self._joint_counts[name] = self._joint_counts[name] + joints
            self._count(name, joints.any(-1))

    def _count(self, name: str, robots: Array) -> None:
        self._robot_counts[name] = self._robot_counts[name] + robots


def _position_limits(joint: Joint, margin: float) -> Tuple[float, float]:
    """Return a joint's range without the margins; its middle if they leave nothing."""
    low = -float("inf") if joint.lower is None else joint.lower + margin
    high = float("inf") if joint.upper is None else joint.upper - margin
    if low > high:
        low = high = 0.5 * (low + high)
    return low, high


def _rate(actuator: Actuator) -> float:
    return float("inf") if actuator.max_rate is None else actuator.max_rate


def _plausible(readings: Array) -> Array:
    """Return which readings are numbers that a joint or a base can have."""
    return abs(readings) < _PLAUSIBLE  # false for NaN as well
