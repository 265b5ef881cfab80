"""A task in the manner of legacy ones, as texts of files: two base classes, one task, settings."""

import textwrap
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]

OWN_BASE = '''
    import torch
    from isaacgym import gymapi

    THE_SIM = None


    class VecTask:
        """A base class that is not humanoid_gym's: it steps, flags and keeps its simulation."""

        def __init__(self, config, rl_device, sim_device, graphics_device_id, headless,
                     virtual_screen_capture=False, force_render=False):
            env, sim = config["env"], config["sim"]
            self.device, self.rl_device = "cpu", rl_device
            self.num_environments = env["numEnvs"]
            self.num_observations, self.num_actions = env["numObservations"], env["numActions"]
            self.num_states = env.get("numStates", 0)
            self.clip, self.device_id = env.get("clipObservations", 1e9), 0
            self.graphics_device_id, self.physics_engine = -1, gymapi.SIM_PHYSX
            self.sim_params = gymapi.SimParams()
            self.sim_params.dt, self.sim_params.up_axis = sim["dt"], gymapi.UP_AXIS_Z
            self.sim_params.gravity = gymapi.Vec3(*sim["gravity"])
            self.gym, self.viewer = gymapi.acquire_gym(), None
            self.create_sim()
            self.gym.prepare_sim(self.sim)
            if not headless:
                self.viewer = self.gym.create_viewer(self.sim, gymapi.CameraProperties())
                self.gym.subscribe_viewer_keyboard_event(self.viewer, gymapi.KEY_ESCAPE, "QUIT")
            self.obs_buf = torch.zeros(self.num_envs, self.num_observations)
            self.states_buf = torch.zeros(self.num_envs, self.num_states)
            self.rew_buf, self.extras = torch.zeros(self.num_envs), {}
            self.reset_buf = torch.ones(self.num_envs, dtype=torch.long)
            self.progress_buf = torch.zeros(self.num_envs, dtype=torch.long)

        @property
        def num_envs(self):
            return self.num_environments

        def create_sim(self, compute, graphics, engine, params):
            global THE_SIM
            if THE_SIM is None:
                THE_SIM = self.gym.create_sim(compute, graphics, engine, params)
            return THE_SIM

        def observed(self):
            found = {"obs": self.obs_buf.clamp(-self.clip, self.clip)}
            return {**found, "states": self.states_buf.clone()} if self.num_states else found

        def reset(self):
            return self.observed()

        def step(self, actions):
            self.pre_physics_step(actions.clamp(-1.0, 1.0))
            self.gym.simulate(self.sim)
            self.gym.fetch_results(self.sim, True)
            self.post_physics_step()
            late = self.progress_buf >= self.max_episode_length - 1
            self.extras["time_outs"] = late & (self.reset_buf != 0)
            return self.observed(), self.rew_buf, self.reset_buf, self.extras
'''

