"""A task of one's own that returns something unusable says what, where and what it has to be."""

import pytest
import torch

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
