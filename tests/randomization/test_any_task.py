"""What it takes to randomize a task: docs/randomization.md shows this cart-pole."""

from dataclasses import dataclass

import torch

from humanoid_gym.config import build
from humanoid_gym.randomization.describing import descriptions
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig
from humanoid_gym.tasks.observation import ObservationTerm
from humanoid_gym.tasks.randomized_task import RandomizedTask, RandomizedTaskConfig

RANDOMIZATION = {
    "link_mass": {"range": [0.8, 1.2]},
    "joint_friction": {"range": [0.0, 0.1]},
    "delay": {"range": [0, 2]},
    "noise": {"pole": {"std": 0.05}},
    "force_push": {"interval": [0.2, 0.4], "bodies": ["pole"]},
}


@dataclass(frozen=True)
class RandomCartpoleConfig(CartpoleConfig, RandomizedTaskConfig):
    """Settings of the cart-pole, with `randomization`."""


class RandomCartpole(RandomizedTask, Cartpole):
    """A cart-pole with a noisy sensor at its pole."""

    config_class = RandomCartpoleConfig

    def observation_groups(self):
        """Name the columns of the observation."""
        return (ObservationTerm("cart", 2, "m, m/s"), ObservationTerm("pole", 2, "rad, rad/s"))

    def compute_observations(self):
        """Observe both joints through their sensors."""
        super().compute_observations()
        self.obs_buf.copy_(self.randomization.observed(self.obs_buf))


def made(randomization, num_envs=16):
    settings = {"num_envs": num_envs, "randomization": randomization}
    return RandomCartpole(build(RandomCartpoleConfig, settings, "task"))


def test_a_few_lines_randomize_the_cart_pole():
    task = made(RANDOMIZATION, num_envs=500)
    task.reset()
    *_, extras = task.step(torch.zeros(500, 1))
    drawn = extras["randomization"]
    assert set(drawn) == {"link_mass", "joint_friction", "delay", "noise.pole", "force_push"}
    assert drawn["link_mass"].shape == (500, 3)
    errors = task.obs_buf - task.joints.reshape(500, 4)
    assert errors[:, :2].abs().max() == 0.0
    assert 0.045 < float(errors[:, 2:].std()) < 0.055
    for _ in range(30):
        *_, extras = task.step(torch.zeros(500, 1))
        if extras["randomization"]["force_push"].abs().max() > 0.0:
            break
    else:
        raise AssertionError("nobody was pushed")
    task.close()


def test_without_settings_the_steps_are_those_of_the_plain_task():
    """Bit for bit, and no random number is drawn for what is off."""
    plain = Cartpole(build(CartpoleConfig, {"num_envs": 16}, "task"))
    task = made({})
    assert task.reset()["obs"].equal(plain.reset()["obs"])
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        actions = torch.rand(16, 1, generator=generator) * 2.0 - 1.0
        ours, expected = task.step(actions), plain.step(actions)
        assert ours[0]["obs"].equal(expected[0]["obs"])
        assert ours[2].equal(expected[2])
    for each in (task, plain):
        each.close()


def test_the_table_shows_what_was_drawn():
    task = made(RANDOMIZATION, num_envs=2)
    lines = task.randomization.table()
    assert len(lines) == 1 + 5
    assert lines[0].split()[:4] == ["parameter", "unit", "distribution", "drawn"]
    masses = task.randomization.draws()["link_mass"]
    row = next(line for line in lines if line.startswith("link_mass"))
    assert "factor uniform 0.8 to 1.2, each body  once" in row
    for value in (masses.min(), masses.mean(), masses.max(), masses[0, 0], masses[1, 0]):
        assert f"{float(value):.4g}" in row
    assert made({}).randomization.table() == ["nothing is randomized"]
    task.close()


def test_the_table_tells_distributions_schedules_and_times():
    settings = {
        "link_mass": {
            "range": [0.8, 1.2],
            "distribution": "gaussian",
            "when": "reset",
            "schedule": {"steps": 100, "start": 0.25},
        },
        "stiffness": {"range": [0.5, 2.0], "distribution": "log_uniform", "shared": True},
        "gravity": {"range": [-0.1, 0.1]},
        "gravity_interval": 2.5,
        "noise": {"cart": {"std": [0.0, 0.1], "bias": {"range": [0, 0]}}},
        "velocity_push": {"interval": [1, 1], "speed": [0, 2], "schedule": {"steps": 8}},
    }
    task = made(settings, num_envs=1)
    config = task.config.randomization
    described = {row.name: row[1:] for row in descriptions(config)}
    assert described == {
        "link_mass": (
            "1",
            "factor normal 1 ± 0.1, cut at 0.8, 1.2, each body, grows from 25% over 100 steps",
            "each episode",
        ),
        "stiffness": ("1", "factor log-uniform 0.5 to 2", "once"),
        "gravity": ("m/s^2", "offset uniform -0.1 to 0.1", "every 2.5 s"),
        "noise.cart": ("own", "normal, standard deviation 0 to 0.1", "each step"),
        "bias.cart": ("own", "uniform 0 to 0", "each episode"),
        "velocity_push": (
            "m/s, rad/s",
            "0 to 2 m/s, 0 rad/s, grows from 0% over 8 steps",
            "every 1 s",
        ),
    }
    assert len(task.randomization.table()) == 1 + len(described)
    task.close()
