"""What can be told of a legacy task's policy, whose class does not describe its robot."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Mapping, Optional, Tuple

from humanoid_gym.deployment.policy_interface import PolicyInterface
from humanoid_gym.tasks.task_config import TaskConfig

if TYPE_CHECKING:
    from humanoid_gym.tasks.simulated_task import SimulatedTask
    from humanoid_gym.tasks.vec_task import VecTask

_SAME_PERIOD = 1e-3
"""Relative difference of control periods below which it is rounding."""


def with_own_settings(
    config: TaskConfig,
    task: object,
    settings: Mapping[str, Any],
) -> TaskConfig:
    """Return what typed tasks have as well, with the limits and the rate of a task of another base.

    Its attributes count, which IsaacGymEnvs' base class and copies of it step with; where it lacks
    one, the settings do.

    Args:
        config: number of environments and seed.
        task: constructed.
        settings: the dictionary that it was made with.
    """
    env = settings.get("env")
    env = env if isinstance(env, Mapping) else {}

    def positive(attribute: str, key: str, default: float) -> float:
        for value in (getattr(task, attribute, None), env.get(key)):
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
                return value
        return default

    return replace(
        config,
        clip_actions=float(positive("clip_actions", "clipActions", math.inf)),
        clip_observations=float(positive("clip_obs", "clipObservations", math.inf)),
        control_frequency_inv=int(positive("control_freq_inv", "controlFrequencyInv", 1)),
    )


def interface(task: "VecTask", described: object) -> PolicyInterface:
    """Describe a policy by what can be known without its class's help; begins new episodes.

    Args:
        task: as the learner sees it.
        described: the object of the task's own class.
    """
    cls, config = type(described), task.config
    return PolicyInterface(
        task=cls.__name__,
        task_class=f"{cls.__module__}:{cls.__qualname__}",
        num_obs=task.num_obs,
        num_actions=task.num_actions,
        control_rate=1.0 / _period(task),
        clip_actions=_finite(config.clip_actions),
        clip_observations=_finite(config.clip_observations),
        dof_names=_dof_names(task),
    )


def _period(task: "VecTask") -> float:
    """Return the time of a control step [s].

    Some classes simulate more steps than they say, in their `pre_physics_step`: what counts is the
    time that passes.
    """
    said = task.dt * task.config.control_frequency_inv
    task.reset()
    before = task.gym.get_sim_time(task.sim)
    task.step(task.zero_actions())
    passed = task.gym.get_sim_time(task.sim) - before
    # one told in single precision, after hours, has rounding of its own
    return passed if passed > 0.0 and abs(passed - said) > _SAME_PERIOD * said else said


def _dof_names(task: "SimulatedTask") -> Tuple[str, ...]:
    """Return the DOFs of an environment's first actor; none without an actor."""
    env = task.gym.get_env(task.sim, 0)
    if task.gym.get_actor_count(env) < 1:
        return ()
    return tuple(task.gym.get_actor_dof_names(env, task.gym.get_actor_handle(env, 0)))


def _finite(limit: float) -> Optional[float]:
    return None if math.isinf(limit) else limit
