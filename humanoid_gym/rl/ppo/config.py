"""Settings of PPO."""

from dataclasses import dataclass, field
from typing import Optional, Tuple


@dataclass(frozen=True)
class PPOConfig:
    """Settings of `PPO`."""

    num_epochs: int = field(default=4, metadata={"min": 1})
    """Passes over each rollout."""
    num_minibatches: int = field(default=4, metadata={"min": 1})
    """Parts of a rollout, as equal as possible; one gradient step each."""
    minibatch_size: Optional[int] = field(default=None, metadata={"min": 1})
    """Samples per gradient step, instead of num_minibatches; must divide horizon x num_envs."""
    optimizer: str = field(default="adam", metadata={"choices": ("adam", "adamw", "muon")})
    """adam; adamw: with weight decay; muon: orthogonalized steps of the hidden layers' weights,
    AdamW for all other parameters."""
    weight_decay: Optional[float] = field(default=None, metadata={"min": 0.0})
    """Of weight matrices, per step and unit of learning rate; None: 0.01, with adam none."""
    gradient_accumulation: int = field(default=1, metadata={"min": 1})
    """Parts that a minibatch is evaluated in, one after another, their gradients added up: saves
    memory and changes nothing else."""
    learning_rate: float = field(default=5e-4, metadata={"above": 0.0})
    """The optimizer's step size at the start."""
    critic_learning_rate: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Constant step size for the critic; None: that of the policy, which may adapt."""
    learning_rate_schedule: str = field(
        default="adaptive", metadata={"choices": ("adaptive", "linear", "constant")}
    )
    """adaptive: follows kl_target; linear: falls to zero at the last iteration; constant."""
    learning_rate_range: Tuple[float, float] = field(default=(1e-5, 1e-2), metadata={"above": 0.0})
    """Bounds of the adaptive learning rate."""
    kl_target: float = field(default=0.02, metadata={"above": 0.0})
    """Wanted KL(old || new) of the policy [nats]; the adaptive rate is divided by 1.5 above
    twice this and multiplied by 1.5 below half of it, as often as adapt_every says."""
    adapt_every: str = field(
        default="gradient_step", metadata={"choices": ("gradient_step", "epoch", "iteration")}
    )
    """When the adaptive rate changes: before a gradient step, by the minibatch's divergence; or
    at the end of an epoch or of an iteration's last epoch, by that epoch's mean divergence."""
    kl_stop: Optional[float] = field(default=None, metadata={"above": 0.0})
    """An iteration takes no more gradient steps once a minibatch's KL(old || new) [nats] is above
    this; they are computed and masked, since looking would wait for the device. None: never."""
    gamma: float = field(default=0.99, metadata={"min": 0.0, "max": 1.0})
    """Discount per control step."""
    lam: float = field(default=0.95, metadata={"min": 0.0, "max": 1.0})
    """Exponential weight of longer advantage estimates."""
    reward_scale: float = field(default=0.01, metadata={"above": 0.0})
    """Rewards are multiplied by this before learning; logged returns are not."""
    normalize_rewards: bool = False
    """Whether rewards are also divided by the running standard deviation of the discounted
    return. normalize_values of the policy does the same for the critic already."""
    advantage_normalization: str = field(
        default="rollout", metadata={"choices": ("rollout", "minibatch", "none")}
    )
    """Samples over which advantages get mean 0 and standard deviation 1."""
    clip_range: float = field(default=0.2, metadata={"above": 0.0})
    """Probability ratios beyond 1 +- this earn nothing."""
    clip_value_loss: bool = True
    """Whether a value's change per iteration is bounded."""
    value_clip_range: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Bound of a normalized value's change per iteration; None: clip_range."""
    value_loss_coef: float = field(default=2.0, metadata={"min": 0.0})
    """Weight of the critic's mean squared error."""
    critic_warmup_iterations: int = field(default=0, metadata={"min": 0})
    """Iterations at the start of a training in which only the critic learns (and layers that it
    shares). After a warm start: advantages of a fresh critic would undo what was cloned."""
    entropy_coef: float = field(default=0.0, metadata={"min": 0.0})
    """Weight of the policy's entropy bonus."""
    final_entropy_coef: Optional[float] = field(default=None, metadata={"min": 0.0})
    """Weight of the entropy bonus at the last iteration, reached linearly; None: constant."""
    bounds_loss_coef: float = field(default=1e-4, metadata={"min": 0.0})
    """Weight of the squared excess of the policy's mean over action_bound."""
    action_bound: float = field(default=1.1, metadata={"above": 0.0})
    """Magnitude up to which the policy's mean is free."""
    symmetry_augmentation: bool = False
    """Whether each minibatch is doubled by its mirror image; the task must declare `mirror`."""
    mirror_loss_coef: float = field(default=0.0, metadata={"min": 0.0})
    """Weight of the mean squared difference between the policy's mean for a mirrored observation
    and the mirror image of its mean; above 0, the task must declare `mirror`."""
    max_grad_norm: Optional[float] = field(default=1.0, metadata={"above": 0.0})
    """The gradient of all parameters together is shortened to this length; None: never."""

    def __post_init__(self) -> None:
        """Compare settings with each other.

        Raises:
            ValueError: settings that contradict each other.
        """
        lowest, highest = self.learning_rate_range
        if lowest > highest:
            raise ValueError(
                f"learning_rate_range: expected [lowest, highest], got [{lowest:g}, {highest:g}]"
            )
        if self.weight_decay and self.optimizer == "adam":
            raise ValueError(
                f"weight_decay is {self.weight_decay:g}, which adam does not have; "
                "set optimizer: adamw, or leave weight_decay out"
            )
        if self.value_clip_range is not None and not self.clip_value_loss:
            raise ValueError(
                f"value_clip_range is {self.value_clip_range:g}, but clip_value_loss is false and "
                "nothing is clipped; leave one of both out"
            )

    @property
    def uses_symmetry(self) -> bool:
        """Whether the task must declare a mirror map."""
        return self.symmetry_augmentation or self.mirror_loss_coef > 0.0
