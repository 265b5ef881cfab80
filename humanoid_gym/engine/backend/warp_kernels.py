"""Warp kernels of the engine's own: what a simulate needs beside `mujoco_warp.step`."""

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False})


@wp.kernel
def restore_unstable(
    qpos_start: wp.array2d[float],
    qvel_start: wp.array2d[float],
    mocap_pos_start: wp.array2d[wp.vec3],
    mocap_quat_start: wp.array2d[wp.quat],
    qpos: wp.array2d[float],
    qvel: wp.array2d[float],
    mocap_pos: wp.array2d[wp.vec3],
    mocap_quat: wp.array2d[wp.quat],
    qacc_warmstart: wp.array2d[float],
    qacc: wp.array2d[float],
    ctrl: wp.array2d[float],
    qfrc_applied: wp.array2d[float],
    xfrc_applied: wp.array2d[wp.spatial_vector],
    failed: wp.array[bool],
):
    """Put worlds whose state or acceleration is not finite, or huge, back to their start.

    Controls and applied forces go on acting, unless they are so themselves.
    """
    world = wp.tid()
    limit, sound = float(1.0e10), bool(True)  # MuJoCo's mjMAXVAL; comparisons with NaN are false
    for i in range(qpos.shape[1]):
        sound = sound and wp.abs(qpos[world, i]) < limit
    for i in range(qvel.shape[1]):
        sound = sound and wp.abs(qvel[world, i]) < limit and wp.abs(qacc[world, i]) < limit
    if sound:
        return
    failed[world] = True
    for i in range(qpos.shape[1]):
        qpos[world, i] = qpos_start[world, i]
    for i in range(qvel.shape[1]):
        qvel[world, i] = qvel_start[world, i]
        qacc_warmstart[world, i] = 0.0
        if not wp.abs(qfrc_applied[world, i]) < limit:
            qfrc_applied[world, i] = 0.0
    for i in range(ctrl.shape[1]):
        if not wp.abs(ctrl[world, i]) < limit:
            ctrl[world, i] = 0.0
    for i in range(mocap_pos.shape[1]):
        mocap_pos[world, i] = mocap_pos_start[world, i]
        mocap_quat[world, i] = mocap_quat_start[world, i]
    for i in range(xfrc_applied.shape[1]):
        xfrc_applied[world, i] = wp.spatial_vector()


@wp.kernel
def limit_speeds(
    dof_limits: wp.array2d[float],
    roots: wp.array[int],
    root_limits: wp.array[wp.vec2],
    qvel: wp.array2d[float],
):
    """Hold joint speeds, and the linear and angular speed of floating roots, within limits.

    `roots` holds the first velocity coordinate of each floating root, `root_limits` its largest
    linear [m/s] and angular speed [rad/s].
    """
    world = wp.tid()
    row = world % dof_limits.shape[0]
    for i in range(qvel.shape[1]):
        qvel[world, i] = wp.clamp(qvel[world, i], -dof_limits[row, i], dof_limits[row, i])
    for root in range(roots.shape[0]):
        for part in range(2):
            first = roots[root] + 3 * part
            velocity = wp.vec3(qvel[world, first], qvel[world, first + 1], qvel[world, first + 2])
            speed = wp.length(velocity)
            if speed > root_limits[root][part]:
                factor = root_limits[root][part] / speed
                for i in range(3):
                    qvel[world, first + i] = qvel[world, first + i] * factor


@wp.kernel
def add_contact_forces(
    num_contacts: wp.array[int],
    world_of: wp.array[int],
    geoms: wp.array[wp.vec2i],
    body_of: wp.array[int],
    frames: wp.array[wp.mat33],
    num_rows: wp.array[int],
    rows: wp.array2d[int],
    row_forces: wp.array2d[float],
    failed: wp.array[bool],
    body_forces: wp.array2d[wp.vec3],
):
    """Add each contact's force to the bodies that touch [N], world axes; elliptic cones."""
    contact = wp.tid()
    if contact >= num_contacts[0] or rows[contact, 0] < 0:
        return
    world = world_of[contact]
    if failed[world]:
        return
    force = wp.vec3(0.0, 0.0, 0.0)
    for i in range(wp.min(num_rows[contact], 3)):
        row = rows[contact, i]
        if row < row_forces.shape[1]:
            force[i] = row_forces[world, row]
    force_w = wp.transpose(frames[contact]) @ force  # a frame's rows are its axes
    wp.atomic_add(body_forces, world, body_of[geoms[contact][0]], -force_w)
    wp.atomic_add(body_forces, world, body_of[geoms[contact][1]], force_w)
