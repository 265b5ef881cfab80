"""VecTask: many copies of one robot that step in lockstep, in the style of Isaac Gym.

A new robot subclasses `VecTask`, names its sizes and its configuration class, and implements
`create_envs`, `acquire_tensors`, `refresh_tensors`, `pre_physics_step`, `compute_observations`,
`compute_reward`, `compute_termination` and `reset_envs`; docs/new_robot.md does so in one page.

Legacy Isaac Gym tasks work as they are: a class that overrides `create_sim` builds its own scene,
one that overrides `post_physics_step` resets and observes on its own terms, and one that overrides
`reset_idx` is reset by indices.
"""

import math
import time
from typing import Any, Dict, Mapping, Optional, Tuple, Union, cast

import torch
from torch import Tensor

from humanoid_gym.mirror import MirrorMap
from humanoid_gym.random_numbers import continue_random_numbers
from humanoid_gym.tasks import legacy_episodes, task_outputs
from humanoid_gym.tasks.captured_step import CapturedTaskStep
from humanoid_gym.tasks.legacy_state import LegacyState
from humanoid_gym.tasks.simulated_task import Point as Point
from humanoid_gym.tasks.simulated_task import SimulatedTask
from humanoid_gym.tasks.snapshot import TensorState, moved
from humanoid_gym.tasks.task_config import TaskConfig
from humanoid_gym.threads import single_threaded

StepResult = Tuple[Dict[str, Tensor], Tensor, Tensor, Dict[str, Any]]


