"""Settings of the networks."""

import math
from dataclasses import dataclass, field
from typing import Optional, Tuple

from humanoid_gym.rl.networks.memory import MEMORIES
from humanoid_gym.rl.networks.trunk import ACTIVATIONS


@dataclass(frozen=True)
class ActorCriticConfig:
    """Settings of `ActorCritic`."""

    actor_hidden: Tuple[int, ...] = field(default=(400, 200, 100), metadata={"min": 1})
    """Widths of the policy network's hidden layers."""
    critic_hidden: Tuple[int, ...] = field(default=(400, 200, 100), metadata={"min": 1})
    """Widths of the value network's hidden layers."""
    shared_hidden: Tuple[int, ...] = field(default=(), metadata={"min": 1})
    """Widths of layers before both networks, trained by both losses; empty: nothing is shared."""
    activation: str = field(default="elu", metadata={"choices": tuple(ACTIVATIONS)})
    """Activation after each hidden layer."""
    layer_norm: bool = False
    """Whether each hidden layer is normalized (Ba et al. 2016) before its activation."""
    initialization: str = field(default="default", metadata={"choices": ("default", "orthogonal")})
    """Weights of the hidden layers: PyTorch's default, or orthogonal with gain sqrt(2)."""
    memory: str = field(default="none", metadata={"choices": ("none", *MEMORIES)})
    """Recurrent layers before the hidden ones, in policy and value network apart."""
    memory_size: int = field(default=256, metadata={"min": 1})
    """Width of each recurrent layer."""
    memory_layers: int = field(default=1, metadata={"min": 1})
    """Number of recurrent layers."""
    critic_memory: bool = True
    """Whether the value network has a memory too, where the policy has one."""
    critic_observation: str = field(default="obs", metadata={"choices": ("obs", "states", "both")})
    """What the value network reads: the policy's observation, the task's states, or both."""
    initial_std: float = field(default=1.0, metadata={"above": 0.0})
    """Standard deviation of the action noise at the start, in action units."""
    learn_std: bool = True
    """Whether the standard deviation is learned, one number per action; fixed otherwise."""
    state_dependent_std: bool = False
    """Whether the standard deviation is an output of the policy network instead."""
    std_parametrization: str = field(default="exp", metadata={"choices": ("exp", "softplus")})
    """Function that makes a standard deviation of the number that is learned."""
    min_std: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Lower bound of the standard deviation, in action units."""
    max_std: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Upper bound of the standard deviation, in action units."""
    normalize_observations: bool = True
    """Whether observations (and states) are normalized by their running mean and deviation."""
    freeze_normalization_after: Optional[int] = field(default=None, metadata={"min": 1})
    """Samples after which the statistics of observations and states stay as they are."""
    normalize_values: bool = True
    """Whether the critic predicts returns normalized by their running mean and deviation."""
    observation_clip: float = field(default=5.0, metadata={"above": 0.0, "infinite": True})
    """Observations, normalized or not, are clipped to this magnitude; inf: not at all."""

    def __post_init__(self) -> None:
        """Refuse combinations that mean nothing."""
        low, high = self.std_bounds
        if not low <= self.initial_std <= high:
            raise ValueError(
                f"initial_std is {self.initial_std:g}, outside of min_std {low:g} and max_std "
                f"{high:g}; choose it between them"
            )
        if self.state_dependent_std and not self.learn_std:
            raise ValueError(
                "state_dependent_std needs learn_std: a fixed standard deviation has no state"
            )
        if self.freeze_normalization_after is not None and not self.normalize_observations:
            raise ValueError(
                "freeze_normalization_after needs normalize_observations: there are no statistics "
                "to freeze; leave it out"
            )
        if self.shared_hidden and self.critic_observation == "states":
            raise ValueError(
                "shared_hidden layers read the observation, which critic_observation=states keeps "
                "from the critic; use critic_observation=both, or shared_hidden=[]"
            )

    @property
    def std_bounds(self) -> Tuple[float, float]:
        """Lower and upper bound of the standard deviation; 0 and infinity where there is none."""
        low = 0.0 if self.min_std is None else self.min_std
        return low, math.inf if self.max_std is None else self.max_std

    @property
    def reads_states(self) -> bool:
        """Whether the value network reads the task's states."""
        return self.critic_observation != "obs"
