"""Tendons and actuators of assets and actors."""

from __future__ import annotations

from collections.abc import Sequence

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.assets.model import ActuatorModel, TendonModel
from humanoid_gym.engine.model_fields import tendons
from humanoid_gym.engine.scene.handles import actor_of, check
from humanoid_gym.engine.scene.scene import Actor, Env
from humanoid_gym.engine.sim import find
from humanoid_gym.engine.values.fields import as_scalar
from humanoid_gym.engine.values.properties import ActuatorProperties, TendonProperties


class TendonCalls:
    """Methods of Gym about tendons and actuators.

    Names that are not found give -1. Set on an asset, properties count for actors created from now
    on; set on an actor, they act from the next simulate, before and after prepare_sim. Actuators
    are what the file says; what they do is in the DOF properties.
    """

    def get_asset_actuator_count(self, asset: Asset) -> int:
        """Number of actuators."""
        return len(asset.model.actuators)

    def get_asset_actuator_name(self, asset: Asset, index: int) -> str:
        """Name of an actuator, in file order."""
        return actuator_at(asset, index, "get_asset_actuator_name").name

    def get_asset_actuator_joint_name(self, asset: Asset, index: int) -> str:
        """Name of the joint that an actuator drives."""
        return actuator_at(asset, index, "get_asset_actuator_joint_name").joint

    def get_asset_actuator_properties(self, asset: Asset) -> list[ActuatorProperties]:
        """Properties of the actuators in file order, as new objects."""
        return [actuator_properties(actuator) for actuator in asset.model.actuators]

    def find_asset_actuator_index(self, asset: Asset, name: str) -> int:
        """Index of the actuator of this name, -1 if absent."""
        return find([actuator.name for actuator in asset.model.actuators], name)

    def get_actor_actuator_count(self, env: Env, handle: int) -> int:
        """Number of actuators."""
        return len(asset_of(env, handle, "get_actor_actuator_count").model.actuators)

    def get_actor_actuator_name(self, env: Env, handle: int, index: int) -> str:
        """Name of an actuator, in file order."""
        call = "get_actor_actuator_name"
        return actuator_at(asset_of(env, handle, call), index, call).name

    def get_actor_actuator_joint_name(self, env: Env, handle: int, index: int) -> str:
        """Name of the joint that an actuator drives."""
        call = "get_actor_actuator_joint_name"
        return actuator_at(asset_of(env, handle, call), index, call).joint

    def get_actor_actuator_properties(self, env: Env, handle: int) -> list[ActuatorProperties]:
        """Properties of the actuators in file order, as new objects."""
        asset = asset_of(env, handle, "get_actor_actuator_properties")
        return self.get_asset_actuator_properties(asset)

    def find_actor_actuator_index(self, env: Env, handle: int, name: str) -> int:
        """Index of the actuator of this name, -1 if absent."""
        asset = asset_of(env, handle, "find_actor_actuator_index")
        return self.find_asset_actuator_index(asset, name)

    def get_asset_tendon_count(self, asset: Asset) -> int:
        """Number of tendons."""
        return len(asset.model.tendons)

    def get_asset_tendon_name(self, asset: Asset, index: int) -> str:
        """Name of a tendon, in file order."""
        return tendon_at(asset, index, "get_asset_tendon_name").name

    def find_asset_tendon_index(self, asset: Asset, name: str) -> int:
        """Index of the tendon of this name, -1 if absent."""
        return find([tendon.name for tendon in asset.model.tendons], name)

    def get_asset_tendon_properties(self, asset: Asset) -> list[TendonProperties]:
        """Properties of the tendons in file order, as new objects."""
        return tendons.as_properties(asset.model.tendons, asset.tendons)

    def set_asset_tendon_properties(self, asset: Asset, props: Sequence[TendonProperties]) -> bool:
        """Set the tendon properties of actors created from now on.

        Raises:
            TypeError: something else than TendonProperties.
            ValueError: another number of them; a negative gain.
        """
        asset.tendons = tendons.edited(asset.tendons, props, "set_asset_tendon_properties")
        return True

    def get_asset_fixed_tendon_joint_name(self, asset: Asset, tendon: int, joint: int) -> str:
        """Name of the tendon's joint-th joint."""
        return joint_at(asset, tendon, joint, "get_asset_fixed_tendon_joint_name")

    def get_asset_fixed_tendon_joint_coefficients(self, asset: Asset, tendon: int) -> list[float]:
        """Coefficients of the tendon's joints."""
        tendon_at(asset, tendon, "get_asset_fixed_tendon_joint_coefficients")
        return asset.tendons.coefficients[tendon].tolist()

    def set_asset_fixed_tendon_joint_coefficients(
        self, asset: Asset, tendon: int, coefficients: Sequence[float]
    ) -> bool:
        """Set the coefficients of a tendon's joints for actors created from now on.

        Raises:
            IndexError: there is no such tendon.
            ValueError: another number of coefficients.
        """
        call = "set_asset_fixed_tendon_joint_coefficients"
        tendon_at(asset, tendon, call)
        asset.tendons = tendons.with_coefficients(asset.tendons, tendon, coefficients, call)
        return True

    def get_actor_tendon_count(self, env: Env, handle: int) -> int:
        """Number of tendons."""
        return len(asset_of(env, handle, "get_actor_tendon_count").model.tendons)

    def get_actor_tendon_name(self, env: Env, handle: int, index: int) -> str:
        """Name of a tendon, in file order."""
        call = "get_actor_tendon_name"
        return tendon_at(asset_of(env, handle, call), index, call).name

    def find_actor_tendon_index(self, env: Env, handle: int, name: str) -> int:
        """Index of the tendon of this name, -1 if absent."""
        return self.find_asset_tendon_index(asset_of(env, handle, "find_actor_tendon_index"), name)

    def get_actor_tendon_properties(self, env: Env, handle: int) -> list[TendonProperties]:
        """Properties of the tendons in file order, as new objects."""
        actor = actor_of(env, handle, "get_actor_tendon_properties")
        return tendons.as_properties(actor.asset.model.tendons, actor.tendons)

    def set_actor_tendon_properties(
        self, env: Env, handle: int, props: Sequence[TendonProperties]
    ) -> bool:
        """Set the tendon properties.

        Raises:
            TypeError: something else than TendonProperties.
            ValueError: another number of them; a negative gain.
        """
        call = "set_actor_tendon_properties"
        actor = actor_of(env, handle, call)
        replace_tendons(env, actor, tendons.edited(actor.tendons, props, call))
        return True

    def get_actor_fixed_tendon_joint_name(
        self, env: Env, handle: int, tendon: int, joint: int
    ) -> str:
        """Name of the tendon's joint-th joint."""
        call = "get_actor_fixed_tendon_joint_name"
        return joint_at(asset_of(env, handle, call), tendon, joint, call)

    def find_actor_fixed_tendon_joint_index(
        self, env: Env, handle: int, tendon: int, name: str
    ) -> int:
        """Position of a joint among the tendon's joints, -1 if absent."""
        call = "find_actor_fixed_tendon_joint_index"
        return find(tendon_at(asset_of(env, handle, call), tendon, call).joints, name)

    def get_actor_fixed_tendon_joint_coefficients(
        self, env: Env, handle: int, tendon: int
    ) -> list[float]:
        """Coefficients of the tendon's joints."""
        call = "get_actor_fixed_tendon_joint_coefficients"
        tendon_at(asset_of(env, handle, call), tendon, call)
        return actor_of(env, handle, call).tendons.coefficients[tendon].tolist()

    def set_actor_fixed_tendon_joint_coefficients(
        self, env: Env, handle: int, tendon: int, coefficients: Sequence[float]
    ) -> bool:
        """Set the coefficients of a tendon's joints.

        Raises:
            IndexError: there is no such tendon.
            ValueError: another number of coefficients.
        """
        call = "set_actor_fixed_tendon_joint_coefficients"
        actor = actor_of(env, handle, call)
        tendon_at(actor.asset, tendon, call)
        new = tendons.with_coefficients(actor.tendons, tendon, coefficients, call)
        replace_tendons(env, actor, new)
        return True

    def get_actor_tendon_offset(self, env: Env, handle: int, tendon: int) -> float:
        """What is added to the tendon's length."""
        call = "get_actor_tendon_offset"
        actor = actor_of(env, handle, call)
        tendon_at(actor.asset, tendon, call)
        return float(actor.tendons.settings["offset"][tendon])

    def set_actor_tendon_offset(self, env: Env, handle: int, tendon: int, offset: float) -> bool:
        """Set what is added to the tendon's length.

        Raises:
            IndexError: there is no such tendon.
            ValueError: the offset is not finite.
        """
        call = "set_actor_tendon_offset"
        actor = actor_of(env, handle, call)
        tendon_at(actor.asset, tendon, call)
        value = float(as_scalar(offset))  # pyright: ignore[reportArgumentType] (a number, checked)
        replace_tendons(env, actor, tendons.with_offset(actor.tendons, tendon, value, call))
        return True


def asset_of(env: Env, handle: int, call: str) -> Asset:
    """The asset of an actor."""
    return actor_of(env, handle, call).asset


def actuator_at(asset: Asset, index: int, call: str) -> ActuatorModel:
    """An actuator by index; IndexError if there is none."""
    actuators = asset.model.actuators
    check(index, len(actuators), f"{call}: actuator", asset.source, "actuators")
    return actuators[index]


def tendon_at(asset: Asset, index: int, call: str) -> TendonModel:
    """A tendon by index; IndexError if there is none."""
    found = asset.model.tendons
    check(index, len(found), f"{call}: tendon", asset.source, "tendons")
    return found[index]


def joint_at(asset: Asset, tendon: int, joint: int, call: str) -> str:
    """Name of a tendon's joint by index; IndexError if there is none."""
    joints = tendon_at(asset, tendon, call).joints
    check(joint, len(joints), f"{call}: joint", f"tendon {tendon}", "joints")
    return joints[joint]


def actuator_properties(actuator: ActuatorModel) -> ActuatorProperties:
    """An actuator as a client reads it."""
    control, force = actuator.control_range, actuator.force_range
    lower_control, upper_control = control or (0.0, 0.0)
    lower_force, upper_force = force or (0.0, 0.0)
    return ActuatorProperties(
        type=actuator.type,
        control_limited=control is not None,
        lower_control_limit=lower_control,
        upper_control_limit=upper_control,
        force_limited=force is not None,
        lower_force_limit=lower_force,
        upper_force_limit=upper_force,
        kp=actuator.kp,
        kv=actuator.kv,
        motor_effort=actuator.gear,
    )


def replace_tendons(env: Env, actor: Actor, new: tendons.Tendons) -> None:
    """Give an actor other tendon settings, and tell the simulation."""
    actor.tendons = new
    env.scene.changed_envs.add(env.index)