class VecTask(SimulatedTask):
    """Base class of vectorized tasks.

    Args:
        config: the task's typed configuration, or the plain dictionary of a legacy task.
        rl_device: device that observations, rewards and resets are returned on.
        sim_device: device of the simulation; None: `rl_device`.
        graphics_device_id: index of the rendering GPU, -1 for none.
        headless: do not open a viewer window.
        virtual_screen_capture, force_render: accepted for legacy tasks, without effect.

    Raises:
        ConfigError: the configuration does not fit the task or the machine.
        FileNotFoundError: the robot description is missing.
    """

    recomputed: Tuple[str, ...] = ()
    """Attributes with tensors inside that each step computes before it reads them. On a GPU, state
    that goes on from step to step has to be in tensor attributes, see `HeldTensors`."""
    from_settings: Tuple[str, ...] = ()
    """Tensor attributes that follow from the settings; no checkpoint brings back earlier ones."""
    evaluation_overrides: Tuple[str, ...] = ()
    """Settings with which play.py shows the task, as on the command line, which comes after."""

    def __init__(
        self,
        config: Union[TaskConfig, Mapping[str, Any]],
        rl_device: str = "cpu",
        sim_device: Optional[str] = None,
        graphics_device_id: int = -1,
        headless: bool = True,
        virtual_screen_capture: bool = False,
        force_render: bool = False,
    ) -> None:
        super().__init__(config, rl_device, sim_device or rl_device, graphics_device_id, headless)
        self.virtual_screen_capture, self.force_render = virtual_screen_capture, force_render
        self.control_steps = 0
        self.kept: Union[TensorState, LegacyState] = TensorState(self, self.from_settings)
        self._seconds = {"physics": 0.0, "observation_reward": 0.0}
        self.allocate_buffers()
        self._episodes = legacy_episodes.followed(self)
        self.acquire_tensors()
        self._step = CapturedTaskStep(self, self._advance)

    def allocate_buffers(self) -> None:
        """Allocate the buffers that every task has."""
        n, device = self.num_envs, self.device
        self.obs_buf = torch.zeros(n, self.num_obs, device=device)
        self.final_obs_buf = torch.zeros(n, self.num_obs, device=device)
        self.states_buf = torch.zeros(n, self.num_states, device=device)
        self.final_states_buf = torch.zeros(n, self.num_states, device=device)
        self.rew_buf = torch.zeros(n, device=device)
        self.reset_buf = torch.ones(n, dtype=torch.long, device=device)
        self.progress_buf = torch.zeros(n, dtype=torch.long, device=device)
        self.randomize_buf = torch.zeros(n, dtype=torch.long, device=device)
        self.timeout_buf = torch.zeros(n, dtype=torch.bool, device=device)
        self.fault_buf = torch.zeros(n, dtype=torch.bool, device=device)
        self._fault_counts = torch.zeros(n, dtype=torch.long, device=device)
        self.obs_dict: Dict[str, Tensor] = {}
        self.extras: Dict[str, Any] = {}

    def acquire_tensors(self) -> None:
        """Wrap the simulation's tensors and allocate the task's own; called once, at the end."""

    def refresh_tensors(self) -> None:
        """Copy the simulation's state into the wrapped tensors; called once after physics."""

    def pre_physics_step(self, actions: Tensor) -> None:
        """Apply actions to the simulation.

        Args:
            actions: clipped actions, shape (num_envs, num_actions).
        """
        raise NotImplementedError(f"{type(self).__name__} must implement pre_physics_step")

    def before_simulate(self) -> None:
        """Do what has to be done before each of a control step's simulation steps."""

    def compute_observations(self) -> None:
        """Fill `obs_buf`, shape (num_envs, num_obs), from the wrapped tensors.

        A task with privileged states fills `states_buf`, shape (num_envs, num_states), too.
        Called for the state that physics left, and again if episodes began, with what `reset_envs`
        wrote into the tensors; environments at the first state of an episode have `progress_buf` 0.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement compute_observations")

    def compute_reward(self) -> Dict[str, Tensor]:
        """Return this step's reward terms by name, each of shape (num_envs,); they add up."""
        raise NotImplementedError(f"{type(self).__name__} must implement compute_reward")

    def compute_termination(self) -> Tensor:
        """Return which episodes ended other than by time-out, shape (num_envs,) bool."""
        return torch.zeros(self.num_envs, dtype=torch.bool, device=self.device)

    def compute_truncation(self) -> Tensor:
        """Return whose time is over, after `max_episode_length` steps; (num_envs,) bool."""
        limited = self.max_episode_length > 0
        return (self.progress_buf >= self.max_episode_length) & limited

    def compute_termination_causes(self) -> Dict[str, Tensor]:
        """Return named reasons of ends other than by time-out, for logs; each (num_envs,) bool."""
        return {"terminated": self.compute_termination()}

    def compute_metrics(self) -> Dict[str, Tensor]:
        """Return named physical quantities to average over episodes, each of shape (num_envs,)."""
        return {}

    def compute_episode_metrics(self) -> Dict[str, Tensor]:
        """Return named quantities of each whole episode so far, logged where one ends; (num_envs,).

        For what is no average over steps: distances, ratios of sums.
        """
        return {}

    def mirror(self) -> Optional[MirrorMap]:
        """Return how observation and action change when left and right are exchanged, or None.

        Only a task that is as likely and as rewarding in the mirror may declare this.
        """
        return None

    def reset_envs(self, mask: Tensor) -> None:
        """Put environments into the first state of an episode.

        Args:
            mask: which environments, shape (num_envs,) bool. The others must not change.
        """
        if not self.overrides("reset_idx"):
            raise NotImplementedError(f"{type(self).__name__} must implement reset_envs")
        self.reset_idx(mask.nonzero().flatten())

    def reset_idx(self, env_ids: Tensor) -> None:
        """Reset environments by index, the legacy way.

        Args:
            env_ids: indices of environments, shape (count,).
        """
        mask = torch.zeros(self.num_envs, dtype=torch.bool, device=self.device)
        mask[env_ids] = True
        self.reset_envs(mask)

    @single_threaded()
    def step(self, actions: Tensor) -> StepResult:
        """Advance every environment by one control step.

        Args:
            actions: shape (num_envs, num_actions).

        Returns:
            Observations by name ("obs", and "states" if the task has them); of an environment that
            ended its episode, the first one of the next. Rewards (num_envs,). Whether an episode
            ended (num_envs,). And extras: "time_outs" (ended by truncation, not failure),
            "final_observation" (where an episode ended, its last one; elsewhere the observation),
            "final_states" (the same for the states, if the task has them), "reward_terms" and
            "metrics" (by name), "episode_metrics" (by name, where an episode ended),
            "terminations" (by cause, where an episode ended), "faults" (simulation diverged and was
            reset).
            The tensors are overwritten by the next step.

        Raises:
            ValueError: actions of another shape.
            RuntimeError: while somebody captures a CUDA graph around the step.
        """
        expected = (self.num_envs, self.num_actions)
        if tuple(actions.shape) != expected:
            raise ValueError(f"actions: expected shape {expected}, got {tuple(actions.shape)}")
        start = time.perf_counter()
        if self._step(actions.to(self.device)):
            self._seconds["physics"] += time.perf_counter() - start
        self.control_steps += 1
        self.render()
        return self._handed_over()

    def _advance(self, actions: Tensor) -> None:
        """Do all of a step's work for the device; on a GPU a graph repeats it, without Python."""
        start = time.perf_counter()
        limit = self.config.clip_actions
        if self._episodes is not None:
            self._episodes.before_step(self._observations())
        self.pre_physics_step(actions.clamp(-limit, limit))
        self._simulate()
        simulated = time.perf_counter()
        self.post_physics_step()
        self._publish_extras()
        self.obs_dict.update(self._observations())
        self._seconds["physics"] += simulated - start
        self._seconds["observation_reward"] += time.perf_counter() - simulated

    def post_physics_step(self) -> None:
        """Turn the state that physics left into observations, rewards and new episodes.

        1. Count the step. 2. Observe: where an episode ends now, this observation is its last.
        3. Reward and termination. 4. Begin new episodes where one ended, and observe those.
        """
        self.progress_buf += 1
        self.refresh_tensors()
        self.compute_observations()
        self._keep_final()
        self._compute_rewards()
        own = task_outputs.mask(self, "compute_termination", self.compute_termination())
        terminated = own | self.fault_buf
        over = task_outputs.mask(self, "compute_truncation", self.compute_truncation())
        torch.logical_and(over, ~terminated, out=self.timeout_buf)
        done = terminated | self.timeout_buf
        self.publish_terminations(self.compute_termination_causes())
        self._begin_episodes(done)
        self.reset_buf.copy_(done)

    @single_threaded()
    def reset(self) -> Dict[str, Tensor]:
        """Begin a new episode in every environment and return the first observations by name.

        A task with its own `post_physics_step` does so in a step without actions.
        """
        everywhere = torch.ones(self.num_envs, dtype=torch.bool, device=self.device)
        if self._episodes is not None:  # its own step begins what is flagged
            legacy_episodes.flag(self, everywhere)
            self._advance(self.zero_actions().to(self.device))
            return self._handed_over()[0]
        self._begin_episodes(everywhere)
        self.reset_buf.zero_()
        self.timeout_buf.zero_()
        self.obs_dict.update(self._observations())
        return self._handed_over()[0]

    @single_threaded()
    def restart(self, mask: Tensor) -> Dict[str, Tensor]:
        """Begin a new episode in some environments, whatever state they are in.

        Args:
            mask: which, shape (num_envs,) bool.

        Returns:
            The present observations of all environments, by name.
        """
        mask = mask.to(self.device)
        if self._episodes is not None:
            legacy_episodes.flag(self, mask)
            self.obs_dict.update(legacy_episodes.without_nan(self._observations(), mask))
            return self._handed_over()[0]
        self.reset_buf.masked_fill_(mask, 0)
        self._begin_episodes(mask)
        self.obs_dict.update(self._observations())
        return self._handed_over()[0]

    def randomize_episode_phase(self) -> None:
        """Let every environment count from a random step of its episode.

        Called once at the start of training, so that episodes do not all time out together.
        """
        if self.max_episode_length > 0:
            self.progress_buf.random_(0, self.max_episode_length, generator=self.generator)

    def timings(self) -> Dict[str, float]:
        """Return the wall-clock seconds spent so far in physics and in observation and reward.

        A step that is replayed on a GPU is one piece of work; it counts as physics.
        """
        return dict(self._seconds)

    def zero_actions(self) -> Tensor:
        """Return actions that do nothing, shape (num_envs, num_actions)."""
        return torch.zeros(self.num_envs, self.num_actions, device=self.rl_device)

    def close(self) -> None:
        """Release the viewer and the simulation; the task cannot step afterwards."""
        self._step.forget()
        super().close()

    def state_dict(self) -> Dict[str, Any]:
        """Return what is needed to continue bit for bit.

        That is every tensor attribute (`kept`), the random number generator and the engine's inner
        state. A simulator without extensions cannot save the last; loading begins new episodes.
        """
        state = {
            **self.kept.saved(),
            "generator": self.generator.get_state(),
            "control_steps": self.control_steps,
        }
        if self.extensions is not None:
            state["sim"] = self.extensions.save_state(self.sim)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> Optional[Dict[str, Tensor]]:
        """Continue from what `state_dict` returned.

        Returns:
            None; where the simulator cannot save its state, the first observations of new episodes.

        Raises:
            ValueError: the state belongs to another task or number of environments.
        """
        missing = [key for key in ("tensors", "generator", "control_steps") if key not in state]
        if missing:
            raise ValueError(f"saved environment state lacks {', '.join(missing)}")
        self.kept.load(state)
        continue_random_numbers(self.generator, state["generator"].cpu(), "environments")
        self.control_steps = int(state["control_steps"])
        if self.extensions is None or "sim" not in state:
            return self.reset()
        self.extensions.load_state(self.sim, state["sim"])
        return None

    def _simulate(self) -> None:
        for _ in range(self.config.control_frequency_inv):
            self.before_simulate()
            self.gym.simulate(self.sim)
        if not self.on_gpu:
            self.gym.fetch_results(self.sim, True)
        if self.extensions is not None:
            counts = self.extensions.fault_counts(self.sim)
            torch.ne(counts, self._fault_counts, out=self.fault_buf)
            self._fault_counts.copy_(counts)

    def _compute_rewards(self) -> None:
        # a diverged environment was put back to its first pose: a reward for progress sees a jump
        terms = task_outputs.rewards(self, self.compute_reward())
        values = torch.stack(list(terms.values())).masked_fill_(self.fault_buf, 0.0)
        torch.sum(values, dim=0, out=self.rew_buf)
        self.extras["reward_terms"] = dict(zip(terms, values))
        for key in ("metrics", "episode_metrics"):
            method = f"compute_{key}"
            found = task_outputs.by_name(self, method, getattr(self, method)())
            self.extras[key] = {k: v.masked_fill(self.fault_buf, 0.0) for k, v in found.items()}

    def _begin_episodes(self, mask: Tensor) -> None:
        # On a GPU, asking whether there is anything to do would make the host wait.
        if not self.on_gpu and not bool(mask.any()):
            return
        self.progress_buf.masked_fill_(mask, 0)
        self.reset_envs(mask)
        self.compute_observations()

    def _publish_extras(self) -> None:
        if self._episodes is not None:
            legacy_episodes.publish(self, self._episodes, self._observations())
        self.extras.update(time_outs=self.timeout_buf, faults=self.fault_buf)
        self.extras["final_observation"] = self.final_obs_buf
        if self.num_states > 0:
            self.extras["final_states"] = self.final_states_buf

    def publish_terminations(self, causes: Dict[str, Tensor]) -> None:
        """Put into extras why episodes ended: causes by name, time-outs and faults."""
        causes = {**causes, "time_out": self.timeout_buf, "fault": self.fault_buf}
        self.extras["terminations"] = causes

    def _keep_final(self) -> None:
        for name, value in self._observations().items():
            getattr(self, f"final_{name}_buf").copy_(value)

    def _observations(self) -> Dict[str, Tensor]:
        found = {"obs": self._clipped("obs_buf", self.num_obs)}
        if self.num_states > 0:
            found["states"] = self._clipped("states_buf", self.num_states)
        return found

    def _handed_over(self) -> StepResult:
        result = (self.obs_dict, self.rew_buf, self.reset_buf, self.extras)
        if self.rl_device == self.device:
            return result
        return cast(StepResult, moved(result, self.rl_device))

    def _clipped(self, name: str, width: int) -> Tensor:
        observation, limit = task_outputs.buffer(self, name, width), self.config.clip_observations
        return observation if math.isinf(limit) else observation.clamp(-limit, limit)
