"""Unstable environments, broken scenes, methods that are not there."""

import mujoco.batch
import numpy as np
import pytest
import torch

from humanoid_gym.engine import gymapi, gymtorch


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_an_unstable_environment_is_reset_and_the_others_are_untouched(
    world, value, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    a, b = (world(num_envs=4) for _ in range(2))
    for w in (a, b):
        w.place(w.box(0.2, 0.3, 0.4), (0.5, 0.0, 0.6)).start()
        w.step(3)
    b.root[2, 7] = value
    b.set("actor_root_state", b.root)
    a.step(10)
    b.step(10)
    assert b.gym.extensions.fault_counts(b.sim).tolist() == [0, 0, 1, 0]
    others = [0, 1, 3]
    x, y = a.simulation.backend.save(), b.simulation.backend.save()
    assert torch.equal(x[others], y[others])
    assert torch.isfinite(b.root).all()
    assert b.root[2, 0].item() == pytest.approx(0.5, abs=1e-6)
    assert not (tmp_path / "MUJOCO_LOG.TXT").exists()


def test_an_unstable_environment_starts_again_from_its_own_pose(world):
    w = world(ground=None, gravity=(0, 0, 0))
    asset = w.box(0.2, 0.2, 0.2)
    for x in (1.0, 2.0):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        w.gym.create_actor(env, asset, gymapi.Transform(gymapi.Vec3(x, 0, 3)), "box", 0, 0)
    w.num_envs = 0
    w.start()
    w.root[1, 10] = float("nan")
    w.set("actor_root_state", w.root)
    w.step()
    assert w.root[:, :3].tolist() == [[1, 0, 3], [2, 0, 3]]


def test_an_environment_in_which_mujoco_raises_is_reset_and_the_others_go_on(world):
    w = world(num_envs=3)
    w.place(w.sphere(0.1), (0, 0, 2.0)).start()
    backend = w.simulation.backend

    class Batch:
        """MuJoCo's, which fails in environment 1 once it has done its work."""

        failures = 1

        def __getattr__(self, name):
            return getattr(own, name)

        def step(self, **options):
            own.step(**options)
            if Batch.failures:
                Batch.failures -= 1
                raise mujoco.batch.SimulationError(np.array([1]), "stack overflow")

    own, backend._batch = backend._batch, Batch()
    w.step(5)
    assert w.gym.extensions.fault_counts(w.sim).tolist() == [0, 1, 0]
    assert w.root[0, 2] == w.root[2, 2] < w.root[1, 2] < 2.0


def test_environments_must_hold_the_same_assets(world):
    w = world()
    box, ball = w.box(1, 1, 1), w.sphere(1, fix_base_link=True)
    for asset in (box, ball):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        w.gym.create_actor(env, asset, gymapi.Transform(), "thing")
    with pytest.raises(ValueError, match=r"environment 1: actor 0 \('thing'\) is made from sphere"):
        w.gym.prepare_sim(w.sim)


def test_environments_must_hold_as_many_actors(world):
    w = world()
    box = w.box(1, 1, 1)
    for count in (2, 1):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        for _ in range(count):
            w.gym.create_actor(env, box, gymapi.Transform())
    with pytest.raises(ValueError, match="environment 1 has 1 actors, environment 0 has 2"):
        w.gym.prepare_sim(w.sim)


def test_an_empty_scene_is_refused(world):
    w = world()
    with pytest.raises(RuntimeError, match="create_env"):
        w.gym.prepare_sim(w.sim)
    w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 1)
    with pytest.raises(ValueError, match="create_actor"):
        w.gym.prepare_sim(w.sim)


@pytest.mark.parametrize(("name", "value"), [("dt", 0.0), ("dt", -0.1), ("substeps", 0)])
def test_impossible_parameters_are_refused(name, value):
    params = gymapi.SimParams()
    setattr(params, name, value)
    with pytest.raises(ValueError, match=name):
        gymapi.acquire_gym().create_sim(0, -1, gymapi.SIM_PHYSX, params)


def test_the_gpu_pipeline_without_cuda_names_the_remedy(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    params = gymapi.SimParams()
    params.use_gpu_pipeline = True
    with pytest.raises(RuntimeError, match="pipeline=cpu"):
        gymapi.acquire_gym().create_sim(0, -1, gymapi.SIM_PHYSX, params)


def test_methods_that_the_engine_does_not_have_say_so_when_called():
    gym = gymapi.acquire_gym()
    method = gym.acquire_particle_state_tensor
    with pytest.raises(NotImplementedError, match="acquire_particle_state_tensor"):
        method(None)


def test_unknown_methods_name_the_nearest():
    with pytest.raises(AttributeError, match="refresh_dof_state_tensor"):
        _ = gymapi.acquire_gym().refresh_dof_state_tensors


def test_missing_assets_name_the_nearest_file(world):
    w = world()
    (w.folder / "robot.urdf").write_text("<robot/>")
    with pytest.raises(FileNotFoundError, match=r"did you mean 'robot\.urdf'"):
        w.gym.load_asset(w.sim, str(w.folder), "robott.urdf")
    with pytest.raises(FileNotFoundError, match=r"folder .* does not exist"):
        w.gym.load_asset(w.sim, "/nowhere/at/all", "robot.urdf")


def test_dof_properties_of_another_shape_are_refused(world, robots):
    w = world(ground=None)
    w.place(w.urdf(robots.chain(3), fix_base_link=True)).start()
    props = w.gym.get_actor_dof_properties(w.envs[0], 0)
    with pytest.raises(ValueError, match="3 DOF properties expected, got 2"):
        w.gym.set_actor_dof_properties(w.envs[0], 0, props[:2])
    with pytest.raises(TypeError, match="get_actor_dof_properties"):
        w.gym.set_actor_dof_properties(w.envs[0], 0, props["stiffness"])


def test_tensors_acquired_of_half_a_scene_are_refused(world):
    w = world()
    asset = w.box(1, 1, 1)
    for index in range(2):
        env = w.gym.create_env(w.sim, gymapi.Vec3(), gymapi.Vec3(), 2)
        w.gym.create_actor(env, asset, gymapi.Transform(gymapi.Vec3(0, 0, 1)), "box", index, 0)
        gymtorch.wrap_tensor(w.gym.acquire_actor_root_state_tensor(w.sim))
    with pytest.raises(RuntimeError, match="before all environments"):
        w.gym.prepare_sim(w.sim)
