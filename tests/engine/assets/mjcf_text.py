"""Writing and loading small MJCF files, with MuJoCo's own reading of the same text beside ours."""

import mujoco
import numpy as np
from urdf_text import options

from humanoid_gym.engine.assets.geometry import rotation_matrix
from humanoid_gym.engine.assets.mjcf import load_mjcf

# Vertices that float32 holds exactly: MuJoCo keeps meshes in it.
TETRAHEDRON = (
    '<mesh name="tetra" vertex="0 0 0  .5 0 0  0 .25 0  0 0 .5" face="0 2 1 0 1 3 0 3 2 1 2 3"/>'
)

RICH = f"""<mujoco model="rich">
  <compiler angle="degree" autolimits="false" eulerseq="zyx"/>
  <default>
    <geom density="700" friction=".8 .1 .1"/>
    <joint damping=".3" armature=".02"/>
    <default class="leg">
      <geom type="capsule" size=".05"/>
      <joint axis="0 1 0" limited="true" range="-30 45" stiffness="4"/>
      <default class="foot"><geom type="box" size=".1 .05 .02"/><joint damping="7"/></default>
    </default>
    <default class="other"><geom type="ellipsoid" size=".1 .05 .02"/></default>
  </default>
  <asset>{TETRAHEDRON}</asset>
  <worldbody>
    <geom type="plane" size="1 1 1"/>
    <light pos="0 0 3"/>
    <body name="trunk" pos="0 0 1" euler="10 20 30">
      <freejoint name="root"/>
      <geom type="sphere" size=".2"/>
      <geom class="other" pos=".1 .2 .3" axisangle="1 1 0 40" density="300"/>
      <geom type="cylinder" size=".05 .2" pos="-.1 0 0" zaxis="1 2 3" mass="1.5"/>
      <geom type="cylinder" size=".04" fromto="0 0 0 .1 .2 .1"/>
      <geom type="box" size=".03" fromto="0 0 0 0 .2 .1"/>
      <geom type="mesh" mesh="tetra" pos=".1 0 -.1" euler="0 0 90"/>
      <site name="imu"/><camera name="eye"/>
      <body name="thigh" childclass="leg" pos="0 .1 -.2" xyaxes="0 1 0 -1 0 .2">
        <joint name="hip_x" axis="1 0 0" pos="0 0 .05"/>
        <joint name="hip_y"/>
        <joint name="hip_z" axis="0 0 2" limited="false" class="leg"/>
        <geom fromto="0 0 0 .02 .03 -.3"/>
        <body name="shin" pos="0 0 -.3" quat=".9 .1 -.3 .2">
          <joint name="knee" range="-100 5"/>
          <geom fromto="0 0 0 0 0 -.3" size=".04 .9"/>
          <frame pos="0 0 -.3" euler="0 15 0" childclass="foot">
            <geom name="sole"/>
            <body name="toe" pos=".1 0 0"><joint name="toe"/><geom pos=".05 0 0"/></body>
          </frame>
        </body>
      </body>
      <body name="arm" pos="0 .3 0">
        <inertial pos=".1 0 0" mass="2" fullinertia=".02 .03 .04 .001 .002 -.003"/>
        <joint name="slide" type="slide" axis="1 1 0" limited="true" range="-.1 .2"/>
        <geom type="sphere" size=".05"/>
        <body name="hand" pos=".2 0 0">
          <inertial pos="0 0 .1" euler="0 30 0" mass=".5" diaginertia=".001 .002 .0025"/>
        </body>
      </body>
    </body>
  </worldbody>
</mujoco>"""

RADIAN = '<compiler angle="radian" autolimits="false"/>'


def load(tmp_path, text, **settings):
    file = tmp_path / "robot.xml"
    file.write_text(text)
    return load_mjcf(file, options(**settings))


def robot(body, before="", after=""):
    return f"<mujoco>{before}<worldbody>{body}</worldbody>{after}</mujoco>"


def both(tmp_path, text, **settings):
    """Our model and MuJoCo's."""
    ours = load(tmp_path, text, **settings)
    return ours, mujoco.MjModel.from_xml_path(str(tmp_path / "robot.xml"))


def body(model, name):
    return next(b for b in model.bodies if b.name == name)


def inertia_of(model, index):
    axes = rotation_matrix(np.roll(model.body_iquat[index], -1))
    return axes @ np.diag(model.body_inertia[index]) @ axes.T


def assert_same_masses(ours, theirs, tolerance=1e-10):
    for entry in ours.bodies:
        index = theirs.body(entry.name).id
        np.testing.assert_allclose(entry.mass, theirs.body_mass[index], rtol=tolerance)
        np.testing.assert_allclose(entry.com, theirs.body_ipos[index], atol=tolerance)
        np.testing.assert_allclose(entry.inertia, inertia_of(theirs, index), atol=tolerance)


def assert_same_frames(ours, theirs, tolerance=1e-10):
    for entry in ours.bodies[1:]:
        index = theirs.body(entry.name).id
        np.testing.assert_allclose(entry.pose.position, theirs.body_pos[index], atol=tolerance)
        np.testing.assert_allclose(
            rotation_matrix(entry.pose.rotation),
            rotation_matrix(np.roll(theirs.body_quat[index], -1)),
            atol=tolerance,
        )


def assert_same_joints(ours, theirs, tolerance=1e-10):
    dofs = [j for j in range(theirs.njnt) if theirs.jnt_type[j] >= 2]
    assert [theirs.joint(j).name for j in dofs] == [joint.name for joint in ours.dof_joints]
    for joint, j in zip(ours.dof_joints, dofs, strict=True):
        dof = theirs.jnt_dofadr[j]
        pairs = [
            (joint.axis, theirs.jnt_axis[j]),
            (joint.anchor, theirs.jnt_pos[j]),
            (joint.has_limits, theirs.jnt_limited[j]),
            (joint.stiffness, theirs.jnt_stiffness[j]),
            (joint.damping, theirs.dof_damping[dof]),
            (joint.armature, theirs.dof_armature[dof]),
        ]
        if joint.has_limits:
            pairs.append(([joint.lower, joint.upper], theirs.jnt_range[j]))
        for came, expected in pairs:
            np.testing.assert_allclose(came, expected, atol=tolerance, err_msg=joint.name)
