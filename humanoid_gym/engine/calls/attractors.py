"""Attractors: create, read, change."""

from __future__ import annotations

import copy

from humanoid_gym.engine.forces.attractors import check_attractor
from humanoid_gym.engine.scene.handles import check
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import sim_of
from humanoid_gym.engine.values.math_types import Transform
from humanoid_gym.engine.values.properties import AttractorProperties


class AttractorCalls:
    """Methods of Gym about attractors, springs that pull a body towards a pose.

    The target is relative to the environment's origin, as all poses in tensors are. Axes are those
    of the target's frame: AXIS_TWIST turns about its x, AXIS_SWING_1 about y, AXIS_SWING_2 about z.
    """

    def create_rigid_body_attractor(self, env: Env, properties: AttractorProperties) -> int:
        """Attach a spring to a body, before prepare_sim.

        Args:
            env: environment; others may have other attractors.
            properties: copied.

        Returns:
            The attractor's handle in the environment.

        Raises:
            IndexError: the environment has no such body.
            RuntimeError: the scene is complete.
            ValueError: a negative gain.
        """
        call = "create_rigid_body_attractor"
        sim_of(env, call).growing(call)
        check_attractor(properties, env, call)
        env.attractors.append(copy.deepcopy(properties))
        return len(env.attractors) - 1

    def get_attractor_properties(self, env: Env, attractor: int) -> AttractorProperties:
        """A copy of the properties.

        Raises:
            IndexError: the environment has no such attractor.
        """
        return copy.deepcopy(attractor_of(env, attractor, "get_attractor_properties"))

    def set_attractor_properties(
        self, env: Env, attractor: int, properties: AttractorProperties
    ) -> None:
        """Change gains, axes, target and offset; the body stays.

        Raises:
            IndexError: the environment has no such attractor.
            ValueError: another body, or a negative gain.
        """
        call = "set_attractor_properties"
        before = attractor_of(env, attractor, call)
        check_attractor(properties, env, call)
        if properties.rigid_handle != before.rigid_handle:
            raise ValueError(
                f"{call}: attractor {attractor} pulls body {before.rigid_handle}, which cannot "
                f"change to {properties.rigid_handle}; create another attractor for it"
            )
        env.attractors[attractor] = copy.deepcopy(properties)
        simulation = sim_of(env, call).simulation
        if simulation is not None:
            simulation.attractors.update(env)

    def set_attractor_target(self, env: Env, attractor: int, target: Transform) -> None:
        """Change the pose that a body is pulled to.

        Raises:
            IndexError: the environment has no such attractor.
        """
        call = "set_attractor_target"
        attractor_of(env, attractor, call).target = target
        simulation = sim_of(env, call).simulation
        if simulation is not None:
            simulation.attractors.set_target(env, int(attractor))


def attractor_of(env: Env, attractor: int, call: str) -> AttractorProperties:
    """The attractor of a handle."""
    sim_of(env, call)
    where = f"environment {env.index}"
    check(attractor, len(env.attractors), f"{call}: attractor", where, "attractors")
    return env.attractors[int(attractor)]
