"""Our learner on Gymnasium's vector environments."""

import time
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.extras import require
from humanoid_gym.rl.vec_env import Observations, StepResult

Array = np.ndarray
VectorEnv = Any  # gymnasium.vector.VectorEnv; the package is optional


class GymnasiumVecEnv:
    """A `VecEnv` of a Gymnasium vector environment with Box observations and actions.

    The returned observation of an environment that is done is the first of its next episode, in
    each of Gymnasium's autoreset modes: SAME_STEP resets so by itself; in the other two this class
    resets what is done (`options={"reset_mask": …}`), so that no step is wasted on a reset.

    Observations are flattened to float32. Gymnasium cannot save an environment's state: continuing
    from a checkpoint begins new episodes. `randomize_episode_phase` cuts each first episode at a
    random age.
    """

    num_states = 0
    """Gymnasium has no privileged states."""

    def __init__(
        self,
        env: VectorEnv,
        seed: int = 0,
        device: str = "cpu",
        rescale_actions: bool = True,
        max_episode_length: Optional[int] = None,
    ) -> None:
        """Wrap an environment; it is reset by `reset`, not here.

        Args:
            env: a `gymnasium.vector.VectorEnv`, for instance of `gymnasium.make_vec`.
            seed: of the environments and of the random ages.
            device: device of the tensors that go in and come out.
            rescale_actions: map [-1, 1] to the bounds of the action space, where they are finite.
                Otherwise actions are in the environment's own units. Clipped to the bounds in
                either case.
            max_episode_length: steps until truncation; None: that of the environment's spec, or 0,
                which means no limit.

        Raises:
            ConfigError: gymnasium is missing or too old, or the environment is not vectorized, not
                of Box spaces or of an autoreset mode that cannot be followed.
        """
        vector = require("gymnasium.vector", "gymnasium")
        if not isinstance(env, vector.VectorEnv):
            raise ConfigError(
                f"expected a gymnasium.vector.VectorEnv, got {type(env).__name__}; make it with "
                "gymnasium.make_vec(name, num_envs=N)"
            )
        self.env = env
        self.device = torch.device(device)
        self.num_envs = int(env.num_envs)
        self.num_obs = int(np.prod(_box(env.single_observation_space, "observation").shape))
        self._action_shape = _box(env.single_action_space, "action").shape
        self.num_actions = int(np.prod(self._action_shape))
        self.max_episode_length = _episode_limit(env, max_episode_length)
        self._low, self._high = _bounds(env.single_action_space)
        self._rescaled = np.isfinite(self._low) & np.isfinite(self._high) & rescale_actions
        self._resets_itself, self._resets_by_mask = _autoreset(env, vector)
        self._seed, self._restarts = seed, 0
        self._seeded = False
        self._random = np.random.default_rng(seed)
        self._age = np.zeros(self.num_envs, dtype=np.int64)
        self._first_limit = np.zeros(self.num_envs, dtype=np.int64)
        self._seconds = {"physics": 0.0, "observation_reward": 0.0}

    def reset(self) -> Observations:
        """Begin a new episode everywhere; the first call seeds the environments."""
        # later resets go on with the environments' own generators
        observation, _ = self.env.reset(seed=None if self._seeded else self._session_seed())
        self._seeded = True
        self._age[:] = 0
        return {"obs": self._tensor(self._flat(observation))}

    def step(self, actions: Tensor) -> StepResult:
        """Advance every environment by one step; reset those that are done. See `VecEnv.step`."""
        begin = time.perf_counter()
        bounded = self._to_bounds(actions.detach().to("cpu").numpy())
        stepping = time.perf_counter()
        observation, reward, terminated, truncated, info = self.env.step(bounded)
        stepped = time.perf_counter()
        self._age += 1
        terminated, truncated = np.asarray(terminated), np.asarray(truncated)
        ended = np.logical_or(terminated, truncated)
        cut = (self._age == self._first_limit) & ~ended
        first, final = self._begin_episodes(observation, ended, cut, info)
        done = ended | cut
        self._age[done] = self._first_limit[done] = 0
        tensors = self._tensor(first), self._tensor(reward), torch.from_numpy(done)
        extras = {
            "time_outs": torch.from_numpy((truncated | cut) & ~terminated).to(self.device),
            "final_observation": self._tensor(final),
            "reward_terms": {"reward": tensors[1]},
            "metrics": {},
        }
        self._seconds["physics"] += stepped - stepping
        self._seconds["observation_reward"] += time.perf_counter() - stepped + stepping - begin
        return {"obs": tensors[0]}, tensors[1], tensors[2].to(self.device), extras

    def randomize_episode_phase(self) -> None:
        """Cut each environment's present episode short, at an age drawn from its whole length."""
        if self.max_episode_length > 0 and self._resets_by_mask:
            left = self._random.integers(1, self.max_episode_length + 1, self.num_envs)
            self._first_limit = self._age + left

    def timings(self) -> Dict[str, float]:
        """Return cumulative wall time [s]: stepping, and the conversions around it."""
        return dict(self._seconds)

    def state_dict(self) -> Dict[str, Any]:
        """Return the number of the next session: the environments' states cannot be saved."""
        return {"restarts": self._restarts + 1}

    def load_state_dict(self, state: Mapping[str, Any]) -> Observations:
        """Begin new episodes, with other random numbers than in the sessions before."""
        self._restarts, self._seeded = int(state["restarts"]), False
        return self.reset()

    def close(self) -> None:
        """Close the environments."""
        self.env.close()

    def _session_seed(self) -> int:
        if self._restarts == 0:
            return self._seed
        return int(np.random.default_rng([self._seed, self._restarts]).integers(2**31))

    def _to_bounds(self, actions: Array) -> Array:
        """From the learner's actions (N, num_actions) to the environment's, within its bounds."""
        actions = actions.reshape(self.num_envs, *self._action_shape)
        if self._rescaled.any():
            # inf - inf where there is no bound; those entries are not taken
            with np.errstate(invalid="ignore"):
                scaled = self._low + 0.5 * (actions + 1.0) * (self._high - self._low)
            actions = np.where(self._rescaled, scaled, actions)
        space = self.env.single_action_space
        return np.clip(actions, self._low, self._high).astype(space.dtype)

    def _begin_episodes(
        self, observation: Array, ended: Array, cut: Array, info: Mapping[str, Any]
    ) -> Tuple[Array, Array]:
        """Reset what is done and return first and final observations, each (N, num_obs).

        Args:
            observation: what `env.step` returned.
            ended: which episodes ended by themselves. Shape (N,), bool.
            cut: which are to be ended. Shape (N,), bool.
            info: what `env.step` returned.
        """
        final = self._flat(observation)
        reset = ended | cut
        if self._resets_itself and ended.any():
            for i in np.flatnonzero(ended):
                final[i] = np.asarray(info["final_obs"][i], dtype=np.float32).reshape(-1)
            reset = cut
            first = self._flat(observation)
        else:
            first = final
        if reset.any():
            restarted, _ = self.env.reset(options={"reset_mask": reset.copy()})
            first = np.where(reset[:, None], self._flat(restarted), first)
        return first, final

    def _flat(self, observation: Array) -> Array:
        """Copy observations to float32. Shape (N, num_obs)."""
        return np.array(observation, dtype=np.float32).reshape(self.num_envs, -1)

    def _tensor(self, array: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(self.device)


def _box(space: Any, what: str) -> Any:  # noqa: ANN401 - gymnasium.Space; the package is optional
    spaces = require("gymnasium.spaces", "gymnasium")
    if not isinstance(space, spaces.Box):
        remedy = {
            "observation": "flatten it with gymnasium.wrappers.vector.FlattenObservation",
            "action": "this PPO has a Gaussian policy, for continuous actions only",
        }[what]
        raise ConfigError(f"{what} space: expected Box, got {space}; {remedy}")
    return space


def _bounds(space: Any) -> Tuple[Array, Array]:  # noqa: ANN401 - gymnasium.spaces.Box
    return space.low.astype(np.float32), space.high.astype(np.float32)


def _episode_limit(env: VectorEnv, given: Optional[int]) -> int:
    if given is not None:
        return given
    spec = getattr(env, "spec", None)
    return int(getattr(spec, "max_episode_steps", None) or 0)


def _autoreset(env: VectorEnv, vector: Any) -> Tuple[bool, bool]:  # noqa: ANN401 - a module
    """Return who resets what is done: the environment in the same step, or we by a mask.

    Both may hold; the second is then used to cut first episodes short.

    Raises:
        ConfigError: neither.
    """
    modes = getattr(vector, "AutoresetMode", None)
    if modes is None:
        raise ConfigError("gymnasium is too old: AutoresetMode needs 1.1; pip install -U gymnasium")
    mode = env.metadata.get("autoreset_mode")
    base = (vector.SyncVectorEnv, vector.AsyncVectorEnv)
    by_mask = mode == modes.DISABLED or isinstance(env.unwrapped, base)
    if mode not in tuple(modes) or not (mode == modes.SAME_STEP or by_mask):
        raise ConfigError(
            f"{type(env.unwrapped).__name__}: cannot follow autoreset mode {mode}; make it with "
            "vector_kwargs={'autoreset_mode': gymnasium.vector.AutoresetMode.SAME_STEP}"
        )
    return mode == modes.SAME_STEP, by_mask
