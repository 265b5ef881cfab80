"""Proximal policy optimization (Schulman et al. 2017, arXiv:1707.06347) without host syncs."""

from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.rl.actor_critic import (
    ActorCritic,
    gaussian_entropy,
    gaussian_kl,
    gaussian_log_prob,
)
from humanoid_gym.rl.rollout_storage import RolloutStorage, gae


@dataclass(frozen=True)
class PPOConfig:
    """Settings of `PPO`."""

    num_epochs: int = field(default=4, metadata={"min": 1})
    """Passes over each rollout."""
    num_minibatches: int = field(default=4, metadata={"min": 1})
    """Parts of a rollout, as equal as possible; one gradient step each."""
    minibatch_size: Optional[int] = field(default=None, metadata={"min": 1})
    """Samples per gradient step, instead of num_minibatches; must divide horizon x num_envs."""
    learning_rate: float = field(default=5e-4, metadata={"above": 0.0})
    """Adam's step size at the start."""
    critic_learning_rate: Optional[float] = field(default=None, metadata={"above": 0.0})
    """Adam's constant step size for the critic; None: that of the policy, which may adapt."""
    learning_rate_schedule: str = field(
        default="adaptive", metadata={"choices": ("adaptive", "linear", "constant")}
    )
    """adaptive: follows kl_target; linear: falls to zero at the last iteration; constant."""
    learning_rate_range: Tuple[float, float] = field(default=(1e-5, 1e-2), metadata={"above": 0.0})
    """Bounds of the adaptive learning rate."""
    kl_target: float = field(default=0.02, metadata={"above": 0.0})
    """Wanted KL(old || new) of the policy [nats]; the adaptive rate is divided by 1.5 above
    twice this and multiplied by 1.5 below half of it, at every gradient step."""
    gamma: float = field(default=0.99, metadata={"min": 0.0, "max": 1.0})
    """Discount per control step."""
    lam: float = field(default=0.95, metadata={"min": 0.0, "max": 1.0})
    """Exponential weight of longer advantage estimates."""
    reward_scale: float = field(default=0.01, metadata={"above": 0.0})
    """Rewards are multiplied by this before learning; logged returns are not."""
    clip_range: float = field(default=0.2, metadata={"above": 0.0})
    """Probability ratios beyond 1 +- this earn nothing; also bounds a value's change."""
    clip_value_loss: bool = True
    """Whether a value's change per iteration is bounded by clip_range (of normalized values)."""
    value_loss_coef: float = field(default=2.0, metadata={"min": 0.0})
    """Weight of the critic's mean squared error."""
    entropy_coef: float = field(default=0.0, metadata={"min": 0.0})
    """Weight of the policy's entropy bonus."""
    bounds_loss_coef: float = field(default=1e-4, metadata={"min": 0.0})
    """Weight of the squared excess of the policy's mean over action_bound."""
    action_bound: float = field(default=1.1, metadata={"above": 0.0})
    """Magnitude up to which the policy's mean is free."""
    max_grad_norm: float = field(default=1.0, metadata={"above": 0.0})
    """The gradient of all parameters together is shortened to this length."""


class Batch(NamedTuple):
    """Samples to learn from; B of them. Observations, values and returns are normalized."""

    observations: Tensor
    """Shape (B, num_obs)."""
    actions: Tensor
    """Shape (B, num_actions)."""
    means: Tensor
    """Mean of the policy that acted. Shape (B, num_actions)."""
    log_probs: Tensor
    """Log density of the actions under the policy that acted. Shape (B,)."""
    advantages: Tensor
    """Of mean 0 and standard deviation 1 over the whole rollout. Shape (B,)."""
    values: Tensor
    """What the critic predicted. Shape (B,)."""
    returns: Tensor
    """What the critic should have predicted. Shape (B,)."""

    def select(self, indices: Tensor) -> "Batch":
        """Return the samples at `indices`, shape (b,)."""
        return Batch(*[tensor.index_select(0, indices) for tensor in self])


class LossTerms(NamedTuple):
    """Means over a minibatch, all 0-d."""

    loss: Tensor
    policy: Tensor
    value: Tensor
    bounds: Tensor
    entropy: Tensor
    kl: Tensor
    clip_fraction: Tensor


METRICS = (*LossTerms._fields, "gradient_norm")
"""Names of what `PPO.update` averages over its gradient steps."""


