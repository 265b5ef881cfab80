"""A task written for Isaac Gym's VecTask runs as it is and keeps control of its own resets."""

import copy

import pytest
import torch
from isaacgym import gymapi, gymtorch

from humanoid_gym import VecTask
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig
from humanoid_gym.tasks.task_config import find_asset

N = 4
LENGTH = 12
CONFIG = {
    "name": "LegacyCartpole",
    "physics_engine": "physx",
    "env": {"numEnvs": N, "envSpacing": 4.0, "maxEffort": 400.0, "clipObservations": 5.0},
    "sim": {
        "dt": 1.0 / 60.0,
        "substeps": 2,
        "up_axis": "z",
        "use_gpu_pipeline": False,
        "gravity": [0.0, 0.0, -9.81],
        "physx": {"num_threads": 1, "solver_type": 1, "contact_collection": 0},
    },
}


class LegacyCartpole(VecTask):
    """As published tasks look: no annotations, own reset flow, sizes written into the config."""

    def __init__(self, cfg, rl_device, sim_device, graphics_device_id, headless, capture, render):
        self.cfg = cfg
        self.max_episode_length = LENGTH
        self.cfg["env"]["numObservations"] = 4
        self.cfg["env"]["numActions"] = 1
        super().__init__(
            config=self.cfg,
            rl_device=rl_device,
            sim_device=sim_device,
            graphics_device_id=graphics_device_id,
            headless=headless,
            virtual_screen_capture=capture,
            force_render=render,
        )
        self.dof_state = gymtorch.wrap_tensor(self.gym.acquire_dof_state_tensor(self.sim))
        self.dof_pos = self.dof_state.view(self.num_envs, 2, 2)[..., 0]
        self.dof_vel = self.dof_state.view(self.num_envs, 2, 2)[..., 1]

    def create_sim(self):
        self.sim = super().create_sim(
            self.device_id, self.graphics_device_id, self.physics_engine, self.sim_params
        )
        plane = gymapi.PlaneParams()
        plane.normal = gymapi.Vec3(0.0, 0.0, 1.0)
        self.gym.add_ground(self.sim, plane)
        options = gymapi.AssetOptions()
        options.fix_base_link = True
        path = find_asset("resources/urdf/cartpole/cartpole.urdf")
        asset = self.gym.load_asset(self.sim, str(path.parent), path.name, options)
        lower, upper = gymapi.Vec3(-4.0, -4.0, 0.0), gymapi.Vec3(4.0, 4.0, 4.0)
        for i in range(self.num_envs):
            env = self.gym.create_env(self.sim, lower, upper, 2)
            pose = gymapi.Transform()
            pose.p.z = 2.0
            actor = self.gym.create_actor(env, asset, pose, "cartpole", i, 1, 0)
            props = self.gym.get_actor_dof_properties(env, actor)
            props["driveMode"][0] = gymapi.DOF_MODE_EFFORT
            props["driveMode"][1] = gymapi.DOF_MODE_NONE
            props["stiffness"][:] = 0.0
            props["damping"][:] = 0.0
            self.gym.set_actor_dof_properties(env, actor, props)

    def compute_reward(self):
        angle, cart = self.obs_buf[:, 2], self.obs_buf[:, 0]
        self.rew_buf[:] = 1.0 - angle * angle
        failed = (cart.abs() > 3.0) | (angle.abs() > torch.pi / 2)
        ended = failed | (self.progress_buf >= self.max_episode_length - 1)
        self.reset_buf = torch.where(ended, torch.ones_like(self.reset_buf), self.reset_buf)

    def compute_observations(self):
        self.gym.refresh_dof_state_tensor(self.sim)
        self.obs_buf[:, [0, 2]] = self.dof_pos
        self.obs_buf[:, [1, 3]] = self.dof_vel
        return self.obs_buf

    def reset_idx(self, env_ids):
        self.dof_pos[env_ids] = 0.2 * (torch.rand((len(env_ids), 2)) - 0.5)
        self.dof_vel[env_ids] = 0.0
        indices = env_ids.to(dtype=torch.int32)
        self.gym.set_dof_state_tensor_indexed(
            self.sim,
            gymtorch.unwrap_tensor(self.dof_state),
            gymtorch.unwrap_tensor(indices),
            len(indices),
        )
        self.reset_buf[env_ids] = 0
        self.progress_buf[env_ids] = 0

    def pre_physics_step(self, actions):
        forces = torch.zeros(self.num_envs * 2)
        forces[::2] = actions.squeeze() * self.cfg["env"]["maxEffort"]
        self.gym.set_dof_actuation_force_tensor(self.sim, gymtorch.unwrap_tensor(forces))

    def post_physics_step(self):
        self.progress_buf += 1
        env_ids = self.reset_buf.nonzero(as_tuple=False).squeeze(-1)
        if len(env_ids) > 0:
            self.reset_idx(env_ids)
        self.compute_observations()
        self.compute_reward()


