"""Gaussian policy and value function: two multilayer perceptrons with running normalization."""

import math
from dataclasses import dataclass, field
from typing import Callable, Dict, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from humanoid_gym.rl.normalizer import Normalizer

_ACTIVATIONS: Dict[str, Callable[[], nn.Module]] = {
    "elu": lambda: nn.ELU(inplace=True),
    "relu": lambda: nn.ReLU(inplace=True),
    "tanh": nn.Tanh,
}
_LOG_2_PI = math.log(2.0 * math.pi)


@dataclass(frozen=True)
class ActorCriticConfig:
    """Settings of `ActorCritic`."""

    actor_hidden: Tuple[int, ...] = field(default=(400, 200, 100), metadata={"min": 1})
    """Widths of the policy network's hidden layers."""
    critic_hidden: Tuple[int, ...] = field(default=(400, 200, 100), metadata={"min": 1})
    """Widths of the value network's hidden layers."""
    activation: str = field(default="elu", metadata={"choices": tuple(_ACTIVATIONS)})
    """Activation after each hidden layer."""
    initialization: str = field(default="default", metadata={"choices": ("default", "orthogonal")})
    """Weights of the hidden layers: PyTorch's default, or orthogonal with gain sqrt(2)."""
    initial_std: float = field(default=1.0, metadata={"above": 0.0})
    """Standard deviation of the action noise at the start, in action units."""
    learn_std: bool = True
    """Whether the standard deviation is learned, one number per action; fixed otherwise."""
    normalize_observations: bool = True
    """Whether observations are normalized by their running mean and standard deviation."""
    normalize_values: bool = True
    """Whether the critic predicts returns normalized by their running mean and deviation."""
    observation_clip: float = field(default=5.0, metadata={"above": 0.0})
    """Normalized observations are clipped to this magnitude."""


class PolicyStep(NamedTuple):
    """One sampled action per environment, with what PPO must remember of it."""

    actions: Tensor
    """Shape (N, num_actions)."""
    log_probs: Tensor
    """Log density of the actions. Shape (N,)."""
    mean: Tensor
    """Mean of the policy. Shape (N, num_actions)."""


def gaussian_log_prob(actions: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Log density of a diagonal Gaussian.

    Args:
        actions: shape (..., num_actions).
        mean: shape (..., num_actions).
        log_std: shape (num_actions,).

    Returns:
        Shape (...,).
    """
    z = (actions - mean) * torch.exp(-log_std)
    return -0.5 * z.square().sum(-1) - log_std.sum() - 0.5 * actions.shape[-1] * _LOG_2_PI


def gaussian_entropy(log_std: Tensor) -> Tensor:
    """Entropy [nats] of a diagonal Gaussian with log_std of shape (num_actions,); 0-d."""
    return log_std.sum() + 0.5 * log_std.shape[-1] * (1.0 + _LOG_2_PI)


def gaussian_kl(
    old_mean: Tensor, old_log_std: Tensor, new_mean: Tensor, new_log_std: Tensor
) -> Tensor:
    """KL(old || new) [nats] of diagonal Gaussians.

    Args:
        old_mean: shape (..., num_actions).
        old_log_std: shape (num_actions,).
        new_mean: shape (..., num_actions).
        new_log_std: shape (num_actions,).

    Returns:
        Shape (...,).
    """
    precision = torch.exp(-2.0 * new_log_std)
    from_std = new_log_std - old_log_std + 0.5 * (torch.exp(2.0 * old_log_std) * precision - 1.0)
    return 0.5 * ((old_mean - new_mean).square() * precision).sum(-1) + from_std.sum()


class ActorCritic(nn.Module):
    """Separate actor and critic over one observation.

    The action distribution is a diagonal Gaussian whose standard deviation does not depend on
    the observation. `actor` and `critic` take normalized observations and the critic predicts
    normalized values; `act`, `act_greedily` and `value` take and return raw ones.
    """

    def __init__(self, num_obs: int, num_actions: int, config: ActorCriticConfig) -> None:
        """Create freshly initialized networks on the CPU.

        Args:
            num_obs: width of the observation.
            num_actions: width of the action.
            config: architecture.
        """
        super().__init__()
        self.actor = _mlp((num_obs, *config.actor_hidden, num_actions), config, output_gain=0.01)
        self.critic = _mlp((num_obs, *config.critic_hidden, 1), config, output_gain=1.0)
        self.log_std = nn.Parameter(
            torch.full((num_actions,), math.log(config.initial_std)),
            requires_grad=config.learn_std,
        )
        self.observation_normalizer = Normalizer(num_obs, clip=config.observation_clip)
        self.value_normalizer = Normalizer(1)
        self._normalize_observations = config.normalize_observations
        self._normalize_values = config.normalize_values

    @torch.no_grad()
    def act(self, obs: Tensor, generator: Optional[torch.Generator] = None) -> PolicyStep:
        """Sample actions.

        Args:
            obs: raw observations. Shape (N, num_obs).
            generator: source of the noise, on the networks' device.
        """
        mean = self.actor(self.observation_normalizer(obs))
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        actions = torch.addcmul(mean, noise, self.log_std.exp())
        return PolicyStep(actions, gaussian_log_prob(actions, mean, self.log_std), mean)

    @torch.no_grad()
    def act_greedily(self, obs: Tensor) -> Tensor:
        """Return the policy's mean for raw observations (N, num_obs). Shape (N, num_actions)."""
        return self.actor(self.observation_normalizer(obs))

    @torch.no_grad()
    def value(self, obs: Tensor) -> Tensor:
        """Return expected discounted returns for raw observations (..., num_obs). Shape (...,)."""
        normalized = self.critic(self.observation_normalizer(obs))
        return self.value_normalizer.denormalize(normalized).squeeze(-1)

    def update_observation_statistics(self, obs: Tensor) -> None:
        """Merge raw observations (..., num_obs) into the running statistics, if they are used."""
        if self._normalize_observations:
            self.observation_normalizer.update(obs)

    def update_value_statistics(self, returns: Tensor) -> None:
        """Merge raw returns (any shape) into the running statistics, if they are used."""
        if self._normalize_values:
            self.value_normalizer.update(returns.unsqueeze(-1))


def _mlp(sizes: Tuple[int, ...], config: ActorCriticConfig, output_gain: float) -> nn.Sequential:
    layers = []
    for fan_in, fan_out in zip(sizes[:-2], sizes[1:-1]):
        layers += [
            _linear(fan_in, fan_out, math.sqrt(2.0), config),
            _ACTIVATIONS[config.activation](),
        ]
    return nn.Sequential(*layers, _linear(sizes[-2], sizes[-1], output_gain, config))


def _linear(fan_in: int, fan_out: int, gain: float, config: ActorCriticConfig) -> nn.Linear:
    layer = nn.Linear(fan_in, fan_out)
    if config.initialization == "orthogonal":
        nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer
