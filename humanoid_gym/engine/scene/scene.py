"""Environments and actors as Isaac Gym's set-up calls build them, before and after prepare_sim."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.backend.choice import BackendChoice
from humanoid_gym.engine.graphics.appearance import Appearance
from humanoid_gym.engine.model_fields.tendons import Tendons
from humanoid_gym.engine.scene.likeness import difference
from humanoid_gym.engine.scene.slots import Slots
from humanoid_gym.engine.terrain.shapes import StaticShape, static_name
from humanoid_gym.engine.values.enums import UpAxis
from humanoid_gym.engine.values.fields import copy_of
from humanoid_gym.engine.values.math_types import Transform, Vec3
from humanoid_gym.engine.values.parameters import SimParams
from humanoid_gym.engine.values.properties import AttractorProperties, RigidShapeProperties

if TYPE_CHECKING:
    from humanoid_gym.engine.sim import Sim
    from humanoid_gym.engine.simulation import Simulation
    from humanoid_gym.engine.state.actor_state import StartState

ASSET_FILTERS = -1
"""`create_actor`'s filter argument that keeps the masks of the asset's shapes."""


@dataclass(eq=False, slots=True)
class Actor:
    """One asset placed in one environment."""

    asset: Asset
    name: str
    pose: Transform
    """Initial pose of the root, in the environment's frame."""
    group: int
    segmentation_id: int
    dof_properties: np.ndarray
    """Structured array, shape (num_dofs,); replaced, never changed in place."""
    shape_properties: list[RigidShapeProperties]
    """One per collision shape; replaced, never changed in place: actors may share it."""
    body_properties: np.ndarray
    """Table of `mass_properties`; replaced, never changed in place."""
    tendons: Tendons
    """Replaced, never changed in place."""
    first_body: int
    """Row of the root in the environment's bodies."""
    first_dof: int
    """Row of the first DOF in the environment's DOFs."""
    appearance: Appearance = field(default_factory=Appearance)
    """Colours, textures and labels set by the client."""
    dof_force_sensors: bool = False
    start: StartState | None = None
    """DOF states, velocities and targets that the client set before prepare_sim."""
    scale: float = 1.0
    """Of the whole actor, in all directions."""


@dataclass(eq=False)
class Env:
    """One environment: actors in creation order, all in one frame."""

    index: int
    origin: Vec3
    scene: Scene
    actors: list[Actor] = field(default_factory=list)
    attractors: list[AttractorProperties] = field(default_factory=list)

    @property
    def num_bodies(self) -> int:
        """Bodies of all actors."""
        return sum(len(actor.asset.model.bodies) for actor in self.actors)

    @property
    def num_dofs(self) -> int:
        """DOFs of all actors."""
        return sum(len(actor.dof_properties) for actor in self.actors)

    @property
    def model(self) -> Env:
        """The first environment: all have its numbers of actors, bodies and DOFs.

        Programs ask for indices while they build an environment, which is not complete then.
        """
        return self.scene.envs[0]