def ppo_loss(
    actor_critic: ActorCritic, batch: Batch, old_log_std: Tensor, config: PPOConfig
) -> LossTerms:
    """Evaluate PPO's loss on a minibatch.

    Args:
        actor_critic: networks to differentiate.
        batch: samples.
        old_log_std: of the policy that acted. Shape (num_actions,).
        config: coefficients.
    """
    mean = actor_critic.actor(batch.observations)
    log_std = actor_critic.log_std
    log_ratio = gaussian_log_prob(batch.actions, mean, log_std) - batch.log_probs
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1.0 - config.clip_range, 1.0 + config.clip_range)
    policy = -torch.minimum(batch.advantages * ratio, batch.advantages * clipped).mean()

    values = actor_critic.critic(batch.observations).squeeze(-1)
    value = _value_loss(values, batch, config)
    bounds = (mean.abs() - config.action_bound).clamp_min(0.0).square().sum(-1).mean()
    entropy = gaussian_entropy(log_std)
    loss = policy + config.value_loss_coef * value + config.bounds_loss_coef * bounds
    loss = loss - config.entropy_coef * entropy
    with torch.no_grad():
        kl = gaussian_kl(batch.means, old_log_std, mean, log_std).mean()
        clip_fraction = (ratio != clipped).float().mean()
    return LossTerms(loss, policy, value, bounds, entropy, kl, clip_fraction)


def _value_loss(values: Tensor, batch: Batch, config: PPOConfig) -> Tensor:
    errors = (values - batch.returns).square()
    if config.clip_value_loss:
        change = (values - batch.values).clamp(-config.clip_range, config.clip_range)
        errors = torch.maximum(errors, (batch.values + change - batch.returns).square())
    return errors.mean()


def adapted_learning_rate(rate: Tensor, kl: Tensor, config: PPOConfig) -> Tensor:
    """Return the next learning rate, so that the KL divergence stays near its target.

    Everything stays on the device: no branch depends on a tensor's value.

    Args:
        rate: current learning rate, 0-d.
        kl: divergence of the current policy from the one that acted, 0-d.
        config: target and bounds.
    """
    too_far = kl > 2.0 * config.kl_target
    too_near = kl < 0.5 * config.kl_target
    wanted = torch.where(too_far, rate / 1.5, torch.where(too_near, rate * 1.5, rate))
    return wanted.clamp(*config.learning_rate_range)


