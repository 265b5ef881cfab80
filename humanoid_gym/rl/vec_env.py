"""The contract between a vectorized task and the learner."""

from typing import Any, Dict, Optional, Protocol, Tuple

import torch
from torch import Tensor

Observations = Dict[str, Tensor]
StepResult = Tuple[Observations, Tensor, Tensor, Dict[str, Any]]


class VecEnv(Protocol):
    """A batch of environments that step together and reset themselves.

    Optional: `restart(mask)` begins new episodes where `mask` (N,) bool is set and returns the
    observations of all; without it, an environment that returned a NaN makes all be reset.

    Optional: `mirror()` returns a `humanoid_gym.mirror.MirrorMap`, how observations, states and
    actions change when left and right are exchanged, or None; learning from symmetry needs it.

    All tensors live on `device`. Returned tensors may be buffers that the next call overwrites:
    copy what you keep. N stands for `num_envs`.
    """

    num_envs: int
    """Number of environments N."""
    num_obs: int
    """Width of the observation."""
    num_states: int
    """Width of the privileged state for the critic; 0 if there is none."""
    num_actions: int
    """Width of the action."""
    max_episode_length: int
    """Steps after which an episode is truncated."""
    device: torch.device
    """Device of every tensor that goes in or comes out.

    An environment of PyTorch's operations on a GPU may have an attribute `capturable`, True if a
    CUDA graph can repeat its `step`: all state in tensors that change in place, no host counters,
    no wait for the device. With `execution.capture: horizon` whole rollouts are one graph then.
    """

    def reset(self) -> Observations:
        """Reset every environment.

        Returns:
            {"obs": (N, num_obs) float32}, with "states": (N, num_states) where there are any.
        """
        ...

    def step(self, actions: Tensor) -> StepResult:
        """Advance every environment by one control step; reset those that are done.

        Args:
            actions: unclipped. Shape (N, num_actions), float32.

        Returns:
            observations: as from `reset`; of a done environment, the first of its next episode.
            reward: shape (N,), float32.
            done: terminated or truncated. Shape (N,), bool or int64.
            extras:
                "time_outs": truncated, not terminated. Shape (N,), bool.
                "final_observation": observation before the reset where done; elsewhere equal to
                    the returned one. Shape (N, num_obs).
                "final_states" (where a critic reads states): the same for the states.
                    Shape (N, num_states).
                "reward_terms": {name: (N,)}, summing to the reward; the same names at each step.
                "metrics": {name: (N,)}, physical quantities to average over an episode;
                    the same names at each step.
                "episode_metrics" (optional): {name: (N,)}, quantities of the whole episode so far;
                    read where done; the same names at each step.
                "terminations" (optional): {cause: (N,) bool}, why an episode ended; read
                    where done; the same names at each step.
                "faults" (optional): the simulation became unstable and was reset. Shape (N,), bool.
        """
        ...

    def randomize_episode_phase(self) -> None:
        """Draw each episode's age from [0, max_episode_length), so that time-outs spread out."""
        ...

    def timings(self) -> Dict[str, float]:
        """Return cumulative wall time [s] by part: "physics" and "observation_reward"."""
        ...

    def state_dict(self) -> Dict[str, Any]:
        """Return everything needed to continue bit for bit: tensors, numbers, strings, dicts."""
        ...

    def load_state_dict(self, state: Dict[str, Any]) -> Optional[Observations]:
        """Restore what `state_dict` returned.

        Returns:
            None, if every episode goes on where it was; the first observations of new episodes, as
            from `reset`, from an environment that cannot save its state.
        """
        ...

    def close(self) -> None:
        """Release the simulation."""
        ...
