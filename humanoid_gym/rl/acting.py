"""The policy's steps and whole rollouts, on a GPU replayed from CUDA graphs."""

import logging
from typing import Callable, Dict, Optional

import torch
from torch import Tensor

from humanoid_gym.rl.capture import CapturedStep
from humanoid_gym.rl.execution import Execution
from humanoid_gym.rl.networks import ActorCritic, PolicyStep
from humanoid_gym.rl.vec_env import Observations, VecEnv

logger = logging.getLogger(__name__)


class CapturedPolicy:
    """Samples actions; the same as `ActorCritic.act`, launched at once on a GPU."""

    def __init__(
        self, networks: ActorCritic, generator: Optional[torch.Generator], execution: Execution
    ) -> None:
        """Nothing is captured yet.

        Args:
            networks: whose policy acts.
            generator: source of the noise, on their device.
            execution: whether it is captured, and in which precision it acts.
        """
        self._networks = networks
        self.generator = generator
        self._execution = execution
        self._obs = torch.empty(0)  # in their fixed places once the first step comes
        self._memory = torch.empty(0)
        self._step: Optional[CapturedStep[PolicyStep]] = None

    def act(self, obs: Tensor, memory: Tensor) -> PolicyStep:
        """Sample actions.

        Args:
            obs: raw observations; of the same shape at every call. Shape (N, num_obs).
            memory: the actor's. Shape (N, width).

        Returns:
            What `ActorCritic.act` returns; overwritten by the next call.
        """
        if not self._execution.captures:
            return self._act(obs, memory)
        if self._step is None:
            self._obs, self._memory = obs.clone(), memory.clone()
            self._step = self._execution.captured(
                lambda: self._act(self._obs, self._memory), "policy's step", [self.generator]
            )
        self._obs.copy_(obs)
        self._memory.copy_(memory)
        return self._step()

    def _act(self, obs: Tensor, memory: Tensor) -> PolicyStep:
        with self._execution.fast_matmul(), self._execution.autocast():
            return self._networks.act(obs, self.generator, memory)


class CapturedRollout:
    """Collects a whole rollout, policy and environments, with one launch.

    Only for environments that say they can be captured (`VecEnv.device`), and if
    `execution.capture` is "horizon". What Python does in a step happens while it is captured only.
    """

    def __init__(
        self,
        step: Callable[[int, Observations], Observations],
        horizon: int,
        env: VecEnv,
        execution: Execution,
        policy: CapturedPolicy,
    ) -> None:
        """Nothing is captured yet.

        Args:
            step: does a step of the rollout, from its index and the observations before it, and
                returns the observations after it.
            horizon: number of steps.
            env: environments, that `step` steps.
            execution: whether rollouts are captured.
            policy: which `step` acts by.
        """
        self._step = step
        self._horizon = horizon
        self._execution = execution
        # The task's own random numbers, if it has a generator, as ours have.
        self._generators = [policy.generator, getattr(env, "generator", None)]
        self._obs: Dict[str, Tensor] = {}
        self._rollout: Optional[CapturedStep[None]] = None
        self.possible = execution.captures_rollouts
        """Whether `collect` may be called."""
        if self.possible and not getattr(env, "capturable", False):
            self.possible = False
            logger.warning(
                "execution.capture is horizon, but %s cannot be captured (it has no attribute "
                "`capturable`); policy and gradient steps still are",
                type(env).__name__,
            )

    def collect(self, observations: Observations) -> Observations:
        """Do all steps of a rollout.

        Args:
            observations: before the first step.

        Returns:
            Those after the last, by name; overwritten by the next rollout.
        """
        if self._rollout is None:
            self._obs = {name: tensor.clone() for name, tensor in observations.items()}
            self._rollout = self._execution.captured(self._collect, "rollout", self._generators)
        self._keep(observations)
        self._rollout()
        return self._obs

    def _collect(self) -> None:
        observations = self._obs
        for t in range(self._horizon):
            observations = self._step(t, observations)
        self._keep(observations)

    def _keep(self, observations: Observations) -> None:
        for name, held in self._obs.items():
            held.copy_(observations[name])