class PPO:
    """Learns from one rollout at a time.

    `update` leaves everything on the device, the learning rate included: it never waits for a
    tensor's value. The observation normalizer is frozen from the start of a rollout to the end of
    its update, so that the first probability ratios are exactly one.
    """

    def __init__(
        self,
        actor_critic: ActorCritic,
        config: PPOConfig,
        generator: Optional[torch.Generator] = None,
    ) -> None:
        """Create the optimizer.

        Args:
            actor_critic: networks to train, already on their device.
            config: settings.
            generator: source of the minibatches' order, on the networks' device.
        """
        self.actor_critic = actor_critic
        self.config = config
        self.generator = generator
        critic = list(actor_critic.critic.parameters())
        policy = [*actor_critic.actor.parameters(), actor_critic.log_std]
        policy = [p for p in policy if p.requires_grad]
        self.parameters = [*policy, *critic]
        device = critic[0].device
        self.learning_rate = torch.tensor(config.learning_rate, device=device)
        self._critic_rate = self.learning_rate
        if config.critic_learning_rate is not None:
            self._critic_rate = torch.tensor(config.critic_learning_rate, device=device)
        groups = [
            {"params": policy, "lr": self.learning_rate},
            {"params": critic, "lr": self._critic_rate},
        ]
        self.optimizer = torch.optim.Adam(groups, fused=True)

    @torch.no_grad()
    def prepare(self, storage: RolloutStorage) -> Batch:
        """Evaluate the rollout: values, advantages, returns, all normalized and flattened.

        Updates the running statistics of values and, for the next rollout, of observations.

        Args:
            storage: complete but for the values, which are written here.
        """
        networks = self.actor_critic
        evaluate_states(networks, storage)
        estimate = gae(
            storage.rewards,
            storage.values,
            storage.final_values,
            storage.terminated,
            storage.truncated,
            self.config.gamma,
            self.config.lam,
        )
        networks.update_value_statistics(estimate.returns)
        observations = storage.observations[:-1].flatten(0, 1)
        batch = Batch(
            observations=networks.observation_normalizer(observations),
            actions=storage.actions.flatten(0, 1),
            means=storage.means.flatten(0, 1),
            log_probs=storage.log_probs.flatten(),
            advantages=_standardized(estimate.advantages).flatten(),
            values=networks.value_normalizer(storage.values[:-1].reshape(-1, 1)).squeeze(-1),
            returns=networks.value_normalizer(estimate.returns.reshape(-1, 1)).squeeze(-1),
        )
        networks.update_observation_statistics(observations)
        return batch

    def update(self, batch: Batch, old_log_std: Tensor, progress: float = 0.0) -> Dict[str, Tensor]:
        """Take the gradient steps of one iteration.

        Args:
            batch: from `prepare`.
            old_log_std: of the policy that acted. Shape (num_actions,).
            progress: part of the training that is over, in [0, 1]; for the linear schedule.

        Returns:
            0-d device tensors by name: `METRICS` averaged over samples and epochs, and the last
            learning rate.
        """
        if self.config.learning_rate_schedule == "linear":
            self.learning_rate.fill_(self.config.learning_rate * max(1.0 - progress, 0.0))
        size = batch.log_probs.shape[0]
        total = torch.zeros(len(METRICS), device=self.learning_rate.device)
        count = num_minibatches(self.config, size)
        for indices in self._minibatches(size, count):
            terms = ppo_loss(self.actor_critic, batch.select(indices), old_log_std, self.config)
            # A smaller minibatch counts for less: the epoch's mean gradient is that of all samples.
            weight = indices.shape[0] * count / size
            norm = self._step(terms.loss * weight, terms.kl)
            metrics = torch.stack([term.detach() for term in (*terms, norm)])
            total.add_(metrics, alpha=weight / (count * self.config.num_epochs))
        result = dict(zip(METRICS, total.unbind()))
        return {**result, "learning_rate": self.learning_rate.clone()}

    def _step(self, loss: Tensor, kl: Tensor) -> Tensor:
        """Take one gradient step and return the gradient's norm before clipping."""
        if self.config.learning_rate_schedule == "adaptive":
            rate = adapted_learning_rate(self.learning_rate, kl, self.config)
            self.learning_rate.copy_(rate)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.config.max_grad_norm)
        self.optimizer.step()
        return norm

    def _minibatches(self, size: int, count: int) -> Iterator[Tensor]:
        for _ in range(self.config.num_epochs):
            order = torch.randperm(size, generator=self.generator, device=self.learning_rate.device)
            yield from order.tensor_split(count)

    def state_dict(self) -> Dict[str, Any]:
        """Return the optimizer's state; the networks and the generator are not included."""
        return {
            "optimizer": self.optimizer.state_dict()["state"],
            "learning_rate": self.learning_rate,
        }

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state["optimizer"], "param_groups": groups})
        self.learning_rate.copy_(state["learning_rate"])
        # Loading copies the groups; the optimizer must read the very tensors that are adapted.
        for group, rate in zip(
            self.optimizer.param_groups, (self.learning_rate, self._critic_rate)
        ):
            group["lr"] = rate


def num_minibatches(config: PPOConfig, num_samples: int) -> int:
    """Return how many minibatches a rollout of `num_samples` is split into.

    Raises:
        ConfigError: the configured minibatches cannot be.
    """
    size = config.minibatch_size
    if size is None:
        if config.num_minibatches > num_samples:
            raise ConfigError(
                f"num_minibatches is {config.num_minibatches}, but a rollout (horizon x num_envs) "
                f"has only {num_samples} samples"
            )
        return config.num_minibatches
    if num_samples % size:
        raise ConfigError(
            f"minibatch_size is {size}, which does not divide the {num_samples} samples of a "
            "rollout (horizon x num_envs); leave it out and set num_minibatches instead"
        )
    return num_samples // size


@torch.no_grad()
def evaluate_states(networks: ActorCritic, storage: RolloutStorage) -> None:
    """Write the critic's values of a rollout into its storage, in one batched call.

    Final observations matter only where an episode was truncated, which is rare. On a CPU just
    those are evaluated. Elsewhere all of them are, since choosing would wait for the device.
    """
    storage.values.copy_(networks.value(storage.observations))
    if storage.truncated.device.type == "cpu":
        rows = storage.truncated
        storage.final_values[rows] = networks.value(storage.final_observations[rows])
    else:
        storage.final_values.copy_(networks.value(storage.final_observations))


def _standardized(values: Tensor) -> Tensor:
    std, mean = torch.std_mean(values)
    return (values - mean) / (std + 1e-8)
