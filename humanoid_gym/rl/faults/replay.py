"""Plays the file of a fault again: the same states, actions and random numbers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Union

import torch
from torch import Tensor

from humanoid_gym.rl.checkpoint import CheckpointError, load_checkpoint
from humanoid_gym.rl.continuation import restore_rng
from humanoid_gym.rl.faults.recorder import ROLLOUT, UPDATE
from humanoid_gym.rl.faults.update_guard import first_bad_step

if TYPE_CHECKING:
    from humanoid_gym.rl.runner import Runner


class Replay(NamedTuple):
    """What came of it."""

    recorded: str
    """Where the recorded value arose."""
    found: List[str]
    """Where NaN or infinite values arose now, in the order in which they did."""
    exact: bool
    """Whether everything up to the first of them was bit for bit as recorded."""


def load_fault(path: Union[str, Path]) -> Dict[str, Any]:
    """Read the file of a fault.

    Raises:
        CheckpointError: it cannot be read, or is another kind of file.
    """
    content = load_checkpoint(path)
    if content.get("kind") not in (ROLLOUT, UPDATE):
        raise CheckpointError(f"{path} is a checkpoint, not the file of a fault; see train.py")
    return content


def replay(runner: "Runner", content: Dict[str, Any]) -> Replay:
    """Play the file of a fault again.

    Args:
        runner: constructed as in the training that wrote the file; its state is replaced.
        content: from `load_fault`.

    Raises:
        CheckpointError: the file was written without the environments' state.
    """
    if content["kind"] == UPDATE:
        return _replay_update(runner, content)
    if "env" not in content:
        raise CheckpointError(
            "the file holds no state of the environments; set train.runner.record_replay=true and "
            "train again (it is off by default on a GPU)"
        )
    return _replay_rollout(runner, content)


def _replay_rollout(runner: "Runner", content: Dict[str, Any]) -> Replay:
    env, actions = runner.env, content["actions"]
    env.load_state_dict(content["env"])
    restore_rng(content["rng"], runner.generator, env.device)
    found: List[str] = []
    for t in range(content["first_step"], len(actions)):
        step = torch.nan_to_num(actions[t].to(env.device), 0.0, 0.0, 0.0)
        observations, reward, _, extras = env.step(step)
        results = {"observation": observations["obs"], "reward": reward}
        results["final observation"] = extras["final_observation"]
        for group in ("reward_terms", "metrics"):
            results.update({f"{group} {name}": v for name, v in extras[group].items()})
        found = [f"{name} at step {t}, {_where(v)}" for name, v in results.items() if _where(v)]
        recorded = (content["observations"][t + 1], content["steps"][t, :, 0])
        exact = _same(observations["obs"], recorded[0]) and _same(reward, recorded[1])
        if found or not exact:
            return Replay(content["what"], found, exact)
    return Replay(content["what"], found, exact=True)


def _replay_update(runner: "Runner", content: Dict[str, Any]) -> Replay:
    storage = runner.storage
    storage.load_state_dict(content["rollout"])
    storage.observations[-1].copy_(content["last_observation"])
    if content["last_state"].numel():
        storage.states[-1].copy_(content["last_state"])
    runner.progress.iteration = content["iteration"] - 1
    runner.update_guard.restore(content)
    step, terms = first_bad_step(runner.algorithm, runner.update)
    found = [f"learning/{term} at gradient step {step}" for term in terms]
    exact = bool(found) and f"at gradient step {step}" in content["what"]
    return Replay(content["what"], found, exact)


def _where(values: Tensor) -> str:
    """Name the environments with a NaN or infinite number; '' if there are none."""
    bad = (~torch.isfinite(values)).reshape(len(values), -1).any(-1).nonzero().flatten().tolist()
    return f"environments {bad[:10]}" if bad else ""


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are equal, NaN to NaN included."""
    return torch.allclose(one.cpu(), other.cpu(), rtol=0.0, atol=0.0, equal_nan=True)
