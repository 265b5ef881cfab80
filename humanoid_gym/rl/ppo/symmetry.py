"""Learning from mirror images (Mittal et al. 2024, ICRA: Symmetry Considerations)."""

from typing import Callable, Optional

import torch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.mirror import MirrorMap, Reflection
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.ppo.config import PPOConfig
from humanoid_gym.rl.ppo.minibatches import Batch
from humanoid_gym.rl.vec_env import VecEnv

WITHOUT = "train.algorithm.symmetry_augmentation=false and train.algorithm.mirror_loss_coef=0"
"""Settings that learn nothing from mirror images."""


class Mirror:
    """A task's mirror map, as tensors on the learner's device."""

    def __init__(self, mirror_map: MirrorMap, device: torch.device) -> None:
        """Put the map's columns and signs on `device`."""
        self._obs = _Columns(mirror_map.obs, device)
        self._actions = _Columns(mirror_map.actions, device)
        self._states = None if mirror_map.states is None else _Columns(mirror_map.states, device)

    def observations(self, values: Tensor) -> Tensor:
        """Return the mirror images of raw observations (..., num_obs)."""
        return self._obs.apply(values)

    def actions(self, values: Tensor) -> Tensor:
        """Return the mirror images of actions (..., num_actions)."""
        return self._actions.apply(values)

    def states(self, values: Tensor) -> Tensor:
        """Return the mirror images of raw states (..., num_states); of width 0, none."""
        return self._states.apply(values) if self._states and values.shape[-1] else values

    def check(self, networks: ActorCritic) -> None:
        """Refuse networks that read what has no mirror image.

        Raises:
            ConfigError: they have memories, or the critic reads states that the map leaves out.
        """
        if networks.recurrent:
            raise ConfigError(
                "symmetry_augmentation and mirror_loss_coef cannot be used with policy.memory, "
                "since what is remembered has no mirror image; set train.policy.memory=none, or "
                f"{WITHOUT}"
            )
        if networks.num_states and self._states is None:
            raise ConfigError(
                "the task's mirror map leaves out the states, which the critic reads; add them to "
                "the map or set train.policy.critic_observation=obs"
            )


class _Columns:
    def __init__(self, reflection: Reflection, device: torch.device) -> None:
        self.source = torch.tensor(reflection.source, dtype=torch.int64, device=device)
        self.sign = torch.tensor(reflection.sign, dtype=torch.float32, device=device)

    def apply(self, values: Tensor) -> Tensor:
        return values.index_select(-1, self.source).mul_(self.sign)


def make_mirror(
    mirror_map: Optional[MirrorMap], config: PPOConfig, device: torch.device
) -> Optional[Mirror]:
    """Return the mirror that the configuration asks for, or None if it asks for none.

    Args:
        mirror_map: what the task declares; None: nothing.
        config: settings.
        device: where the learner's tensors live.

    Raises:
        ConfigError: symmetry is configured, and there is no map.
    """
    if not config.uses_symmetry:
        return None
    if mirror_map is None:
        raise ConfigError(
            "symmetry_augmentation and mirror_loss_coef need a task that declares its mirror map "
            f"(a method mirror()), which this one does not; add it to the task, or set {WITHOUT}"
        )
    return Mirror(mirror_map, device)


def declared_mirror_map(env: VecEnv, config: PPOConfig) -> Optional[MirrorMap]:
    """Return the mirror map that a task declares, or None; it is asked only if there is a use.

    Raises:
        ConfigError: the task's robot has no mirror image, or the map's widths are not those of the
            task's vectors.
    """
    declared: Optional[Callable[[], Optional[MirrorMap]]] = getattr(env, "mirror", None)
    if declared is None or not config.uses_symmetry:
        return None
    try:
        mirror_map = declared()
    except ValueError as error:
        raise ConfigError(f"{error}; to learn without mirror images, set {WITHOUT}") from error
    if mirror_map is None:
        return None
    states = env.num_states if mirror_map.states is None else mirror_map.states.width
    widths = (mirror_map.obs.width, mirror_map.actions.width, states)
    if widths != (env.num_obs, env.num_actions, env.num_states):
        raise ConfigError(
            f"the task's mirror map is for {widths[0]} observations, {widths[1]} actions and "
            f"{widths[2]} states; the task has {env.num_obs}, {env.num_actions} and "
            f"{env.num_states}"
        )
    return mirror_map


def with_mirror_images(batch: Batch, mirror: Mirror) -> Batch:
    """Return the samples and, after them, their mirror images; 2 B in all.

    An image has the old log density, value, advantage and return of its original: in a symmetric
    world a symmetric policy had acted like that with the same probability.
    """
    return batch._replace(
        observations=torch.cat([batch.observations, batch.mirrored_observations]),
        states=torch.cat([batch.states, batch.mirrored_states]),
        actions=torch.cat([batch.actions, mirror.actions(batch.actions)]),
        means=torch.cat([batch.means, mirror.actions(batch.means)]),
        log_probs=batch.log_probs.repeat(2),
        advantages=batch.advantages.repeat(2),
        values=batch.values.repeat(2),
        returns=batch.returns.repeat(2),
        starts=batch.starts.repeat(2),
        actor_memory=batch.actor_memory.repeat(2, 1),
        critic_memory=batch.critic_memory.repeat(2, 1),
    )
