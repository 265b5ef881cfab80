"""A task of one's own on terrain: a box that falls onto it, and nothing else."""

from dataclasses import dataclass

import pytest
import torch
from isaacgym import gymapi, gymtorch

from humanoid_gym.config import build
from humanoid_gym.randomization import RandomizationConfig
from humanoid_gym.tasks.randomized_task import RandomizedTask, RandomizedTaskConfig
from humanoid_gym.tasks.terrain_task import TerrainTask, TerrainTaskConfig

N, HALF = 6, 0.05
TILES = {"proportions": {"stairs_up": 1.0}, "levels": 3, "columns": 2, "border": 4.0}


@dataclass(frozen=True)
class BoxConfig(TerrainTaskConfig, RandomizedTaskConfig):
    """Settings of the box."""


class Box(TerrainTask, RandomizedTask):
    config_class = BoxConfig
    num_obs = num_actions = 1

    def create_envs(self):
        asset = self.gym.create_box(self.sim, *(2 * HALF,) * 3, gymapi.AssetOptions())
        for i, (x, y, z) in enumerate(self.terrain_start.tolist()):
            pose = gymapi.Transform(p=gymapi.Vec3(x, y, z + 2 * HALF))
            self.gym.create_actor(self.create_env(), asset, pose, "box", i, 0)

    def acquire_tensors(self):
        self.root_state = self.wrap(self.gym.acquire_actor_root_state_tensor(self.sim))
        self.refresh_tensors()  # the first reset asks how far the boxes have come

    def refresh_tensors(self):
        self.gym.refresh_actor_root_state_tensor(self.sim)

    def pre_physics_step(self, actions):
        pass

    def compute_observations(self):
        self.obs_buf[:, 0] = self.root_state[:, 2]

    def compute_reward(self):
        return {"none": torch.zeros(N)}

    def compute_episode_metrics(self):
        return self.course.metrics()

    def reset_envs(self, mask):
        self.course.begin(mask, self.root_state[:, :3], ~self.fault_buf)
        lifted = self.terrain_start + torch.tensor([0.0, 0.0, 2 * HALF])
        self.root_state[:, :3] = torch.where(mask[:, None], lifted, self.root_state[:, :3])
        self.gym.set_actor_root_state_tensor(self.sim, gymtorch.unwrap_tensor(self.root_state))


@pytest.mark.parametrize("terrain", [{}, TILES], ids=["plane", "stairs"])
def test_boxes_come_to_rest_on_the_ground_that_the_task_knows(terrain: dict):
    settings = {"num_envs": N, "terrain": terrain, "env_spacing": 3.0}
    task = Box(build(BoxConfig, settings, "task"))
    task.reset()
    for _ in range(60):
        extras = task.step(torch.zeros(N, 1))[3]
    ground = task.course.ground.height(task.root_state[:, :2])
    torch.testing.assert_close(
        task.root_state[:, 2] - ground, torch.full((N,), HALF), atol=3e-3, rtol=0
    )
    assert (extras["episode_metrics"] == {}) is (not terrain)
    origins = [task.gym.get_env_origin(task.gym.get_env(task.sim, i)) for i in range(N)]
    together = all((o.x, o.y) == (0.0, 0.0) for o in origins)
    assert together is bool(terrain)  # one terrain is shared; on a plane each has its own place
    saved = task.state_dict()["tensors"]
    assert torch.equal(saved["terrain_start"], task.course.start) and "terrain_level" in saved
    task.close()


def test_terrain_and_randomization_go_together():
    drawn = build(RandomizationConfig, {"friction": {"range": [0.2, 0.4]}}, "randomization")
    task = Box(build(BoxConfig, {"num_envs": N, "terrain": TILES, "randomization": drawn}, "task"))
    task.reset()
    friction = task.randomization.draws()["friction"]
    assert task.course.ground.height(torch.tensor([[100.0, 0.0]])) == 0.0
    assert friction.min() >= 0.2 and friction.max() <= 0.4
    task.close()


def test_robots_keep_their_tiles_where_other_randomization_begins_new_episodes():
    def box(**randomization):
        drawn = build(RandomizationConfig, randomization, "randomization")
        terrain = {**TILES, "curriculum": True}
        settings = {"num_envs": N, "terrain": terrain, "randomization": drawn}
        return Box(build(BoxConfig, settings, "task"))

    first, second = box(), box(friction={"range": [0.2, 0.4]})
    first.reset()
    first.terrain_level.copy_(torch.tensor([2, 0, 1, 2, 1, 2]))
    second.load_state_dict(first.state_dict())
    assert second.course.level.tolist() == [2, 0, 1, 2, 1, 2]
    assert torch.equal(second.course.column, first.course.column)
    # a tile is 8 m long: episodes begin near the middle of the level's own
    middles = second.course.terrain.middles[second.course.level, second.course.column]
    apart = (second.root_state[:, :2] - torch.from_numpy(middles)).abs().max()
    assert apart <= second.config.terrain.start_spread + 1e-5
    first.close()
    second.close()
