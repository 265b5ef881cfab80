"""From one environment of a scene to a MuJoCo model, and where to find everything in it."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from humanoid_gym.engine import contact_parameters as contact
from humanoid_gym.engine.assets.model import BodyModel, JointModel, Pose, ShapeModel
from humanoid_gym.engine.collision import apply_collisions, geom_name
from humanoid_gym.engine.enums import JointType
from humanoid_gym.engine.math_types import Vec3
from humanoid_gym.engine.parameters import PlaneParams
from humanoid_gym.engine.scene import Actor, Env, Layout, Scene

GROUND = "ground"
COLLISION_GEOM_GROUP = 3
VISUAL_GEOM_GROUP = 0
HUGE_FORCE = 1e20
"""Stands for 'no limit' where MuJoCo wants a finite range [N m or N]."""
GEOM_TYPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "mesh": mujoco.mjtGeom.mjGEOM_MESH,
}
DEFAULT_COLOR = (0.7, 0.7, 0.72, 1.0)


@dataclass(frozen=True)
class Served:
    """What the simulations must compute beyond their state: what acquired tensors need."""

    body_states: bool = False
    """Poses and velocities of all bodies at the new state."""
    contact_forces: bool = False
    force_sensors: bool = False

    @property
    def outputs(self) -> set[str]:
        """Derived fields that the simulations must copy out after each call."""
        names: set[str] = set()
        if self.body_states:
            names |= {"xpos", "xquat", "xipos", "cvel", "subtree_com"}
        if self.contact_forces or self.force_sensors:
            names |= {"sensordata"}
        return names


@dataclass(frozen=True)
class RootAddress:
    """Where an actor's root lives in the state."""

    qpos: int
    """First of 7 position coordinates; -1 for a fixed base."""
    qvel: int
    """First of 6 velocity coordinates; -1 for a fixed base."""
    mocap: int
    """Mocap index of a fixed base; -1 for a floating one."""
    body: int
    """MuJoCo body."""


@dataclass(frozen=True)
class CompiledScene:
    """A model of one environment and the addresses of Isaac Gym's rows in it."""

    model: mujoco.MjModel
    roots: list[RootAddress]
    bodies: np.ndarray
    """MuJoCo body of each body row, shape (num_bodies,)."""
    joints: np.ndarray
    """MuJoCo joint of each DOF, shape (num_dofs,)."""
    dof_qpos: np.ndarray
    """Position coordinate of each DOF, shape (num_dofs,)."""
    dof_qvel: np.ndarray
    """Velocity coordinate of each DOF, shape (num_dofs,)."""
    actuators: np.ndarray
    """Drive of each DOF, -1 where it has none, shape (num_dofs,)."""
    geoms: np.ndarray
    """Geom of each collision shape of all actors, shape (num_shapes,)."""
    contact_sensor: int
    """First sensor value of the bodies' contact forces; -1: not compiled."""
    force_sensor: int
    """First sensor value of the force sensors' accelerations; -1: not compiled."""


def compile_scene(scene: Scene, driven: np.ndarray, served: Served) -> CompiledScene:
    """Compile the template environment for simulation.

    Args:
        scene: its environments are alike.
        driven: DOFs that need an actuator, shape (num_dofs,), bool.
        served: tensors to serve.
    """
    env = scene.template
    layout = Layout(env)
    spec, names = build_spec(scene, env)
    dof_names = [dof_name(h, j) for h, a in enumerate(env.actors) for j in a.asset.model.dof_joints]
    for name in (name for name, needs in zip(dof_names, driven, strict=True) if needs):
        add_drive(spec, name)
    first_values = add_sensors(spec, layout, names, served)
    model = spec.compile()
    joints = np.array([model.joint(name).id for name in dof_names], dtype=np.int64)
    return CompiledScene(
        model=model,
        roots=[root_address(model, names[actor.first_body]) for actor in env.actors],
        bodies=np.array([model.body(name).id for name in names], dtype=np.int64),
        joints=joints,
        dof_qpos=model.jnt_qposadr[joints],
        dof_qvel=model.jnt_dofadr[joints],
        actuators=np.where(driven, np.cumsum(driven) - 1, -1),
        geoms=np.array(
            [
                model.geom(geom_name(handle, shape)).id
                for handle, actor in enumerate(env.actors)
                for shape in range(len(actor.shape_properties))
            ],
            dtype=np.int64,
        ),
        contact_sensor=first_values[0],
        force_sensor=first_values[1],
    )


def build_spec(scene: Scene, env: Env, visuals: bool = False) -> tuple[mujoco.MjSpec, list[str]]:
    """Bodies, shapes and rules of one environment.

    Args:
        scene: for the ground and the parameters.
        env: the environment.
        visuals: also the shapes that are for looks only.

    Returns:
        The specification and the name of each body in it, in row order.
    """
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    set_options(spec, scene)
    add_ground(spec, scene.ground)
    ground_friction = scene.ground.static_friction if scene.ground else None
    names = []
    for handle, actor in enumerate(env.actors):
        names += add_actor(spec, handle, actor, ground_friction, visuals)
    apply_collisions(spec, env, names)
    return spec, names


