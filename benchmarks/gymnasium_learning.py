"""Our PPO on a Gymnasium environment, with the settings of CleanRL's ppo_continuous_action.py.

    pip install 'humanoid-gym[gymnasium]'
    python benchmarks/gymnasium_learning.py HalfCheetah-v4 --seed 1 --out runs/halfcheetah

As there: 2048 samples an iteration, ten epochs of 32 minibatches, two tanh layers of 64, rate 3e-4
falling to zero, clipped values, advantages normalized in each minibatch. Other than there, those
samples come from several environments, and the critic's targets are normalized in place of the
rewards. Prints the mean return of the last 100 training episodes and writes curve.csv.
"""

import argparse
from pathlib import Path

import gymnasium
import torch
from learning_curve import read_curve, write_csv

from humanoid_gym.adapters.gymnasium_env import GymnasiumVecEnv
from humanoid_gym.rl import ActorCriticConfig, PPOConfig, Runner, RunnerConfig, TrainConfig

SAMPLES = 2048


def settings(num_envs: int, env_steps: int) -> TrainConfig:
    """CleanRL's settings in our words."""
    return TrainConfig(
        policy=ActorCriticConfig(
            actor_hidden=(64, 64),
            critic_hidden=(64, 64),
            activation="tanh",
            initialization="orthogonal",
            initial_std=1.0,
            observation_clip=10.0,
        ),
        algorithm=PPOConfig(
            num_epochs=10,
            num_minibatches=32,
            learning_rate=3e-4,
            learning_rate_schedule="linear",
            gamma=0.99,
            lam=0.95,
            reward_scale=1.0,
            advantage_normalization="minibatch",
            clip_range=0.2,
            value_loss_coef=0.25,  # of the squared error; there 0.5 of half of it
            entropy_coef=0.0,
            bounds_loss_coef=0.0,
            max_grad_norm=0.5,
        ),
        runner=RunnerConfig(
            horizon=SAMPLES // num_envs,
            max_iterations=env_steps // SAMPLES,
            save_interval=100,
        ),
    )


def main() -> None:
    """Train and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("env", help="name of an environment with Box spaces")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--env-steps", type=int, default=1_000_000)
    parser.add_argument("--num-envs", type=int, default=8)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # such small networks gain nothing from more
    env = GymnasiumVecEnv(
        gymnasium.make_vec(arguments.env, num_envs=arguments.num_envs),
        seed=arguments.seed,
        rescale_actions=False,
    )
    config = settings(arguments.num_envs, arguments.env_steps)
    runner = Runner(env, config, arguments.out, seed=arguments.seed)
    runner.learn()
    curve = read_curve(arguments.out)
    write_csv(curve, arguments.out / "curve.csv")
    print(f"{arguments.env} seed {arguments.seed}: return {curve['return'][-1]:.0f}")


if __name__ == "__main__":
    main()
