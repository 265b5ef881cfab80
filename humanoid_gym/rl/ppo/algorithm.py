"""The learner: from a rollout to gradient steps."""

from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch import Tensor

from humanoid_gym.mirror import MirrorMap
from humanoid_gym.rl import distributed
from humanoid_gym.rl.execution import Execution, ExecutionConfig
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.ppo.captured_minibatches import CapturedMinibatches
from humanoid_gym.rl.ppo.config import PPOConfig
from humanoid_gym.rl.ppo.evaluation import ReturnScale, evaluate_rollout, standardized
from humanoid_gym.rl.ppo.learning_rate import LearningRates
from humanoid_gym.rl.ppo.loss import METRICS, LossTerms, ppo_loss
from humanoid_gym.rl.ppo.minibatches import Batch, num_minibatches, shuffled_minibatches
from humanoid_gym.rl.ppo.optimizer import Optimizer, clip_gradient
from humanoid_gym.rl.ppo.symmetry import make_mirror
from humanoid_gym.rl.rollout_storage import RolloutStorage
from humanoid_gym.rl.slices import in_parallel, num_slices
from humanoid_gym.threads import single_threaded


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
        mirror_map: Optional[MirrorMap] = None,
        execution: Optional[Execution] = None,
    ) -> None:
        """Create the optimizer.

        Args:
            actor_critic: networks to train, already on their device.
            config: settings.
            generator: source of the minibatches' order, on the networks' device.
            mirror_map: how the task changes in the mirror; None: it does not say.
            execution: how gradient steps are executed; None: as the defaults of its settings say.

        Raises:
            ConfigError: symmetry without a mirror map that fits, or muon without hidden layers.
        """
        self.actor_critic = actor_critic
        self.config = config
        self.generator = generator
        self.parameters = [*actor_critic.policy_parameters(), *actor_critic.critic_parameters()]
        self.device = self.parameters[-1].device
        self.rates = LearningRates(config, self.device)
        self.optimizer = Optimizer(actor_critic, config, self.rates)
        self.mirror = make_mirror(mirror_map, config, self.device)
        if self.mirror is not None:
            self.mirror.check(actor_critic)
        self.entropy_coef = torch.tensor(config.entropy_coef, device=self.device)
        """Weight of the entropy bonus in this iteration; 0-d."""
        self._return_scale = ReturnScale(config.gamma, self.device)
        self.execution = execution or Execution(ExecutionConfig(), self.device)
        self._in_slices = self.device.type == "cpu"
        self._loss = self.execution.compiled(ppo_loss, "loss")
        self._minibatches = CapturedMinibatches(
            lambda *arguments: self.gradient_step(*arguments), self.execution
        )
        # Falls from 1 to 0 where kl_stop ends an iteration's gradient steps.
        self._going_on = torch.ones((), device=self.device)
        self._iteration = 0  # that the next update is
        self._policy_weight: Optional[Tensor] = None  # 0 while only the critic learns
        if config.critic_warmup_iterations:
            self._policy_weight = torch.ones((), device=self.device)

    @property
    def learning_rate(self) -> Tensor:
        """Step size of the policy; 0-d, changed in place by the schedule."""
        return self.rates.policy

    @single_threaded()
    def prepare(self, storage: RolloutStorage) -> Batch:
        """Evaluate the rollout: values, advantages, returns, all normalized and flattened.

        Updates the running statistics of values and, for the next rollout, of observations.

        Args:
            storage: complete but for the values, which are written here.
        """
        scale = self._return_scale if self.config.normalize_rewards else None
        with self.execution.fast_matmul(), self.execution.autocast():
            return evaluate_rollout(self.actor_critic, storage, self.config, self.mirror, scale)

    @single_threaded()
    def update(self, batch: Batch, progress: float = 0.0) -> Dict[str, Tensor]:
        """Take the gradient steps of one iteration.

        Args:
            batch: from `prepare`.
            progress: part of the training that is over, in [0, 1]; for linear schedules.

        Returns:
            0-d device tensors by name: `METRICS` averaged over samples and epochs, and the last
            learning rate.
        """
        self.begin_iteration(progress)
        size, epochs = batch.log_probs.shape[0], self.config.num_epochs
        count = num_minibatches(self.config, batch.log_probs.numel(), batch.log_probs[0].numel())
        total = torch.zeros(len(METRICS), device=self.device)
        for epoch in range(epochs):
            for indices in shuffled_minibatches(size, count, self.generator, self.device):
                # A smaller minibatch counts for less: the epoch's mean gradient is that of all.
                weight = indices.shape[0] * count / size
                metrics = self._minibatches.take(batch, indices, weight, count)
                total.add_(metrics, alpha=weight / (count * epochs))
            self.rates.end_epoch(is_last=epoch == epochs - 1)
        result = dict(zip(METRICS, total.unbind()))
        if self.mirror is None:
            del result["mirror"]
        return {**result, "learning_rate": self.learning_rate.clone()}

    def begin_iteration(self, progress: float) -> None:
        """Set what depends on the part of the training that is over, in [0, 1]."""
        config = self.config
        self.rates.begin_iteration(progress)
        if config.final_entropy_coef is not None:
            change = config.final_entropy_coef - config.entropy_coef
            self.entropy_coef.fill_(config.entropy_coef + change * min(progress, 1.0))
        self._going_on.fill_(1.0)
        if self._policy_weight is not None:
            self._policy_weight.fill_(float(self._iteration >= config.critic_warmup_iterations))
        self._iteration += 1

    def gradient_step(self, minibatch: Batch, weight: float, count: int) -> Tensor:
        """Take one gradient step; touches nothing but tensors of fixed shape on the device.

        Args:
            minibatch: samples.
            weight: factor of the loss, near 1.
            count: minibatches of the epoch.

        Returns:
            `METRICS` of the minibatch before the step. Shape (len(METRICS),).
        """
        with self.execution.fast_matmul():
            self.optimizer.zero_grad()
            terms = self._differentiate(minibatch, weight)
            skip = self._adapt_to(terms.kl, weight / count)
            norm = clip_gradient(self.parameters, self.config.max_grad_norm)
            self.optimizer.step(skip)
        return torch.stack([*terms, norm])

    def _differentiate(self, minibatch: Batch, weight: float) -> LossTerms:
        """Add the gradient of the weighted loss to the parameters', part by part.

        With several processes both the gradient and the terms are means over all of them.
        """
        if self.config.advantage_normalization == "minibatch":
            minibatch = minibatch._replace(advantages=standardized(minibatch.advantages))
        parts = self.config.gradient_accumulation
        if self._in_slices:
            parts = max(parts, num_slices(minibatch.log_probs.numel()))
            sums = self._differentiate_in_parallel(list(minibatch.split(parts)), weight)
        else:
            sums = torch.zeros(len(LossTerms._fields), device=self.device)
            for part, share in minibatch.split(parts):
                terms = self._part_loss(part)
                (terms.loss * (weight * share)).backward()
                sums.add_(torch.stack([term.detach() for term in terms]), alpha=share)
        distributed.average_gradients(self.parameters, sums)
        return LossTerms(*sums.unbind())

    def _differentiate_in_parallel(self, parts: List[Tuple[Batch, float]], weight: float) -> Tensor:
        """Set the gradient, of all parts at once; return the terms' means. Shape (terms,)."""

        def job(part: Batch, share: float) -> Callable[[], Tuple[Tensor, Tuple[Tensor, ...]]]:
            def differentiate() -> Tuple[Tensor, Tuple[Tensor, ...]]:
                terms = self._part_loss(part)
                loss = terms.loss * (weight * share)
                gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True)
                return torch.stack([term.detach() for term in terms]), gradients

            return differentiate

        results = in_parallel([job(part, share) for part, share in parts])
        sums = torch.zeros(len(LossTerms._fields))
        for (terms, gradients), (_, share) in zip(results, parts):
            sums.add_(terms, alpha=share)
            for parameter, gradient in zip(self.parameters, gradients):
                if parameter.grad is None:
                    parameter.grad = gradient
                elif gradient is not None:
                    parameter.grad.add_(gradient)
        return sums

    def _part_loss(self, part: Batch) -> LossTerms:
        with self.execution.autocast():
            return self._loss(
                self.actor_critic,
                part,
                self.config,
                self.mirror,
                self.entropy_coef,
                self._policy_weight,
            )

    def _adapt_to(self, kl: Tensor, share: float) -> Optional[Tensor]:
        """Let the rate follow a minibatch's divergence; return 1 where the step must be skipped."""
        stop, target = self.config.kl_stop, self.config.kl_target
        # A policy that is held does not diverge further, which must not move the rate.
        if self._policy_weight is not None:
            kl = torch.where(self._policy_weight > 0.0, kl, target)
        if stop is None:
            self.rates.observe(kl, share)
            return None
        self.rates.observe(torch.where(self._going_on > 0.0, kl, target), share)
        self._going_on.mul_(kl <= stop)
        return 1.0 - self._going_on

    def state_dict(self) -> Dict[str, Any]:
        """Return all state; the networks and the generator are not included."""
        return {
            **self.optimizer.state_dict(),
            "learning_rate": self.learning_rate,
            "return_scale": self._return_scale.state_dict(),
            "iteration": self._iteration,
        }

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Restore what `state_dict` returned.

        Raises:
            ConfigError: it is another optimizer's state.
        """
        self.optimizer.load_state_dict(state)
        self.learning_rate.copy_(state["learning_rate"])
        if "return_scale" in state:  # older states have neither
            self._return_scale.load_state_dict(state["return_scale"])
        self._iteration = state.get("iteration", self.config.critic_warmup_iterations)
        self._minibatches.forget()
