"""A task of one's own that returns something unusable says what, where and what it has to be."""

import pytest
import torch

from humanoid_gym.config import ConfigError
from humanoid_gym.tasks.cartpole import Cartpole, CartpoleConfig

N = 3
ONES = torch.ones(N)
BAD = [
    ("compute_reward", ONES, TypeError, r"tensors by name.*a tensor of float32, shape \(3,\)"),
    ("compute_reward", None, TypeError, "tensors by name.*NoneType: None"),
    ("compute_reward", {}, ValueError, "no term"),
    ("compute_reward", {"up": 1.0}, TypeError, "'up' has to be a tensor, not float: 1.0"),
    ("compute_reward", {"up": ONES[:, None]}, ValueError, r"'up'.*\(3,\), but has shape \(3, 1\)"),
    ("compute_reward", {"up": torch.tensor(1.0)}, ValueError, r"'up'.*but has shape \(\)"),
    ("compute_metrics", {"speed": torch.ones(N, 2)}, ValueError, r"'speed'.*shape \(3, 2\)"),
    ("compute_episode_metrics", [ONES], TypeError, "tensors by name.*list"),
    ("compute_termination", ONES, TypeError, "tensor of bool.*float32"),
    ("compute_termination", False, TypeError, "tensor of bool.*bool: False"),
    ("compute_termination", ONES[:, None] > 2.0, ValueError, r"\(3,\), but has shape \(3, 1\)"),
]


@pytest.mark.parametrize(("method", "value", "kind", "message"), BAD)
def test_what_a_method_may_not_return_is_named(method, value, kind, message):
    methods = {"compute_reward": lambda self: {"alive": ONES}, method: lambda self: value}
    own = type("Hopper", (Cartpole,), methods)
    task = own(CartpoleConfig(num_envs=N, seed=1))
    task.reset()
    with pytest.raises(kind, match=rf"^Hopper\.{method}.*{message}"):
        task.step(torch.zeros(N, 1))
    task.close()


def test_an_observation_of_another_width_is_named():
    def narrow(self):
        self.obs_buf = self.joints.view(N, 4)[:, :3]

    task = type("Hopper", (Cartpole,), {"compute_observations": narrow})(CartpoleConfig(num_envs=N))
    with pytest.raises(
        ValueError, match=r"^Hopper\.obs_buf .* shape \(3, 4\), but has .* \(3, 3\)"
    ):
        task.reset()
    task.close()


def test_an_environment_too_few_is_told():
    def one(self):
        self.create_env()

    with pytest.raises(ConfigError, match=r"^Hopper\.create_envs created 1 env.*num_envs is 3"):
        type("Hopper", (Cartpole,), {"create_envs": one})(CartpoleConfig(num_envs=N))
