"""One environment of a scene as a MuJoCo specification: bodies, joints, shapes, ground, rules."""

from __future__ import annotations

import hashlib
from itertools import count
from typing import TypeVar

import mujoco
import numpy as np

from humanoid_gym.engine.assets.model import (
    AssetModel,
    BodyModel,
    JointModel,
    Mesh,
    Pose,
    ShapeModel,
)
from humanoid_gym.engine.compilation import contact_parameters as contact
from humanoid_gym.engine.compilation.collision import apply_collisions, geom_name
from humanoid_gym.engine.model_fields.tendons import add_tendons
from humanoid_gym.engine.scene.scaling import scaled_mesh, scaled_model, scaled_shape
from humanoid_gym.engine.scene.scene import Actor, Env, Layout, Scene
from humanoid_gym.engine.terrain.static_geometry import (
    add_material_pairs,
    add_static_geometry,
    base_friction,
)
from humanoid_gym.engine.values.enums import JointType
from humanoid_gym.engine.values.math_types import Vec3
from humanoid_gym.engine.values.parameters import time_step_of

Friction = TypeVar("Friction", float, np.ndarray)
"""One coefficient or an array of them."""
COLLISION_GEOM_GROUP = 3
HUGE_FORCE = 1e20
"""Stands for 'no limit' where MuJoCo wants a finite range [N m or N]."""
GEOM_TYPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "mesh": mujoco.mjtGeom.mjGEOM_MESH,
}
DEFAULT_COLOR = (0.7, 0.7, 0.72, 1.0)


def build_spec(scene: Scene, layout: Layout) -> tuple[mujoco.MjSpec, list[str]]:
    """Bodies, shapes and rules of a model that serves every environment.

    Args:
        scene: its environments are alike.
        layout: of them.

    Returns:
        The specification and the name of each body in it, in row order.
    """
    spec = scene_spec(scene)
    ground_friction = base_friction(scene.static_shapes)
    names, frictions = [], {}
    for handle, actor in enumerate(layout.actors):
        bodies = add_actor(spec, handle, actor, scaled_model(actor.asset.model, actor.scale))
        for index, slot in enumerate(layout.slots[handle].list):
            owner = scene.envs[slot.env].actors[handle]
            friction, name = owner.shape_properties[slot.owner].friction, geom_name(handle, index)
            shape = scaled_shape(slot.shape, owner.scale)
            combined = combined_friction(friction, ground_friction)
            add_collision(spec, bodies[slot.body], name, shape, combined)
            frictions[name] = friction
        add_other_meshes(spec, scene.envs, handle)
        names += [body.name for body in bodies]
    apply_collisions(spec, scene.envs, layout, names)
    add_material_pairs(spec, scene.static_shapes, frictions.items())
    return spec, names


def add_other_meshes(spec: mujoco.MjSpec, envs: list[Env], handle: int) -> None:
    """Collision meshes that other environments have in an actor's place than the first one.

    Without faces: MuJoCo looks for the convex hull of a mesh that a geom collides with, or that is
    nothing but points.
    """
    made = dict.fromkeys((env.actors[handle].asset, env.actors[handle].scale) for env in envs)
    for asset, scale in made if len(made) > 1 else ():
        for _, shape in asset.collision_shapes:
            if shape.mesh is not None:
                add_mesh(spec, scaled_mesh(shape.mesh, scale), faces=False)


def scene_spec(scene: Scene) -> mujoco.MjSpec:
    """Options and ground, no actors yet."""
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    set_options(spec, scene)
    add_static_geometry(spec, scene.static_shapes)
    return spec


