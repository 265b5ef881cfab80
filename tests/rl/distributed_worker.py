"""One of the processes of test_distributed.py: python distributed_worker.py JOB OUT."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import humanoid_gym  # isort: skip  # noqa: F401

import torch
from point_mass import PointMass
from ppo_samples import fill_rollout, small_networks

from humanoid_gym.rl import ActorCriticConfig, PPOConfig, Runner, RunnerConfig, TrainConfig
from humanoid_gym.rl import distributed as together
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.normalizer import Normalizer
from humanoid_gym.rl.ppo import PPO
from humanoid_gym.rl.rollout_storage import RolloutStorage

NUM_ENVS = 6
PPO_CONFIG = PPOConfig(num_epochs=3, num_minibatches=1, learning_rate=3e-3, kl_target=0.001)
TRAINING = TrainConfig(
    policy=ActorCriticConfig(actor_hidden=(16,), critic_hidden=(16,)),
    algorithm=PPOConfig(num_epochs=2, num_minibatches=2),
    runner=RunnerConfig(horizon=8, max_iterations=6, save_interval=2, best_interval=100),
)


def learn(storage: RolloutStorage) -> dict:
    """One iteration; what came of it."""
    networks = small_networks()
    ppo = PPO(networks, PPO_CONFIG, torch.Generator().manual_seed(0))
    batch = ppo.prepare(storage)
    metrics = ppo.update(batch)
    state = {name: value.clone() for name, value in networks.state_dict().items()}
    return {"networks": state, "metrics": metrics, "advantages": batch.advantages}


def part_of_rollout(networks: ActorCritic, rank: int, world_size: int) -> RolloutStorage:
    """The whole rollout's environments that are this process's."""
    whole = fill_rollout(networks, num_envs=NUM_ENVS)
    own = NUM_ENVS // world_size
    num_obs, num_actions = whole.observations.shape[-1], whole.actions.shape[-1]
    part = RolloutStorage(whole.horizon, own, num_obs, num_actions, torch.device("cpu"))
    for name, value in vars(whole).items():
        if isinstance(value, torch.Tensor) and value.dim() > 1:
            getattr(part, name).copy_(value[:, rank * own : (rank + 1) * own])
    part.log_std.copy_(whole.log_std)
    return part


def reductions(rank: int) -> dict:
    """Statistics over all processes."""
    g = torch.Generator().manual_seed(rank)
    values = torch.randn(50 + 20 * rank, 3, generator=g) * (rank + 1) + 10.0 * rank
    normalizer = Normalizer(3)
    normalizer.update(values)
    tensors = [torch.full((2,), float(rank)), torch.full((), 10.0 * rank)]
    together.average(tensors)
    return {
        "values": values,
        "mean": normalizer.mean,
        "variance": normalizer.variance,
        "count": normalizer.count,
        "std_mean": together.std_mean(values),
        "averages": tensors,
        "anywhere": together.anywhere([rank == 1, False, True], torch.device("cpu")),
        "text": together.text_from_first(f"of {rank}"),
    }


def train(rank: int, out: Path, iterations: int, checkpoint: str = "", sabotage: str = "") -> dict:
    """A training of a few iterations in `out`; its complete state.

    `sabotage` becomes NaN in the environments of rank 1.
    """
    torch.manual_seed(rank)
    limits = replace(TRAINING.runner, max_iterations=iterations, on_nan="continue")
    config = replace(TRAINING, runner=limits)
    env = PointMass(NUM_ENVS)
    env.sabotage = sabotage if rank == 1 else ""
    runner = Runner(env, config, out, seed=3, writes=rank == 0)
    if checkpoint:
        runner.load(checkpoint)
    runner.learn()
    return runner.state_dict()


def main() -> None:
    job, out = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    process = together.launch_from(os.environ)
    with together.connected(process, torch.device("cpu"), timeout=60.0):
        rank, size = process.rank, process.world_size
        if job == "compute":
            torch.save(reductions(rank), out / f"reductions{rank}.pt")
            networks = small_networks()
            torch.save(learn(part_of_rollout(networks, rank, size)), out / f"learned{rank}.pt")
        elif job == "train":
            whole = train(rank, out / "whole", 4)
            half = train(rank, out / "half", 2)
            again = train(rank, out / "again", 4, str(out / "half/checkpoints/last.pt"))
            faulty = train(rank, out / "faulty", 3, sabotage="alive")
            states = {"whole": whole, "half": half, "again": again, "faulty": faulty}
            torch.save(states, out / f"states{rank}.pt")
        elif job == "forever":
            train(rank, out, 10**9)


if __name__ == "__main__":
    main()