def make() -> LegacyCartpole:
    return LegacyCartpole(copy.deepcopy(CONFIG), "cpu", "cpu", -1, True, False, False)


def test_time_out_returns_the_last_observation_and_resets_on_the_next_step():
    task = make()
    task.reset()
    still = torch.zeros(N, 1)
    task.progress_buf[:] = LENGTH - 3
    task.progress_buf[0] = 0
    _, _, reset, extras = task.step(still)
    assert not reset.any() and not extras["time_outs"].any()
    before = task.dof_pos.clone()
    observation, _, reset, extras = task.step(still)
    assert reset.tolist() == [0, 1, 1, 1]
    assert extras["time_outs"].tolist() == [False, True, True, True]
    # not reset yet: positions moved by a step, so the observation is the one to bootstrap from
    assert (observation["obs"][:, [0, 2]] - before).abs().max() < 0.05
    assert torch.equal(extras["final_observation"], observation["obs"])
    last = observation["obs"].clone()
    observation, _, reset, extras = task.step(still)
    assert not reset.any() and not extras["time_outs"].any()
    assert task.progress_buf.tolist() == [3, 0, 0, 0]
    assert not torch.allclose(observation["obs"][1:], last[1:], atol=1e-3)


def test_failure_is_no_time_out():
    task = make()
    task.reset()
    task.dof_pos[2, 1] = 2.0
    task.gym.set_dof_state_tensor(task.sim, gymtorch.unwrap_tensor(task.dof_state))
    _, _, reset, extras = task.step(torch.zeros(N, 1))
    assert reset.tolist() == [0, 0, 1, 0]
    assert not extras["time_outs"].any()


def test_first_step_without_reset_works_as_in_isaac_gym():
    task = make()
    observation, reward, reset, extras = task.step(torch.zeros(N, 1))
    assert (task.progress_buf == 0).all() and not reset.any()
    assert (observation["obs"][:, 2].abs() <= 0.1).all()
    assert torch.equal(extras["reward_terms"]["reward"], reward)
    assert (task.num_acts, task.num_observations) == (1, 4)


def test_legacy_state_continues_bit_for_bit():
    task = make()
    task.reset()
    pushes = torch.rand(30, N, 1, generator=torch.Generator().manual_seed(0)) - 0.5
    for push in pushes[:7]:
        task.step(push)
    saved, rng = task.state_dict(), torch.get_rng_state()
    expected = [task.step(push)[0]["obs"].clone() for push in pushes[7:]]
    fresh = make()
    fresh.load_state_dict(saved)
    torch.set_rng_state(rng)
    for push, value in zip(pushes[7:], expected, strict=True):
        assert torch.equal(fresh.step(push)[0]["obs"], value)


def test_reset_by_indices_alone_is_enough():
    class ByIndices(Cartpole):
        def reset_envs(self, mask: torch.Tensor) -> None:
            VecTask.reset_envs(self, mask)

        def reset_idx(self, env_ids: torch.Tensor) -> None:
            self.joints[env_ids] = 0.0
            self.gym.set_dof_state_tensor(self.sim, gymtorch.unwrap_tensor(self.dof_state))
            self.reset_buf[env_ids] = 0

    task = ByIndices(CartpoleConfig(num_envs=N, episode_length=5))
    assert (task.reset()["obs"] == 0.0).all()
    task.progress_buf[1] = 4
    observation, _, reset, extras = task.step(torch.full((N, 1), 0.1))
    assert reset.tolist() == [0, 1, 0, 0]
    assert (observation["obs"][1] == 0.0).all()
    assert (extras["final_observation"][1] != 0.0).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"up_axis": "x"}, "sim.up_axis: must be 'y' or 'z', got 'x'"),
        ({"physx": {"num_threds": 1}}, "sim.physx: .*num_threds"),
    ],
)
def test_bad_simulation_settings_are_named(change: dict, message: str):
    config = copy.deepcopy(CONFIG)
    config["sim"].update(change)
    with pytest.raises(ValueError, match=message):
        LegacyCartpole(config, "cpu", "cpu", -1, True, False, False)
