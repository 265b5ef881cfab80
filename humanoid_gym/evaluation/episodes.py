"""Playing a fixed number of episodes without favouring the short ones."""

from typing import Callable, Dict, List, Mapping, NamedTuple, Optional

import torch
from torch import Tensor

from humanoid_gym.rl.vec_env import VecEnv

Actions = Callable[[Tensor], Tensor]
"""From observations (N, num_obs) to actions (N, num_actions)."""


class Episodes(NamedTuple):
    """What finished episodes came to, one entry each, in the order in which they ended."""

    returns: List[float]
    """Sum of rewards."""
    lengths: List[float]
    """Control steps."""
    metrics: Dict[str, List[float]]
    """Each physical quantity that the task reports: its mean over the episode, or what it is of the
    whole one."""
    terminations: Dict[str, List[float]]
    """1 for each cause of an end that the episode had, else 0."""
    faults: int
    """How often a simulation became unstable and was reset."""


def play_episodes(
    env: VecEnv,
    act: Actions,
    num_episodes: int,
    after_step: Optional[Callable[[], None]] = None,
    forget: Optional[Callable[[Tensor], None]] = None,
) -> Episodes:
    """Play episodes from their beginning to their end.

    Each environment plays its share of the episodes. Taking whichever ends first instead would
    count more of the short ones, the falls.

    Args:
        env: environments; reset first.
        act: policy.
        num_episodes: in total.
        after_step: called after each step, and once before the first.
        forget: called after each step with whose episodes ended, shape (N,) bool; for a policy that
            remembers.
    """
    share, rest = divmod(num_episodes, env.num_envs)
    quota = torch.full((env.num_envs,), share, device=env.device)
    quota[:rest] += 1
    episodes = Episodes([], [], {}, {}, faults=0)
    sums: Dict[str, Tensor] = {}
    lengths = torch.zeros(env.num_envs, device=env.device)
    obs, faults = env.reset()["obs"], 0
    while bool((quota > 0).any()):
        if after_step is not None:
            after_step()
        observations, reward, done, extras = env.step(act(obs))
        obs = observations["obs"]
        lengths += 1
        for name, value in {"": reward, **extras["metrics"]}.items():
            sums[name] = sums.get(name, torch.zeros_like(lengths)) + value
        playing, done = quota > 0, done.bool()
        if forget is not None:
            forget(done)
        if "faults" in extras:
            faults += int((extras["faults"] & playing).sum())
        _record(episodes, done & playing, lengths, sums)
        _record_whole(episodes.metrics, done & playing, extras.get("episode_metrics", {}))
        _record_whole(episodes.terminations, done & playing, extras.get("terminations", {}))
        quota -= (done & playing).long()
        for values in (lengths, *sums.values()):
            values.masked_fill_(done, 0.0)
    return episodes._replace(faults=faults)


def _record(episodes: Episodes, ended: Tensor, lengths: Tensor, sums: Dict[str, Tensor]) -> None:
    """Append the episodes that ended. `ended`, `lengths` and each sum have shape (num_envs,)."""
    if not bool(ended.any()):
        return
    episodes.lengths.extend(lengths[ended].tolist())
    for name, total in sums.items():
        if name:
            means = (total[ended] / lengths[ended]).tolist()
            episodes.metrics.setdefault(name, []).extend(means)
        else:
            episodes.returns.extend(total[ended].tolist())


def _record_whole(
    columns: Dict[str, List[float]], ended: Tensor, values: Mapping[str, Tensor]
) -> None:
    """Append what describes whole episodes, of those that ended. Shapes (num_envs,)."""
    for name, value in values.items():
        columns.setdefault(name, []).extend(value[ended].float().tolist())
