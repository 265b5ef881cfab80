"""The kinematic trees of a model and nothing else, several times side by side in one model."""

from __future__ import annotations

import mujoco
import mujoco.batch
import numpy as np

BODY_STATE_SIZE = 13
"""Position, quaternion xyzw, velocity of the centre of mass, angular velocity; world axes."""
BODY_STATE_STRIDE = 17
"""Sensor values that a body occupies; BODY_STATE_SIZE of them are used."""
SENSORS = (
    (mujoco.mjtSensor.mjSENS_FRAMEQUAT, mujoco.mjtObj.mjOBJ_XBODY, 2),
    (mujoco.mjtSensor.mjSENS_FRAMEPOS, mujoco.mjtObj.mjOBJ_XBODY, 0),
    (mujoco.mjtSensor.mjSENS_FRAMEQUAT, mujoco.mjtObj.mjOBJ_XBODY, 6),
    (mujoco.mjtSensor.mjSENS_FRAMELINVEL, mujoco.mjtObj.mjOBJ_BODY, 7),  # of the COM
    (mujoco.mjtSensor.mjSENS_FRAMEANGVEL, mujoco.mjtObj.mjOBJ_BODY, 10),
)
"""What makes a body state, and where in it each sensor writes.

MuJoCo has w first in a quaternion, Isaac Gym last. So the quaternion is written twice, one number
before its x, y, z, and from its w on; the sensors around it come later and overwrite what is left
over on both sides.
"""
COPIED = (
    "body_pos",
    "body_quat",
    "body_ipos",
    "body_iquat",
    "body_mass",
    "body_inertia",
    "body_subtreemass",
    "body_sameframe",
    "jnt_pos",
    "jnt_axis",
    "dof_armature",
    "qpos0",
    "site_pos",
    "site_quat",
    "site_sameframe",
)
"""Model fields that kinematics and mass matrices depend on."""
WITH_WORLD = frozenset(
    [name for name in mujoco.batch.MODEL_FIELDS if name.startswith("body_")]
    + ["xpos", "xquat", "xmat", "xipos", "ximat"]
)
"""Fields with a row for each body, the world's first."""
SWITCHED_OFF = (
    mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
    | mujoco.mjtDisableBit.mjDSBL_CONTACT
    | mujoco.mjtDisableBit.mjDSBL_ACTUATION
    | mujoco.mjtDisableBit.mjDSBL_SPRING
    | mujoco.mjtDisableBit.mjDSBL_DAMPER
)


def compile_trees(
    model: mujoco.MjModel, copies: int, *, sensed: bool, inertial: bool
) -> mujoco.MjModel:
    """Bodies, joints and sites of a model, `copies` times: `by_copy` finds what is whose.

    Args:
        model: none of its sites belongs to the world.
        copies: how many times.
        sensed: whether the sensors measure body states.
        inertial: whether mass matrices are computed.
    """
    spec = mujoco.MjSpec()
    for copy in range(copies):
        add_trees(spec, model, f"{copy}/")
    trees = spec.compile()
    for name in COPIED:
        by_copy(name, getattr(trees, name)[None], copies)[:] = without_world(
            name, getattr(model, name)[None]
        )
    per_copy = BODY_STATE_STRIDE * (model.nbody - 1)
    states = np.arange(copies)[:, None] * per_copy + np.arange(model.nbody - 1) * BODY_STATE_SIZE
    places = [place for _, _, place in SENSORS]
    trees.sensor_adr[:] = (states[:, :, None] + np.array(places)).ravel()
    trees.opt.disableflags |= int(SWITCHED_OFF)
    if not sensed:
        trees.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_SENSOR)
    if not inertial:  # no flag says so: let MuJoCo take them for constant and diagonal
        trees.dof_simplenum[:] = trees.M_rownnz[:] = 1
    return trees


def add_trees(spec: mujoco.MjSpec, model: mujoco.MjModel, prefix: str) -> None:
    """Add what moves in a model, and its sensors."""
    bodies = [spec.worldbody]
    for body in range(1, model.nbody):
        new = bodies[model.body_parentid[body]].add_body(
            name=f"{prefix}{body}",
            pos=model.body_pos[body],
            quat=model.body_quat[body],
            ipos=model.body_ipos[body],
            iquat=model.body_iquat[body],
            mass=model.body_mass[body],
            inertia=model.body_inertia[body],
            mocap=model.body_mocapid[body] >= 0,
            simple=False,
        )
        new.explicitinertial = True
        bodies.append(new)
        for joint in np.flatnonzero(model.jnt_bodyid == body):
            new.add_joint(
                type=mujoco.mjtJoint(model.jnt_type[joint]),
                pos=model.jnt_pos[joint],
                axis=model.jnt_axis[joint],
                armature=model.dof_armature[model.jnt_dofadr[joint]],
            )
        for _ in np.flatnonzero(model.site_bodyid == body):
            new.add_site()
        for kind, frame, _ in SENSORS:
            spec.add_sensor(type=kind, objtype=frame, objname=new.name)


def without_world(name: str, values: np.ndarray) -> np.ndarray:
    """A field of models or data, shape (n, rows, ...), less the row of the world body."""
    return values[:, 1:] if name in WITH_WORLD else values


def by_copy(name: str, values: np.ndarray, copies: int) -> np.ndarray:
    """A field of models or data of several trees as (n, copies, rows of a copy, ...), a view."""
    rows = without_world(name, values)
    return rows.reshape(len(rows), copies, rows.shape[1] // copies, *rows.shape[2:])
