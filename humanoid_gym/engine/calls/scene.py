"""Building scenes: ground, environments and actors."""

from __future__ import annotations

import copy

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.scene.handles import actor_of, check, expect
from humanoid_gym.engine.scene.scene import Actor, Env
from humanoid_gym.engine.sim import Sim, find
from humanoid_gym.engine.values.enums import INVALID_HANDLE, IndexDomain
from humanoid_gym.engine.values.math_types import Transform, Vec3


class SceneCalls:
    """Methods of Gym about environments and actors. Names that are not found give -1.

    Actor handles count from 0 in each environment.
    """

    def create_env(self, sim: Sim, lower: Vec3, upper: Vec3, num_per_row: int) -> Env:
        """Append an environment to the grid; its extent is upper - lower [m].

        Raises:
            RuntimeError: prepare_sim was called.
            ValueError: num_per_row < 1.
        """
        expect("create_env", lower=(lower, Vec3), upper=(upper, Vec3))
        return sim.growing("create_env").add_env(lower, upper, int(num_per_row))

    def create_actor(
        self,
        env: Env,
        asset: Asset,
        pose: Transform,
        name: str | None = None,
        group: int = -1,
        filter: int = -1,
        segmentationId: int = 0,  # noqa: N803 (Isaac Gym's spelling)
    ) -> int:
        """Place an asset in an environment.

        Args:
            env: environment.
            asset: its shape and DOF properties are copied now.
            pose: of the root, relative to the environment's origin.
            name: for look-ups.
            group: collision group; -1 collides with every group.
            filter: collision mask of every shape, see `collision`; -1 keeps the asset's masks.
            segmentationId: of the actor in segmentation images.

        Returns:
            The actor's handle.

        Raises:
            TypeError: the asset is none, or the pose is no Transform.
            RuntimeError: prepare_sim was called.
        """
        expect("create_actor", asset=(asset, Asset), pose=(pose, Transform))
        return env.scene.add_actor(
            env, asset, pose, name, int(group), int(filter), int(segmentationId)
        )

    def begin_aggregate(
        self, env: Env, max_bodies: int, max_shapes: int, self_collisions: bool
    ) -> bool:
        """A hint for PhysX's broad phase; MuJoCo needs none."""
        return True

    def end_aggregate(self, env: Env) -> bool:
        """See `begin_aggregate`."""
        return True

    def create_aggregate(self, env: Env, *_: object) -> bool:
        """See `begin_aggregate`."""
        return True

    def get_env(self, sim: Sim, index: int) -> Env:
        """Environment by index.

        Raises:
            IndexError: there is none.
        """
        check(index, len(sim.scene.envs), "get_env: index", "the sim", "environments")
        return sim.scene.envs[index]

    def get_env_count(self, sim: Sim) -> int:
        """Number of environments."""
        return len(sim.scene.envs)

    def get_env_origin(self, env: Env) -> Vec3:
        """Global position of the environment's origin [m]."""
        return copy.copy(env.origin)

    def get_actor_count(self, env: Env) -> int:
        """Number of actors."""
        return len(env.actors)

    def get_actor_handle(self, env: Env, index: int) -> int:
        """Handle of the index-th actor, -1 if there is none."""
        return index if 0 <= index < len(env.actors) else INVALID_HANDLE

    def find_actor_handle(self, env: Env, name: str) -> int:
        """Handle of the actor of this name, -1 if absent."""
        return find([actor.name for actor in env.actors], name)

    def get_actor_index(self, env: Env, handle: int, domain: IndexDomain) -> int:
        """Row of an actor in the domain; DOMAIN_SIM: of the root state tensor."""
        if not 0 <= handle < len(env.actors):
            return INVALID_HANDLE
        if domain == IndexDomain.DOMAIN_ACTOR:
            return 0
        in_sim = domain == IndexDomain.DOMAIN_SIM
        return handle + (env.index * len(env.model.actors) if in_sim else 0)

    def find_actor_index(self, env: Env, name: str, domain: IndexDomain) -> int:
        """Row of the actor of this name in the domain, -1 if absent."""
        return self.get_actor_index(env, self.find_actor_handle(env, name), domain)

    def get_actor_name(self, env: Env, handle: int) -> str:
        """Name given at creation."""
        return actor_of(env, handle, "get_actor_name").name

    def get_actor_asset(self, env: Env, handle: int) -> Asset:
        """The asset it was made from."""
        return actor_of(env, handle, "get_actor_asset").asset

    def get_sim_actor_count(self, sim: Sim) -> int:
        """Actors of all environments."""
        return sum(len(env.actors) for env in sim.scene.envs)


def actor(env: Env, handle: int) -> Actor:
    """The actor of a handle.

    Raises:
        IndexError: there is none.
    """
    return actor_of(env, handle, "this call")