def set_options(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Time step, gravity and solver."""
    params, option = scene.params, spec.option
    option.timestep = time_step_of(params) / params.substeps
    option.gravity = as_array(params.gravity)
    option.integrator = contact.INTEGRATOR
    option.cone = contact.CONE
    option.impratio = contact.IMPRATIO
    option.iterations = contact.SOLVER_ITERATIONS
    option.tolerance = contact.SOLVER_TOLERANCE
    # An unstable environment must be found and reset to its own initial pose, not silently moved
    # to the model's origin.
    option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET


def add_actor(
    spec: mujoco.MjSpec, handle: int, actor: Actor, model: AssetModel
) -> list[mujoco.MjsBody]:
    """Add an actor's bodies without their shapes; return them in row order.

    Args:
        spec: to add to.
        handle: the actor's.
        actor: whose root pose they start from.
        model: the actor's asset, scaled or not.
    """
    bodies: list[mujoco.MjsBody] = []
    dofs = count()
    for body in model.bodies:
        if body.parent < 0:
            new = add_root(spec, handle, actor)
        else:
            pose = mjcf_pose(body.pose)
            new = bodies[body.parent].add_body(name=f"{handle}/{body.name}", **pose)
        bodies.append(new)
        set_inertia(new, body)
        for joint in body.joints:
            if joint.is_dof:
                add_joint(new, dof_name(handle, next(dofs)), joint)
    names = [dof_name(handle, dof) for dof in range(next(dofs))]
    add_tendons(spec, handle, model, names)
    return bodies


def combined_friction(friction: Friction, ground_friction: float | None) -> Friction:
    """Isaac Gym averages the materials of the two shapes."""
    return friction if ground_friction is None else 0.5 * (friction + ground_friction)


def set_inertia(new: mujoco.MjsBody, body: BodyModel) -> None:
    """The importer's mass properties, and nothing computed from geoms."""
    i = body.inertia
    new.explicitinertial = True
    new.simple = False  # else no environment could have another centre of mass
    new.mass = body.mass
    new.ipos = body.com
    new.fullinertia = [i[0, 0], i[1, 1], i[2, 2], i[0, 1], i[0, 2], i[1, 2]]


def add_root(spec: mujoco.MjSpec, handle: int, actor: Actor) -> mujoco.MjsBody:
    """Add an actor's root body.

    A floating base has a free joint; a fixed one is a mocap body, placed by the state. MuJoCo's
    mocap bodies have no joints: a fixed base with joints of its own hangs on an extra one.
    """
    root, r = actor.asset.model.bodies[0], actor.pose.r
    new = spec.worldbody.add_body(
        name=root_name(handle, root),
        pos=as_array(actor.pose.p),
        quat=wxyz(np.array([r.x, r.y, r.z, r.w])),
    )
    if not actor.asset.fixed_base:
        new.add_freejoint(name=f"{handle}/root")
        return new
    new.mocap = True
    if not any(joint.is_dof for joint in root.joints):
        return new
    return new.add_body(name=f"{handle}/{root.name}")


def root_name(handle: int, root: BodyModel) -> str:
    """Name of the body that the root state places: the root, or the mount that it moves on."""
    has_joints = any(joint.is_dof for joint in root.joints)
    return f"{handle}:mount" if has_joints else f"{handle}/{root.name}"


def add_joint(new: mujoco.MjsBody, name: str, joint: JointModel) -> None:
    """A hinge or a slide; its limits and gains are written per environment."""
    prismatic = joint.type == JointType.JOINT_PRISMATIC
    new.add_joint(
        name=name,
        type=mujoco.mjtJoint.mjJNT_SLIDE if prismatic else mujoco.mjtJoint.mjJNT_HINGE,
        axis=joint.axis,
        pos=joint.anchor,
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
        geom.meshname = add_mesh(spec, shape.mesh)
    else:
        geom.size = geom_size(shape)
    return geom


def add_mesh(spec: mujoco.MjSpec, mesh: Mesh, *, faces: bool = True) -> str:
    """Add a mesh, with or without its faces, unless it is there already; return its name."""
    name = mesh_name(mesh)
    if spec.mesh(name) is None:
        added = spec.add_mesh(name=name, uservert=mesh.vertices.ravel())
        if faces:
            added.userface = mesh.faces.ravel()
    return name


def mesh_name(mesh: Mesh) -> str:
    """Name of a mesh in the compiled model: what it consists of."""
    digest = hashlib.blake2b(mesh.vertices.tobytes(), digest_size=16)
    digest.update(mesh.faces.tobytes())
    return f"mesh/{digest.hexdigest()}"


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


def dof_name(handle: int, dof: int) -> str:
    """Name of an actor's DOF in the compiled model: files may name two joints alike."""
    return f"{handle}/dof/{dof}"


def mjcf_pose(pose: Pose) -> dict[str, np.ndarray]:
    """A pose as MuJoCo's keyword arguments."""
    return {"pos": pose.position, "quat": wxyz(pose.rotation)}


def geom_size(shape: ShapeModel) -> list[float]:
    """MuJoCo's three numbers for a primitive shape."""
    return [*shape.size, 0.0, 0.0, 0.0][:3]


def mesh_pose(model: mujoco.MjModel, mesh: int, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Position and quaternion wxyz of a mesh's geom: MuJoCo moves it into its principal axes."""
    place = np.empty(3), np.empty(4)
    own = model.mesh_pos[mesh], model.mesh_quat[mesh]
    mujoco.mju_mulPose(*place, pose.position, wxyz(pose.rotation), *own)
    return place


def wxyz(xyzw: np.ndarray) -> np.ndarray:
    """MuJoCo's quaternion order, shape (4,)."""
    return xyzw[[3, 0, 1, 2]]


def as_array(vector: Vec3) -> np.ndarray:
    """Vec3 as an array, shape (3,)."""
    return np.array([vector.x, vector.y, vector.z])
