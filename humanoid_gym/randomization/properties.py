"""Randomized properties of bodies, shapes and joints, written through Isaac Gym's own calls.

Isaac Gym reads and sets properties per actor, on the host. What is drawn at construction costs one
pass over the environments; what is drawn at each reset costs one call per environment that began an
episode, and on a GPU the host has to wait to know which those are.
"""

from fnmatch import fnmatchcase
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np
from isaacgym import gymapi

from humanoid_gym.randomization.configuration import Chosen
from humanoid_gym.randomization.targets import BODY, JOINT, SHAPE, unknown

Handle = Any  # the simulator's opaque objects
Numbers = Mapping[str, np.ndarray]
"""By parameter, what was drawn for an environment's parts, shape (parts, width)."""

_LARGEST = float(np.finfo(np.float32).max)


class Robot:
    """Names of one environment's bodies, shapes and joints, alike in all of them.

    Args:
        gym: the simulator.
        env: an environment.
        actor: the robot in it.
    """

    def __init__(self, gym: Handle, env: Handle, actor: int) -> None:
        bodies: List[str] = gym.get_actor_rigid_body_names(env, actor)
        shapes = gym.get_actor_rigid_body_shape_indices(env, actor)
        owners = {
            index: name
            for name, of_body in zip(bodies, shapes)
            for index in range(of_body.start, of_body.start + of_body.count)
        }
        self.names: Dict[str, List[str]] = {
            BODY: bodies,
            SHAPE: [owners[index] for index in sorted(owners)],
            JOINT: gym.get_actor_dof_names(env, actor),
        }
        """By kind of part; a shape has the name of its body."""

    def indices(self, part: str, patterns: Sequence[str]) -> List[int]:
        """Return which parts' names fit a pattern, in order.

        Raises:
            ValueError: a pattern that fits nothing.
        """
        names = self.names[part]
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                kind = JOINT if part == JOINT else BODY
                raise ValueError(unknown(kind, pattern, names))
        return [i for i, n in enumerate(names) if any(fnmatchcase(n, p) for p in patterns)]

    def parts_of(self, chosen: Chosen) -> List[int]:
        """Return the parts that a parameter concerns.

        Raises:
            ValueError: a name that fits none of them.
        """
        part = chosen.target.part
        patterns = chosen.draw.only
        if not patterns and chosen.target.base_only:
            return [0]
        if not self.names[part]:
            raise ValueError(f"{chosen.name}: the robot has no {part}s")
        try:
            return self.indices(part, patterns or ["*"])
        except ValueError as error:
            raise ValueError(f"{chosen.name}.only: {error}") from error


class ActorProperties:
    """The robot's own properties in one environment, and the way to change them.

    Args:
        gym: the simulator.
        env: the environment.
        actor: the robot in it.
    """

    def __init__(self, gym: Handle, env: Handle, actor: int) -> None:
        self._gym, self._env, self._actor = gym, env, actor
        bodies = gym.get_actor_rigid_body_properties(env, actor)
        self.mass = np.array([body.mass for body in bodies])
        self._com = np.array([_vector(body.com) for body in bodies])
        rows = [(body.inertia.x, body.inertia.y, body.inertia.z) for body in bodies]
        self._inertia = np.array([[_vector(axis) for axis in body] for body in rows])
        self.dofs: np.ndarray = gym.get_actor_dof_properties(env, actor)

    @property
    def driven(self) -> np.ndarray:
        """Which joints follow targets by a drive of the simulator, shape (joints,) bool."""
        mode = self.dofs["driveMode"]
        return (mode == int(gymapi.DOF_MODE_POS)) | (mode == int(gymapi.DOF_MODE_VEL))

    def write_bodies(self, drawn: Numbers) -> None:
        """Set masses, inertias and centres of mass.

        Args:
            drawn: any of link_mass, payload, com_offset.
        """
        bodies = self._gym.get_actor_rigid_body_properties(self._env, self._actor)
        factor = drawn["link_mass"][:, 0] if "link_mass" in drawn else np.ones(len(bodies))
        mass = self.mass * factor
        if "payload" in drawn:
            mass = mass + drawn["payload"][:, 0]
        for body, value in zip(bodies, mass.tolist()):
            body.mass = value
        if "com_offset" in drawn:
            for body, com in zip(bodies, (self._com + drawn["com_offset"]).tolist()):
                body.com = gymapi.Vec3(*com)
        if "link_mass" in drawn:
            inertia = self._inertia * factor[:, None, None]
            for body, (x, y, z) in zip(bodies, inertia.tolist()):
                body.inertia.x, body.inertia.y = gymapi.Vec3(*x), gymapi.Vec3(*y)
                body.inertia.z = gymapi.Vec3(*z)
        # the inertia is scaled here: what a simulator makes of its own recomputation differs
        self._gym.set_actor_rigid_body_properties(self._env, self._actor, bodies, False)

    def write_shapes(self, drawn: Numbers) -> None:
        """Set the friction of the shapes.

        Args:
            drawn: friction; nan leaves a shape's own.
        """
        shapes = self._gym.get_actor_rigid_shape_properties(self._env, self._actor)
        for shape, friction in zip(shapes, drawn["friction"][:, 0].tolist()):
            if friction == friction:
                shape.friction = friction
        self._gym.set_actor_rigid_shape_properties(self._env, self._actor, shapes)

    def write_joints(self, drawn: Numbers) -> None:
        """Set gains, effort limits, friction and armature of the joints.

        Args:
            drawn: any of stiffness, damping, motor_strength, joint_friction, armature; nan leaves a
                joint's own friction.
        """
        dofs = self.dofs.copy()
        strength = np.ones(len(dofs))
        if "motor_strength" in drawn:
            strength = np.where(self.driven, drawn["motor_strength"][:, 0], 1.0)
        for column in ("stiffness", "damping", "armature"):
            if column in drawn:
                dofs[column] *= drawn[column][:, 0]
        for column in ("stiffness", "damping"):
            dofs[column] *= strength
        dofs["effort"] = np.minimum(dofs["effort"] * strength, _LARGEST)
        if "joint_friction" in drawn:
            friction = drawn["joint_friction"][:, 0]
            dofs["friction"] = np.where(np.isnan(friction), dofs["friction"], friction)
        self._gym.set_actor_dof_properties(self._env, self._actor, dofs)


def _vector(v: Handle) -> List[float]:
    return [v.x, v.y, v.z]


WRITERS = {
    BODY: ActorProperties.write_bodies,
    SHAPE: ActorProperties.write_shapes,
    JOINT: ActorProperties.write_joints,
}
"""By kind of part: what sets the properties of one environment."""

PROPERTIES = (
    "link_mass",
    "payload",
    "com_offset",
    "friction",
    "motor_strength",
    "stiffness",
    "damping",
    "joint_friction",
    "armature",
)
"""Parameters that are properties of the simulation."""
