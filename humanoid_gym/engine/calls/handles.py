"""Finding one's way among bodies, DOFs, joints and shapes: counts, names, handles, indices.

A handle is a row of the environment (DOMAIN_ENV): of its bodies, its DOFs or its joints. An index
is a row of the actor, the environment or the whole simulation. Look-ups that miss give -1, and so
do those in actor -1, which another look-up missed.
"""

from __future__ import annotations

from humanoid_gym.engine.scene.handles import actor_of, joint_of
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim, find
from humanoid_gym.engine.values.enums import INVALID_HANDLE, DofType, IndexDomain, JointType
from humanoid_gym.engine.values.properties import IndexRange


class HandleCalls:
    """Methods of Gym about the parts of actors, by name and by row."""

    def get_actor_rigid_body_count(self, env: Env, handle: int) -> int:
        """Number of bodies."""
        return len(actor_of(env, handle, "get_actor_rigid_body_count").asset.body_names)

    def get_actor_rigid_body_names(self, env: Env, handle: int) -> list[str]:
        """Names of the bodies, root first."""
        return list(actor_of(env, handle, "get_actor_rigid_body_names").asset.body_names)

    def get_actor_rigid_body_dict(self, env: Env, handle: int) -> dict[str, int]:
        """Body index by name."""
        return rows(actor_of(env, handle, "get_actor_rigid_body_dict").asset.body_names)

    def get_actor_rigid_body_handle(self, env: Env, handle: int, index: int) -> int:
        """Handle of an actor's index-th body, -1 if there is none."""
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
        if handle == INVALID_HANDLE:
            return INVALID_HANDLE
        actor = actor_of(env, handle, "get_actor_rigid_body_index")
        size = len(actor.asset.body_names)
        return in_domain(index, size, actor.first_body, env.index * env.model.num_bodies, domain)

    def find_actor_rigid_body_index(
        self, env: Env, handle: int, name: str, domain: IndexDomain
    ) -> int:
        """Row of the actor's body of this name in the domain, -1 if absent."""
        if handle == INVALID_HANDLE:
            return INVALID_HANDLE
        names = actor_of(env, handle, "find_actor_rigid_body_index").asset.body_names
        return self.get_actor_rigid_body_index(env, handle, find(names, name), domain)

    def get_actor_dof_count(self, env: Env, handle: int) -> int:
        """Number of DOFs."""
        return len(actor_of(env, handle, "get_actor_dof_count").dof_properties)

    def get_actor_dof_names(self, env: Env, handle: int) -> list[str]:
        """Names of the DOFs."""
        return list(actor_of(env, handle, "get_actor_dof_names").asset.dof_names)

    def get_actor_dof_dict(self, env: Env, handle: int) -> dict[str, int]:
        """DOF index by name."""
        return rows(actor_of(env, handle, "get_actor_dof_dict").asset.dof_names)

    def get_actor_dof_handle(self, env: Env, handle: int, index: int) -> int:
        """Handle of an actor's index-th DOF, -1 if there is none."""
        return self.get_actor_dof_index(env, handle, index, IndexDomain.DOMAIN_ENV)

    def find_actor_dof_handle(self, env: Env, handle: int, name: str) -> int:
        """Handle of the actor's DOF of this name, -1 if absent."""
        return self.find_actor_dof_index(env, handle, name, IndexDomain.DOMAIN_ENV)

    def get_actor_dof_index(self, env: Env, handle: int, index: int, domain: IndexDomain) -> int:
        """Row of an actor's index-th DOF in the domain, -1 if there is none."""
        if handle == INVALID_HANDLE:
            return INVALID_HANDLE
        actor = actor_of(env, handle, "get_actor_dof_index")
        size = len(actor.dof_properties)
        return in_domain(index, size, actor.first_dof, env.index * env.model.num_dofs, domain)

    def find_actor_dof_index(self, env: Env, handle: int, name: str, domain: IndexDomain) -> int:
        """Row of the actor's DOF of this name in the domain, -1 if absent."""
        if handle == INVALID_HANDLE:
            return INVALID_HANDLE
        names = actor_of(env, handle, "find_actor_dof_index").asset.dof_names
        return self.get_actor_dof_index(env, handle, find(names, name), domain)

    def get_dof_type_string(self, dof_type: DofType) -> str:
        """`Rotation`, `Translation` or `Invalid`."""
        return DofType(dof_type).name.removeprefix("DOF_").capitalize()

    def get_actor_joint_count(self, env: Env, handle: int) -> int:
        """Number of joints, fixed ones included."""
        return len(actor_of(env, handle, "get_actor_joint_count").asset.joints)

    def get_actor_joint_names(self, env: Env, handle: int) -> list[str]:
        """Names of the joints, fixed ones included, in body order."""
        return list(actor_of(env, handle, "get_actor_joint_names").asset.joint_names)

    def get_actor_joint_dict(self, env: Env, handle: int) -> dict[str, int]:
        """Joint index by name, fixed ones included."""
        return rows(actor_of(env, handle, "get_actor_joint_dict").asset.joint_names)

    def get_actor_joint_handle(self, env: Env, handle: int, index: int) -> int:
        """Handle of an actor's index-th joint, -1 if there is none."""
        return self.get_actor_joint_index(env, handle, index, IndexDomain.DOMAIN_ENV)

    def find_actor_joint_handle(self, env: Env, handle: int, name: str) -> int:
        """Handle of the actor's joint of this name, -1 if absent."""
        return self.find_actor_joint_index(env, handle, name, IndexDomain.DOMAIN_ENV)

    def get_actor_joint_index(self, env: Env, handle: int, index: int, domain: IndexDomain) -> int:
        """Row of an actor's index-th joint, fixed ones counted, in the domain, -1 if none."""
        if handle == INVALID_HANDLE:
            return INVALID_HANDLE
        actor = actor_of(env, handle, "get_actor_joint_index")
        first = sum(len(other.asset.joints) for other in env.actors[:handle])
        of_env = env.index * self.get_env_joint_count(env.model)
        return in_domain(index, len(actor.asset.joints), first, of_env, domain)

    def find_actor_joint_index(self, env: Env, handle: int, name: str, domain: IndexDomain) -> int:
        """Row of the actor's joint of this name in the domain, -1 if absent."""
        if handle == INVALID_HANDLE:
            return INVALID_HANDLE
        names = actor_of(env, handle, "find_actor_joint_index").asset.joint_names
        return self.get_actor_joint_index(env, handle, find(names, name), domain)

    def get_joint_handle(self, env: Env, actor_name: str, joint_name: str) -> int:
        """Handle of the joint of this name in the actor of that name, -1 if absent."""
        handle = find([actor.name for actor in env.actors], actor_name)
        return self.find_actor_joint_handle(env, handle, joint_name)

    def get_joint_name(self, env: Env, joint: int) -> str:
        """Name of the joint of a handle."""
        handle, index = joint_of(env, joint, "get_joint_name")
        return env.actors[handle].asset.joint_names[index]

    def get_joint_type_string(self, joint_type: JointType) -> str:
        """`Fixed`, `Revolute`, `Prismatic` and so on."""
        return JointType(joint_type).name.removeprefix("JOINT_").capitalize()

    def get_actor_rigid_shape_count(self, env: Env, handle: int) -> int:
        """Number of collision shapes."""
        return len(actor_of(env, handle, "get_actor_rigid_shape_count").shape_properties)

    def get_actor_rigid_body_shape_indices(self, env: Env, handle: int) -> list[IndexRange]:
        """Which of the actor's collision shapes belong to each body."""
        return actor_of(env, handle, "get_actor_rigid_body_shape_indices").asset.shape_ranges()

    def get_env_rigid_body_count(self, env: Env) -> int:
        """Bodies of all actors of an environment."""
        return env.num_bodies

    def get_env_dof_count(self, env: Env) -> int:
        """DOFs of all actors of an environment."""
        return env.num_dofs

    def get_env_joint_count(self, env: Env) -> int:
        """Joints of all actors of an environment, fixed ones included."""
        return sum(len(actor.asset.joints) for actor in env.actors)

    def get_sim_rigid_body_count(self, sim: Sim) -> int:
        """Bodies of all environments."""
        return sum(env.num_bodies for env in sim.scene.envs)

    def get_sim_dof_count(self, sim: Sim) -> int:
        """DOFs of all environments."""
        return sum(env.num_dofs for env in sim.scene.envs)

    def get_sim_joint_count(self, sim: Sim) -> int:
        """Joints of all environments, fixed ones included."""
        return sum(self.get_env_joint_count(env) for env in sim.scene.envs)

    def get_sim_force_sensor_count(self, sim: Sim) -> int:
        """Force sensors of all environments."""
        return sum(len(a.asset.force_sensors) for env in sim.scene.envs for a in env.actors)


def rows(names: list[str]) -> dict[str, int]:
    """Row by name."""
    return {name: row for row, name in enumerate(names)}


def in_domain(index: int, count: int, first: int, of_env: int, domain: IndexDomain) -> int:
    """An actor-local row as a row of the domain, -1 if the actor has no such row.

    Args:
        index: actor-local row.
        count: rows of the actor.
        first: row of the actor's first one in its environment.
        of_env: row of the environment's first one in the simulation.
        domain: what to count in.
    """
    if not 0 <= index < count:
        return INVALID_HANDLE
    if domain == IndexDomain.DOMAIN_ACTOR:
        return index
    return index + first + (of_env if domain == IndexDomain.DOMAIN_SIM else 0)
