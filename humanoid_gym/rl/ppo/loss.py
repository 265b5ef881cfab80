"""PPO's loss on a minibatch."""

from typing import List, NamedTuple, Optional

import torch
from torch import Tensor

from humanoid_gym.rl.networks import (
    ActorCritic,
    gaussian_entropy,
    gaussian_kl,
    gaussian_log_prob,
)
from humanoid_gym.rl.ppo.config import PPOConfig
from humanoid_gym.rl.ppo.minibatches import Batch
from humanoid_gym.rl.ppo.symmetry import Mirror, with_mirror_images


class LossTerms(NamedTuple):
    """Means over a minibatch, all 0-d."""

    loss: Tensor
    policy: Tensor
    value: Tensor
    bounds: Tensor
    entropy: Tensor
    kl: Tensor
    clip_fraction: Tensor
    mirror: Tensor
    """How far the policy is from symmetric; 0 where that is not looked at."""


METRICS = (*LossTerms._fields, "gradient_norm")
"""Names of what `PPO.update` averages over its gradient steps."""


def ppo_loss(
    actor_critic: ActorCritic,
    batch: Batch,
    config: PPOConfig,
    mirror: Optional[Mirror] = None,
    entropy_coef: Optional[Tensor] = None,
    policy_weight: Optional[Tensor] = None,
) -> LossTerms:
    """Evaluate PPO's loss on a minibatch.

    Args:
        actor_critic: networks to differentiate.
        batch: samples.
        config: coefficients.
        mirror: reflections of the task; None: no symmetry is looked at.
        entropy_coef: weight of the entropy bonus, 0-d; None: config.entropy_coef.
        policy_weight: factor of all but the value loss, 0-d; None: 1.
    """
    originals = batch.log_probs.shape[0]
    if config.symmetry_augmentation and mirror is not None:
        batch = with_mirror_images(batch, mirror)
    mean, log_std, values = actor_critic.evaluate(*batch.inputs)
    log_ratio = gaussian_log_prob(batch.actions, mean, log_std) - batch.log_probs
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1.0 - config.clip_range, 1.0 + config.clip_range)
    policy = -torch.minimum(batch.advantages * ratio, batch.advantages * clipped).mean()

    value = _value_loss(values, batch, config)
    bounds = (mean.abs() - config.action_bound).clamp_min(0.0).square().sum(-1).mean()
    entropy = gaussian_entropy(log_std).mean()
    loss = policy + config.value_loss_coef * value + config.bounds_loss_coef * bounds
    loss = loss - (config.entropy_coef if entropy_coef is None else entropy_coef) * entropy
    asymmetry = torch.zeros_like(policy)
    if mirror is not None:
        image = mean[originals:]  # of the mirrored observations, if they were evaluated
        if not config.symmetry_augmentation:
            image = actor_critic.policy(batch.mirrored_observations, *batch.inputs[2:4]).mean
        asymmetry = mirror_loss(mean[:originals], image, mirror)
        if config.mirror_loss_coef > 0.0:  # else nothing has to go backwards through it
            loss = loss + config.mirror_loss_coef * asymmetry
    if policy_weight is not None:
        critic_loss = config.value_loss_coef * value
        loss = critic_loss + policy_weight * (loss - critic_loss)
    with torch.no_grad():
        kl = gaussian_kl(*_first(originals, batch.means, batch.log_std, mean, log_std)).mean()
        clip_fraction = (ratio != clipped).float().mean()
    return LossTerms(loss, policy, value, bounds, entropy, kl, clip_fraction, asymmetry)


def mirror_loss(mean: Tensor, mean_of_image: Tensor, mirror: Mirror) -> Tensor:
    """Mean squared difference between the policy in the mirror and the mirrored policy.

    As in Mittal et al., only what the policy does in the mirror is pulled, towards the other.

    Args:
        mean: of the policy for the observations. Shape (B, num_actions).
        mean_of_image: for their mirror images. Shape (B, num_actions).
        mirror: reflections of the task.
    """
    return (mean_of_image - mirror.actions(mean.detach())).square().mean()


def _first(count: int, *tensors: Tensor) -> List[Tensor]:
    """Return the first samples; what all samples share, of shape (num_actions,), as it is."""
    return [tensor if tensor.dim() == 1 else tensor[:count] for tensor in tensors]


def _value_loss(values: Tensor, batch: Batch, config: PPOConfig) -> Tensor:
    errors = (values - batch.returns).square()
    if config.clip_value_loss:
        limit = config.value_clip_range or config.clip_range
        change = (values - batch.values).clamp(-limit, limit)
        errors = torch.maximum(errors, (batch.values + change - batch.returns).square())
    return errors.mean()
