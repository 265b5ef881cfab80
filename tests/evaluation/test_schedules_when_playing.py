"""A policy is played with all that its training came to draw from, not with what it began with."""

import torch
from tiny_runs import train

from humanoid_gym.cli import trained
from humanoid_gym.cli.training import make_env


def test_what_grew_during_the_training_is_at_its_widest(tmp_path):
    growing = "{steps: 1000000, start: 0.1}"
    run = train(
        tmp_path,
        "humanoid_legs",
        f"+task.randomization.delay={{range: [3, 6], schedule: {growing}}}",
        f"+task.randomization.noise.gravity_b={{std: 0.5, schedule: {growing}}}",
    )
    top = {"num_envs": 32, "device": "cpu", "headless": True, "seed": 5}
    policy = trained.read(trained.find(str(run)), top, [])
    for env, delays, std in (
        (make_env(policy.config), {0, 1}, 0.05),  # as a training begins
        (policy.make_env(), {3, 4, 5, 6}, 0.5),
    ):
        env.reset()
        drawn = env.randomization.draws()
        assert set(drawn["delay"].flatten().tolist()) == delays
        torch.testing.assert_close(drawn["noise.gravity_b"], torch.full((32, 1), std))
        env.close()
