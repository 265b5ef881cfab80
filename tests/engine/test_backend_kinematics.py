"""Body fields are those of MuJoCo's own forward pass at the current state, bit for bit."""

import mujoco
import numpy as np
import pytest
import torch

from humanoid_gym.engine.backend.cpu import CpuBackend
from humanoid_gym.engine.backend.kinematics import BODY_STATE, FIELDS

NUM_ENVS = 32
"""Enough for several side by side in a model of the kinematics, on one thread."""
ARM = """
<mujoco>
  <option timestep="0.005"/>
  <worldbody>
    <geom type="plane" size="0 0 1"/>
    <body name="post" simple="false" mocap="true" pos="1 0 0.5"><geom size="0.05"/></body>
    <body name="base" simple="false" pos="0 0 0.3">
      <freejoint/><geom type="box" size="0.1 0.2 0.1"/>
      <body simple="false" pos="0.2 0 0">
        <joint name="lift" axis="0 1 0" stiffness="3"/><joint axis="1 0 0" damping="1"/>
        <geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03"/>
        <body simple="false" pos="0.3 0 0">
          <joint type="slide" axis="1 0 0" range="0 0.1" limited="true"/><geom size="0.05"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="lift"/></actuator>
</mujoco>
"""


@pytest.fixture
def backend(rng):
    """Simulations at different states, one step later."""
    model = mujoco.MjModel.from_xml_string(ARM)
    made = CpuBackend(model, NUM_ENVS, 2, current_bodies=True)
    for name in FIELDS:
        made.output(name)
    made.state("qpos")[:, :3] += torch.from_numpy(rng.normal(size=(NUM_ENVS, 3)) * 0.1)
    made.state("qvel")[:] = torch.from_numpy(rng.normal(size=(NUM_ENVS, model.nv)))
    made.state("mocap_pos")[:] = torch.from_numpy(rng.normal(size=(NUM_ENVS, 1, 3)))
    made.step(3)
    return made


def assert_current(backend, env_models=None):
    """Compare every field with a full forward pass."""
    values = {name: backend.output(name).numpy().copy() for name in FIELDS}
    for env in range(NUM_ENVS):
        model = env_models[env] if env_models else backend.model
        data = mujoco.MjData(model)
        data.qpos[:] = backend.state("qpos")[env].numpy()
        data.qvel[:] = backend.state("qvel")[env].numpy()
        data.mocap_pos[:] = backend.state("mocap_pos")[env].numpy()
        mujoco.mj_forward(model, data)
        for name in FIELDS - {BODY_STATE}:
            expected = np.reshape(getattr(data, name), values[name][env].shape)
            np.testing.assert_array_equal(values[name][env], expected, err_msg=name)
        for state, body in zip(values[BODY_STATE][env], range(1, model.nbody), strict=True):
            velocity = np.zeros(6)  # angular, linear
            mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_BODY, body, velocity, 0)
            expected = (data.xpos[body], np.roll(data.xquat[body], -1), velocity[3:], velocity[:3])
            np.testing.assert_array_equal(state, np.concatenate(expected))


def test_after_a_step(backend):
    assert_current(backend)


def test_between_steps_the_fields_stay_until_told(backend):
    assert_current(backend)
    before = backend.output("xpos").clone()
    backend.state("qpos")[2, 0] += 1.0
    assert torch.equal(backend.output("xpos"), before)
    backend.forward(torch.tensor([2], dtype=torch.int32))
    assert_current(backend)
    assert torch.equal(backend.output("xpos")[:2], before[:2])


def test_writes_before_the_first_read_are_seen(backend):
    backend.state("qpos")[1, 7] += 0.5
    assert_current(backend)


def test_another_state_loaded(backend):
    saved = backend.save()
    before = backend.output(BODY_STATE).clone()
    backend.step(4)
    assert not torch.equal(backend.output(BODY_STATE), before)
    backend.load(saved)
    assert torch.equal(backend.output(BODY_STATE), before)


def test_fields_of_each_simulation(backend, rng):
    """Masses, centres of mass and joint places that differ between simulations."""
    models = [mujoco.MjModel.from_xml_string(ARM) for _ in range(NUM_ENVS)]
    assert_current(backend)
    for name, size in (("body_mass", 0.3), ("body_ipos", 0.05), ("jnt_pos", 0.1)):
        field = backend.model_field(name)
        field[:, 1:] += size * torch.from_numpy(rng.uniform(size=field[:, 1:].shape))
        for env, model in enumerate(models):
            getattr(model, name)[:] = field[env].numpy()
    for model in models:
        mujoco.mj_setConst(model, mujoco.MjData(model))
    backend.recompute_constants(torch.arange(NUM_ENVS, dtype=torch.int32))
    assert_current(backend, models)


def test_steps_do_not_depend_on_reading(rng):
    model = mujoco.MjModel.from_xml_string(ARM)
    states = []
    for reads in (False, True):
        made = CpuBackend(model, NUM_ENVS, 2, current_bodies=reads)
        made.state("qvel")[:] = 1.0
        for _ in range(20):
            made.step(2)
            if reads:
                made.output("xpos")
        states.append(made.save())
    assert torch.equal(*states)