def set_options(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Time step, gravity and solver."""
    params, option = scene.params, spec.option
    option.timestep = params.dt / params.substeps
    option.gravity = as_array(params.gravity)
    option.integrator = contact.INTEGRATOR
    option.cone = contact.CONE
    option.impratio = contact.IMPRATIO
    option.iterations = contact.SOLVER_ITERATIONS
    option.tolerance = contact.SOLVER_TOLERANCE
    # An unstable environment must be found and reset to its own initial pose, not silently moved
    # to the model's origin.
    option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET


def add_ground(spec: mujoco.MjSpec, ground: PlaneParams | None) -> None:
    """The plane normal . p + distance = 0."""
    if ground is None:
        return
    normal = as_array(ground.normal)
    normal = normal / np.linalg.norm(normal)
    quat = np.zeros(4)
    mujoco.mju_quatZ2Vec(quat, normal)
    spec.worldbody.add_geom(
        name=GROUND,
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0, 0, 1],
        pos=-ground.distance * normal,
        quat=quat,
        contype=0,
        conaffinity=1,
        condim=contact.CONTACT_DIMENSIONS,
        friction=[ground.static_friction, 0, 0],
        solref=contact.CONTACT_SOLREF,
        solimp=contact.CONTACT_SOLIMP,
    )


def add_actor(
    spec: mujoco.MjSpec, handle: int, actor: Actor, ground_friction: float | None, visuals: bool
) -> list[str]:
    """Add an actor's bodies; return their names in row order."""
    parents: list[mujoco.MjsBody] = []
    shapes = iter(enumerate(actor.shape_properties))
    for body in actor.asset.model.bodies:
        parent = parents[body.parent] if body.parent >= 0 else spec.worldbody
        new = parent.add_body(name=f"{handle}/{body.name}", **mjcf_pose(body.pose))
        parents.append(new)
        set_inertia(new, body)
        if body.parent < 0:
            add_root(new, handle, actor)
        elif body.joint and body.joint.type != JointType.JOINT_FIXED:
            add_joint(new, handle, body.joint)
        for shape in body.shapes:
            if shape.collides:
                index, properties = next(shapes)
                friction = combined_friction(properties.friction, ground_friction)
                add_collision(spec, new, geom_name(handle, index), shape, friction)
            elif visuals:
                add_geom(spec, new, shape, group=VISUAL_GEOM_GROUP, contype=0, conaffinity=0)
    return [body.name for body in parents]


def combined_friction(friction: float, ground_friction: float | None) -> float:
    """Isaac Gym averages the materials of the two shapes."""
    return friction if ground_friction is None else 0.5 * (friction + ground_friction)


def set_inertia(new: mujoco.MjsBody, body: BodyModel) -> None:
    """The importer's mass properties, and nothing computed from geoms."""
    i = body.inertia
    new.explicitinertial = True
    new.mass = body.mass
    new.ipos = body.com
    new.fullinertia = [i[0, 0], i[1, 1], i[2, 2], i[0, 1], i[0, 2], i[1, 2]]


def add_root(new: mujoco.MjsBody, handle: int, actor: Actor) -> None:
    """A floating base gets a free joint; a fixed one is a mocap body, placed by the state."""
    new.pos = as_array(actor.pose.p)
    new.quat = wxyz(np.array([actor.pose.r.x, actor.pose.r.y, actor.pose.r.z, actor.pose.r.w]))
    if actor.asset.options.fix_base_link:
        new.mocap = True
    else:
        new.add_freejoint(name=f"{handle}/root")


def add_joint(new: mujoco.MjsBody, handle: int, joint: JointModel) -> None:
    """A hinge or a slide at the body's origin; its limits and gains are written per environment."""
    prismatic = joint.type == JointType.JOINT_PRISMATIC
    new.add_joint(
        name=dof_name(handle, joint),
        type=mujoco.mjtJoint.mjJNT_SLIDE if prismatic else mujoco.mjtJoint.mjJNT_HINGE,
        axis=joint.axis,
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        range=[-HUGE_FORCE, HUGE_FORCE],
        solref_limit=contact.LIMIT_SOLREF,
        solimp_limit=contact.LIMIT_SOLIMP,
    )


def add_collision(
    spec: mujoco.MjSpec, new: mujoco.MjsBody, name: str, shape: ShapeModel, friction: float
) -> None:
    """A geom that collides."""
    geom = add_geom(spec, new, shape, group=COLLISION_GEOM_GROUP, contype=1, conaffinity=1)
    geom.name = name
    geom.condim = contact.CONTACT_DIMENSIONS
    geom.friction = [friction, 0, 0]
    geom.priority = contact.DYNAMIC_PRIORITY
    geom.solref = contact.CONTACT_SOLREF
    geom.solimp = contact.CONTACT_SOLIMP


def add_geom(
    spec: mujoco.MjSpec,
    new: mujoco.MjsBody,
    shape: ShapeModel,
    *,
    group: int,
    contype: int,
    conaffinity: int,
) -> mujoco.MjsGeom:
    """A geom of the shape's form, colour and place."""
    geom = new.add_geom(
        type=GEOM_TYPES[shape.kind],
        group=group,
        contype=contype,
        conaffinity=conaffinity,
        rgba=shape.color or DEFAULT_COLOR,
        **mjcf_pose(shape.pose),
    )
    if shape.mesh is not None:
        geom.meshname = f"mesh{len(spec.meshes)}"
        spec.add_mesh(
            name=geom.meshname,
            uservert=shape.mesh.vertices.ravel(),
            userface=shape.mesh.faces.ravel(),
        )
    else:
        geom.size = [*shape.size, 0, 0, 0][:3]
    return geom


def add_drive(spec: mujoco.MjSpec, joint: str) -> None:
    """An actuator of force gain ctrl - kp q - kd v, clamped; gains are written per environment."""
    spec.add_actuator(
        name=joint,
        target=joint,
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        gaintype=mujoco.mjtGain.mjGAIN_FIXED,
        biastype=mujoco.mjtBias.mjBIAS_AFFINE,
        gainprm=[1.0] + [0.0] * 9,
        forcelimited=mujoco.mjtLimited.mjLIMITED_TRUE,
        forcerange=[-HUGE_FORCE, HUGE_FORCE],
    )


def add_sensors(
    spec: mujoco.MjSpec, layout: Layout, names: list[str], served: Served
) -> tuple[int, int]:
    """Add the sensors asked for; return the first value of each kind, -1 where not asked for."""
    size, contact_first, force_first = 0, -1, -1
    if served.contact_forces:
        contact_first = size
        size += 3 * len(names)
        for name in names:
            spec.add_sensor(
                type=mujoco.mjtSensor.mjSENS_CONTACT,
                reftype=mujoco.mjtObj.mjOBJ_BODY,
                refname=name,
                intprm=[CONTACT_FORCE_FIELD, CONTACT_NET_FORCE, 1],
            )
    if served.force_sensors:
        force_first = size
        for handle, sensor in layout.force_sensors:
            actor = layout.actors[handle]
            name = names[actor.first_body + actor.asset.force_sensors[sensor].body]
            for kind, frame in MOTION_SENSORS:
                spec.add_sensor(type=kind, objtype=frame, objname=name)
    return contact_first, force_first


MOTION_SENSORS = (
    (mujoco.mjtSensor.mjSENS_FRAMELINACC, mujoco.mjtObj.mjOBJ_BODY),  # of the COM
    (mujoco.mjtSensor.mjSENS_FRAMEANGACC, mujoco.mjtObj.mjOBJ_BODY),
    (mujoco.mjtSensor.mjSENS_FRAMEANGVEL, mujoco.mjtObj.mjOBJ_BODY),
    (mujoco.mjtSensor.mjSENS_FRAMEQUAT, mujoco.mjtObj.mjOBJ_XBODY),
)
"""What a force sensor is computed from: 3 + 3 + 3 + 4 numbers, world axes."""
CONTACT_FORCE_FIELD = 2
"""Bit mask of the contact sensor's data: the force only."""
CONTACT_NET_FORCE = 3
"""The contact sensor's reduction to one net force in world axes."""


def root_address(model: mujoco.MjModel, name: str) -> RootAddress:
    """Where the state holds the root body of this name."""
    body = model.body(name)
    if model.body_mocapid[body.id] >= 0:
        return RootAddress(-1, -1, int(model.body_mocapid[body.id]), body.id)
    joint = model.body_jntadr[body.id]
    qpos, qvel = int(model.jnt_qposadr[joint]), int(model.jnt_dofadr[joint])
    return RootAddress(qpos, qvel, -1, body.id)


def dof_name(handle: int, joint: JointModel) -> str:
    """Name of an actor's joint in the compiled model."""
    return f"{handle}/{joint.name}"


def mjcf_pose(pose: Pose) -> dict[str, np.ndarray]:
    """A pose as MuJoCo's keyword arguments."""
    return {"pos": pose.position, "quat": wxyz(pose.rotation)}


def wxyz(xyzw: np.ndarray) -> np.ndarray:
    """MuJoCo's quaternion order, shape (4,)."""
    return xyzw[[3, 0, 1, 2]]


def as_array(vector: Vec3) -> np.ndarray:
    """Vec3 as an array, shape (3,)."""
    return np.array([vector.x, vector.y, vector.z])
