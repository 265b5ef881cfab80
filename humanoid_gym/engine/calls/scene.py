"""Building environments and actors, and finding one's way among them."""

from __future__ import annotations

import copy

import numpy as np

from humanoid_gym.engine.assets.asset import Asset, check_count
from humanoid_gym.engine.enums import INVALID_HANDLE, IndexDomain, MeshType
from humanoid_gym.engine.math_types import Transform, Vec3
from humanoid_gym.engine.parameters import PlaneParams
from humanoid_gym.engine.properties import (
    DofProperties,
    RigidBodyProperties,
    RigidShapeProperties,
)
from humanoid_gym.engine.scene import Actor, Env
from humanoid_gym.engine.sim import Sim, find


class SceneCalls:
    """Methods of Gym about environments and actors. Names that are not found give -1.

    Actor handles count from 0 in each environment; body and DOF handles are rows of the
    environment's bodies and DOFs.
    """

    def add_ground(self, sim: Sim, params: PlaneParams) -> None:
        """An infinite static plane, normal . p + distance = 0, that every actor collides with.

        Raises:
            ValueError: the normal is zero.
        """
        if params.normal.length() == 0:
            raise ValueError("add_ground: the plane's normal is zero; use Vec3(0, 0, 1) for z-up")
        sim.growing("add_ground").ground = copy.deepcopy(params)

    def create_env(self, sim: Sim, lower: Vec3, upper: Vec3, num_per_row: int) -> Env:
        """Append an environment to the grid; its extent is upper - lower [m]."""
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
        """
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

    def get_env(self, sim: Sim, index: int) -> Env:
        """Environment by index."""
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
        return handle + (env.index * len(env.actors) if domain == IndexDomain.DOMAIN_SIM else 0)

    def find_actor_index(self, env: Env, name: str, domain: IndexDomain) -> int:
        """Row of the actor of this name in the domain, -1 if absent."""
        return self.get_actor_index(env, self.find_actor_handle(env, name), domain)

    def get_actor_name(self, env: Env, handle: int) -> str:
        """Name given at creation."""
        return actor(env, handle).name

    def get_actor_asset(self, env: Env, handle: int) -> Asset:
        """The asset it was made from."""
        return actor(env, handle).asset

    def get_actor_rigid_body_count(self, env: Env, handle: int) -> int:
        """Number of bodies."""
        return len(actor(env, handle).asset.model.bodies)

    def get_actor_rigid_body_names(self, env: Env, handle: int) -> list[str]:
        """Names of the bodies, root first."""
        return actor(env, handle).asset.body_names

    def get_actor_rigid_body_dict(self, env: Env, handle: int) -> dict[str, int]:
        """Body index by name."""
        return {name: i for i, name in enumerate(actor(env, handle).asset.body_names)}

    def get_actor_rigid_body_handle(self, env: Env, handle: int, index: int) -> int:
        """Handle of an actor's index-th body."""
        return self.get_actor_rigid_body_index(env, handle, index, IndexDomain.DOMAIN_ENV)

    def get_actor_root_rigid_body_handle(self, env: Env, handle: int) -> int:
        """Handle of an actor's root body."""
        return self.get_actor_rigid_body_handle(env, handle, 0)

    def find_actor_rigid_body_handle(self, env: Env, handle: int, name: str) -> int:
        """Handle of the actor's body of this name, -1 if absent."""
        return self.find_actor_rigid_body_index(env, handle, name, IndexDomain.DOMAIN_ENV)

    def get_actor_rigid_body_index(
        self, env: Env, handle: int, index: int, domain: IndexDomain
    ) -> int:
        """Row of an actor's index-th body in the domain, -1 if there is none."""
        if not 0 <= index < self.get_actor_rigid_body_count(env, handle):
            return INVALID_HANDLE
        first = actor(env, handle).first_body
        return in_domain(index, first, env.index * env.num_bodies, domain)

    def find_actor_rigid_body_index(
        self, env: Env, handle: int, name: str, domain: IndexDomain
    ) -> int:
        """Row of the actor's body of this name in the domain, -1 if absent."""
        index = find(actor(env, handle).asset.body_names, name)
        return self.get_actor_rigid_body_index(env, handle, index, domain)

    def get_actor_rigid_body_properties(self, env: Env, handle: int) -> list[RigidBodyProperties]:
        """Mass, COM and inertia of each body."""
        return actor(env, handle).asset.body_properties()

    def get_actor_dof_count(self, env: Env, handle: int) -> int:
        """Number of DOFs."""
        return len(actor(env, handle).dof_properties)

    def get_actor_dof_names(self, env: Env, handle: int) -> list[str]:
        """Names of the DOFs."""
        return actor(env, handle).asset.dof_names

    def get_actor_dof_dict(self, env: Env, handle: int) -> dict[str, int]:
        """DOF index by name."""
        return {name: i for i, name in enumerate(actor(env, handle).asset.dof_names)}

    def get_actor_dof_handle(self, env: Env, handle: int, index: int) -> int:
        """Handle of an actor's index-th DOF."""
        return self.get_actor_dof_index(env, handle, index, IndexDomain.DOMAIN_ENV)

    def find_actor_dof_handle(self, env: Env, handle: int, name: str) -> int:
        """Handle of the actor's DOF of this name, -1 if absent."""
        return self.find_actor_dof_index(env, handle, name, IndexDomain.DOMAIN_ENV)

    def get_actor_dof_index(self, env: Env, handle: int, index: int, domain: IndexDomain) -> int:
        """Row of an actor's index-th DOF in the domain, -1 if there is none."""
        if not 0 <= index < self.get_actor_dof_count(env, handle):
            return INVALID_HANDLE
        first = actor(env, handle).first_dof
        return in_domain(index, first, env.index * env.num_dofs, domain)

    def find_actor_dof_index(self, env: Env, handle: int, name: str, domain: IndexDomain) -> int:
        """Row of the actor's DOF of this name in the domain, -1 if absent."""
        index = find(actor(env, handle).asset.dof_names, name)
        return self.get_actor_dof_index(env, handle, index, domain)

    def get_actor_dof_properties(self, env: Env, handle: int) -> np.ndarray:
        """A copy of the DOF properties, structured array of shape (num_dofs,)."""
        return actor(env, handle).dof_properties.copy()

    def set_actor_dof_properties(self, env: Env, handle: int, props: np.ndarray) -> bool:
        """Set the DOF properties, before or after prepare_sim.

        Raises:
            TypeError: not a structured array of DofProperties.
            ValueError: another number of DOFs.
        """
        target = actor(env, handle)
        if getattr(props, "dtype", None) != DofProperties.dtype:
            raise TypeError(
                "set_actor_dof_properties: an array as get_actor_dof_properties returns it "
                f"expected, got {getattr(props, 'dtype', type(props).__name__)}"
            )
        check_count("DOF properties", len(props), len(target.dof_properties), target.name)
        target.dof_properties = props.copy()
        env.scene.dof_properties_changed = True
        return True

    def enable_actor_dof_force_sensors(self, env: Env, handle: int) -> bool:
        """Make the DOF force tensor report this actor's DOFs."""
        actor(env, handle).dof_force_sensors = True
        return True

    def get_actor_joint_count(self, env: Env, handle: int) -> int:
        """Number of joints, fixed ones included."""
        return len(actor(env, handle).asset.joints)

    def get_actor_joint_names(self, env: Env, handle: int) -> list[str]:
        """Names of the joints, in body order."""
        return [joint.name for joint in actor(env, handle).asset.joints]

    def get_actor_joint_dict(self, env: Env, handle: int) -> dict[str, int]:
        """Joint index by name."""
        return {name: i for i, name in enumerate(self.get_actor_joint_names(env, handle))}

    def get_actor_rigid_shape_count(self, env: Env, handle: int) -> int:
        """Number of collision shapes."""
        return len(actor(env, handle).shape_properties)

    def get_actor_rigid_shape_properties(self, env: Env, handle: int) -> list[RigidShapeProperties]:
        """A copy of the contact properties, one per collision shape."""
        return copy.deepcopy(actor(env, handle).shape_properties)

    def set_actor_rigid_shape_properties(
        self, env: Env, handle: int, props: list[RigidShapeProperties]
    ) -> bool:
        """Set the contact properties: everything before prepare_sim, friction afterwards.

        Raises:
            ValueError: another number of shapes.
            NotImplementedError: another collision filter after prepare_sim.
        """
        target = actor(env, handle)
        check_count("shape properties", len(props), len(target.shape_properties), target.name)
        before = [shape.filter for shape in target.shape_properties]
        if env.scene.complete and before != [shape.filter for shape in props]:
            raise NotImplementedError(
                "set_actor_rigid_shape_properties: collision filters are fixed by prepare_sim"
            )
        target.shape_properties = copy.deepcopy(list(props))
        env.scene.shape_properties_changed = True
        return True

    def set_rigid_body_color(
        self, env: Env, handle: int, body: int, mesh_type: MeshType, color: Vec3
    ) -> None:
        """Colour of a body in pictures, RGB in [0, 1]."""
        actor(env, handle).colors[int(body)] = (color.x, color.y, color.z)

    def get_env_rigid_body_count(self, env: Env) -> int:
        """Bodies of all actors of an environment."""
        return env.num_bodies

    def get_env_dof_count(self, env: Env) -> int:
        """DOFs of all actors of an environment."""
        return env.num_dofs

    def get_env_joint_count(self, env: Env) -> int:
        """Joints of all actors of an environment."""
        return sum(len(actor.asset.joints) for actor in env.actors)

    def get_sim_actor_count(self, sim: Sim) -> int:
        """Actors of all environments."""
        return sum(len(env.actors) for env in sim.scene.envs)

    def get_sim_rigid_body_count(self, sim: Sim) -> int:
        """Bodies of all environments."""
        return sum(env.num_bodies for env in sim.scene.envs)

    def get_sim_dof_count(self, sim: Sim) -> int:
        """DOFs of all environments."""
        return sum(env.num_dofs for env in sim.scene.envs)

    def get_sim_joint_count(self, sim: Sim) -> int:
        """Joints of all environments."""
        return sum(self.get_env_joint_count(env) for env in sim.scene.envs)

    def get_sim_force_sensor_count(self, sim: Sim) -> int:
        """Force sensors of all environments."""
        return sum(len(a.asset.force_sensors) for env in sim.scene.envs for a in env.actors)


def actor(env: Env, handle: int) -> Actor:
    """The actor of a handle.

    Raises:
        IndexError: there is none.
    """
    if not 0 <= handle < len(env.actors):
        raise IndexError(
            f"environment {env.index} has {len(env.actors)} actors, no handle {handle}"
        )
    return env.actors[handle]


def in_domain(index: int, first_in_env: int, first_of_env: int, domain: IndexDomain) -> int:
    """An actor-local row as a row of the domain."""
    if domain == IndexDomain.DOMAIN_ACTOR:
        return index
    return index + first_in_env + (first_of_env if domain == IndexDomain.DOMAIN_SIM else 0)
