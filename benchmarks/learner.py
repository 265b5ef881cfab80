"""Time of one learning step, ours against rsl_rl's PPO: same batch, networks, minibatches, epochs.

    pip install rsl-rl-lib
    python benchmarks/learner.py [--num-envs 512] [--threads 2] [--device cpu]

Both learn from the same random rollout, alternating in one run, so that a busy machine disturbs
both alike; the medians and their ratio are printed. "update" is the gradient steps alone.
"learn" is everything between two rollouts: for both the advantages and the observation
statistics; for ours also the critic's evaluation of the whole rollout, which rsl_rl pays for
during the rollout (it is not charged for it here).
"""

import argparse
import statistics
import time
from typing import Callable, Dict, List, Tuple

import rsl_rl
import rsl_rl.algorithms
import rsl_rl.storage
import torch
from rsl_rl.models import MLPModel
from tensordict import TensorDict

from humanoid_gym.rl.actor_critic import ActorCritic, ActorCriticConfig
from humanoid_gym.rl.ppo import PPO, PPOConfig
from humanoid_gym.rl.rollout_storage import RolloutStorage

NUM_OBS, NUM_ACTIONS = 108, 21
HIDDEN = (400, 200, 100)

Timed = Dict[str, Callable[[], object]]


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-envs", type=int, default=512)
    parser.add_argument("--horizon", type=int, default=32)
    parser.add_argument("--minibatches", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)

    storage = random_rollout(arguments)
    seconds = alternate(
        ours(storage, arguments), theirs(storage, arguments), arguments.repetitions, storage
    )
    size = arguments.num_envs * arguments.horizon
    print(
        f"{size} samples, {arguments.epochs} epochs of {arguments.minibatches} minibatches, "
        f"{HIDDEN}, {arguments.device}, {arguments.threads} threads, torch {torch.__version__}"
    )
    for name in ("update", "learn"):
        mine, other = seconds["ours", name], seconds["rsl_rl", name]
        print(f"{name}: ours {mine:.3f} s, rsl_rl {other:.3f} s, ratio {other / mine:.2f}")


def random_rollout(arguments: argparse.Namespace) -> RolloutStorage:
    """Fill a storage with plausible random numbers; one episode in a hundred steps ends."""
    device = torch.device(arguments.device)
    storage = RolloutStorage(arguments.horizon, arguments.num_envs, NUM_OBS, NUM_ACTIONS, device)
    for tensor in (storage.observations, storage.final_observations, storage.actions):
        tensor.normal_()
    storage.means.normal_(std=0.1)
    storage.rewards.uniform_(0.0, 0.05)
    storage.terminated.bernoulli_(0.01)
    storage.truncated.bernoulli_(0.001)
    normal = torch.distributions.Normal(storage.means, 1.0)
    storage.log_probs.copy_(normal.log_prob(storage.actions).sum(-1))
    return storage


def ours(storage: RolloutStorage, arguments: argparse.Namespace) -> Timed:
    """Return our steps between two rollouts, in order."""
    networks = ActorCritic(NUM_OBS, NUM_ACTIONS, ActorCriticConfig()).to(arguments.device)
    networks.update_observation_statistics(storage.observations)
    config = PPOConfig(num_epochs=arguments.epochs, num_minibatches=arguments.minibatches)
    ppo = PPO(networks, config)
    batches: List[object] = []

    def prepare() -> None:
        batches[:] = [ppo.prepare(storage)]

    def update() -> List[float]:
        metrics = ppo.update(batches[0], storage.log_std)  # pyright: ignore[reportArgumentType]
        return torch.stack(list(metrics.values())).tolist()  # the iteration's one read

    return {"prepare": prepare, "update": update}


def theirs(storage: RolloutStorage, arguments: argparse.Namespace) -> Timed:
    """Return rsl_rl's steps between two rollouts, in order."""
    device, shape = arguments.device, storage.rewards.shape
    obs = TensorDict({"policy": storage.observations[0]}, batch_size=[arguments.num_envs])
    groups = {"actor": ["policy"], "critic": ["policy"]}
    gaussian = {"class_name": "GaussianDistribution", "init_std": 1.0, "std_type": "log"}
    actor = MLPModel(obs, groups, "actor", NUM_ACTIONS, list(HIDDEN), "elu", True, gaussian)
    critic = MLPModel(obs, groups, "critic", 1, list(HIDDEN), "elu", True)
    copy = rsl_rl.storage.RolloutStorage(
        "rl", arguments.num_envs, arguments.horizon, obs, [NUM_ACTIONS], device
    )
    copy.observations["policy"].copy_(storage.observations[:-1])
    copy.actions.copy_(storage.actions)
    copy.rewards.copy_(storage.rewards.unsqueeze(-1))
    copy.dones.copy_((storage.terminated | storage.truncated).unsqueeze(-1))
    copy.actions_log_prob.copy_(storage.log_probs.unsqueeze(-1))
    copy.distribution_params = (storage.means.clone(), torch.ones_like(storage.means))
    copy.values.normal_(std=0.1)
    assert copy.rewards.shape[:2] == shape
    ppo = rsl_rl.algorithms.PPO(
        actor,
        critic,
        copy,
        num_learning_epochs=arguments.epochs,
        num_mini_batches=arguments.minibatches,
        value_loss_coef=2.0,
        entropy_coef=0.0,
        learning_rate=5e-4,
        desired_kl=0.02,
        device=device,
    )
    return {"prepare": lambda: ppo.compute_returns(obs), "update": ppo.update}


def alternate(
    mine: Timed, other: Timed, repetitions: int, storage: RolloutStorage
) -> Dict[Tuple[str, str], float]:
    """Return median seconds by (learner, part); the first repetition warms up and is dropped."""
    samples: Dict[Tuple[str, str], List[float]] = {}
    for _ in range(repetitions + 1):
        for learner, steps in (("ours", mine), ("rsl_rl", other)):
            total = 0.0
            for name, step in steps.items():
                seconds = timed(step, storage.rewards.device)
                samples.setdefault((learner, name), []).append(seconds)
                total += seconds
            samples.setdefault((learner, "learn"), []).append(total)
    return {key: statistics.median(values[1:]) for key, values in samples.items()}


def timed(step: Callable[[], object], device: torch.device) -> float:
    """Return the seconds that a call takes, with the device's work for it finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    begin = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
