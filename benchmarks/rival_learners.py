"""Other libraries' PPO on the rollout of benchmarks/learner.py: same samples, networks, batches."""

import argparse
import copy
from collections.abc import Callable
from typing import Any

import torch

from humanoid_gym.rl.rollout_storage import RolloutStorage

NUM_OBS, NUM_ACTIONS = 108, 21
HIDDEN = (400, 200, 100)

Timed = dict[str, Callable[[], object]]
"""Parts of an iteration by name, in their order."""


def rsl_rl(storage: RolloutStorage, arguments: argparse.Namespace) -> Timed:
    """Return rsl_rl's parts. Its steps evaluate the critic too, which ours leave to `prepare`."""
    import rsl_rl.algorithms
    from tensordict import TensorDict

    obs = TensorDict({"policy": storage.observations[0]}, batch_size=[arguments.num_envs])
    actor, critic = _rsl_rl_models(obs)
    ppo = rsl_rl.algorithms.PPO(
        actor.to(arguments.device),
        critic.to(arguments.device),
        _rsl_rl_storage(storage, obs, arguments),
        num_learning_epochs=arguments.epochs,
        num_mini_batches=arguments.minibatches,
        value_loss_coef=2.0,
        entropy_coef=0.0,
        learning_rate=5e-4,
        desired_kl=0.02,
        device=arguments.device,
    )

    def act() -> None:
        with torch.inference_mode():
            ppo.act(obs)

    return {"act": act, "prepare": lambda: ppo.compute_returns(obs), "update": ppo.update}


def _rsl_rl_models(obs: object) -> tuple[torch.nn.Module, torch.nn.Module]:
    from rsl_rl.models import MLPModel

    groups = {"actor": ["policy"], "critic": ["policy"]}
    gaussian = {"class_name": "GaussianDistribution", "init_std": 1.0, "std_type": "log"}
    actor = MLPModel(obs, groups, "actor", NUM_ACTIONS, list(HIDDEN), "elu", True, gaussian)
    return actor, MLPModel(obs, groups, "critic", 1, list(HIDDEN), "elu", True)


def _rsl_rl_storage(storage: RolloutStorage, obs: object, arguments: argparse.Namespace) -> object:
    from rsl_rl.storage import RolloutStorage as TheirStorage

    theirs = TheirStorage(
        "rl", arguments.num_envs, arguments.horizon, obs, [NUM_ACTIONS], arguments.device
    )
    theirs.observations["policy"].copy_(storage.observations[:-1])
    theirs.actions.copy_(storage.actions)
    theirs.rewards.copy_(storage.rewards.unsqueeze(-1))
    theirs.dones.copy_((storage.terminated | storage.truncated).unsqueeze(-1))
    theirs.actions_log_prob.copy_(storage.log_probs.unsqueeze(-1))
    theirs.distribution_params = (storage.means.clone(), torch.ones_like(storage.means))
    theirs.values.normal_(std=0.1)
    return theirs


def stable_baselines3(storage: RolloutStorage, arguments: argparse.Namespace) -> Timed:
    """Return Stable-Baselines3's parts. Its rollout lies in NumPy arrays, on the CPU."""
    ppo = _stable_baselines3_ppo(arguments)
    buffer = ppo.rollout_buffer
    for name, tensor in {
        "observations": storage.observations[:-1],
        "actions": storage.actions,
        "rewards": storage.rewards,
        "log_probs": storage.log_probs,
        "episode_starts": storage.done.float(),
    }.items():
        getattr(buffer, name)[:] = tensor.cpu().numpy()
    buffer.pos, buffer.full = arguments.horizon, True
    observations = storage.observations[0].cpu().numpy()
    last_values, dones = torch.zeros(arguments.num_envs), storage.done[-1].cpu().numpy()
    buffer.compute_returns_and_advantage(last_values, dones)
    unflattened = copy.deepcopy(buffer)  # learning flattens it

    def act() -> None:
        with torch.no_grad():
            ppo.policy(ppo.policy.obs_to_tensor(observations)[0])

    def prepare() -> None:
        unflattened.compute_returns_and_advantage(last_values, dones)

    return {"act": act, "prepare": prepare, "update": ppo.train}


def _stable_baselines3_ppo(arguments: argparse.Namespace) -> Any:  # noqa: ANN401 - imported below
    import stable_baselines3
    from stable_baselines3.common.logger import configure

    ppo = stable_baselines3.PPO(
        "MlpPolicy",
        _spaces_alone(arguments.num_envs),
        n_steps=arguments.horizon,
        batch_size=arguments.num_envs * arguments.horizon // arguments.minibatches,
        n_epochs=arguments.epochs,
        learning_rate=5e-4,
        vf_coef=2.0,
        max_grad_norm=1.0,
        policy_kwargs={"net_arch": list(HIDDEN), "activation_fn": torch.nn.ELU},
        device=arguments.device,
    )
    ppo.set_logger(configure(None, []))
    return ppo


def _spaces_alone(num_envs: int) -> object:
    """Return environments of Stable-Baselines3's kind that can do nothing."""
    from gymnasium.spaces import Box
    from stable_baselines3.common.vec_env import VecEnv

    class NoEnv(VecEnv):
        def __init__(self) -> None:
            self.render_mode = None
            boxes = (Box(-9.0, 9.0, (width,)) for width in (NUM_OBS, NUM_ACTIONS))
            super().__init__(num_envs, *boxes)

        def get_attr(self, attr_name: str, indices: object = None) -> list[None]:
            return [None] * self.num_envs

        def seed(self, seed: int | None = None) -> list[None]:
            return [None] * self.num_envs

        reset = step_async = step_wait = close = set_attr = env_method = env_is_wrapped = None

    NoEnv.__abstractmethods__ = frozenset()
    return NoEnv()