TASK = """
    import os
    from collections import deque

    import torch
    from isaacgym import gymapi, gymtorch

    from BASE import VecTask


    class Pole(VecTask):
        def __init__(self, cfg, rl_device, sim_device, graphics_device_id, headless,
                     virtual_screen_capture, force_render):
            self.cfg = cfg
            self.max_episode_length = cfg["env"]["episodeLength"]
            self.effort = cfg["env"]["maxEffort"]
            cfg["env"]["numObservations"] = 4
            cfg["env"]["numActions"] = 1
            cfg["env"]["numStates"] = 2
            super().__init__(cfg, rl_device, sim_device, graphics_device_id, headless,
                             virtual_screen_capture, force_render)
            self.dofs = gymtorch.wrap_tensor(self.gym.acquire_dof_state_tensor(self.sim))
            self.pos = self.dofs.view(self.num_envs, 2, 2)[..., 0]
            self.vel = self.dofs.view(self.num_envs, 2, 2)[..., 1]
            self.steps = 0
            self.sums = {"reward": torch.zeros(self.num_envs)}
            self.recent = deque(maxlen=3)

        def create_sim(self):
            self.sim = super().create_sim(
                self.device_id, self.graphics_device_id, self.physics_engine, self.sim_params)
            plane = gymapi.PlaneParams()
            plane.normal = gymapi.Vec3(0.0, 0.0, 1.0)
            self.gym.add_ground(self.sim, plane)
            root, name = os.path.split(self.cfg["env"]["asset"]["assetFileName"])
            options = gymapi.AssetOptions()
            options.fix_base_link = True
            asset = self.gym.load_asset(self.sim, root, name, options)
            low, high = gymapi.Vec3(-4.0, -4.0, 0.0), gymapi.Vec3(4.0, 4.0, 4.0)
            for i in range(self.num_envs):
                env = self.gym.create_env(self.sim, low, high, 4)
                pose = gymapi.Transform()
                pose.p.z = 2.0
                pole = self.gym.create_actor(env, asset, pose, "pole", i, 1, 0)
                dofs = self.gym.get_actor_dof_properties(env, pole)
                dofs["driveMode"] = (gymapi.DOF_MODE_EFFORT, gymapi.DOF_MODE_NONE)
                dofs["stiffness"], dofs["damping"] = 0.0, 0.0
                self.gym.set_actor_dof_properties(env, pole, dofs)

        def pre_physics_step(self, actions):
            self.actions = actions.clone()
            forces = torch.zeros(self.num_envs, 2, device=self.device)
            forces[:, 0] = actions[:, 0] * self.effort
            self.gym.set_dof_actuation_force_tensor(self.sim, gymtorch.unwrap_tensor(forces))

        def reset_idx(self, env_ids, goal_ids):
            self.pos[env_ids] = 0.2 * (torch.rand(len(env_ids), 2) - 0.5)
            self.vel[env_ids] = 0.0
            ids = env_ids.to(torch.int32)
            self.gym.set_dof_state_tensor_indexed(
                self.sim, gymtorch.unwrap_tensor(self.dofs), gymtorch.unwrap_tensor(ids), len(ids))
            self.reset_buf[env_ids] = 0
            self.progress_buf[env_ids] = 0

        def post_physics_step(self):
            self.progress_buf += 1
            self.steps += 1
            ids = self.reset_buf.nonzero().squeeze(-1)
            if len(ids) > 0:
                self.reset_idx(ids, ids)
            self.gym.refresh_dof_state_tensor(self.sim)
            self.obs_buf[:, [0, 2]], self.obs_buf[:, [1, 3]] = self.pos, self.vel
            self.states_buf[:] = self.pos
            memory = sum(self.recent) if self.recent else 0.0
            self.rew_buf[:] = 1.0 - self.pos[:, 1] ** 2 - 0.01 * self.actions[:, 0] ** 2
            self.rew_buf += 1e-3 * self.steps + 1e-3 * self.sums["reward"] + 1e-3 * memory
            self.sums["reward"] += self.rew_buf
            self.recent.append(float(self.rew_buf.mean()))
            over = (self.pos[:, 0].abs() > 3.0) | (self.pos[:, 1].abs() > 1.5)
            over |= self.progress_buf >= self.max_episode_length - 1
            self.reset_buf = torch.where(over, torch.ones_like(self.reset_buf), self.reset_buf)
            self.extras["tilt"] = self.pos[:, 1].abs().mean()
            self.extras["episode"] = {"effort": self.actions.abs().mean()}
"""

LEGACY_FILE = """
    name: Pole
    physics_engine: ${..physics_engine}
    env:
      numEnvs: ${resolve_default:12,${...num_envs}}
      envSpacing: 4.0
      episodeLength: 20
      clipObservations: 5.0
      clipActions: 1.0
      maxEffort: 400.0
      fast: ${if:${...headless},True,False}
      asset: {assetFileName: "ASSET"}
    sim:
      dt: 0.0166
      substeps: 2
      up_axis: "z"
      use_gpu_pipeline: ${eq:${...pipeline},"gpu"}
      gravity: [0.0, 0.0, -9.81]
      physx:
        num_threads: ${....num_threads}
        use_gpu: ${contains:"cuda",${....sim_device}}
    task:
      randomize: False
"""
SETTINGS = "class: own_pole:Pole\ndefaults: [Pole, _self_]\n"
LEARNER = """
    defaults: [cartpole_ppo, _self_]
    runner: {horizon: 8, max_iterations: 2}
    policy: {actor_hidden: [8], critic_hidden: [8], critic_observation: both}
"""


def write(folder: Path, name: str, text: str) -> None:
    """Write one file of the project."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


BASES = ["humanoid_gym", "own_base"]
"""Modules whose base class a project is derived from."""


def write_project(folder: Path, base: str) -> None:
    """Write the files of somebody who has a legacy task.

    Args:
        folder: working directory.
        base: module that the task takes VecTask from: humanoid_gym or own_base.
    """
    asset = CLONE / "resources/urdf/cartpole/cartpole.urdf"
    write(folder, "own_base.py", OWN_BASE)
    write(folder, "own_pole.py", TASK.replace("BASE", base))
    write(folder, "cfg/task/Pole.yaml", LEGACY_FILE.replace("ASSET", str(asset)))
    write(folder, "cfg/task/own_pole.yaml", SETTINGS)
    write(folder, "cfg/train/own_pole_ppo.yaml", LEARNER)