class Scene:
    """What the simulation will consist of, and which properties changed since it last looked.

    Args:
        params: copied.
        backend_choice: where it will be simulated.
    """

    def __init__(self, params: SimParams, backend_choice: BackendChoice) -> None:
        self.params = copy.deepcopy(params)
        self.backend_choice = backend_choice
        self.as_flex = False
        """Whether the program asked for Flex, whose drives have no gains in EFFORT and NONE."""
        self.static_shapes: dict[str, StaticShape] = {}
        """Ground and terrain in world coordinates, by the names of their geoms."""
        self.envs: list[Env] = []
        self.complete = False
        self.destroyed = False
        self.looks_version = 0
        """Counts changes of colours, textures and labels."""
        self.sim: Sim | None = None
        """The simulation this scene belongs to: calls that take an environment find it here."""
        self.changed_envs: set[int] = set()
        """Environments whose actors' properties changed since the simulation looked."""
        self.needs_compiling = False
        """Whether among the changes are some that only another compiled model can hold."""

    @property
    def simulation(self) -> Simulation | None:
        """The prepared scene in motion; None before prepare_sim."""
        return self.sim.simulation if self.sim else None

    def add_static(self, shape: StaticShape) -> None:
        """Add ground or terrain."""
        self.static_shapes[static_name(shape, self.static_shapes)] = shape

    def add_env(self, lower: Vec3, upper: Vec3, num_per_row: int) -> Env:
        """Append an environment at its place in the grid: env 0 at the origin, rows towards +y.

        Raises:
            ValueError: num_per_row < 1.
        """
        if num_per_row < 1:
            raise ValueError(f"create_env: num_per_row must be at least 1, got {num_per_row}")
        row, column = divmod(len(self.envs), num_per_row)
        across = column * (upper.x - lower.x)
        if self.params.up_axis == UpAxis.UP_AXIS_Z:
            origin = Vec3(across, row * (upper.y - lower.y), 0.0)
        else:
            origin = Vec3(across, 0.0, row * (upper.z - lower.z))
        env = Env(len(self.envs), origin, self)
        self.envs.append(env)
        return env

    def add_actor(
        self,
        env: Env,
        asset: Asset,
        pose: Transform,
        name: str | None,
        group: int,
        collision_filter: int,
        segmentation_id: int,
    ) -> int:
        """Place an asset in an environment; return the actor's handle in it.

        Raises:
            RuntimeError: the scene is complete.
        """
        if self.complete:
            raise RuntimeError("create_actor: the scene is complete since prepare_sim")
        shapes = asset.shape_properties
        if collision_filter != ASSET_FILTERS:
            shapes = [copy_of(shape) for shape in shapes]
            for shape in shapes:
                shape.filter = collision_filter
        actor = Actor(
            asset=asset,
            name=name if name is not None else f"actor_{len(env.actors)}",
            pose=asset.placed(pose),
            group=group,
            segmentation_id=segmentation_id,
            dof_properties=asset.dof_properties,
            shape_properties=shapes,
            body_properties=asset.mass_table,
            tendons=asset.tendons,
            first_body=env.num_bodies,
            first_dof=env.num_dofs,
        )
        env.actors.append(actor)
        return len(env.actors) - 1

    @property
    def template(self) -> Env:
        """The first environment, which every other must match.

        Raises:
            RuntimeError: there is none.
        """
        if not self.envs:
            raise RuntimeError("the sim has no environments; call create_env and create_actor")
        return self.envs[0]

    def check_alike(self) -> None:
        """All environments hold the same or alike assets in the same order, see `likeness`.

        Raises:
            ValueError: names the first environment that differs, and how.
        """
        expected = [actor.asset for actor in self.template.actors]
        if not expected:
            raise ValueError("environment 0 has no actors; call create_actor for every environment")
        known: dict[tuple[int, int], str | None] = {}
        for env in self.envs:
            if len(env.actors) != len(expected):
                raise ValueError(
                    f"environment {env.index} has {len(env.actors)} actors, environment 0 has "
                    f"{len(expected)}; every environment must hold the same assets"
                )
            for handle, (actor, wanted) in enumerate(zip(env.actors, expected, strict=True)):
                pair = id(actor.asset), id(wanted)
                if pair not in known:
                    known[pair] = difference(actor.asset, wanted)
                if known[pair]:
                    raise ValueError(
                        f"environment {env.index}: actor {handle} ({actor.name!r}) is made from "
                        f"{actor.asset.source}, in environment 0 from {wanted.source}: "
                        f"{known[pair]}; assets in one place of the environments may differ in "
                        "shapes and numbers only (meshes, sizes, masses, places, gains)"
                    )


class Layout:
    """Where each actor's rows lie, the same in every environment.

    Args:
        envs: alike; the first one is the template.
    """

    def __init__(self, envs: list[Env]) -> None:
        env = envs[0]
        self.actors = env.actors
        self.num_actors = len(env.actors)
        self.num_bodies = env.num_bodies
        self.num_dofs = env.num_dofs
        self.slots = [
            Slots(env.actors[handle].asset for env in envs) for handle in range(self.num_actors)
        ]
        """Collision geoms of each actor."""

    def slots_of(self, env: Env) -> np.ndarray:
        """Which of all actors' slots an environment's shapes fill, in its order of shapes."""
        places = zip(env.actors, self.slots, self.slot_ranges, strict=True)
        return np.concatenate([own.start + slots.of(a.asset) for a, slots, own in places])

    @cached_property
    def slot_ranges(self) -> list[slice]:
        """Each actor's slots among those of all actors."""
        ends = np.cumsum([len(slots) for slots in self.slots]).tolist()
        return [slice(end - len(s), end) for end, s in zip(ends, self.slots, strict=True)]

    @cached_property
    def num_slots(self) -> int:
        """Collision geoms of all actors."""
        return self.slot_ranges[-1].stop

    @cached_property
    def dof_actor(self) -> np.ndarray:
        """Actor that each DOF belongs to, shape (num_dofs,)."""
        counts = [len(actor.dof_properties) for actor in self.actors]
        return np.repeat(np.arange(self.num_actors), counts)

    @cached_property
    def body_actor(self) -> np.ndarray:
        """Actor that each body belongs to, shape (num_bodies,)."""
        counts = [len(actor.asset.model.bodies) for actor in self.actors]
        return np.repeat(np.arange(self.num_actors), counts)

    @cached_property
    def force_sensors(self) -> list[tuple[int, int]]:
        """(actor, sensor of its asset) of each force sensor, in row order."""
        return [
            (handle, sensor)
            for handle, actor in enumerate(self.actors)
            for sensor in range(len(actor.asset.force_sensors))
        ]
